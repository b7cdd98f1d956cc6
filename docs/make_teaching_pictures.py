"""Draw the pictures of docs/instructor.md: python docs/make_teaching_pictures.py.

A made-up class of sixty is graded in a temporary folder; needs bubblewrap and Chromium.
"""

import shutil
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from coursekit.classroom.handing_in.practice_class import make_class, usual_class
from coursekit.commands import feedback, grade, report
from coursekit.commands.doctor import find_chromium
from coursekit.exercises.bank import EXERCISES

ROOT = Path(__file__).resolve().parents[1]
UNIT = "01_gradient_noise"
STUDENT = "turing036"  # of whom the page is shown
WIDTH = 760


def graded_class(folder: Path) -> None:
    """Grade sixty people in a folder."""
    for name in (f"notebooks/{UNIT}", f".build/source/{UNIT}"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    make_class(
        folder / "notebooks" / UNIT / f"{UNIT}.ipynb",
        folder / ".build" / "source" / UNIT / f"{UNIT}.ipynb",
        folder / "grading",
        size=60,
        kinds=usual_class(60),
        due=datetime(2026, 3, 1, 18, tzinfo=UTC),
        exercises=[one for one in EXERCISES.values() if one.id.startswith(f"u{UNIT[:2]}_")],
    )
    grade.run(folder / "grading" / "submitted")
    feedback.run(UNIT, course=folder)
    report.run(UNIT, course=folder)


def picture(page: Page, address: Path, name: str, height: int) -> None:
    """Keep the top of a page."""
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.goto(address.as_uri())
    path = ROOT / "docs" / "images" / name
    page.screenshot(path=str(path))
    print(f"{name}: {path.stat().st_size / 1e3:.0f} kB")


if __name__ == "__main__":
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(tempfile.mkdtemp())
    if not (folder / "grading" / "report").exists():
        graded_class(folder)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=find_chromium(), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(color_scheme="light")
        own = folder / "grading" / "feedback" / STUDENT / UNIT / f"{UNIT}.html"
        picture(page, own, "feedback.png", 760)
        picture(page, folder / "grading" / "report" / f"{UNIT}.html", "report.png", 860)
        browser.close()
