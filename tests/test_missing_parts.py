"""A slice of the suite where neither bubblewrap nor Chromium is: green, counted and named."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

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
