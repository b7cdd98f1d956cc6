"""A learner practises an interview question in a notebook: the widget, in a real browser."""

import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
UNIT = "00_start"
SESSION = """import os

os.environ["COURSEKIT_SIZE"] = "cpu"  # widgets live; at the tiny size they are static
from coursekit.interview.widget import interview_corner

interview_corner("00_start", minutes=1, seed=3)
"""
DARK = "apputils:change-theme', {theme: 'JupyterLab Dark'}"
READABLE = 4.5  # contrast of small text, WCAG 2.2, 1.4.3
CONTRAST = """(box, part) => {
    const numbers = colour => colour.match(/[\\d.]+/g).map(Number);
    const luminance = rgb => {
        const [r, g, b] = rgb.map(v => v / 255)
            .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const below = numbers(getComputedStyle(box).backgroundColor);
    if (below.length !== 3) return 0;  // seen through: what lies below is unknown
    const style = getComputedStyle(box, part), ink = numbers(style.color);
    const over = (ink[3] ?? 1) * Number(style.opacity);
    const seen = below.map((v, i) => over * ink[i] + (1 - over) * v);
    const [low, high] = [luminance(seen), luminance(below)].sort((a, b) => a - b);
    return (high + 0.05) / (low + 0.05);
}"""
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
    board = notebook.page.locator(".coursekit-interview")
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


def test_what_a_box_asks_for_can_be_read_in_the_dark(open_unit):
    notebook = open_unit(UNIT)
    notebook.page.evaluate(f"async () => {{ await window.jupyterapp.commands.execute('{DARK}) }}")
    notebook.type_over(corner_cell(), SESSION)
    notebook.run(corner_cell())
    box = notebook.page.locator(".coursekit-interview").locator("input[type=text], textarea").first
    box.wait_for()
    notebook.page.wait_for_function("() => document.body.dataset.jpThemeLight === 'false'")
    assert box.evaluate(CONTRAST, "::placeholder") >= READABLE
