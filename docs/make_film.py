"""Film unit 00 in a real notebook for the README: predict, run, surprise; and a check's card.

    .venv/bin/python docs/make_film.py

Needs Chromium. Writes docs/images/film.gif (about fifteen seconds) and docs/images/check.png.
"""

import io
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from matplotlib import get_data_path
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "browser")]

from notebook_page import NOTEBOOK, NotebookPage  # noqa: E402

from coursekit.classroom.learner.lab_server import lab_server  # noqa: E402
from coursekit.classroom.learner.own_server import LAB_OPTIONS, QUIET  # noqa: E402
from coursekit.commands.doctor import find_chromium  # noqa: E402

UNIT = "00_start"
SIZE = (868, 620)  # of the film, in pixels
CAPTION = 54  # pixels of it below the page
WRONG = """def num_steps(num_examples, batch_size, num_epochs):
    return num_epochs * num_examples // batch_size
"""
RIGHT = """def num_steps(num_examples, batch_size, num_epochs):
    return num_epochs * (num_examples // batch_size)
"""


@dataclass
class Film:
    """Frames and how long each stands."""

    frames: list[Image.Image] = field(default_factory=list)
    milliseconds: list[int] = field(default_factory=list)

    def take(self, page: Any, caption: str, seconds: float) -> None:
        """Photograph what the page shows of the notebook, with a caption below it."""
        box = page.locator(".jp-NotebookPanel:visible").bounding_box()
        clip = {
            "x": box["x"],
            "y": box["y"] + 40,
            "width": SIZE[0],
            "height": SIZE[1] - CAPTION,
        }
        picture = Image.open(io.BytesIO(page.screenshot(clip=clip))).convert("RGB")
        frame = Image.new("RGB", SIZE, "#1d3557")
        frame.paste(picture, (0, 0))
        font = ImageFont.truetype(f"{get_data_path()}/fonts/ttf/DejaVuSans-Bold.ttf", 24)
        place = (24, SIZE[1] - CAPTION // 2)
        ImageDraw.Draw(frame).text(place, caption, font=font, fill="white", anchor="lm")
        self.frames.append(frame)
        self.milliseconds.append(round(1000 * seconds))

    def write(self, path: Path) -> None:
        """Write a GIF that starts again at its end."""
        few = [frame.quantize(64, dither=Image.Dither.NONE) for frame in self.frames]
        few[0].save(
            path,
            save_all=True,
            append_images=few[1:],
            duration=self.milliseconds,
            loop=0,
            optimize=True,
        )


@contextmanager
def open_notebook() -> Iterator[NotebookPage]:
    """Start the course's own JupyterLab in a temporary folder and open the unit."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        shutil.copytree(ROOT / "notebooks" / UNIT, folder / "work" / UNIT)
        os.environ |= {
            "COURSEKIT_SIZE": "cpu",
            "COURSEKIT_HOME": str(folder / "progress"),
            "JUPYTER_CONFIG_PATH": str(QUIET),
        }
        extra = [*LAB_OPTIONS, "--LabApp.expose_app_in_browser=True"]
        with lab_server(folder, extra=extra) as server:
            browser = playwright.chromium.launch(
                executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
            )
            page = browser.new_page(viewport={"width": SIZE[0] + 40, "height": SIZE[1] + 60})
            page.set_default_timeout(180_000)
            path = f"work/{UNIT}/{UNIT}.ipynb"
            page.goto(f"http://127.0.0.1:{server.port}/lab/tree/{path}?reset&token={server.token}")
            notebook = NotebookPage(page)
            notebook.await_kernel()
            page.evaluate(
                "async () => { for (const c of ['application:toggle-left-area']) "
                "await window.jupyterapp.commands.execute(c) }"
            )
            yield notebook
            browser.close()


def code_cells(notebook: NotebookPage) -> list[tuple[str, str]]:
    """Return (id, source) of every code cell."""
    found = notebook.page.evaluate(
        f"() => {NOTEBOOK}.content.widgets.filter(c => c.model.type === 'code')"
        ".map(c => [c.model.id, c.model.sharedModel.getSource()])"
    )
    return [(cell_id, source) for cell_id, source in found]


def run(notebook: NotebookPage, *cell_ids: str) -> None:
    """Run cells one after another, folded ones too."""
    for cell_id in cell_ids:
        notebook.page.evaluate(
            f"""async id => {{
                const book = {NOTEBOOK}.content;
                book.activeCellIndex = book.widgets.findIndex(c => c.model.id === id);
                await window.jupyterapp.commands.execute('notebook:run-cell');
            }}""",
            cell_id,
        )


def bring(notebook: NotebookPage, element: Any, above: int = 90) -> None:
    """Scroll until an element stands near the top."""
    element.evaluate(
        "(node, above) => { node.scrollIntoView({block: 'start'});"
        " const box = document.querySelector('.jp-WindowedPanel-outer') ||"
        " node.closest('.jp-Notebook'); if (box) box.scrollTop -= above; }",
        above,
    )
    notebook.page.wait_for_timeout(400)


def film() -> None:
    """Work through unit 00 and keep what is seen."""
    reel = Film()
    with open_notebook() as notebook:
        page = notebook.page
        cells = code_cells(notebook)
        asks = [cell_id for cell_id, source in cells if "\npredict(" in source]
        solution = next(i for i, s in cells if s.lstrip().startswith("def num_steps"))
        checks = next(i for i, s in cells if s.startswith('check("u00_num_steps"'))
        trains = next(i for i, s in cells if "def test_accuracy" in s)
        run(notebook, cells[0][0], *asks)
        form = notebook.cell(asks[0]).wait_for_selector("form")
        bring(notebook, notebook.cell(asks[0]), 240)
        reel.take(page, "1  Predict", 2.0)
        form.query_selector_all("input[type=radio]")[0].check()
        reel.take(page, "1  Predict", 1.0)
        form.query_selector("button").click()
        page.wait_for_timeout(500)
        reel.take(page, "1  Predict: what follows was locked until you did", 2.0)
        second = notebook.cell(asks[1]).wait_for_selector("form")
        second.query_selector_all("input[type=radio]")[0].check()
        second.query_selector("button").click()
        notebook.type_over(solution, WRONG)
        page.keyboard.press("Escape")
        run(notebook, solution, checks)
        bring(notebook, notebook.cell(solution), 20)
        reel.take(page, "2  Solve: a wrong answer gets a question", 2.5)
        notebook.cell(checks).screenshot(path=str(ROOT / "docs" / "images" / "check.png"))
        notebook.type_over(solution, RIGHT)
        page.keyboard.press("Escape")
        run(notebook, solution, checks)
        bring(notebook, notebook.cell(solution), 20)
        reel.take(page, "2  Solve", 1.5)
        start = [i for i, _ in cells].index(checks)
        run(notebook, *[cell_id for cell_id, _ in cells[start + 1 :]])
        output = notebook.cell(trains).wait_for_selector(".jp-Cell-outputArea")
        bring(notebook, output, 200)
        reel.take(page, "3  Run: five seeds, in seconds", 2.5)
        plane = next(i for i, source in cells if "plane_plot(" in source)
        bring(notebook, notebook.cell(plane).wait_for_selector(".jp-Cell-outputArea"), 20)
        reel.take(page, "3  Run: 180 networks, one picture", 3.0)
        last = notebook.cell(cells[-1][0]).wait_for_selector(".jp-Cell-outputArea")
        bring(notebook, last, 60)
        reel.take(page, "4  What you said, and what was measured", 4.0)
    reel.write(ROOT / "docs" / "images" / "film.gif")


if __name__ == "__main__":
    film()
