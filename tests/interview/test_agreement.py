"""What the offline check says of sample answers by people who had not seen its rules.

Each file of samples/ holds 60: for 20 questions a good, a middling and a popular-but-wrong answer.
`tuning`, `first` and `second` served to tune rules and to fit the wording, `third` and `fourth`
did not. The decision record publishes all figures, and how the first counts came out.
"""

import json
from collections import Counter
from pathlib import Path

import pytest

from coursekit.interview.bank import all_questions
from coursekit.interview.proposal import propose

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((Path(__file__).parent / "samples").glob("*.json"))
RECORD = (ROOT / "docs/decisions/013-interview.md").read_text()
pytestmark = pytest.mark.quick


def counted(path):
    """Return {(what its author meant, what the check says): answers}."""
    samples = json.loads(path.read_text())
    return Counter(
        (s["kind"], propose(all_questions()[s["question_id"]], s["answer"]).verdict)
        for s in samples
    )


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_sixty_answers_to_twenty_questions(path):
    samples = json.loads(path.read_text())
    assert Counter(s["kind"] for s in samples) == {"good": 20, "middling": 20, "wrong": 20}
    assert len({s["question_id"] for s in samples}) == 20


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_the_published_figures_are_these(path):
    found = counted(path)
    numbers = [found[kind, "good"] for kind in ("good", "middling", "wrong")]
    row = f"| {path.stem} | {numbers[0]} of 20 | {numbers[1]} of 20 | {numbers[2]} of 20 |"
    assert row in RECORD, row


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_good_ones_are_recognised_and_no_wrong_one_is_called_good(path):
    found = counted(path)
    assert found["good", "good"] >= 0.7 * 20
    assert found["wrong", "good"] == 0
