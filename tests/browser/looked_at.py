"""What axe-core finds in a page that stands in somebody's way: serious and critical faults."""

from importlib.resources import files

AXE = files("axe_playwright_python").joinpath("axe.min.js")
DARK = """() => window.jupyterapp.commands.execute(
    'apputils:change-theme', { theme: 'JupyterLab Dark' })"""
FIND = """async (include) => {
    const context = include ? { include: [[include]] } : document;
    const found = await axe.run(context, { resultTypes: ['violations'] });
    return found.violations
        .filter(({ impact }) => impact === 'serious' || impact === 'critical')
        .map(({ id, nodes }) => [id, nodes.length, nodes[0].html.slice(0, 160)]);
}"""


def faults(page, include=None):
    """Return (rule, how often, first place) for each fault.

    Args:
        page: playwright's, loaded.
        include: A selector; None: the whole page.
    """
    if not page.evaluate("() => 'axe' in window"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    return [tuple(found) for found in page.evaluate(FIND, include)]


def go_dark(page):
    """Choose JupyterLab's dark theme."""
    page.evaluate(DARK)
    page.wait_for_selector("body[data-jp-theme-light=false]", state="attached")
