"""An explorer in JupyterLab: alive with its kernel, after it, and as an anywidget."""

import nbformat
import pytest
from notebook_page import NOTEBOOK, NotebookPage

pytestmark = pytest.mark.in_turn(thing="pages that take long", of=4, turn=2)

CELLS = {
    "shown": "import os\nos.environ['COURSEKIT_SIZE'] = 'cpu'\n"
    "from coursekit.explorers.trade_off import trade_off\ntrade_off(critical_batch=64)",
    "as-widget": "from coursekit.explorers.live import explorer_widget\n"
    "widget = explorer_widget('valley', state={'alpha': 2})\nwidget",
    "asked": "print(widget.state)",
}
DEAD = "Error displaying widget"


@pytest.fixture
def lab(browser, server, lab_folder):
    """Return a function that opens a notebook of the server's folder, and its folder."""
    contexts, folder = [], lab_folder / "work" / "explorers"
    folder.mkdir(exist_ok=True)

    def open_one(name, *, kernel=True):
        context = browser.new_context(viewport={"width": 1280, "height": 1400})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(60_000)
        url = f"http://127.0.0.1:{server.port}/lab/tree/work/explorers/{name}"
        page.goto(f"{url}?reset&token={server.token}")
        notebook = NotebookPage(page)
        if kernel:
            notebook.await_kernel()
        return notebook

    yield open_one, folder
    for context in contexts:
        context.close()


def end_kernels(server):
    for session in server.ask("/api/sessions"):
        server.ask(f"/api/sessions/{session['id']}", method="DELETE")


def test_a_saved_notebook_moves_without_its_kernel(lab, server):
    open_one, folder = lab
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(text, id=name) for name, text in CELLS.items()],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3"}},
    )
    nbformat.write(notebook, folder / "alive.ipynb")
    first = open_one("alive.ipynb")
    first.run("shown")
    first.run("as-widget")
    first.cell("shown").wait_for_selector(".ckx svg")
    first.cell("as-widget").wait_for_selector(".ckx svg")
    slider = first.cell("as-widget").wait_for_selector("input[type=range]")
    slider.press("ArrowRight")
    assert "'alpha': 2.378" in first.run("asked"), "Python reads the widget's state"
    first.page.evaluate("() => window.jupyterapp.commands.execute('docmanager:save')")
    first.page.wait_for_function(f"() => !{NOTEBOOK}.model.dirty")
    first.page.close()
    end_kernels(server)

    again = open_one("alive.ipynb", kernel=False)
    host = again.page.locator(".jp-Cell").first
    host.locator(".ckx svg").wait_for()
    said = host.locator(".ckx-said").inner_text()
    assert "B_crit" in said
    slider = host.locator("input[type=range]").first
    slider.press("ArrowRight")
    slider.press("ArrowDown")
    slider.press("ArrowRight")
    assert host.locator(".ckx-said").inner_text() != said
    active = again.page.evaluate(f"() => {NOTEBOOK}.content.activeCellIndex")
    assert active == 0, "arrow keys stay in the slider"
    assert DEAD not in host.inner_text()
    again.page.close()
    end_kernels(server)

    saved = nbformat.read(folder / "alive.ipynb", as_version=4)
    saved.cells[0].metadata["note"] = "changed by another hand: not trusted"
    saved.cells[0].outputs[0].data["text/html"] += "\n"
    nbformat.write(saved, folder / "foreign.ipynb")
    foreign = open_one("foreign.ipynb", kernel=False)
    picture = foreign.page.locator(".jp-Cell").first.locator("img")
    picture.wait_for()
    assert "B = 16 is" in picture.get_attribute("alt")
    assert foreign.page.locator(".jp-Cell").first.locator(".ckx").count() == 0
    assert foreign.page.evaluate("() => document.querySelector('.jp-Cell img').naturalWidth") > 600
