"""A slice of the suite where neither bubblewrap nor Chromium is: green, counted and named."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.in_turn(thing="a set-up", of=3, turn=1)

ROOT = Path(__file__).resolve().parents[1]
SLICE = (
    "tests/commands/test_doctor.py::test_here_every_wall_of_the_sandbox_stands",
    "tests/browser/test_interview_in_browser.py",
    "tests/browser/test_unit01_in_browser.py",
    "tests/test_intervals.py",
)


@pytest.fixture
def run(tmp_path):
    """Return a function that runs pytest with an empty PATH; it says how that ended."""

    def run_pytest(*words, **variables):
        kept = {k: v for k, v in os.environ.items() if k != "CI" and not k.startswith("PYTEST_")}
        (tmp_path / "sitecustomize.py").write_text(
            "import coursekit.bootstrap.bubblewrap as b\nb.PACKAGE = 'not_installed_here'\n"
        )
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words],
            cwd=ROOT,
            env={
                **kept,
                "PATH": str(tmp_path),
                "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT)]),
                **variables,
            },
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run_pytest


def test_what_needs_a_missing_part_is_skipped_counted_and_named(run):
    done = run("-n", "1", *SLICE)  # with workers, as `coursekit test` starts it
    assert done.returncode == 0, done.stdout + done.stderr
    last = done.stdout.splitlines()[-8:]
    for what in (
        "3 tests were skipped. Each needs a browser (no Chromium): ",
        "1 tests were skipped. Each needs a sandbox (no bubblewrap): ",
    ):
        assert any(line.startswith(what) for line in last), last
    assert "tests/browser/test_unit01_in_browser.py (2)" in done.stdout
    assert "To run them: sudo apt install chromium" in last
    assert re.search(r"\d+ passed, 4 skipped", last[-1])


def test_in_ci_the_same_tests_fail(run):
    done = run(*SLICE, CI="true")
    assert done.returncode == 1
    assert "needs a browser (no Chromium): sudo apt install chromium" in done.stdout
    assert "here nothing may go untested" in done.stdout
    assert re.search(r"\b4 (errors|failed)", done.stdout.splitlines()[-1])


def test_a_part_that_is_there_and_does_not_work_counts_as_missing(run, tmp_path):
    """Ubuntu's chromium-browser asks for a snap; a bwrap of a newer system misses its library."""
    for name, said in (("chromium-browser", "get the snap"), ("bwrap", "GLIBC_2.34 not found")):
        (tmp_path / name).write_text(f"#!/bin/sh\necho '{said}' >&2; exit 10\n")
        (tmp_path / name).chmod(0o755)
    done = run(*SLICE[:2])
    assert done.returncode == 0, done.stdout + done.stderr
    for what in (
        f"Each needs a browser ({tmp_path}/chromium-browser does not start: get the snap): ",
        f"Each needs a sandbox ({tmp_path}/bwrap is no bubblewrap that works: does not start: ",
        "To run them: sudo apt install chromium",
    ):
        assert what in done.stdout
    assert re.search(r"\b2 skipped", done.stdout.splitlines()[-1])
