"""A private release: its own answers pass, the public ones fail, its texts say what is asked."""

import ast
import io
import json
import math

import nbformat
import pytest
import torch
from instructor import ROOT
from rich.console import Console
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.classroom.release.build import instructor_notebook, student_notebook
from coursekit.classroom.release.changed_unit import changes_in, differences, variant_unit
from coursekit.classroom.release.leaks import leaked_lines
from coursekit.classroom.release.proofs import show_differences
from coursekit.classroom.release.source import SourceError, read_unit
from coursekit.classroom.release.variant import (
    Variant,
    choose_variant,
    read_variant,
    variant_bank,
    write_variant,
)
from coursekit.commands import variant as command
from coursekit.commands.build import points_of
from coursekit.exercises import EXERCISES
from coursekit.exercises.changes.catalogue import TASKS, changes_of
from coursekit.exercises.engine.judge import judge

SEED = 2027
UNIT = read_unit(ROOT / "solutions" / "00_start.py")


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
    names = {"torch": torch, "math": math, "nn": nn, "cross_entropy": cross_entropy}
    exec(cell.text, names)
    return names[ast.parse(cell.text).body[0].name]


def test_every_exercise_with_marks_changes(variant):
    graded = [name for name in UNIT.exercises if EXERCISES[name].graded]
    assert list(variant.changes) == graded
    chosen = {choose_variant([UNIT], EXERCISES, seed).changes["u00_best_lr"] for seed in range(12)}
    assert len(chosen) == len(changes_of("u00_best_lr"))


def test_its_solutions_pass_and_the_public_ones_fail(variant, unit, bank):
    for exercise_id in variant.changes:
        exercise = bank[exercise_id]
        own, public = function_in(unit, exercise_id), function_in(UNIT, exercise_id)
        for seed in range(50, 54):
            assert judge(exercise, own, seed=seed).status == "passed", exercise_id
            assert judge(exercise, public, seed=seed).score == 0


def test_what_may_not_be_chosen_is_left_out(variant):
    first = variant.changes["u00_best_lr"]
    second = choose_variant([UNIT], EXERCISES, SEED, [f"u00_best_lr: {first}"])
    assert second.changes["u00_best_lr"] != first
    assert choose_variant([UNIT], EXERCISES, SEED, ["u00_best_lr"]).changes == {}
    with pytest.raises(ValueError, match="no change 'x' in these units: there are 'u00_best_lr: "):
        choose_variant([UNIT], EXERCISES, SEED, ["x"])


def test_the_release_keeps_its_solutions_and_the_names_of_its_changes(variant, unit):
    instructor = instructor_notebook(unit, points_of=points_of, quote=lambda name: "1")
    student = student_notebook(instructor)
    assert list(leaked_lines(unit, student)) == []
    texts = [cell.source for cell in student.cells]
    assert sum("something else than the public course" in text for text in texts) == 1
    assert sum("checks_of_release" in text for text in texts) == 1
    for change in changes_in(UNIT, variant):
        assert not any(change.name in text for text in texts)
    public = student_notebook(instructor_notebook(UNIT, points_of=points_of, quote=lambda n: "1"))
    assert marks(student) == marks(public)


def marks(notebook):
    found = [cell.metadata.get("nbgrader") for cell in notebook.cells]
    return [(mark["grade_id"], mark.get("points")) for mark in found if mark]


def test_the_file_of_a_release_comes_back_as_it_was(variant, tmp_path):
    path = tmp_path / "variant.json"
    path.write_text(write_variant(variant))
    assert read_variant(path) == variant
    for bad in ("", "{}", '{"version": 1, "seeds": {}, "changes": {}}', "[1]"):
        path.write_text(bad)
        with pytest.raises(ValueError, match="make the release again"):
            read_variant(path)


def test_a_change_that_does_not_exist_is_named():
    with pytest.raises(SourceError, match="u00_best_lr: no change 'x': there are "):
        variant_unit(UNIT, Variant({}, {"u00_best_lr": "x"}), EXERCISES)


def test_units_come_one_after_another_into_one_folder(tmp_path, capsys):
    out = tmp_path / "spring"
    assert command.run(seed=SEED, out=out, unit="00") == 0
    assert "changed: 1 of 1 exercises with marks, seed 2027" in capsys.readouterr().out
    first = (out / "notebooks" / "00_start" / "00_start.ipynb").read_bytes()
    settings = out / "nbgrader_config.py"
    settings.write_text(settings.read_text() + "\n# my own line\n")
    assert command.run(seed=3, out=out, unit="10") == 0
    for name in ("00_start", "10_capstone"):
        for folder in ("notebooks", ".build/source"):
            nbformat.read(out / folder / name / f"{name}.ipynb", as_version=4)
        assert (out / "changes" / f"{name}.html").is_file()
    assert (out / "notebooks" / "00_start" / "00_start.ipynb").read_bytes() == first
    assert settings.read_text().endswith("# my own line\n")
    kept = json.loads((out / "variant.json").read_text())
    assert kept["seeds"] == {"00_start": SEED, "10_capstone": 3}
    assert {"u00_best_lr", "u10_diagnosis"} <= set(kept["changes"])
    with pytest.raises(ValueError, match="holds 00_start already, and students may have it"):
        command.run(seed=SEED, out=out, unit="00")
    with pytest.raises(ValueError, match="is not empty and holds no private release"):
        command.run(seed=SEED, out=out / "notebooks", unit="00")


def test_showing_prints_old_and_new_and_writes_nothing(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert command.run(seed=SEED, out=None, unit="00", show=True) == 0
    shown = capsys.readouterr().out
    change = changes_of("u00_best_lr")[
        choose_variant([UNIT], EXERCISES, SEED).changes["u00_best_lr"]
    ]
    assert f"u00_best_lr: {change.name}" in shown
    assert all(text in shown for text in ("public", "this release", "Nothing is written"))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ValueError, match="name a folder for the release"):
        command.run(seed=SEED, out=None, unit="00")


def test_a_release_of_the_capstone_has_six_runs_of_its_own():
    capstone = read_unit(ROOT / "solutions" / "10_capstone.py")
    name = "runs of set 7"
    variant = Variant({}, {"u10_diagnosis": name})
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


@pytest.mark.parametrize(("width", "beside"), [(80, False), (119, False), (140, True)])
def test_old_and_new_fit_the_terminal(variant, width, beside):
    out = io.StringIO()
    listed = differences(UNIT, variant, EXERCISES)
    show_differences(listed, Console(file=out, width=width))
    lines = out.getvalue().split("\n")
    assert max(map(len, lines)) <= width
    assert any("public" in line and "this release" in line for line in lines)
    assert ("public, then this release" in out.getvalue()) != beside
    for one in listed:
        assert all(word in out.getvalue() for word in one.new.split()[:1])


@pytest.mark.slow
@pytest.mark.parametrize("path", sorted(TASKS.glob("*.toml")), ids=lambda path: path.stem)
def test_every_unit_becomes_a_release_without_a_leak(path):
    (source,) = (ROOT / "solutions").glob(f"{path.stem.removeprefix('unit_')}_*.py")
    public = read_unit(source)
    for seed in range(4):
        variant = choose_variant([public], EXERCISES, seed)
        unit = variant_unit(public, variant, EXERCISES)
        notebook = instructor_notebook(unit, points_of=points_of, quote=lambda _: "0")
        assert list(leaked_lines(unit, student_notebook(notebook))) == []
