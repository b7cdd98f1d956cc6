"""Which interpreter runs a command, and what needs no installation at all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from coursekit.bootstrap import start as module
from coursekit.bootstrap.installer import SetupError
from coursekit.bootstrap.start import (
    USAGE,
    child_environment,
    hand_over,
    leave_out_shadows,
    start,
)
from coursekit.storage import NoHome

ROOT = Path(__file__).resolve().parents[2]


class Handed(Exception):
    """Stands for the process having become another."""


@pytest.fixture
def world(monkeypatch):
    """Return a function that says what there is, and the list of what was done."""
    done = []

    def set_world(*, suits=False, found=None, error=None):
        def ensure(level, gpu):
            done.append(f"ensure {level} {'gpu' if gpu else 'cpu'}")
            if error:
                raise error
            return Path("/made/python")

        def become(argv):
            done.append(" ".join(argv))
            raise Handed

        monkeypatch.setattr(module, "suits", lambda level, gpu: suits)
        monkeypatch.setattr(module, "find_environment", lambda level, gpu: found)
        monkeypatch.setattr(module, "ensure_environment", ensure)
        monkeypatch.setattr(module, "hand_over", become)

    def begin(*argv):
        cli = lambda words: done.append(f"cli {' '.join(words)}") or 5  # noqa: E731
        return start(list(argv), cli=cli, doctor=lambda: done.append("doctor") or 1)

    set_world.done, set_world.begin = done, begin
    return set_world


@pytest.mark.quick
def test_an_interpreter_that_has_everything_is_used(world):
    world(suits=True)
    assert world.begin("lab", "01", "--", "--port", "9") == 5
    assert world.done == ["cli lab 01 -- --port 9"]


@pytest.mark.quick
@pytest.mark.parametrize(("chosen", "seen"), [(None, "PASSIVE"), ("ACTIVE", "ACTIVE")])
def test_threads_sleep_while_they_wait_unless_a_person_chose(world, monkeypatch, chosen, seen):
    monkeypatch.setenv("OMP_WAIT_POLICY", chosen or "")
    if chosen is None:
        monkeypatch.delenv("OMP_WAIT_POLICY")
    world(suits=True)
    world.begin("lab")
    assert os.environ["OMP_WAIT_POLICY"] == seen


@pytest.mark.quick
def test_otherwise_the_finished_environment_takes_over(world):
    world(found=Path("/found/python"))
    with pytest.raises(Handed):
        world.begin("test", "--", "-q")
    assert world.done == ["/found/python -m coursekit test -- -q"]


@pytest.mark.quick
@pytest.mark.parametrize(
    ("argv", "ensured"),
    [
        (["lab"], "ensure course cpu"),
        (["lab", "--gpu"], "ensure course gpu"),
        (["test"], "ensure test cpu"),
        (["test", "--", "--gpu"], "ensure test cpu"),
        (["lab", "test"], "ensure course cpu"),
        (["--debug", "test"], "ensure test cpu"),
        (["progress"], "ensure core cpu"),
    ],
)
def test_otherwise_it_is_made_for_what_the_command_needs(world, argv, ensured):
    world()
    with pytest.raises(Handed):
        world.begin(*argv)
    assert world.done == [ensured, f"/made/python -m coursekit {' '.join(argv)}"]


@pytest.mark.quick
@pytest.mark.parametrize("argv", [[], ["--help"], ["-h"], ["lab", "--help"]])
def test_help_installs_nothing(world, argv, capsys):
    world()
    assert world.begin(*argv) == 0
    assert world.done == []
    assert capsys.readouterr().out == USAGE


@pytest.mark.quick
def test_the_doctor_comes_without_an_environment(world):
    world()
    assert world.begin("doctor") == 1
    assert world.done == ["doctor"]


@pytest.mark.quick
def test_a_word_that_is_no_command_installs_nothing(world, capsys):
    world()
    assert world.begin("labb") == 2
    assert world.done == []
    err = capsys.readouterr().err
    assert "no command 'labb'" in err
    assert err.endswith("See: python3 -m coursekit --help\n")


@pytest.mark.quick
def test_a_set_up_that_fails_or_is_stopped_ends_in_words(world, capsys):
    world(error=SetupError("no network.\nConnect."))
    assert world.begin("lab") == 1
    assert capsys.readouterr().err == "coursekit: no network.\nConnect.\n"
    world(error=NoHome("no home.\nSet COURSEKIT_HOME."))
    assert world.begin("lab") == 1
    assert capsys.readouterr().err == "coursekit: no home.\nSet COURSEKIT_HOME.\n"
    world(error=KeyboardInterrupt())
    assert world.begin("lab") == 130
    assert capsys.readouterr().err.endswith("goes on where this one stopped.\n")


@pytest.mark.quick
def test_programs_and_modules_of_this_copy_come_first(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", "/usr/bin")
    monkeypatch.delenv("PYTHONPATH", raising=False)
    seen = child_environment("/a/bin/python")
    assert (seen["PATH"], seen["PYTHONPATH"]) == (f"/a/bin{os.pathsep}/usr/bin", str(ROOT))
    monkeypatch.setenv("PYTHONPATH", "/other")
    assert child_environment("/a/bin/python")["PYTHONPATH"] == f"{ROOT}{os.pathsep}/other"


@pytest.mark.quick
def test_handing_over_keeps_the_process_its_folder_and_its_status(tmp_path):
    code = (
        "import os, sys\n"
        "from pathlib import Path\n"
        "from coursekit.bootstrap.start import hand_over\n"
        "print(os.getpid())\n"
        "told = 'import os, sys; print(os.getpid(), os.getcwd()); sys.exit(7)'\n"
        f"hand_over([sys.executable, '-c', told], cwd=Path({str(tmp_path)!r}))\n"
    )
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 7
    first, second = done.stdout.splitlines()
    assert second == f"{first} {tmp_path}"


@pytest.mark.quick
def test_where_a_process_cannot_be_replaced_its_status_is_passed_on(monkeypatch):
    monkeypatch.setattr(module, "CAN_REPLACE_ITSELF", False)
    assert hand_over([sys.executable, "-c", "raise SystemExit(7)"]) == 7


@pytest.mark.quick
def test_what_would_come_before_the_environments_own_modules_is_left_out(
    tmp_path, monkeypatch, capsys
):
    """A robot's or a cluster's numpy, for another Python; a person's own modules stay."""
    for name in ("ros/numpy/__init__.py", "mine/mynet.py", "old/tqdm.py"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_text("raise ImportError('of another Python')\n")
    (tmp_path / "mine" / "torch").mkdir()  # a bare folder, say of logs
    folders = [str(tmp_path / name) for name in ("ros", "mine", "nowhere", "old")]
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(folders))
    leave_out_shadows("core")
    assert os.environ["PYTHONPATH"] == os.pathsep.join(folders[1:3])
    assert capsys.readouterr().err == (
        f"Left out of PYTHONPATH: {folders[0]} (it has its own numpy)\n"
        f"Left out of PYTHONPATH: {folders[3]} (it has its own tqdm)\n"
    )
    leave_out_shadows("core")
    assert capsys.readouterr().err == ""
