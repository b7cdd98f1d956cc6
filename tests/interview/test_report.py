"""The report of a sitting."""

import dataclasses

import pytest
from small_question import SPOKEN

from coursekit.interview.outcome import Outcome
from coursekit.interview.report import missed, write_report

pytestmark = pytest.mark.quick
QUESTIONS = {
    "a": dataclasses.replace(SPOKEN, id="a", concepts=("warmup",), units=("03_warmup",)),
    "b": dataclasses.replace(SPOKEN, id="b", concepts=("noise", "cost"), units=("01_noise",)),
}
A = Outcome("a", 0.2, ("N6", "ZZ"), 90.0, "x", (False, True, False, False))
B = Outcome("b", 0.9, (), 30.0, "y", (True,) * 4)


def test_what_was_missed_and_one_thing_to_practise():
    earlier = [{"question_id": "a", "score": 0.1}, {"question_id": "a", "score": 0.4}]
    text = write_report([A, B], QUESTIONS, 10, earlier)
    assert "2 questions, 2 minutes of answering (10 planned), 55 %" in text
    row = next(line for line in text.splitlines() if line.startswith("  a "))
    assert row.split() == ["a", "screen", "20", "%", "40", "%", "1:30", "3:00"]
    assert "Not said in a:\n  - fewer steps\n  - an experiment\n  - stability" in text
    assert "Not said in b" not in text
    assert text.index("Strengths:") < text.index("90 %  cost") < text.index("Gaps:")
    assert text.index("Gaps:") < text.index("20 %  warmup")
    assert "ZZ. See `python3 -m coursekit claims show ZZ`" in text
    assert "One thing to practise: say this aloud" in text
    assert "  A quarter of the steps.\nThen do again: unit 03_warmup" in text
    assert max(map(len, text.splitlines())) <= 80


def test_little_to_tell():
    assert "1 question, " in write_report([B], QUESTIONS, 10)
    assert "   new " in write_report([B], QUESTIONS, 10)
    assert "go one level up" in write_report([B], QUESTIONS, 10)
    assert write_report([], QUESTIONS, 10) == "No question was marked."
    assert missed(B, QUESTIONS["b"]) == []
    assert missed(A, QUESTIONS["a"])[0] == "fewer steps"
