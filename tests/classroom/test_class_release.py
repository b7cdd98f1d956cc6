"""A learner whose class has a private release: lab, progress and solution know it."""

import json

import pytest
from instructor import ROOT

from coursekit import notebook
from coursekit.classroom.learner import class_release, copies
from coursekit.classroom.learner.class_release import codes_in, take_in
from coursekit.classroom.learner.copies import notebook_in, released_units
from coursekit.classroom.learner.home import stops
from coursekit.commands import lab, solution
from coursekit.commands import progress as progress_command
from coursekit.commands import variant as variant_command
from coursekit.exercises import EXERCISES
from coursekit.exercises.changes.catalogue import changes_of
from coursekit.exercises.changes.checks import exercise_with_code
from coursekit.progress import load

NAME = "00_start"
PLAIN = {"fresh": False, "check": False, "no_browser": True, "extra": []}


@pytest.fixture
def given(tmp_path, monkeypatch, capsys):
    """A learner's own folders, and the release that the class was given."""
    work = tmp_path / "work"
    for module in (copies, class_release, lab, solution):
        monkeypatch.setattr(module, "work_folder", lambda: work)
    monkeypatch.setattr(copies, "release_folder", lambda: ROOT / "notebooks")
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path / "home"))
    opened = []
    monkeypatch.setattr(lab, "open_lab", lambda path, **_: opened.append(path) or 0)
    monkeypatch.setattr(lab, "last_begun", lambda names: NAME, raising=False)
    assert variant_command.run(seed=2027, out=tmp_path / "spring", unit="00") == 0
    capsys.readouterr()
    return tmp_path / "spring" / "notebooks", work, opened


def test_a_release_is_taken_in_once_and_opened_from_then_on(given, capsys):
    release, work, opened = given
    copies.own_copy(ROOT / "notebooks" / NAME, work)  # the public one was begun
    assert lab.run("00", **PLAIN, release=release) == 0
    said = capsys.readouterr().err
    assert f"{NAME} is your class's from here on." in said
    assert "Your copy of the other one is now" in said
    codes = codes_in(opened[-1])
    assert list(codes) == ["u00_best_lr"]
    assert codes["u00_best_lr"] in {change.code for change in changes_of("u00_best_lr").values()}
    (kept,) = work.glob(f"{NAME}.*")
    assert codes_in(kept / f"{NAME}.ipynb") == {}
    assert lab.run("00", **PLAIN) == 0
    assert codes_in(opened[-1]) == codes
    assert take_in(release / NAME / f"{NAME}.ipynb") == [f"{NAME} of your class is here already."]
    names = [unit.name for unit in released_units()]
    assert names == sorted(set(names))
    assert len(names) == 11


def test_what_is_no_release_is_refused(given, tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(ValueError, match=r"there is no unit in .* name the folder"):
            take_in(path)


def test_checks_of_a_release_keep_progress_apart(given, capsys):
    release, _, _ = given
    take_in(release)
    codes = codes_in(notebook_in(release / NAME))
    check, mine_or_library = notebook.checks_of_release(codes)
    changed = exercise_with_code("u00_best_lr", codes["u00_best_lr"])
    public = EXERCISES["u00_best_lr"].reference
    assert check("u00_best_lr", public) == 0.0
    assert check("u00_best_lr", changed.reference) == 2.0
    assert check("u00_num_steps", EXERCISES["u00_num_steps"].reference) == 2.0
    capsys.readouterr()
    assert "u00_best_lr" not in load().exercises
    assert progress_command.run("00", json=True) == 0
    rows = {row["exercise"]: row for row in json.loads(capsys.readouterr().out)}
    assert (rows["u00_best_lr"]["best"], rows["u00_best_lr"]["attempts"]) == (2.0, 2)
    assert stops(released_units(), load())[0].earned == 2.0
    mine_or_library("u00_best_lr", changed.reference)
    assert "goes on with the library's best_lr" in capsys.readouterr().out


def test_the_own_answer_drives_the_figures_where_it_determines_them(capsys):
    change = next(c for c in changes_of("u01_tr_cov").values() if c.public)
    changed = exercise_with_code("u01_tr_cov", change.code)
    _, mine_or_library = notebook.checks_of_release({"u01_tr_cov": change.code})
    use = mine_or_library("u01_tr_cov", changed.reference)
    assert "Using your own tr_cov" in capsys.readouterr().out
    (case, *_) = EXERCISES["u01_tr_cov"].by_hand
    grads = notebook.exercises.EXERCISES["u01_tr_cov"].reference
    from coursekit.exercises.engine.adapters import to_torch

    rows = to_torch(case.args[0])
    assert float(use(rows)) == pytest.approx(float(grads(rows)))
    assert mine_or_library("u01_tr_cov", lambda g: 0.0) is grads
    assert "until your answer passes" in capsys.readouterr().out


def test_the_solution_of_a_class_is_with_its_instructor(given):
    release, _, _ = given
    take_in(release)
    with pytest.raises(ValueError, match=r"your instructor has its solutions.*\n.*--public"):
        solution.solved_copy("00")
    folder, _ = solution.solved_copy("00", public=True)
    assert notebook_in(folder).is_file()
    folder, _ = solution.solved_copy("02")
    assert notebook_in(folder).is_file()
