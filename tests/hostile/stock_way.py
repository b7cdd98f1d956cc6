"""Run a submission as a kernel does: student's code and check in one process, with all rights.

A guardian process watches it, so that an attack harms nobody but the canaries laid out for it.
"""

import atexit
import contextlib
import ctypes
import faulthandler
import hashlib
import json
import os
import resource
import select
import signal
import socket
import subprocess
import sys
import time
import warnings
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

MOST_SECONDS = 5.0
MOST_BYTES_OF_MEMORY = 700_000_000  # beyond what it had at first: then the guardian ends it
HARD_LIMIT = 1_000_000_000  # for one process, since on a busy machine the guardian may be late
MOST_PROCESSES = 40
MOST_OUTPUT = 50_000_000
PAGE = os.sysconf("SC_PAGE_SIZE")
G = "torch.tensor([[3.0, 0.0], [5.0, 4.0], [4.0, 2.0]])"
ASSERTS = (
    f"assert tr_cov({G}) == 5.0",
    f"assert abs(tr_cov({G}) - 5.0) < 1e-4",
    f"np.testing.assert_allclose(tr_cov({G}), 5.0, rtol=1e-4)",
)
CHECKS = (
    "score_0 = check('u01_tr_cov', tr_cov)",
    "from coursekit.exercises.teach import evaluate\n"
    "score_1 = evaluate('u01_tr_cov', tr_cov, seed=987).score",
)


@dataclass(frozen=True)
class Canaries:
    """Things that an attack would harm: see `changed`, `told`, `hurt`."""

    folder: Path
    tcp: socket.socket
    unix: socket.socket
    unix_name: str
    victim: subprocess.Popen
    before: str

    def fill(self, text, *, scratch):
        root = Path(__file__).resolve().parents[2]
        for name, value in (
            ("CANARY_OR_TMP", scratch),
            ("CANARY", self.folder),
            ("SOCKET", self.unix_name),
            ("PORT", self.tcp.getsockname()[1]),
            ("VICTIM", self.victim.pid),
            ("ROOT", root),
        ):
            text = text.replace(name, str(value))
        return text

    @property
    def changed(self):
        return contents(self.folder) != self.before

    def told(self):
        """Say whether somebody has called since the last time."""
        calls = 0
        for listener in (self.tcp, self.unix):
            with contextlib.suppress(BlockingIOError):
                while True:
                    listener.accept()[0].close()
                    calls += 1
        return calls > 0

    def hurt(self):
        if self.victim.poll() is not None:
            return True
        stat = Path(f"/proc/{self.victim.pid}/stat").read_text()
        return stat.rpartition(")")[2].split()[0] in "tTZ"


@contextlib.contextmanager
def canaries(folder):
    """Lay out a gradebook, a submission, a solution, listeners and a process."""
    (folder / "submitted" / "ada").mkdir(parents=True)
    (folder / "submitted" / "ada" / "01.ipynb").write_text("{}")
    (folder / "gradebook.db").write_text("marks")
    solution = "def tr_cov(g):\n    return g.var(dim=0).sum()\n"
    (folder / "solution.py").write_text(solution)
    for path in (folder, *folder.rglob("*")):  # rights of files shall not be what protects them
        path.chmod(0o777 if path.is_dir() else 0o666)
    name = f"coursekit-canary-{os.getpid()}-{time.monotonic_ns()}"
    victim = subprocess.Popen(
        [sys.executable, "-S", "-c", "import time; time.sleep(3600)"],
        env={"COURSEKIT_TEST_SECRET": "seed 42"},
    )
    os.environ["COURSEKIT_TEST_SECRET"] = "seed 42"
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind("\0" + name)
        unix.listen()
        tcp.setblocking(False)
        unix.setblocking(False)
        try:
            yield Canaries(folder, tcp, unix, name, victim, contents(folder))
        finally:
            del os.environ["COURSEKIT_TEST_SECRET"]
            victim.kill()
            victim.wait()


def contents(folder):
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        digest.update(str(path).encode())
        digest.update(path.read_bytes() if path.is_file() else b"")
    return digest.hexdigest()


def run_in_a_kernel(cells, prelude):
    """Run cells, then the checks of question 2, and return what happened: a dict."""
    reading, writing = os.pipe()
    guardian = os.fork()
    if guardian == 0:
        try:
            os.close(reading)
            os.setsid()
            ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)  # orphans come to us
            report = watch(cells, prelude)
            os.write(writing, json.dumps(report).encode())
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        text = pipe.read()
    os.waitpid(guardian, 0)
    return json.loads(text)


def watch(cells, prelude):
    results, results_end = os.pipe()
    printed, printed_end = os.pipe()
    kernel = os.fork()
    if kernel == 0:
        os.close(results)
        os.close(printed)
        os.dup2(printed_end, 1)
        os.dup2(os.open("/dev/null", os.O_RDWR), 2)
        be_a_kernel(cells, prelude, results_end)
    os.close(results_end)
    os.close(printed_end)
    report, tail, output, base = {}, b"", 0, resident(kernel)
    end = time.monotonic() + MOST_SECONDS
    text, open_ends = b"", {printed, results}
    while True:
        for fd in select.select(list(open_ends), [], [], 0.02)[0]:
            for _ in range(200):  # pipes give 64 KB at a time
                data = os.read(fd, 1 << 20)
                if not data:
                    open_ends.discard(fd)
                elif fd == results:
                    text += data
                else:
                    output, tail = output + len(data), (tail + data)[-2000:]
                if not data or not select.select([fd], [], [], 0)[0]:
                    break
        family = descendants(os.getpid())
        state = state_of(kernel)
        if sum(max(0, resident(pid) - base) for pid in family) > MOST_BYTES_OF_MEMORY:
            report["memory"] = True
        if len(family) > MOST_PROCESSES:
            report["processes"] = True
        if output > MOST_OUTPUT:
            report["output"] = True
        if time.monotonic() > end:
            report["hangs"] = True
        if report or state in "ZX" or b'"end"' in text:
            break
    if b'"end"' in text:
        most = os.wait4(kernel, 0)[2].ru_maxrss * 1024
        if most - base > MOST_BYTES_OF_MEMORY:
            report["memory"] = True
        time.sleep(0.1)
        while select.select([printed], [], [], 0)[0] and (data := os.read(printed, 1 << 16)):
            tail += data
    elif not report:
        report["dies"] = True
    report["left"] = any(
        pid != kernel and state_of(pid) not in "ZX" for pid in descendants(os.getpid())
    )
    while family := descendants(os.getpid()):
        for pid in family:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        time.sleep(0.01)
    for line in text.splitlines():
        with contextlib.suppress(ValueError):
            report.update(json.loads(line))
    lines = [line for line in tail.decode(errors="replace").splitlines() if "score" in line]
    with contextlib.suppress(ValueError, IndexError):
        report["stdout"] = json.loads(lines[-1])["score"] == 2.0
    return report


def be_a_kernel(cells, prelude, results):
    """Run cells in IPython, then the checks; never returns."""
    faulthandler.disable()
    mapped = int(Path("/proc/self/statm").read_text().split()[0]) * PAGE
    resource.setrlimit(resource.RLIMIT_AS, (mapped + HARD_LIMIT, resource.RLIM_INFINITY))
    warnings.simplefilter("ignore")  # a kernel only prints them
    sys.stdout = sys.__stdout__ = open(1, "w", closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", closefd=False)  # noqa: SIM115
    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    shell.run_cell(prelude)
    shell.user_ns["np"] = np
    for cell in cells:
        shell.run_cell(cell)
    passed = [shell.run_cell(text).success for text in ASSERTS]
    os.write(results, json.dumps({"asserts": any(passed)}).encode() + b"\n")
    for text in CHECKS:
        shell.run_cell(text)
    scores = [shell.user_ns.get(f"score_{i}") for i in range(len(CHECKS))]
    full = any(type(score) is float and score == 2.0 for score in scores)
    shell.run_cell(f"import pickle; pickle.loads(pickle.dumps(tr_cov({G})))")  # as some graders do
    os.write(results, json.dumps({"check": full, "end": True}).encode() + b"\n")
    sys.stdout.flush()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    os._exit(0)


def descendants(root):
    parents = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            with contextlib.suppress(OSError):
                stat = Path(f"/proc/{name}/stat").read_text(errors="replace")
                parents.setdefault(int(stat.rpartition(")")[2].split()[1]), []).append(int(name))
    found = list(parents.get(root, []))
    for pid in found:
        found += parents.get(pid, [])
    return found


def resident(pid):
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def state_of(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()[0]
    except OSError:
        return "X"
