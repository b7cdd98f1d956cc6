"""Draw the explorers' still pictures in Chromium: python docs/make_explorer_pictures.py [NAME ...].

Each is the first state of web/NAME.js, 720 pixels wide, in light colours on white.
tests/browser/test_explorers_in_browser.py compares them with what the explorers draw.
"""

import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from coursekit.commands.doctor import find_chromium
from coursekit.explorers.live import explorer_names
from coursekit.explorers.stills import draw_still
from coursekit.storage import write_atomically

WEB = Path(__file__).resolve().parents[1] / "coursekit" / "explorers" / "web"
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
        browser.close()


if __name__ == "__main__":
    main(sys.argv[1:])
