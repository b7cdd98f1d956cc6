"""The widget: the same engine behind boxes and a button."""

import dataclasses
import random
import time

import pytest
from small_question import SPOKEN

from coursekit.interview import mock
from coursekit.interview.case import all_cases, hold_case
from coursekit.interview.report import write_report
from coursekit.interview.session import hold
from coursekit.interview.widget import Board, case_corner, interview_corner, mock_corner

pytestmark = pytest.mark.quick
NUMERIC = dataclasses.replace(SPOKEN, id="double", prompt="{gpus} GPUs?", numeric="double_batch")


def board(*questions):
    saved = []
    return Board(hold(questions, rng=random.Random(0), save=saved.append)), saved


def asked(board):
    return board.asked.children[0].value


def answer(board, *values):
    """Fill the fields that are shown and press the button."""
    *fields, button = board.asked.children[1:]
    for field, value in zip(fields, values, strict=True):
        field.value = value
    button.click()


def said(board):
    return "\n".join(child.value for child in board.said.children)


def test_a_spoken_question_from_start_to_end():
    b, saved = board(SPOKEN)
    assert "What broke?" in asked(b)
    answer(b, "The noise was killed & <b>.")
    assert "&lt;b&gt;" in said(b)
    assert "How many steps?" in asked(b)
    answer(b, "")
    assert "Claim N4" in asked(b)
    answer(b, "no")
    assert [box.value for box in b.asked.children[1:-1]] == [False] * 4
    answer(b, True, False, False, False)
    answer(b, "missed")
    assert saved[0].score == pytest.approx(0.8 * 0.3)
    assert saved[0].red_flags == ()
    assert "P7" in said(b)
    assert "session is over" in said(b)
    assert b.asked.children == ()


def test_a_saved_notebook_keeps_the_results_and_the_last_page(monkeypatch):
    kept = []

    def show_living(box, picture):
        kept.append(picture)
        return kept.append

    monkeypatch.setattr("coursekit.interview.widget.show_living", show_living)
    b, saved = board(SPOKEN, SPOKEN)
    b.show()
    assert "Question 1 of 2" in kept[-1]
    for value in ("The noise was killed.", "", "no"):
        answer(b, value)
    answer(b, True, False, False, False)
    answer(b, "missed")
    score = f"{100 * saved[0].score:.0f} %"
    assert "P7" in kept[-1], "the evidence is on the page"
    b.asked.children[-1].click()  # on to the next question, an empty page
    assert f"<li>{score}" in kept[-1]
    assert "P7" not in kept[-1]


def test_aloud_and_a_number():
    b, saved = board(SPOKEN, NUMERIC)
    answer(b, "")
    answer(b, "weak")
    answer(b, "")
    answer(b, True, True, True, True)
    answer(b, "made")
    assert "P7" in said(b)  # to be read before the next question comes
    b.asked.children[-1].click()
    assert "GPUs?" in asked(b)
    assert "What broke?" not in said(b)  # a new question, an empty board
    answer(b, "3")
    assert "Once more" in asked(b)
    answer(b, "4")
    answer(b, "why")
    answer(b, "")
    answer(b, False, False, False, False)
    answer(b, "missed")
    assert [o.score for o in saved] == [1, 0]


def test_a_mock_ends_with_its_report():
    saved, sheets = [], []
    talk = mock.interview(
        mock.Sheet(("steps",), 10, 1),
        {"steps": SPOKEN},
        {},
        keep=sheets.append,
        save=saved.append,
    )
    b = Board(talk, lambda sheet: write_report(sheet.outcomes, {"steps": SPOKEN}, 10))
    answer(b, "Fewer steps.")
    assert "Count the updates." not in said(b)
    answer(b, "A quarter.")
    b.asked.children[-1].click()
    assert "The interview is over" in said(b)
    b.asked.children[-1].click()
    answer(b, True, False, False, False)
    b.asked.children[-1].click()  # nothing is chosen yet
    assert len(saved) == 0
    answer(b, "in part")
    assert "One thing to practise" in said(b)
    assert len(saved) == 1


def test_a_case_is_played_by_its_moves():
    case = all_cases()["opening"]
    b = Board(hold_case(case, time.monotonic))
    answer(b, "I would ask what was fixed.")
    assert case.scenes[0].moves[0].does in b.asked.children[1].options
    answer(b, case.scenes[0].moves[0].does)
    assert "Epochs were held fixed" in said(b)


def test_in_a_script_mock_and_case_are_told(capsys):
    mock_corner()
    case_corner("opening")
    assert "We scaled the batch" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"no case 'x': there are .*opening"):
        case_corner("x")


def test_in_a_script_the_first_questions_are_shown(capsys):
    interview_corner("00_start")
    out = capsys.readouterr().out
    assert "batch from 256 to 1024" in out
    assert "{" not in out
    with pytest.raises(ValueError, match="no question for unit '99'"):
        interview_corner("99")
