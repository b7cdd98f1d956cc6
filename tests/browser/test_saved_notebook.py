"""A learner predicts by keyboard, is examined, saves; and opens the notebook the next day."""

import json
from pathlib import Path

import pytest

pytestmark = pytest.mark.in_turn(thing="pages that take long", of=4, turn=0)

ROOT = Path(__file__).resolve().parents[2]
UNIT = "02_lr_scaling"  # no other test works in this notebook
LIVE = """import os

os.environ["COURSEKIT_SIZE"] = "cpu"  # widgets live; at the tiny size they are static
from coursekit.notebook import check, predict
from coursekit.interview.widget import interview_corner


def minibatch_grad(weights, inputs, targets, batch):
    errors = inputs[batch] @ weights - targets[batch]
    return inputs[batch].T @ errors


predict("01_gradient_noise", "quadruple", "B grows from 64 to 256.", ["halves", "a quarter"])
"""
CHECK = 'check("u01_minibatch_grad", minibatch_grad)'
CORNER = 'interview_corner("01_gradient_noise", minutes=1, seed=3)'


def open_cells():
    """Return the ids of three cells that a learner may write in."""
    notebook = json.loads((ROOT / "notebooks" / UNIT / f"{UNIT}.ipynb").read_text())
    marks = [(c["id"], c["metadata"].get("nbgrader", {})) for c in notebook["cells"]]
    return [cell_id for cell_id, mark in marks if mark.get("solution")][:3]


def test_a_saved_notebook_says_what_it_said_last(open_unit, server):
    notebook = open_unit(UNIT)
    page = notebook.page
    asks, checks, corner = open_cells()
    notebook.type_over(asks, LIVE)
    notebook.run(asks)
    form = notebook.cell(asks).wait_for_selector("form")
    first, second = form.query_selector_all("input[type=radio]")
    first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("ArrowDown")
    assert second.is_checked(), "the arrow moves between options, not between cells"
    page.keyboard.press("Enter")
    locked = notebook.cell(asks).wait_for_selector(".ck-ask[data-state=locked]")
    noted = locked.wait_for_selector('[role=status]:has-text("Noted.")')
    assert noted.inner_text().startswith("Noted.")

    notebook.type_over(checks, CHECK)
    shown = notebook.run(checks)
    assert "✗ not yet" in shown
    assert "0 of 2 points" in shown
    notebook.type_over(corner, CORNER)
    notebook.run(corner)
    board = page.locator(".coursekit-interview")
    asked = board.inner_text().strip().split("\n")[0]
    page.evaluate("async () => { await window.jupyterapp.commands.execute('docmanager:save') }")
    for session in server.ask("/api/sessions"):
        server.ask(f"/api/sessions/{session['id']}", method="DELETE")

    tomorrow = open_unit(UNIT)
    page = tomorrow.page
    page.get_by_text("Error displaying widget").first.wait_for(state="attached")
    for gone in page.get_by_text("Error displaying widget").all():
        assert not gone.is_visible()
    assert "You said: a quarter." in tomorrow.cell(asks).inner_text()
    assert "✗ not yet" in tomorrow.cell(checks).inner_text()
    practised = tomorrow.cell(corner).inner_text()
    assert asked in practised
    assert "Run this cell to practise." in practised


def test_the_lab_is_quiet(open_unit):
    page = open_unit(UNIT).page
    menus = page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
    assert "Kernel" in menus
    assert "Nbgrader" not in menus
    assert page.get_by_text("official Jupyter news").count() == 0
    assert page.get_by_text("Create Assignment").count() == 0
    page.wait_for_selector("link[href*='coursekit-quiet']", state="attached")
    page.wait_for_function(
        """() => {
            const column = document.querySelector('.jp-Cell .jp-RenderedMarkdown > p');
            return column && getComputedStyle(column).maxWidth !== 'none';
        }"""
    )
    hidden = page.locator(".jp-InputPlaceholder").all_inner_texts()
    assert sum("plumbing, skip" in text for text in hidden) >= 5


def test_a_link_opens_the_next_unit_in_the_same_server(open_unit):
    page = open_unit(UNIT).page
    page.locator(".jp-Notebook a[href*='03_warmup']").last.click()
    page.wait_for_url("**/03_warmup/03_warmup.ipynb*")
