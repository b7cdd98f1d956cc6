"""Files that are written whole or not at all, and a lock that dies with its holder."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from coursekit.storage import NoHome, free_name, home, locked, write_atomically

ROOT = Path(__file__).resolve().parents[1]


@pytest.mark.quick
def test_home_is_what_the_variable_says_or_the_systems_place(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path / "here"))
    assert home() == tmp_path / "here"
    monkeypatch.delenv("COURSEKIT_HOME")
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert home() == tmp_path / "coursekit"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert home() == Path.home() / ".local" / "share" / "coursekit"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert home() == Path.home() / "Library" / "Application Support" / "coursekit"


@pytest.mark.quick
@pytest.mark.parametrize(("chosen", "tried"), [("", "HOME is not set"), ("~nobodyhere/x", "~nobo")])
def test_a_user_without_a_home_is_told_to_choose_a_place(monkeypatch, chosen, tried):
    """As in a container that runs under a number."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setenv("COURSEKIT_HOME", chosen)

    def nobody(*_):
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.setattr(Path, "home", nobody)
    with pytest.raises(NoHome, match=tried) as caught:
        home()
    assert str(caught.value).splitlines()[-1].startswith("Set COURSEKIT_HOME to a folder")


@pytest.mark.quick
def test_a_failed_write_leaves_the_old_text_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file.json"
    write_atomically(path, "old é\n")

    def full(_descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, "new")
    assert path.read_bytes() == "old é\n".encode()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.quick
def test_free_name_never_names_what_is_there(tmp_path):
    path = tmp_path / "unit"
    assert free_name(path, "w").name == "unit.w"
    (tmp_path / "unit.w").mkdir()
    assert free_name(path, "w").name == "unit.w-2"
    (tmp_path / "unit.w-2").touch()
    assert free_name(path, "w").name == "unit.w-3"


HOLD = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from coursekit.storage import locked\n"
    "with locked(Path(sys.argv[1])):\n"
    "    print('held', flush=True)\n"
    "    time.sleep(60)\n"
)


@pytest.mark.quick
def test_the_lock_is_waited_for_and_dies_with_its_holder(tmp_path):
    path = tmp_path / "lock"
    argv = [sys.executable, "-c", HOLD, str(path)]
    with subprocess.Popen(argv, cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        waited = []

        def kill():
            waited.append(True)
            holder.send_signal(signal.SIGKILL)

        with locked(path, on_wait=kill):  # returns only because the holder died
            assert waited == [True]
    with locked(path, on_wait=lambda: waited.append(False)):
        assert waited == [True]  # free again: nobody waits


ADD = (
    "import sys\n"
    "from pathlib import Path\n"
    "from coursekit.storage import locked, write_atomically\n"
    "path = Path(sys.argv[1])\n"
    "for _ in range(50):\n"
    "    with locked(path.with_name('lock')):\n"
    "        write_atomically(path, str(int(path.read_text()) + 1))\n"
)


def test_nothing_is_lost_between_processes_that_change_one_file(tmp_path):
    path = tmp_path / "count"
    path.write_text("0")
    argv = [sys.executable, "-c", ADD, str(path)]
    processes = [subprocess.Popen(argv, cwd=ROOT) for _ in range(3)]
    assert [process.wait(60) for process in processes] == [0, 0, 0]
    assert path.read_text() == "150"
