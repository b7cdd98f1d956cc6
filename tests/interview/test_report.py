"""The report of a session."""

import dataclasses

import pytest
from small_question import SPOKEN

from coursekit.interview.report import Outcome, write_report

pytestmark = pytest.mark.quick


def test_strengths_gaps_and_the_unit_to_redo():
    questions = {
        "a": dataclasses.replace(SPOKEN, id="a", concepts=("warmup",), units=("03_warmup",)),
        "b": dataclasses.replace(SPOKEN, id="b", concepts=("noise", "cost"), units=("01_noise",)),
    }
    outcomes = [
        Outcome("a", 0.2, "learner", ("N6",), 90.0, "x"),
        Outcome("b", 0.9, "learner", (), 30.0, "y"),
    ]
    text = write_report(outcomes, questions, 10)
    assert "2 questions in 2 of 10 minutes, 55 % of the rubrics" in text
    assert text.index("Strengths:") < text.index("90 %  cost") < text.index("Gaps:")
    assert text.index("Gaps:") < text.index("20 %  warmup")
    assert "Popular wrong answers that came up (claims): N6" in text
    assert "Do again: unit 03_warmup" in text
    assert max(map(len, text.splitlines())) <= 80
    assert "1 question in" in write_report(outcomes[1:], questions, 10)
    assert "go one level up" in write_report(outcomes[1:], questions, 10)
    assert write_report([], questions, 10) == "No question was answered."
