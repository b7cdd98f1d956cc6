"""docs/trainers.md and docs/peers.md hold what the scripts of benchmarks/trainers printed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "benchmarks" / "trainers"
CELLS = [c for f in sorted((FOLDER / "measured").glob("*.json")) for c in json.loads(f.read_text())]
PAGES = [p for p in (ROOT / "docs" / f"{n}.md" for n in ("trainers", "peers")) if p.exists()]

pytestmark = pytest.mark.quick


def rows_of(page):
    """Return {first column: filled cells} of a page's tables."""
    lines = [x for x in page.read_text().splitlines() if x.startswith("| ")]
    cut = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: [cell for cell in row[2:] if cell] for row in cut}


def test_the_pages_hold_what_was_measured():
    done = subprocess.run(
        [sys.executable, FOLDER / "make.py", "--check"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.stem)
def test_a_cell_that_nobody_measured_would_be_noticed(page):
    values = {cell["value"] for cell in CELLS}
    headings = {"measured"}
    for row, filled in rows_of(page).items():
        assert row in headings or set(filled) <= values, row


def test_ten_libraries_show_six_behaviours():
    rows = rows_of(ROOT / "docs" / "trainers.md")
    assert sum(len(filled) >= 6 for row, filled in rows.items() if row != "measured") >= 10


def test_each_cell_says_version_and_setting_and_comes_once():
    assert all(cell["setting"] and all(cell["versions"].values()) for cell in CELLS)
    names = [(cell["row"], cell["behaviour"]) for cell in CELLS]
    assert len(names) == len(set(names))
