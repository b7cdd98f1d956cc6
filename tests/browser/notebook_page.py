"""A notebook in an open JupyterLab page, as a learner works on it.

The server has to run with `--LabApp.expose_app_in_browser=True`: JupyterLab's own promises then
say when a kernel is ready and when a run has ended, which the page's look does not.
"""

NOTEBOOK = "window.jupyterapp.shell.currentWidget"


class NotebookPage:
    """The notebook that a page shows; cells go by their ids."""

    def __init__(self, page):
        self.page = page

    def await_kernel(self):
        """Return when the notebook is drawn and its kernel is connected and idle."""
        self.page.wait_for_function("() => window.jupyterapp && window.jupyterapp.restored")
        self.page.evaluate("() => window.jupyterapp.restored.then(() => 1)")
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        self.page.wait_for_function(
            f"""() => {{
                const kernel = {NOTEBOOK}?.sessionContext?.session?.kernel;
                return kernel && kernel.connectionStatus === 'connected'
                    && kernel.status === 'idle';
            }}"""
        )
        self.page.evaluate(
            f"""async () => {{
                const kernel = {NOTEBOOK}.sessionContext.session.kernel;
                await kernel.info;
                await kernel.requestKernelInfo();
            }}"""
        )

    def run_all(self):
        """Run every cell; return when the last one has ended."""
        self.page.evaluate(
            "async () => { await window.jupyterapp.commands.execute('notebook:run-all-cells') }"
        )

    def ran_and_failed(self):
        """Return (ids of code cells that ran, ids of those that ended in an error)."""
        found = self.page.evaluate(
            f"""() => {NOTEBOOK}.content.widgets.filter(c => c.model.type === 'code').map(c => [
                c.model.id,
                c.model.executionCount !== null,
                [...Array(c.model.outputs.length).keys()]
                    .some(i => c.model.outputs.get(i).type === 'error'),
            ])"""
        )
        return [i for i, ran, _ in found if ran], [i for i, _, failed in found if failed]

    def cell(self, cell_id):
        """Return the cell's element in the page."""
        found = self.page.evaluate_handle(
            f"id => {NOTEBOOK}.content.widgets.find(c => c.model.id === id)?.node", cell_id
        ).as_element()
        assert found is not None, f"the page shows no cell {cell_id}"
        return found

    def text(self, cell_id):
        """Return what stands in a cell's editor."""
        return self.page.evaluate(
            f"id => {NOTEBOOK}.content.widgets.find(c => c.model.id === id)"
            ".model.sharedModel.getSource()",
            cell_id,
        )

    def type_over(self, cell_id, text):
        """Click into a cell, select all of it, and type."""
        editor = self.cell(cell_id).wait_for_selector(".cm-content")
        editor.scroll_into_view_if_needed()
        editor.click()
        self.page.keyboard.press("ControlOrMeta+a")
        self.page.keyboard.insert_text(text)

    def run(self, *cell_ids):
        """Run cells one after another by Control+Enter; return what the last one shows."""
        for cell_id in cell_ids:
            self.cell(cell_id).scroll_into_view_if_needed()
            self.cell(cell_id).wait_for_selector(".cm-content").click()
            before = self._count(cell_id)
            self.page.keyboard.press("Control+Enter")
            self.page.wait_for_function(
                f"""([id, before]) => {{
                    const cell = {NOTEBOOK}.content.widgets.find(c => c.model.id === id);
                    const state = cell.model.executionState;
                    return cell.model.executionCount !== before && state !== 'running'
                        && {NOTEBOOK}.sessionContext.session.kernel.status === 'idle';
                }}""",
                arg=[cell_id, before],
            )
        return self.cell(cell_ids[-1]).wait_for_selector(".jp-Cell-outputArea").inner_text()

    def _count(self, cell_id):
        return self.page.evaluate(
            f"id => {NOTEBOOK}.content.widgets.find(c => c.model.id === id).model.executionCount",
            cell_id,
        )
