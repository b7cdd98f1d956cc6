"""One JupyterLab server and one Chromium for all browser tests, and a notebook opened in them."""

import json
import shutil
from pathlib import Path

import pytest
from notebook_page import NotebookPage
from playwright.sync_api import Error, sync_playwright

from coursekit.classroom.learner.lab_server import lab_server
from coursekit.classroom.learner.own_server import LAB_OPTIONS, QUIET
from coursekit.commands.doctor import find_chromium

ROOT = Path(__file__).resolve().parents[2]
CHROMIUM_FLAGS = (
    *("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
SETTINGS = {  # every cell stays in the page
    "@jupyterlab/notebook-extension/tracker.jupyterlab-settings": {"windowingMode": "none"},
}


def pytest_collection_modifyitems(items):
    """Mark every test of this folder."""
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def browser():
    """Return a headless Chromium."""
    chromium = find_chromium()
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path=chromium, headless=True, args=list(CHROMIUM_FLAGS)
            )
        except Error as error:  # without its traceback, which would keep sockets open for others
            said = str(error).splitlines()
            pytest.fail(f"{chromium} does not start: {said[0]}", pytrace=False)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def lab_folder(tmp_path_factory):
    """Return a folder with a learner's copies of all released units."""
    folder = tmp_path_factory.mktemp("lab")
    shutil.copytree(ROOT / "notebooks", folder / "work")
    return folder


@pytest.fixture(scope="session")
def server(lab_folder, warm):
    """Return a JupyterLab server in that folder, at the tiny size; kernels have torch loaded."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", warm.jupyter)
        patch.setenv("COURSEKIT_SIZE", "tiny")
        patch.setenv("OMP_NUM_THREADS", "1")
        patch.setenv("JUPYTER_CONFIG_PATH", str(QUIET))  # as `coursekit lab` starts it
        with lab_server(
            lab_folder, extra=[*LAB_OPTIONS, "--LabApp.expose_app_in_browser=True"]
        ) as server:
            for name, values in SETTINGS.items():
                path = lab_folder / "server" / "settings" / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(json.dumps(values))
            yield server


@pytest.fixture
def open_unit(browser, server):
    """Return a function that opens a unit's notebook and waits for its kernel."""
    contexts = []

    def open_one(unit):
        context = browser.new_context(viewport={"width": 1280, "height": 1000})
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(90_000)
        url = f"http://127.0.0.1:{server.port}/lab/tree/work/{unit}/{unit}.ipynb"
        page.goto(f"{url}?reset&token={server.token}")
        notebook = NotebookPage(page)
        notebook.await_kernel()
        return notebook

    yield open_one
    for context in contexts:
        context.close()
