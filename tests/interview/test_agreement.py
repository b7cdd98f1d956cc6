"""What the offline check says of sample answers; the decision record publishes every count.

`samples/*.json` hold 60 answers each: for 20 questions a good, a middling and a popular-but-wrong
one, by people who had not seen the rules.

`samples/forms/` hold other forms: short ones, notes and formulas, popular-and-wrong ones, lists of
keywords, and answers turned into their opposite. `tenth` is the blind trial, by somebody who had
seen the questions' prompts alone; its one count stands in the record. `fifth` and `sixth` are not
in the wording; the others served to tune.
"""

import functools
import json
import re
from collections import Counter
from pathlib import Path

import pytest

from coursekit.interview.bank import all_questions
from coursekit.interview.proposal import propose

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((Path(__file__).parent / "samples").glob("*.json"))
FORMS = sorted((Path(__file__).parent / "samples" / "forms").glob("*.json"))
RECORD = (ROOT / "docs/decisions/013-interview.md").read_text()
PARAGRAPH = """It depends on the batch size and the learning rate. I would tune the learning rate on
validation data at each batch size, compare at equal steps and at equal epochs with several paired
seeds, and look at the noise scale and the critical batch size. Larger batches have less gradient
noise and fewer optimizer steps, so the stability limit and the curvature matter. I would measure
the time of a step, the memory and the throughput of the hardware before I decide."""


@functools.cache
def counted(path):
    """Return {(what its author meant, what the check says): answers}."""
    samples = json.loads(path.read_text())
    return Counter(
        (s["kind"], propose(all_questions()[s["question_id"]], s["answer"]).verdict)
        for s in samples
        if s["question_id"] in all_questions()
    )


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_the_published_figures_are_these(path):
    found = counted(path)
    of = {kind: sum(n for (k, _), n in found.items() if k == kind) for kind, _ in found}
    assert set(of.values()) == {20}
    numbers = [found[kind, "good"] for kind in ("good", "middling", "wrong")]
    row = f"| {path.stem} | {numbers[0]} of 20 | {numbers[1]} of 20 | {numbers[2]} of 20 |"
    assert row in RECORD, row
    assert found["good", "good"] >= 0.7 * 20
    assert found["wrong", "good"] == 0


@pytest.mark.parametrize("path", FORMS, ids=lambda p: p.stem)
def test_the_published_table_of_forms_is_this(path):
    found = counted(path)
    for kind in sorted({kind for kind, _ in found}):
        numbers = [found[kind, verdict] for verdict in ("good", "middling", "weak")]
        row = f"| {path.stem} | {kind} | {numbers[0]} | {numbers[1]} | {numbers[2]} |"
        assert row in RECORD, row


def test_what_is_promised_of_the_forms():
    found = counted(next(path for path in FORMS if path.stem == "fifth"))
    assert sum(found.values()) == 88
    assert found["wrong", "good"] == 0
    assert found["salad", "good"] <= 2
    assert found["good", "good"] >= 15
    assert found["style", "good"] >= 15


def test_what_the_blind_answers_showed():
    """Counted once; lists and inverted answers miss their bars of 1."""
    found = counted(next(path for path in FORMS if path.stem == "tenth"))
    kinds = ("good", "style", "salad", "inverted")
    assert [found[kind, "good"] for kind in kinds] == [23, 23, 2, 2]
    assert sum(found.values()) == 4 * 24


def test_a_list_behind_a_copy_of_the_prompt_is_still_a_list():
    """The rubric's own single words after the prompt are weak for nearly all questions."""
    heard = []
    for question in all_questions().values():
        ways = [way for p in question.points for way in p.hear]
        names = {name for way in ways for name in re.split("[ |]", way)} - {"not", "any"}
        words = ", ".join(sorted(name for name in names if "_" not in name))
        prompt = question.prompt.replace("{", "").replace("}", "")
        if propose(question, f"{prompt}\n{words}").verdict != "weak":
            heard.append(question.id)
    assert len(heard) <= 0.05 * len(all_questions()), heard


def test_one_memorised_paragraph_is_good_for_few():
    good = sum(propose(q, PARAGRAPH).verdict == "good" for q in all_questions().values())
    assert good <= 0.15 * len(all_questions())
