"""The widget: the same engine behind boxes and a button."""

import dataclasses
import random

import pytest
from small_question import SPOKEN

from coursekit.interview.session import hold
from coursekit.interview.widget import Board, interview_corner

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
    assert "claim N4" in said(b)
    assert [box.value for box in b.asked.children[1:-1]] == [False] * 4
    answer(b, True, False, False, False)
    assert saved[0].score == pytest.approx(0.3)
    assert "P7" in said(b)
    assert "session is over" in said(b)
    assert b.asked.children == ()


def test_aloud_and_a_number():
    b, saved = board(SPOKEN, NUMERIC)
    answer(b, "")
    answer(b, "weak")
    answer(b, "")
    answer(b, True, True, True, True)
    assert "GPUs?" in asked(b)
    assert "What broke?" not in said(b)  # a new question, an empty board
    answer(b, "3")
    assert "Once more" in asked(b)
    answer(b, "4")
    answer(b, "why")
    answer(b, "")
    answer(b, False, False, False, False)
    assert [o.score for o in saved] == [1, 0]


def test_in_a_script_the_first_questions_are_shown(capsys):
    interview_corner("00_start")
    out = capsys.readouterr().out
    assert "batch from 256 to 1024" in out
    assert "{" not in out
    with pytest.raises(ValueError, match="no question for unit '99'"):
        interview_corner("99")
