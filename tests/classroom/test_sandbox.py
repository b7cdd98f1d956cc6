"""The sandbox: every wall stands, a missing one is named, and nothing is left behind."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from toy_attempts import TIGHT, TWICE, attempt, toy

from coursekit.classroom.judge.attempt_run import AttemptRun
from coursekit.classroom.judge.points_earned import judge_attempt
from coursekit.classroom.sandbox import lean
from coursekit.classroom.sandbox import opening as sandbox_module
from coursekit.classroom.sandbox import proof as sandbox_proof
from coursekit.classroom.sandbox import walls as sandbox_walls
from coursekit.classroom.sandbox.lean import make_lean_package, remove_stale
from coursekit.classroom.sandbox.opening import Limits, Sandbox, SandboxError, open_sandbox
from coursekit.classroom.sandbox.proof import prove
from coursekit.classroom.sandbox.session import Gone
from coursekit.exercises import EXERCISES
from coursekit.exercises.engine.declare import Case

ROOT = Path(__file__).resolve().parents[2]
SCRATCH = sandbox_walls.scratch_place()  # /tmp, unless this Python lies there


@pytest.fixture(scope="module")
def sandbox():
    with open_sandbox(limits=TIGHT) as opened:
        yield opened


def tell(sandbox, expression, *, setup=""):
    """Return what an expression is worth inside, as a student's code sees it."""
    exercise = toy("twice", lambda x: 0.0, {"small": (1,)})
    text = f"{setup}\ndef twice(x):\n    return {expression}\n"
    run = AttemptRun(attempt(twice=text, half=None, next_one=None), sandbox, ())
    try:
        outcome = run.ask(exercise, exercise.by_hand[0])
    finally:
        run.close()
    return outcome.value if outcome.kind == "value" else outcome.detail


def family(*, besides=frozenset()):
    """Return the processes below this one, without children of ours that are named and theirs.

    A browser or a server that other tests share starts and ends processes when it likes.
    """
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                stat = Path(f"/proc/{name}/stat").read_text(errors="replace").rpartition(")")[2]
                parents.setdefault(int(stat.split()[1]), []).append(int(name))
    found = [pid for pid in parents.get(os.getpid(), []) if pid not in besides]
    for pid in found:
        found += parents.get(pid, [])
    return set(found)


def soon(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.05)
    return condition()


# --- opening ----------------------------------------------------------------------------------


@pytest.mark.quick
def test_no_sandbox_is_opened_without_naming_the_risk():
    with pytest.raises(ValueError, match=r"change the gradebook.*--accept-risk"):
        open_sandbox("none")
    with pytest.raises(ValueError, match="no sandbox 'docker'"):
        open_sandbox("docker")


@pytest.mark.quick
@pytest.mark.parametrize(
    "wrong", [{"memory_mb": 0}, {"request_seconds": float("nan")}, {"cpu_seconds": 2}]
)
def test_limits_that_could_not_work_are_refused(wrong):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Limits(**wrong)


@pytest.mark.quick
def test_without_bubblewrap_or_with_an_old_one_the_remedy_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr("coursekit.bootstrap.bubblewrap.PACKAGE", "not_installed_here")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SandboxError, match="apt install bubblewrap"):
        open_sandbox()
    program = tmp_path / "bwrap"
    program.write_text("#!/bin/sh\necho bubblewrap 0.4.0\n")
    program.chmod(0o755)
    with pytest.raises(SandboxError, match=r"0\.7 or newer is needed, found 'bubblewrap 0\.4\.0'"):
        open_sandbox()
    program.write_text("#!/bin/sh\necho 'no permission' >&2; echo bubblewrap 0.9.0\n")
    assert sandbox_walls.bubblewrap() == str(program)


def test_a_bubblewrap_that_may_not_is_quoted(monkeypatch, tmp_path):
    program = tmp_path / "bwrap"
    program.write_text(
        '#!/bin/sh\n[ "$1" = --version ] && echo bubblewrap 0.9.0 && exit\n'
        "echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(SandboxError, match="uid map: Permission denied"):
        open_sandbox(limits=TIGHT)


# --- the proof --------------------------------------------------------------------------------


def changed_walls(monkeypatch, change):
    """Have bubblewrap called with other arguments."""
    honest = sandbox_walls.wall_arguments
    monkeypatch.setattr(sandbox_module, "wall_arguments", lambda *a, **k: change(honest(*a, **k)))


def changed_file(monkeypatch, name, old, new):
    """Change a file of the lean package."""

    def make(hidden):
        folder = make_lean_package(hidden)
        path = folder / "coursekit" / "classroom" / "sandbox" / name
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))
        return folder

    monkeypatch.setattr(sandbox_module, "make_lean_package", make)


def without(*words):
    return lambda argv: [word for word in argv if word not in words]


def with_more(*words):
    return lambda argv: [*argv[:-3], *words, *argv[-3:]]  # before --chdir /tmp --


HOLES = {
    "network": (without("--unshare-net"), "can reach port"),
    "files": (with_more("--ro-bind", "/tmp", "/tmp"), "can read .*gradebook.db"),
    "solutions": (with_more("--ro-bind", str(ROOT), f"{SCRATCH}/x"), None),
    "writing": (with_more("--bind", "/tmp", "/tmp"), "wrote outside"),
    "processes": (without("--unshare-pid"), "sees process"),
    "environment": (with_more("--setenv", "COURSEKIT_BAIT", "seed"), "sees the variable"),
}


@pytest.mark.sandbox
@pytest.mark.parametrize("hole", HOLES)
def test_a_missing_wall_is_named(monkeypatch, hole):
    change, message = HOLES[hole]
    changed_walls(monkeypatch, change)
    with Sandbox("bubblewrap", TIGHT, "fresh") as sandbox:
        if message is None:  # bound to a path that nobody asked about: only a named one is tried
            prove(sandbox)
            with pytest.raises(SandboxError, match=f"can read {SCRATCH}/x"):
                prove_named(sandbox, f"{SCRATCH}/x")
            return
        with pytest.raises(SandboxError, match=message):
            prove(sandbox)


def prove_named(sandbox, path):
    """Prove with one more path; it is tried although it does not exist out here."""
    honest = sandbox_proof._existing
    sandbox_proof._existing = lambda forbidden: [*honest(forbidden), Path(path)]
    try:
        prove(sandbox)
    finally:
        sandbox_proof._existing = honest


@pytest.mark.sandbox
def test_missing_limits_are_named(monkeypatch):
    changed_file(
        monkeypatch,
        "worker_walls.py",
        "resource.setrlimit(which, (lowest - spare, lowest))",
        "pass",
    )
    with (
        Sandbox("bubblewrap", TIGHT, "fresh") as sandbox,
        pytest.raises(SandboxError, match="has no limit: RLIMIT_AS"),
    ):
        prove(sandbox)


@pytest.mark.sandbox
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can stay root")
def test_staying_root_is_named(monkeypatch):
    monkeypatch.setattr(sandbox_module.random, "choice", lambda ids: 0)
    with (
        Sandbox("bubblewrap", TIGHT, "fresh") as sandbox,
        pytest.raises(SandboxError, match="has user 0"),
    ):
        prove(sandbox)


@pytest.mark.sandbox
def test_a_bank_that_is_visible_is_named(monkeypatch):
    def whole(hidden):
        folder = make_lean_package(hidden)
        for name in ("exercises", "claims", "plots"):
            shutil.rmtree(folder / "coursekit" / name, ignore_errors=True)
            shutil.copytree(lean.PACKAGE / name, folder / "coursekit" / name)
        return folder

    monkeypatch.setattr(sandbox_module, "make_lean_package", whole)
    with (
        Sandbox("bubblewrap", TIGHT, "fresh") as sandbox,
        pytest.raises(SandboxError, match=r"can import coursekit\.exercises\.bank"),
    ):
        prove(sandbox)


@pytest.mark.sandbox
def test_a_folder_that_must_not_be_seen_is_tried(tmp_path):
    with open_sandbox(limits=TIGHT, forbidden=[tmp_path]):
        pass
    inside = Path(sys.prefix) / "lib"  # visible: the libraries lie there
    with pytest.raises(SandboxError, match=r"can read .*/lib"):
        open_sandbox(limits=TIGHT, forbidden=[inside])


def test_no_sandbox_at_all_fails_every_part_of_the_proof():
    with (
        open_sandbox("none", TIGHT, risk_accepted=True) as sandbox,
        pytest.raises(SandboxError) as caught,
    ):
        prove(sandbox, [ROOT / "solutions"])
    for part in ("can reach port", "can read", "can write", "sees process"):
        assert part in str(caught.value)
    for place in {Path("/"), Path("/usr"), Path("/dev"), *sandbox_walls.python_folders(), ROOT}:
        for path in [*place.glob("coursekit-probe-*"), *place.glob("*/coursekit-probe-*")]:
            path.unlink()


# --- what is inside ---------------------------------------------------------------------------


@pytest.mark.sandbox
def test_the_lean_package_holds_no_answer():
    hidden = {name for exercise in EXERCISES.values() for name in exercise.answered_by}
    folder = make_lean_package(hidden)
    try:
        texts = {path: path.read_text() for path in folder.rglob("*.py")}
        assert folder / "coursekit" / "data" / "splits.py" in texts
        for path, text in texts.items():
            assert "Mistake(" not in text, path
            assert "### BEGIN SOLUTION" not in text, path
        for name in hidden:
            stem = folder / name.replace(".", "/")
            assert not stem.exists()
            assert stem.with_suffix(".py") not in texts
        assert not list(folder.rglob("*.ipynb"))
    finally:
        shutil.rmtree(folder)


def test_a_student_finds_an_empty_world(sandbox):
    assert tell(sandbox, "os.listdir('/proc')", setup="import os") == []
    assert tell(sandbox, f"os.listdir({SCRATCH!r})", setup="import os") == []
    assert tell(sandbox, "sorted(os.listdir('/'))", setup="import os") == sorted(
        {"dev", "etc", "judge", "proc", SCRATCH[1:], "usr"}
        | {name for name in ("lib", "lib64", "lib32", "bin", "sbin") if Path("/", name).exists()}
        | {folder.parts[1] for folder in sandbox_walls.python_folders()}
    )
    assert tell(sandbox, "[os.getuid() > 0, os.getppid()]", setup="import os") == [True, 1]
    names = tell(sandbox, "sorted(os.environ)", setup="import os")
    assert set(names) <= {*sandbox_walls.ENVIRONMENT, "HOME", "TMPDIR", "PWD", "LC_CTYPE"}


def test_scratch_is_fresh_for_each_submission_and_small(sandbox):
    write = f"open('{SCRATCH}/note', 'a+').write('x')"
    assert tell(sandbox, write) == 1
    assert tell(sandbox, f"os.path.exists('{SCRATCH}/note')", setup="import os") is False
    fill = "def fill():\n    with open('SCRATCH/{}', 'wb') as f: f.write(bytes(2 << 20))\n"
    fill = fill.replace("SCRATCH", SCRATCH)
    said = tell(sandbox, "fill()", setup=fill.replace("2 << 20", "20 << 20"))
    assert "FileTooLarge" in said or "File too large" in said or "No space" in said
    many = (
        "def fill():\n    for i in range(99):\n"
        "        open(f'SCRATCH/{i}', 'wb').write(bytes(1 << 20))"
    )
    assert "No space left" in tell(sandbox, "fill()", setup=many.replace("SCRATCH", SCRATCH))


@pytest.mark.in_turn(of=3)
@pytest.mark.sandbox
def test_a_python_below_tmp_stays_visible(monkeypatch, tmp_path):
    """Then submissions write elsewhere: a fresh /tmp would hide the libraries."""
    (tmp_path / "library.py").write_text("x = 1\n")
    tmp_path.chmod(0o755)
    folders = [*sandbox_walls.python_folders(), tmp_path]
    monkeypatch.setattr(sandbox_walls, "python_folders", lambda: folders)
    assert Path("/tmp") in tmp_path.parents
    for way in ("fork", "fresh"):
        with Sandbox("bubblewrap", TIGHT, way) as sandbox:
            prove(sandbox)
            show = f"[os.getcwd(), os.listdir({str(tmp_path)!r}), open('note', 'w').write('x')]"
            assert tell(sandbox, show, setup="import os") == ["/scratch", ["library.py"], 1]


CALLS = {
    "new namespaces": "libc.unshare(0x10000000)",
    "another root": "libc.chroot(b'/tmp')",
    "tracing": "libc.ptrace(0, 0, 0, 0)",
    "mounting": "libc.mount(b'x', b'/tmp', b'tmpfs', 0, None)",
    "shared memory": "libc.shmget(0, 1 << 20, 0o1600)",
    "files in memory": "libc.memfd_create(b'x', 0)",
    "a namespace by clone": "libc.syscall(56, 0x10000011, 0, 0, 0, 0)",
    "more memory": "libc.prlimit(0, 9, (ctypes.c_long * 2)(-1, -1), None)",
    "a higher rank": "libc.nice(-10) if libc.nice(-10) == -1 else 0",
    "root's id": "libc.setuid(0)",
    "a signal to process 1": "0 if libc.kill(1, 9) == 0 and libc.getppid() != 1 else -1",
}


@pytest.mark.parametrize("call", CALLS)
def test_the_kernel_refuses(sandbox, call):
    setup = "import ctypes\nlibc = ctypes.CDLL(None, use_errno=True)"
    assert tell(sandbox, CALLS[call], setup=setup) == -1


def test_threads_and_processes_work_within_their_limit(sandbox):
    setup = (
        "import multiprocessing, subprocess, sys, threading\n"
        "def work():\n"
        "    t = threading.Thread(target=print)\n    t.start(); t.join()\n"
        "    with multiprocessing.get_context('fork').Pool(2) as pool:\n"
        "        total = sum(pool.map(abs, [-1, -2]))\n"
        "    said = subprocess.run([sys.executable, '-S', '-c', 'print(5)'],\n"
        "                          capture_output=True, text=True).stdout\n"
        "    return [total, said]\n"
    )
    assert tell(sandbox, "work()", setup=setup) == [3, "5\n"]
    threads = (
        "import threading, time\ndef many():\n    for i in range(200):\n"
        "        threading.Thread(target=time.sleep, args=(5,), daemon=True).start()\n"
    )
    assert "can't start new thread" in tell(sandbox, "many()", setup=threads)


NEARLY = {  # exercise -> the module whose function nearly answers it
    "u03_stable_lr": "coursekit.toy.dynamics",
    "u06_edge_ratio": "coursekit.toy.dynamics",
    "u06_hutchinson": "coursekit.toy.dynamics",
    "u01_standard_error": "coursekit.toy.dynamics",
    "u03_paired_gain": "coursekit.toy.dynamics",
    "u06_at_equal_loss": "coursekit.noise.critical_batch",
    "u04_loop": "coursekit.train.loop",
}
FACES = (  # every way to those functions: their home, the package's face, whoever imports them
    *("toy.max_stable_lr", "toy.dynamics.max_stable_lr", "toy.dynamics.chain_average"),
    *("toy.escape.chain_average", "noise.critical_batch.steps_to_target", "noise.optimal_lr"),
    *("train.loop.backward", "train.train", "train.loop.train"),
)


def test_what_nearly_answers_is_hidden_behind_every_face(sandbox):
    for name, module in NEARLY.items():
        assert module in EXERCISES[name].answered_by, name
    calls = "".join(f"    found.append(tried('coursekit.{place}'))\n" for place in FACES)
    text = (
        "import importlib\ndef tried(place):\n"
        "    module, _, name = place.rpartition('.')\n"
        "    try: return str(getattr(importlib.import_module(module), name)())\n"
        "    except Exception as error: return str(error)\n"
        f"def twice(x):\n    found = []\n{calls}    return found\n"
    )
    run = AttemptRun(attempt(twice=text, half=None, next_one=None), sandbox, NEARLY.values())
    try:
        found = run.ask(toy("twice", lambda x: 0.0, {"small": (1,)}), Case("small", (1.0,))).value
    finally:
        run.close()
    assert len(found) == len(FACES)
    assert all("is not there while marks are given" in line for line in found), found


# --- how it ends ------------------------------------------------------------------------------


@pytest.mark.sandbox
def test_nothing_is_left_when_a_sandbox_closes():
    mine = f"{lean.PREFIX}{os.getpid()}-*"
    before, folders = family(), set(Path(tempfile.gettempdir()).glob(mine))
    with open_sandbox(limits=TIGHT) as sandbox:
        session = sandbox.session()
        assert len(family() - before) >= 3
        session.close()
    assert soon(lambda: not family(besides=before))
    assert set(Path(tempfile.gettempdir()).glob(mine)) <= folders


@pytest.mark.in_turn(of=3)
def test_a_parent_that_died_is_started_anew(sandbox):
    assert tell(sandbox, "1") == 1
    assert sandbox.way == "fork"
    os.killpg(sandbox._parent.pid, signal.SIGKILL)
    assert soon(lambda: sandbox._parent.poll() is not None)
    assert tell(sandbox, "2") == 2


@pytest.mark.sandbox
@pytest.mark.slow
def test_a_killed_grader_leaves_no_process_and_its_folder_is_swept():
    script = (
        "import time\nfrom coursekit.classroom.sandbox.opening import open_sandbox\n"
        "sandbox = open_sandbox()\nsession = sandbox.session()\n"
        "print(session.pid, session._root, sandbox._parent.pid, sandbox._lean, flush=True)\n"
        "time.sleep(60)\n"
    )
    grader = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    *pids, folder = grader.stdout.readline().split()
    grader.kill()
    grader.wait()
    grader.stdout.close()
    assert soon(lambda: not any(Path("/proc", pid).exists() for pid in pids))
    assert Path(folder).exists()
    remove_stale()
    assert not Path(folder).exists()


@pytest.mark.in_turn(of=3)
@pytest.mark.sandbox
def test_where_namespaces_inside_a_sandbox_are_refused_each_submission_gets_a_fresh_one(
    monkeypatch,
):
    changed_file(
        monkeypatch,
        "worker_walls.py",
        '_must(_libc.unshare(NEW_NAMESPACES), "unshare")',
        'raise OSError("refused")',
    )
    with open_sandbox(limits=TIGHT) as sandbox:
        assert sandbox.way == "fresh"
        mark = judge_attempt(
            attempt(half="import os\ndef half(x): os._exit(3)\n"),
            bank={"toy_twice": TWICE},
            exercise_ids=["toy_twice"],
            sandbox=sandbox,
            seed=1,
        )
        assert mark.questions[0].points == 2.0
        session = sandbox.session()
        session.close()
    with pytest.raises(Gone):
        session.send(b"x\n", 1)


@pytest.mark.sandbox
@pytest.mark.skipif(os.geteuid() != 0, reason="this test runs as an ordinary user already")
@pytest.mark.slow
def test_it_works_for_a_user_without_any_right():
    """Inside a user namespace without capabilities, as for an ordinary user of this machine."""
    script = (
        "import os\nfrom coursekit.classroom.sandbox.opening import open_sandbox\n"
        "assert os.geteuid() == 1000\n"
        "with open_sandbox() as s: print(s.kind, s.way)\n"
    )
    argv = ["bwrap", "--dev-bind", "/", "/", "--unshare-user", "--uid", "1000", "--gid", "1000"]
    done = subprocess.run(
        [*argv, "--", sys.executable, "-c", script],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[0] == "bubblewrap"


def test_without_walls_the_same_judge_works_and_ends_its_process():
    before = family()
    with open_sandbox("none", TIGHT, risk_accepted=True) as sandbox:
        assert (sandbox.kind, sandbox.way) == ("none", "fresh")
        mark = judge_attempt(
            attempt(),
            bank={"toy_twice": TWICE},
            exercise_ids=["toy_twice"],
            sandbox=sandbox,
            seed=1,
        )
    assert mark.questions[0].points == 2.0
    assert soon(lambda: not family(besides=before))


# --- no submission reaches another ------------------------------------------------------------

STOPS = """
import os, signal
def twice(x):
    for number in (signal.SIGCONT, signal.SIGTERM, signal.SIGSTOP):
        signal.signal(number, signal.SIG_IGN) if number != signal.SIGSTOP else None
        os.kill(0, number)
    return 2 * x
"""


def judged(sandbox, text):
    mark = judge_attempt(
        attempt(twice=text, half=None, next_one=None),
        bank={"toy_twice": TWICE},
        exercise_ids=["toy_twice"],
        sandbox=sandbox,
        seed=1,
    )
    return mark.questions[0].points, mark.questions[0].status


def test_a_signal_to_the_whole_group_reaches_nobody_else(sandbox):
    """The one who stops the group stops alone; the next one is judged at once, and rightly."""
    assert judged(sandbox, None) == (0.0, "missing")
    parent = sandbox._parent.inside
    assert judged(sandbox, STOPS) == (0.0, "timeout")
    began = time.monotonic()
    assert judged(sandbox, "def twice(x):\n    return 2 * x\n") == (2.0, "ok")
    assert time.monotonic() - began < 15
    assert sandbox._parent.inside == parent
    assert sandbox.signals_to_parent() == 0
    session = sandbox.session()
    groups = {os.getpgid(p) for p in (sandbox._parent.inside, session.pid, session._root)}
    session.close()
    assert len(groups) == 3


def test_a_signal_that_reaches_the_parent_is_named(monkeypatch):
    changed_file(monkeypatch, "worker.py", "        os.setsid()\n", "        pass\n")
    with (
        Sandbox("bubblewrap", TIGHT, "fork") as sandbox,
        pytest.raises(SandboxError, match="signal reaches the process that all submissions share"),
    ):
        prove(sandbox)


@pytest.mark.in_turn(of=3)
def test_a_parent_that_fell_silent_is_ended_and_started_anew(monkeypatch):
    monkeypatch.setattr(sandbox_module, "FORK_SECONDS", 1.0)
    before = family()
    with open_sandbox(limits=TIGHT) as sandbox:
        assert tell(sandbox, "1") == 1
        silent = sandbox._parent.inside
        os.kill(silent, signal.SIGSTOP)
        assert tell(sandbox, "2") == 2
        assert sandbox._parent.inside != silent
        assert not Path("/proc", str(silent)).exists()
        os.kill(sandbox._parent.inside, signal.SIGSTOP)
    assert soon(lambda: not family(besides=before))  # a stopped one ends with its sandbox too


def test_processes_that_cannot_be_started_are_the_sandboxs_fault(monkeypatch, sandbox):
    """Never a mark: whoever is judged at that moment has done nothing."""

    def never(*args):
        raise Gone("crashed", "no process")

    monkeypatch.setattr(sandbox, "_fork", never)
    with pytest.raises(SandboxError, match="starts no process"):
        judged(sandbox, "def twice(x):\n    return 2 * x\n")


@pytest.mark.in_turn(of=3)
@pytest.mark.sandbox
def test_a_python_that_was_started_by_a_link_to_a_link_is_found(monkeypatch, tmp_path):
    """An environment made by `~/bin/python3` has such a name, and `~/bin` is not for students."""
    away = tmp_path / "bin" / "python3"
    away.parent.mkdir()
    away.symlink_to(sys.executable)
    (tmp_path / "bin" / "private").write_text("nobody's business")
    (tmp_path / "python").symlink_to(away)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with open_sandbox(limits=TIGHT) as sandbox:
        assert tell(sandbox, "1 + 1") == 2
        private = str(tmp_path / "bin" / "private")
        assert tell(sandbox, f"__import__('os').path.exists({private!r})") is False


@pytest.mark.quick
@pytest.mark.parametrize("way", ["fork", "fresh"])
def test_a_sandbox_that_cannot_start_leaves_nothing_open(monkeypatch, tmp_path, way):
    """What it left open would fail another test, when Python collects it."""
    monkeypatch.setattr("coursekit.bootstrap.bubblewrap.PACKAGE", "not_installed_here")
    monkeypatch.setenv("PATH", str(tmp_path))
    before = sorted(os.listdir("/proc/self/fd"))
    with (
        Sandbox("bubblewrap", TIGHT, way) as sandbox,
        pytest.raises(SandboxError, match="no bubblewrap"),
    ):
        sandbox.session()
    assert sorted(os.listdir("/proc/self/fd")) == before
