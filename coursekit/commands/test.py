"""``coursekit test``: run the test suite with pytest."""

import os
import subprocess
import sys

from coursekit.bootstrap.start import child_environment
from coursekit.storage import ROOT, is_clone


def run(*, quick: bool, extra: list[str]) -> int:
    """Run pytest on the suite and return its exit status.

    Args:
        quick: Only the tests marked ``quick``.
        extra: More arguments for pytest, after ours, so that they win.
    """
    if not is_clone():
        raise ValueError(
            f"the tests are not installed with the package in {ROOT}.\n"
            "Clone the repository and run `python3 -m coursekit test` there."
        )
    environment = child_environment(sys.executable)
    # hundreds of processes import the same files: compile each once (into __pycache__)
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    argv = [sys.executable, "-m", "pytest", *(["-m", "quick"] if quick else [])]
    cores = os.cpu_count() or 1
    # one more than cores, since tests wait for kernels, servers, browsers; quick ones do not
    workers = min(cores if quick else cores + 1, 4)
    chosen = any(word.startswith(("-n", "--numprocesses", "--pdb", "-s")) for word in extra)
    if cores > 1 and not chosen:
        argv += ["-n", str(workers), "--dist", "loadfile", "--no-loadscope-reorder"]
        environment.setdefault("OMP_NUM_THREADS", "1")  # the workers share the cores
    return subprocess.call([*argv, *extra], cwd=ROOT, env=environment)
