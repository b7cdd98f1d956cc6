"""The set-up with the real pip and network, killed and doubled: minutes each, `pytest -m slow`."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PARTS = ("coursekit", "notebooks", "tests/oracles.txt", "pyproject.toml", "README.md", "LICENSE")
GENERATED = shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints")
WHOLE = (
    "import sysconfig\n"
    "from pathlib import Path\n"
    "from coursekit.bootstrap.installer import drop_half_installed\n"
    "print(drop_half_installed(Path(sysconfig.get_paths()['purelib'])))\n"
)

pytestmark = pytest.mark.slow


@pytest.fixture
def clone(tmp_path):
    """Return a clone without an environment, in a folder with a space; delete 1.5 GB afterwards."""
    clone = tmp_path / "my course"
    for part in PARTS:
        source, target = ROOT / part, clone / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=GENERATED)
        else:
            shutil.copy(source, target)
    yield clone
    shutil.rmtree(clone)


class SetUp:
    """`lab --check` in a clone, started by a bare Python in a process group of its own."""

    def __init__(self, clone):
        kept = {k: v for k, v in os.environ.items() if k not in ("COURSEKIT_NO_VENV", "PYTHONPATH")}
        home = clone.parent / "home"
        self.process = subprocess.Popen(
            [Path(sys.base_prefix) / "bin" / "python3", "-m", "coursekit", "lab", "--check"],
            cwd=clone,
            env={**kept, "COURSEKIT_HOME": str(home), "COURSEKIT_SIZE": "tiny"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.said = ""
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        with self.process.stdout as stream:
            for line in stream:
                self.said += line

    def wait_for(self, pattern, seconds=300):
        until = time.monotonic() + seconds
        while not re.search(pattern, self.said):
            assert self.process.poll() is None, self.said
            assert time.monotonic() < until, self.said
            time.sleep(0.05)

    def kill(self):
        os.killpg(self.process.pid, signal.SIGKILL)
        self.end()

    def end(self, seconds=600):
        status = self.process.wait(seconds)
        self.reader.join(20)
        return status


def is_whole(clone):
    """Say whether pip and the records of what it installed find nothing amiss."""
    python = clone / ".venv" / "bin" / "python"
    pip = subprocess.run([python, "-m", "pip", "check"], capture_output=True, text=True)
    records = subprocess.run([python, "-c", WHOLE], cwd=clone, capture_output=True, text=True)
    assert pip.returncode == 0, pip.stdout
    assert records.stdout == "[]\n", records.stdout + records.stderr
    return True


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        (r"set-up 1/3 virtual environment \.\.\.", 1.5),
        (r"set-up 2/3 torch(.|\n)*installing \d+ packages", 4.0),
        (r"set-up 3/3 libraries(.|\n)*installing \d\d+ packages", 6.0),
    ],
    ids=["environment", "torch", "libraries"],
)
def test_a_set_up_killed_at_any_moment_succeeds_when_run_again(clone, moment, seconds):
    first = SetUp(clone)
    first.wait_for(moment)
    time.sleep(seconds)  # in the middle of it
    assert "done" not in first.said.splitlines()[-1], first.said
    first.kill()
    again = SetUp(clone)
    assert again.end() == 0, again.said
    assert re.search(r"errors +0\n", again.said), again.said
    assert is_whole(clone)
    print(first.said, "--- killed ---", again.said, sep="\n")


def test_two_set_ups_at_once_do_not_break_each_other(clone):
    both = [SetUp(clone), SetUp(clone)]
    for one in both:
        assert one.end() == 0, one.said
        assert re.search(r"errors +0\n", one.said), one.said
    waited = [one for one in both if "Another set-up of this clone is running" in one.said]
    assert len(waited) == 1
    assert "set-up 1/3" not in waited[0].said  # it used what the other made
    assert is_whole(clone)
