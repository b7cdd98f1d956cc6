"""Draw the explorers' still pictures in Chromium: python docs/make_explorer_pictures.py [NAME ...].

Each is the first state of web/NAME.js, 720 pixels wide, in light colours on white.
tests/browser/test_explorers_in_browser.py compares them with what the explorers draw.
Without names it also photographs one that has been moved, for the README: docs/images/explorer.png.
"""

import sys
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from coursekit.commands.doctor import find_chromium
from coursekit.explorers.live import explorer_names
from coursekit.explorers.stills import draw_still, page_of
from coursekit.storage import write_atomically

ROOT = Path(__file__).resolve().parents[1]
WEB = ROOT / "coursekit" / "explorers" / "web"
MOVED = ("gentle_start", {"times": 4, "warmup": 8})  # a goal reached, before one more key
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage")


def main(names: list[str]) -> None:
    """Draw the explorers that are named; all of them without names."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(), args=list(FLAGS))
        page = browser.new_page(color_scheme="light")
        for name in names or explorer_names():
            text = draw_still(page, name)
            write_atomically(WEB / f"{name}.svg", text)
            print(f"{name}.svg: {len(text)} bytes", flush=True)
        if not names:
            photograph(page, ROOT / "docs" / "images" / "explorer.png")
        browser.close()


def photograph(page: Any, path: Path) -> None:
    """Photograph an explorer after one key on its first slider; ``page`` is playwright's."""
    name, state = MOVED
    page.set_content(page_of(name, state=state))
    page.locator(".ckx input[type=range]").first.press("ArrowLeft")
    page.evaluate("document.activeElement.blur()")
    page.locator(".ckx").screenshot(path=path)


if __name__ == "__main__":
    main(sys.argv[1:])
