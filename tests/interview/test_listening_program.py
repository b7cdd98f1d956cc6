"""A program that listens is held to the rubric, and to the words of the answer."""

import json
import random
import sys

import pytest
from small_question import SPOKEN, hear

from coursekit.interview.events import AskTicks, Say
from coursekit.interview.judge import check, program
from coursekit.interview.outcome import Outcome
from coursekit.interview.report import write_report
from coursekit.interview.session import hold

pytestmark = pytest.mark.quick
ANSWER = "It takes FEWER  steps; I would compare them at equal steps."


def script(tmp_path, body):
    path = tmp_path / "judge.py"
    path.write_text(f"import json, sys\nasked = json.load(sys.stdin)\n{body}\n")
    return f"{sys.executable} {path}"


def test_what_it_heard_must_stand_in_the_answer(tmp_path):
    said = ["fewer steps", "the temperature stays", "", 3]
    command = script(tmp_path, f"print(json.dumps({said!r}))")
    assert program(command)(SPOKEN, ANSWER) == ("fewer steps", "", "", "")
    assert program(command)(SPOKEN, "") == ("",) * 4


def test_it_gets_question_points_and_answer(tmp_path):
    body = "json.dump(asked, open(sys.argv[1], 'w')); print(json.dumps([''] * 4))"
    program(f"{script(tmp_path, body)} {tmp_path / 'asked.json'}")(SPOKEN, ANSWER)
    asked = json.loads((tmp_path / "asked.json").read_text())
    assert asked == {
        "question": SPOKEN.prompt,
        "points": [point.text for point in SPOKEN.points],
        "answer": ANSWER,
    }


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("print('[]')", "list of 4 strings"),
        ("print('yes')", "gave no answer"),
        ("sys.exit(3)", "gave no answer"),
    ],
)
def test_one_that_fails_is_named_and_the_check_listens_instead(tmp_path, body, message):
    listen = program(script(tmp_path, body))
    with pytest.raises(ValueError, match=message):
        listen(SPOKEN, ANSWER)
    talk = hold([SPOKEN], rng=random.Random(0), save=lambda _: None, listen=listen)
    events, _ = hear(talk, [ANSWER, "?", [True] * 4, "made"])
    assert any(isinstance(e, Say) and "offline check listens instead" in e.text for e in events)
    (ticks,) = [e for e in events if isinstance(e, AskTicks)]
    assert ticks.heard == check(SPOKEN, ANSWER)


def test_the_report_says_how_often_it_agreed():
    outcome = Outcome("steps", 0.5, (), 60, "x", (True, False, True, True), "", "made", (True,) * 4)
    assert "on 3 of 4 points" in write_report([outcome], {"steps": SPOKEN}, 10)
    aloud = Outcome("steps", 0.5, (), 60, "", (True, False, True, True), "", "made")
    assert "points." not in write_report([aloud], {"steps": SPOKEN}, 10)
