"""A learner practises an interview question in a notebook: the widget, in a real browser."""

import json
from pathlib import Path

import pytest
from looked_at import faults, go_dark

pytestmark = pytest.mark.in_turn(thing="pages that take long", of=4, turn=1)

ROOT = Path(__file__).resolve().parents[2]
UNIT = "00_start"
BOARD = ".coursekit-interview"
SESSION = """import os

os.environ["COURSEKIT_SIZE"] = "cpu"  # widgets live; at the tiny size they are static
from coursekit.interview.widget import interview_corner

interview_corner("00_start", minutes=1, seed=3)
"""
MAX_STEPS = 14  # number, once more, why, follow-up, red flags, rubric, mark: fewer than that


def corner_cell():
    """Return the id of the cell that opens the interview."""
    cells = json.loads((ROOT / "notebooks" / UNIT / f"{UNIT}.ipynb").read_text())["cells"]
    (found,) = [c["id"] for c in cells if "".join(c["source"]).startswith("interview_corner(")]
    return found


def test_a_question_is_answered_followed_up_marked_and_backed_by_evidence(open_unit):
    notebook = open_unit(UNIT)
    notebook.type_over(corner_cell(), SESSION)
    notebook.run(corner_cell())
    board = notebook.page.locator(BOARD)
    board.wait_for()
    go_on = board.get_by_role("button", name="Go on")
    ticked = False
    for _ in range(MAX_STEPS):
        if not go_on.count():
            break
        if board.locator("textarea:visible").count():
            said = "A quarter of the optimizer steps, at the same temperature."
            board.locator("textarea:visible").last.fill(said)
        if board.locator("input[type=text]:visible").count():
            board.locator("input[type=text]:visible").last.fill("7")
        ticks = board.locator("input[type=checkbox]")
        for i in range(ticks.count()):
            ticks.nth(i).check()
            ticked = True
        if board.locator("input[type=radio]").count():
            board.locator("input[type=radio]").first.check()
        assert faults(notebook.page, BOARD) == []
        asked = board.inner_text()
        go_on.click()
        notebook.page.wait_for_function(
            """before => {
                const board = document.querySelector('.coursekit-interview');
                return board.innerText !== before && (board.innerText.includes('session is over')
                    || board.querySelector('button:not([disabled])'));
            }""",
            arg=asked,
        )
    shown = board.inner_text()
    assert ticked
    assert "session is over" in shown
    assert "100 %" in shown or "60 %" in shown  # all ticked; a wrong number takes its half
    assert "In the ledger" in shown
    board.locator("summary").first.click()
    assert board.locator("img").first.evaluate("image => image.naturalWidth") > 100
    assert faults(notebook.page, BOARD) == []
    go_dark(notebook.page)
    assert faults(notebook.page, BOARD) == []
