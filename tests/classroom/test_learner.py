"""A learner's own copies: made once and whole, added to, never written over."""

import json
import os
import shutil

import pytest

from coursekit.classroom.learner import copies as learner
from coursekit.classroom.learner.copies import (
    exercises_in,
    find_unit,
    notebook_in,
    own_copy,
    released_units,
)

NAMES = ["00_start", "01_gradient_noise", "10_capstone"]


@pytest.fixture
def release(tmp_path):
    """Return the folder of a released unit with a picture and leftovers of a run."""
    release = tmp_path / "notebooks" / "01_gradient_noise"
    (release / "figures").mkdir(parents=True)
    (release / "01_gradient_noise.ipynb").write_text("release")
    (release / "figures" / "one.png").write_text("png")
    (release / ".ipynb_checkpoints").mkdir()
    (release / ".ipynb_checkpoints" / "01_gradient_noise-checkpoint.ipynb").write_text("old")
    return release


@pytest.fixture
def work(tmp_path):
    return tmp_path / "work"


def files_in(folder):
    return {
        str(path.relative_to(folder)): path.read_text()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.quick
@pytest.mark.parametrize(
    "name", ["01", "1", "01_gradient_noise", "gradient_noise", "01_gradient_noise/"]
)
def test_a_unit_goes_by_several_names(name):
    assert find_unit(name, NAMES) == "01_gradient_noise"


@pytest.mark.quick
@pytest.mark.parametrize("name", ["noise", "01_gradient", "Gradient", "1_gradient_noise"])
def test_a_part_that_fits_one_unit_names_it(name):
    assert find_unit(name, NAMES) == "01_gradient_noise"


@pytest.mark.quick
@pytest.mark.parametrize("name", ["7", "momentum", "", "01_gradients_noise"])
def test_an_unknown_unit_is_answered_with_those_there_are(name):
    with pytest.raises(ValueError, match=r"no unit .*: 00_start, 01_gradient_noise, 10_cap"):
        find_unit(name, NAMES)


@pytest.mark.quick
def test_released_units_are_folders_with_their_notebook(release, tmp_path):
    folder = tmp_path / "notebooks"
    for name in ("00_start", "02_no_notebook", "extra"):
        (folder / name).mkdir()
    (folder / "00_start" / "00_start.ipynb").write_text("{}")
    (folder / "README.md").write_text("")
    assert [unit.name for unit in released_units(folder)] == ["00_start", "01_gradient_noise"]


@pytest.mark.quick
def test_the_first_copy_holds_the_release_and_nothing_generated(release, work):
    copy, told = own_copy(release, work)
    assert copy == work / "01_gradient_noise"
    assert files_in(copy) == {"01_gradient_noise.ipynb": "release", "figures/one.png": "png"}
    assert str(copy) in told
    assert [path.name for path in work.iterdir()] == ["01_gradient_noise"]  # nothing temporary


@pytest.mark.quick
def test_own_work_is_never_written_over_and_new_files_are_added(release, work):
    copy, _ = own_copy(release, work)
    notebook_in(copy).write_text("my work")
    (copy / "figures" / "one.png").write_text("my picture")
    notebook_in(release).write_text("release 2")
    (release / "data").mkdir()
    (release / "data" / "new.csv").write_text("new")
    _, told = own_copy(release, work)
    assert files_in(copy) == {
        "01_gradient_noise.ipynb": "my work",
        "data/new.csv": "new",
        "figures/one.png": "my picture",
    }
    assert told.endswith("data/new.csv.")
    assert own_copy(release, work)[1] == ""


@pytest.mark.quick
def test_fresh_keeps_the_old_copy_under_another_name(release, work, monkeypatch):
    monkeypatch.setattr(learner, "time_stamp", lambda: "20260101-120000")
    for text in ("first", "second", "third"):
        copy, told = own_copy(release, work, fresh=True)
        assert notebook_in(copy).read_text() == "release"
        notebook_in(copy).write_text(text)
    assert "01_gradient_noise.20260101-120000-2" in told
    kept = {path.name: notebook_in(path).read_text() for path in sorted(work.iterdir())}
    assert kept == {
        "01_gradient_noise": "third",
        "01_gradient_noise.20260101-120000": "first",
        "01_gradient_noise.20260101-120000-2": "second",
    }


@pytest.mark.quick
def test_a_copy_that_is_interrupted_leaves_nothing(release, work, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "copystat", stop)
    with pytest.raises(KeyboardInterrupt):
        own_copy(release, work)
    assert list(work.iterdir()) == []
    monkeypatch.undo()
    copy, _ = own_copy(release, work)
    notebook_in(copy).unlink()
    monkeypatch.setattr(os, "rename", stop)
    with pytest.raises(KeyboardInterrupt):
        own_copy(release, work)
    assert files_in(copy) == {"figures/one.png": "png"}


@pytest.mark.quick
def test_a_link_in_place_of_a_file_counts_as_the_learners(release, work):
    copy, _ = own_copy(release, work)
    notebook_in(copy).unlink()
    notebook_in(copy).symlink_to(copy / "gone.ipynb")
    own_copy(release, work)
    assert notebook_in(copy).is_symlink()


def cell(grade_id, **mark):
    return {"cell_type": "code", "metadata": {"nbgrader": {"grade_id": grade_id, **mark}}}


@pytest.mark.quick
def test_exercises_are_the_checks_of_a_notebook(tmp_path):
    cells = [
        {"cell_type": "markdown", "metadata": {}},
        cell("u01_prelude", locked=True),
        cell("u01_a", solution=True, grade=False),
        cell("u01_a_check", grade=True, points=3),
        cell("u01_warm_check", grade=False),
        cell("u01_essay", grade=True, solution=True, points=2),
    ]
    path = tmp_path / "x.ipynb"
    path.write_text(json.dumps({"cells": cells}))
    assert exercises_in(path) == {"u01_a": 3.0, "u01_warm": 0.0}


@pytest.mark.quick
@pytest.mark.parametrize("text", ["", "{", "[]", '{"cells": 3}', '{"cells": [{}]}'])
def test_what_is_no_notebook_is_named(tmp_path, text):
    path = tmp_path / "x.ipynb"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"x\.ipynb is not a readable notebook"):
        exercises_in(path)
