"""A learner's progress survives two notebooks at once, damage, and a newer release."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from coursekit import progress
from coursekit.progress import (
    Progress,
    load,
    predictions,
    progress_file,
    record_check,
    record_prediction,
    record_visit,
    unit_number,
)

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(autouse=True)
def own_home(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    return tmp_path / "home"


@pytest.fixture
def clock(monkeypatch):
    """Return a function that moves the clock of the records forward by some seconds."""
    now = [datetime(2026, 1, 1, 12, tzinfo=UTC)]

    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return now[0].astimezone(tz)

    monkeypatch.setattr(progress, "datetime", Clock)

    def forward(seconds):
        now[0] += timedelta(seconds=seconds)

    return forward


@pytest.mark.quick
def test_nothing_recorded_is_empty_and_makes_no_file(own_home):
    assert load() == Progress()
    assert predictions("01_gradient_noise") == {}
    assert not own_home.exists()


@pytest.mark.quick
def test_the_best_score_stays_and_tries_and_time_add_up(clock):
    record_check("u01_tr_cov", 1.0, 3.0, seconds=20)
    record_check("u01_tr_cov", 3.0, 3.0, seconds=30)
    record_check("u01_tr_cov", 0.0, 3.0, seconds=5)
    entry = load().exercises["u01_tr_cov"]
    assert (entry.score, entry.best, entry.points) == (0.0, 3.0, 3.0)
    assert (entry.attempts, entry.seconds) == (3, 55.0)
    assert load().units["01"].seconds == 55.0


@pytest.mark.quick
def test_time_is_what_passed_since_the_last_record_without_pauses(clock):
    record_visit("01_gradient_noise")
    clock(100)
    record_check("u01_a", 0, 1)
    clock(progress.PAUSE_SECONDS + 1)  # a pause
    record_check("u01_a", 1, 1)
    clock(progress.PAUSE_SECONDS)  # just not one
    record_check("u01_b", 1, 1)
    clock(10)
    record_check("u02_c", 1, 1)  # another unit: its first record
    seen = load()
    assert seen.exercises["u01_a"].seconds == 100
    assert seen.exercises["u01_b"].seconds == progress.PAUSE_SECONDS
    assert seen.exercises["u02_c"].seconds == 0
    assert seen.units["01"].seconds == 100 + progress.PAUSE_SECONDS
    assert seen.units["01"].first_seen == "2026-01-01T12:00:00.000+00:00"
    assert seen.exercises["u01_a"].first == "2026-01-01T12:01:40.000+00:00"


@pytest.mark.quick
def test_a_clock_that_went_back_adds_no_time(clock):
    record_visit("01")
    clock(-3600)
    record_check("u01_a", 1, 1)
    assert load().units["01"].seconds == 0


@pytest.mark.quick
def test_predictions_come_back_as_they_went_and_the_last_one_holds():
    record_prediction("01_gradient_noise", "slope", -0.5)
    record_prediction("01_gradient_noise", "shape", {"falls": True, "at": [1, 2.5, None]})
    record_prediction("01_gradient_noise", "slope", -1.0)
    record_prediction("02_lr_scaling", "slope", "none")
    assert predictions("01_gradient_noise") == {
        "slope": -1.0,
        "shape": {"falls": True, "at": [1, 2.5, None]},
    }
    assert predictions("02") == {"slope": "none"}


@pytest.mark.quick
@pytest.mark.parametrize("value", [float("nan"), {1, 2}, object(), b"x"])
def test_a_prediction_that_is_not_plain_is_refused_by_name(value):
    with pytest.raises(ValueError, match="'slope' of 01_gradient_noise is no plain data"):
        record_prediction("01_gradient_noise", "slope", value)
    assert not progress_file().exists()


@pytest.mark.quick
@pytest.mark.parametrize(
    ("score", "points"), [(-1, 3), (4, 3), (float("nan"), 3), (1, 0), (0, 0), (1, float("inf"))]
)
def test_a_score_outside_its_range_is_refused(score, points):
    with pytest.raises(ValueError, match="u01_a: the score must lie between 0 and the"):
        record_check("u01_a", score, points)


@pytest.mark.quick
@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_seconds_that_are_none_are_refused(seconds):
    with pytest.raises(ValueError, match="seconds must be finite"):
        record_check("u01_a", 1, 1, seconds=seconds)


@pytest.mark.quick
def test_a_unit_is_known_by_its_number():
    assert (
        unit_number("01_gradient_noise") == unit_number("u01_tr_cov") == unit_number("01") == "01"
    )
    for name in ("gradient_noise", "u1_x", "011_x", ""):
        with pytest.raises(ValueError, match="names no unit and no exercise"):
            unit_number(name)


@pytest.mark.quick
def test_the_file_carries_its_version_and_plain_json():
    record_check("u01_a", 1, 2)
    data = json.loads(progress_file().read_text())
    assert data["version"] == 1
    assert data["exercises"]["u01_a"]["best"] == 1.0
    assert set(data) == {"version", "exercises", "units", "predictions", "cards", "answers"}


@pytest.mark.quick
@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "null",
        "\xff",
        '{"version": 1}',
        '{"version": 1, "exercises": {"u01_a": {"score": 1}}, "units": {}, "predictions": {}}',
        '{"version": 1, "exercises": {}, "units": {"01": {"first_seen": "x", "last_seen": "y",'
        ' "seconds": "z"}}, "predictions": {}}',
        '{"version": 1, "exercises": {}, "units": {}, "predictions": {"01": 3}}',
        '{"version": 1, "exercises": {}, "units": {"01": {"first_seen": "2026-01-01",'
        ' "last_seen": "2026-01-01", "seconds": NaN}}, "predictions": {}}',
        '{"version": "1", "exercises": {}, "units": {}, "predictions": {}}',
    ],
)
def test_a_damaged_file_is_kept_under_another_name(own_home, text):
    own_home.mkdir()
    damaged = text.encode("latin-1")
    progress_file().write_bytes(damaged)
    read = load()
    assert read.set_aside is not None
    assert replace(read, set_aside=None) == Progress()
    assert read.set_aside.name.startswith("progress.json.damaged-")
    assert read.set_aside.read_bytes() == damaged
    record_check("u01_a", 1, 1)
    assert load().exercises["u01_a"].best == 1
    assert read.set_aside.read_bytes() == damaged


@pytest.mark.quick
def test_recording_onto_a_damaged_file_keeps_it_too(own_home):
    own_home.mkdir()
    progress_file().write_text("{")
    record_check("u01_a", 1, 1)
    (kept,) = own_home.glob("progress.json.damaged-*")
    assert kept.read_text() == "{"
    assert load().exercises["u01_a"].best == 1


@pytest.mark.quick
def test_a_file_of_a_newer_release_is_not_touched(own_home):
    own_home.mkdir()
    text = json.dumps({"version": 2, "something": "else"})
    progress_file().write_text(text)
    for action in (load, lambda: record_check("u01_a", 1, 1)):
        with pytest.raises(ValueError, match=r"its version is 2, mine 1(.|\n)*git pull"):
            action()
    assert progress_file().read_text() == text


@pytest.mark.quick
def test_a_graders_run_records_nothing(monkeypatch, own_home):
    monkeypatch.setenv("NBGRADER_EXECUTION", "autograde")
    record_check("u01_a", 1, 1)
    record_prediction("01", "slope", 1)
    record_visit("01")
    assert not own_home.exists()


MANY = (
    "import sys\n"
    "from coursekit.progress import record_check\n"
    "for i in range(20):\n"
    "    record_check(f'u01_{sys.argv[1]}{i}', 1, 1)\n"
    "    record_check('u01_both', 1, 1)\n"
)


def test_two_notebooks_at_once_lose_nothing():
    argv = [sys.executable, "-c", MANY]
    processes = [subprocess.Popen([*argv, name], cwd=ROOT) for name in ("a", "b")]
    assert [process.wait(60) for process in processes] == [0, 0]
    seen = load().exercises
    assert len(seen) == 41
    assert seen["u01_both"].attempts == 40


def test_a_notebook_that_is_killed_leaves_a_whole_file(own_home):
    forever = MANY.replace("range(20)", "__import__('itertools').count()")
    argv = [sys.executable, "-c", forever, "a"]
    with subprocess.Popen(argv, cwd=ROOT) as process:
        for _ in range(200):
            if progress_file().exists() and len(load().exercises) > 5:
                break
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(0.05)
        process.kill()
    seen = load()
    assert seen.set_aside is None
    assert len(seen.exercises) > 5
    record_check("u01_after", 1, 1)  # the dead notebook holds no lock
    assert load().exercises["u01_after"].attempts == 1
