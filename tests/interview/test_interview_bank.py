"""The bank of questions: enough of every kind, every reference real."""

from collections import Counter
from pathlib import Path

import pytest

from coursekit.claims.register import CLAIMS
from coursekit.interview.bank import all_questions
from coursekit.interview.proposal import propose
from coursekit.interview.tasks.by_name import TASKS

ROOT = Path(__file__).resolve().parents[2]
UNITS = {path.stem for path in (ROOT / "solutions").glob("*.py")}
pytestmark = pytest.mark.quick
each_question = pytest.mark.parametrize("question", all_questions().values(), ids=all_questions())


@each_question
def test_units_claims_and_tasks_exist(question):
    assert set(question.units) <= UNITS
    claims = [*question.evidence, *(f.claim for f in question.red_flags)]
    assert set(claims) <= set(CLAIMS)
    assert question.numeric in ("", *TASKS)


@each_question
def test_the_model_answer_makes_its_points_and_is_called_good(question):
    proposal = propose(question, question.answer)
    assert proposal.red_flags == ()
    heard = [bool(words) for words in proposal.seen]
    weights = [point.weight for point in question.points]
    missed = [p.text for p, h in zip(question.points, heard, strict=True) if not h]
    assert sum(w for w, h in zip(weights, heard, strict=True) if h) >= 0.8 * sum(weights), missed
    assert proposal.verdict == "good"


@each_question
def test_an_echo_of_the_prompt_is_weak(question):
    assert propose(question, f"{question.prompt} {question.prompt}").verdict == "weak"


@each_question
def test_what_a_red_flag_says_is_seen_as_one(question):
    for flag in question.red_flags:
        proposal = propose(question, flag.text)
        assert flag.claim in [found.claim for found, _ in proposal.red_flags], flag.text
        assert proposal.verdict != "good"


def test_there_is_enough_of_every_kind():
    levels = Counter(question.level for question in all_questions().values())
    assert sum(levels.values()) >= 120
    assert min(levels.values()) >= 20
    numeric = sum(bool(question.numeric) for question in all_questions().values())
    assert numeric >= 0.25 * len(all_questions())
