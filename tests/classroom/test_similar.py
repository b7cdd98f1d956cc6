"""Likeness of answers: equal but for names and formatting; alike beyond chance; no false alarms."""

import random

import nbformat
import pytest
from instructor import ROOT

from coursekit.classroom.handing_in.made_answers import mistaken_texts, right_texts
from coursekit.classroom.handing_in.practice_mix import answers_of, disguised, mixed, personal
from coursekit.classroom.reporting.similar import alike, fingerprint
from coursekit.exercises.bank import EXERCISES
from coursekit.exercises.engine.judge import judge

UNIT = "01_gradient_noise"
BANK = [one for one in EXERCISES.values() if one.id.startswith("u01_") and one.graded]
ONE = '''def tr_cov(grads):
    """Say something."""
    mean = grads.mean(dim=0)  # of the rows
    return ((grads - mean) ** 2).sum() / (len(grads) - 1)
'''
TWIN = """import torch
def tr_cov(per_example_grads: torch.Tensor) -> float:
    m = per_example_grads.mean( dim = 0 )
    return ((per_example_grads - m)**2).sum()/(len(per_example_grads)-1)
"""


def test_names_comments_annotations_and_formatting_do_not_count():
    assert fingerprint(ONE) == fingerprint(TWIN) != ""
    assert fingerprint(ONE) != fingerprint(ONE.replace("- 1", "- 2"))
    assert fingerprint(ONE) != fingerprint(ONE.replace("sum", "mean"))
    swapped = ONE.replace("(grads - mean)", "(mean - grads)")
    assert fingerprint(ONE) != fingerprint(swapped)
    assert fingerprint("def f(:") == fingerprint("# nothing\n") == fingerprint("'text'") == ""


@pytest.fixture(scope="module")
def release():
    from coursekit.classroom.release.build import instructor_notebook, student_notebook
    from coursekit.classroom.release.source import read_unit
    from coursekit.commands.build import points_of

    unit = read_unit(ROOT / "solutions" / f"{UNIT}.py")
    full = instructor_notebook(unit, points_of=points_of, quote=lambda name: "")
    return student_notebook(full), full


def cells_of(notebook):
    marked = [(cell.metadata.get("nbgrader", {}), cell) for cell in notebook.cells]
    return {m["grade_id"]: c.source for m, c in marked if m.get("solution")}


def answers(class_):
    """Return exercise -> student -> fingerprint."""
    each = [cells_of(one) for one in class_]
    return {
        one.id: {f"s{i:02d}": fingerprint(cells[one.id]) for i, cells in enumerate(each)}
        for one in BANK
    }


def test_sixty_who_draw_from_the_accepted_answers_are_not_alike(release):
    """Nothing is published here: all that protects is that everyone writes so."""
    blank, full = release
    accepted = {name: (right, []) for name, (right, _) in answers_of(BANK).items()}
    alarms = 0
    for seed in range(5):
        rng = random.Random(seed)
        class_ = [mixed(blank, full, accepted, rng) for _ in range(60)]
        everyone = {one.id: {f"s{i:02d}": True for i in range(60)} for one in BANK}
        alarms += bool(alike(answers(class_), everyone, {}, seed=seed))
    assert alarms == 0


def test_a_twin_in_other_words_is_found_among_sixty(release):
    blank, full = release
    rng = random.Random(3)
    mix = answers_of(BANK)
    class_ = [mixed(blank, full, mix, rng) for _ in range(59)]
    found = answers([*class_, disguised(class_[7], rng)])
    published = {
        one.id: frozenset(fingerprint(text) for text in [cells_of(full)[one.id], *right_texts(one)])
        for one in BANK
    }
    pairs = alike(found, {}, published)
    assert [pair.who for pair in pairs] == [("s07", "s59")]
    assert pairs[0].nobody_else >= 1
    assert len(pairs[0].equal) >= pairs[0].nobody_else


def test_what_is_published_says_nothing():
    same = {name: {f"s{i}": "ab" if i < 2 else f"c{i}" for i in range(30)} for name in "xyz"}
    assert [pair.who for pair in alike(same, {}, {})] == [("s0", "s1")]
    assert alike(same, {}, {name: frozenset({"ab"}) for name in "xyz"}) == []
    assert alike({"x": {"s0": "a", "s1": "a"}}, {}, {}) == []  # two people are no class


def test_made_answers_are_what_they_are_made_from():
    """A mistake as a cell of its own shows that mistake; with steps named, still."""
    rng = random.Random(5)
    for exercise in BANK[:4]:
        wrong = mistaken_texts(exercise)
        assert len(wrong) >= 4
        for name, text in [*list(wrong.items())[:3], *[("", t) for t in right_texts(exercise)]]:
            names = {}
            exec("import math, torch\nimport numpy as np\n" + personal(text, rng), names)
            verdict = judge(exercise, names[exercise.call.split("(")[0]], seed=4)
            assert (verdict.mistake.name if verdict.mistake else "") == name


def test_the_notebooks_of_a_made_up_class_are_valid(release):
    blank, full = release
    made = mixed(blank, full, answers_of(BANK), random.Random(1))
    nbformat.validate(made)
