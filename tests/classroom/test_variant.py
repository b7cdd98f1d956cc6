"""A private release: its own answers pass, the public ones fail, its texts say what is asked."""

import ast
import json
import math

import nbformat
import pytest
import torch
from instructor import ROOT

from coursekit.classroom.release.build import instructor_notebook, student_notebook
from coursekit.classroom.release.leaks import leaked_lines
from coursekit.classroom.release.source import SourceError, read_unit
from coursekit.classroom.release.variant import (
    Variant,
    choose_variant,
    read_variant,
    variant_bank,
    variant_unit,
    write_variant,
)
from coursekit.commands import variant as command
from coursekit.commands.build import points_of
from coursekit.exercises import EXERCISES
from coursekit.exercises.changes.declared import DECLARED
from coursekit.exercises.engine.judge import judge

SEED = 2027
UNIT = read_unit(ROOT / "solutions" / "01_gradient_noise.py")


@pytest.fixture(scope="module")
def variant():
    return choose_variant([UNIT], EXERCISES, SEED)


@pytest.fixture(scope="module")
def unit(variant):
    return variant_unit(UNIT, variant, EXERCISES)


@pytest.fixture(scope="module")
def bank(variant):
    return variant_bank(variant, EXERCISES)


def function_in(unit, exercise_id):
    """Run a solution cell and return its function."""
    (cell,) = [c for c in unit.cells if c.role == "solution" and c.name == exercise_id]
    names = {"torch": torch, "math": math}
    exec(cell.text, names)
    return names[ast.parse(cell.text).body[0].name]


def test_at_least_half_of_the_exercises_change(variant):
    assert len(variant.changes) >= len(UNIT.exercises) / 2
    assert choose_variant([UNIT], EXERCISES, SEED + 1).changes != variant.changes


def test_its_solutions_pass_and_the_public_ones_fail(variant, unit, bank):
    """The public text under the release's signature fails too: names and order are the same."""
    for exercise_id in UNIT.exercises:
        exercise = bank[exercise_id]
        own, public = function_in(unit, exercise_id), function_in(UNIT, exercise_id)
        for seed in range(50, 54):
            assert judge(exercise, own, seed=seed).status == "passed", exercise_id
            if exercise_id in variant.changes:
                score = judge(exercise, public, seed=seed).score
                assert score <= exercise.max_score / 3, exercise_id


@pytest.mark.parametrize(
    ("exercise_id", "name"), [(e, c.name) for e in DECLARED for c in DECLARED[e] if e[:3] == "u01"]
)
def test_every_declared_wording_is_in_the_unit(exercise_id, name):
    changed = variant_unit(UNIT, Variant(0, {exercise_id: name}), EXERCISES)
    (cell,) = [c for c in changed.cells if c.role == "solution" and c.name == exercise_id]
    docstring = ast.get_docstring(ast.parse(cell.text).body[0])
    assert docstring.count("IN THIS RELEASE:") == 1
    exercise = variant_bank(Variant(0, {exercise_id: name}), EXERCISES)[exercise_id]
    assert judge(exercise, function_in(changed, exercise_id), seed=7).status == "passed"


def test_the_release_says_what_changed_and_keeps_its_solutions(variant, unit):
    instructor = instructor_notebook(unit, points_of=points_of, quote=lambda name: "1")
    student = student_notebook(instructor)
    assert list(leaked_lines(unit, student)) == []
    texts = [cell.source for cell in student.cells]
    assert sum(text.startswith("> **In this release:**") for text in texts) == len(variant.changes)
    assert sum("checks_of_release" in text for text in texts) == 1
    assert not any("def public" in text for text in texts)
    public = student_notebook(instructor_notebook(UNIT, points_of=points_of, quote=lambda n: "1"))
    assert marks(student) == marks(public)


def marks(notebook):
    found = [cell.metadata.get("nbgrader") for cell in notebook.cells]
    return [(mark["grade_id"], mark.get("points")) for mark in found if mark]


def test_the_file_of_a_release_comes_back_as_it_was(variant, tmp_path):
    path = tmp_path / "variant.json"
    path.write_text(write_variant(variant))
    assert read_variant(path) == variant
    for bad in ("", "{}", '{"version": 2, "seed": 1, "changes": {}}', "[1]"):
        path.write_text(bad)
        with pytest.raises(ValueError, match="make the release again"):
            read_variant(path)


def test_a_wording_that_is_gone_is_named(monkeypatch):
    cells = tuple(c for c in UNIT.cells)
    changed = [
        type(c)(**{**c.__dict__, "text": c.text.replace("Unbiased estimate", "An estimate")})
        for c in cells
    ]
    unit = type(UNIT)(UNIT.name, tuple(changed))
    with pytest.raises(SourceError, match="does not hold 'Unbiased estimate of tr"):
        variant_unit(unit, Variant(0, {"u01_tr_cov": "divisor n"}), EXERCISES)


@pytest.mark.slow
def test_the_command_makes_a_course_of_its_own(tmp_path, capsys):
    out = tmp_path / "spring"
    assert command.run(seed=SEED, out=out, unit="01") == 0
    assert "of 8 exercises with marks" in capsys.readouterr().out
    assert json.loads((out / "variant.json").read_text())["seed"] == SEED
    name = "01_gradient_noise"
    for folder in ("notebooks", ".build/source"):
        nbformat.read(out / folder / name / f"{name}.ipynb", as_version=4)
    assert (out / "nbgrader_config.py").is_file()
    with pytest.raises(ValueError, match="is not empty"):
        command.run(seed=SEED, out=out, unit="01")


def test_a_release_of_the_capstone_has_six_runs_of_its_own():
    capstone = read_unit(ROOT / "solutions" / "10_capstone.py")
    change = DECLARED["u10_diagnosis"][6]
    variant = Variant(SEED, {"u10_diagnosis": change.name})
    unit = variant_unit(capstone, variant, EXERCISES)
    exercise = variant_bank(variant, EXERCISES)["u10_diagnosis"]
    assert any(cell.text.startswith("RELEASE = 7") for cell in unit.cells)
    answer = function_in(unit, "u10_diagnosis")
    assert judge(exercise, answer, seed=1).status == "passed"
    public = function_in(capstone, "u10_diagnosis")
    assert judge(exercise, public, seed=1).score <= exercise.max_score / 3
    notebook = student_notebook(instructor_notebook(unit, points_of=points_of, quote=lambda _: "0"))
    assert list(leaked_lines(unit, notebook)) == []
    assert any("RELEASE = 7" in cell.source for cell in notebook.cells)
