"""Small commands: the table of `progress`, and what `test` asks of pytest."""

import json
import subprocess

import pytest

from coursekit.classroom.learner import copies as learner
from coursekit.commands import progress as command
from coursekit.commands import test as run_tests
from coursekit.commands.progress import next_step, table
from coursekit.progress import (
    Progress,
    load,
    record_answer,
    record_check,
    record_prediction,
)

RELEASED = {"00_start": {"u00_warm": 0.0, "u00_a": 2.0}, "01_noise": {"u01_b": 3.0, "u01_c": 1.0}}


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)


@pytest.mark.quick
def test_a_row_for_each_exercise_and_the_first_open_one_is_next():
    rows = table(Progress(), RELEASED)
    assert [row.exercise for row in rows] == ["u00_warm", "u00_a", "u01_b", "u01_c"]
    assert next_step(rows).startswith("Next: u00_a (0 of 2 points): python3 -m coursekit lab 00")
    record_check("u00_a", 2, 2)
    record_check("u01_b", 1.5, 3)
    rows = table(load(), RELEASED)
    assert [row.best for row in rows] == [0, 2, 1.5, 0]
    assert next_step(rows).startswith("Next: u01_b (1.5 of 3 points)")
    record_check("u01_b", 3, 3)
    record_check("u01_c", 1, 1)
    assert next_step(table(load(), RELEASED)).startswith("Next: nothing")


@pytest.mark.quick
def test_predictions_and_interview_practice_are_counted(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(command, "released_units", lambda: [tmp_path / name for name in RELEASED])
    monkeypatch.setattr(command, "exercises_in", lambda path: RELEASED[path.stem])
    for key in ("quadruple", "all_n"):
        record_prediction("01_noise", key, "halves")
    for name, day in (("a", "2020-01-01"), ("b", "2999-01-01"), ("c", "2020-02-01")):
        record_answer({"question_id": name, "score": 1.0}, {"due": f"{day}T00:00:00+00:00"})
    assert command.run() == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[-1] == "predicted"
    assert lines[2].split()[-1] == "2"
    assert all(len(line) < 80 for line in lines[:4])
    assert lines[-2] == (
        "Interview: 3 questions answered, 2 due now: python3 -m coursekit interview --due"
    )


@pytest.mark.quick
def test_points_of_an_exercise_that_became_smaller_do_not_exceed_it():
    record_check("u00_a", 5, 5)
    assert table(load(), RELEASED)[1].best == 2


@pytest.mark.quick
def test_the_table_has_sums_scores_tries_and_time(monkeypatch, capsys, tmp_path):
    units = [tmp_path / name for name in RELEASED]
    monkeypatch.setattr(command, "released_units", lambda: units)
    monkeypatch.setattr(command, "exercises_in", lambda path: RELEASED[path.stem])
    record_check("u00_a", 1, 2, seconds=600)
    record_check("u00_a", 2, 2, seconds=3300)
    assert command.run() == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert shown[1] == ["00_start", "2/2", "█" * 12, "100", "%", "2", "1", "h", "05"]
    assert shown[2] == ["01_noise", "0/4", "░" * 12, "0", "%"]
    assert shown[3] == ["all", "2/6", "█" * 4 + "░" * 8, "33", "%", "2", "1", "h", "05"]
    assert shown[-1][:2] == ["Next:", "u01_b"]
    assert shown[-2][0] == "all"  # no interview, no line about it
    assert command.run("00") == 0
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert shown[1] == ["u00_warm", "warm-up", "0", "0", "min"]
    assert shown[2] == ["u00_a", "2/2", "2", "1", "h", "05"]
    assert len(shown) == 4
    assert command.run(json=True) == 0
    assert [row["best"] for row in json.loads(capsys.readouterr().out)] == [0, 2, 0, 0]


@pytest.mark.quick
def test_a_bar_is_full_for_all_alone_and_empty_for_nothing_alone():
    assert [command._bar(share).count("█") for share in (0, 0.01, 0.5, 0.99, 1)] == [
        0,
        1,
        6,
        11,
        12,
    ]


@pytest.mark.quick
def test_a_damaged_progress_file_is_mentioned(monkeypatch, capsys, tmp_path):
    monkeypatch.setattr(command, "released_units", lambda: [tmp_path / "00_start"])
    monkeypatch.setattr(command, "exercises_in", lambda path: RELEASED[path.stem])
    (tmp_path / "progress.json").write_text("{")
    assert command.run() == 0
    assert "was damaged; it is kept as" in capsys.readouterr().err


@pytest.mark.quick
def test_without_units_progress_says_how_to_get_some(monkeypatch, tmp_path):
    monkeypatch.setattr(learner, "release_folder", lambda: tmp_path)
    with pytest.raises(ValueError, match=r"python3 -m coursekit build$"):
        command.run()


QUICK = ("-m", "quick")
TOGETHER = ("--dist", "loadfile", "--no-loadscope-reorder")


@pytest.mark.quick
@pytest.mark.parametrize(
    ("quick", "extra", "cores", "expected"),
    [
        (False, [], 1, []),
        (False, [], 2, ["-n", "3", *TOGETHER]),
        (False, [], 64, ["-n", "4", *TOGETHER]),
        (True, ["-x"], 1, [*QUICK, "-x"]),
        (True, [], 2, [*QUICK, "-n", "2", *TOGETHER]),
        (False, ["-n", "0"], 2, ["-n", "0"]),
        (False, ["--pdb"], 2, ["--pdb"]),
    ],
)
def test_pytest_gets_as_many_workers_as_fit_unless_told_otherwise(
    monkeypatch, quick, extra, cores, expected
):
    seen = []

    def call(argv, cwd, env):
        seen.append((argv, cwd, env))
        return 5

    monkeypatch.setattr(subprocess, "call", call)
    monkeypatch.setattr(run_tests.os, "cpu_count", lambda: cores)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    assert run_tests.run(quick=quick, extra=extra) == 5
    ((argv, cwd, environment),) = seen
    assert argv[1:3] == ["-m", "pytest"]
    assert argv[3:] == expected
    assert (cwd / "pyproject.toml").is_file()
    assert ("OMP_NUM_THREADS" in environment) == ("--dist" in expected)
    assert "PYTHONDONTWRITEBYTECODE" not in environment


@pytest.mark.quick
def test_an_installed_package_has_no_tests_to_run(monkeypatch):
    monkeypatch.setattr(run_tests, "is_clone", lambda: False)
    with pytest.raises(ValueError, match=r"Clone the repository"):
        run_tests.run(quick=False, extra=[])
