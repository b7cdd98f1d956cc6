"""Runs a script of tests/workers/ on two real processes, and reads what each wrote."""

import json
import os
import subprocess
import sys
from pathlib import Path

WORKERS = Path(__file__).resolve().parent / "workers"
# On a busy machine a worker of torch 2.13 sometimes aborts while it exits, its work done: a thread
# of torch's own is still running. That alone is tried again; a wrong result never is.
LEAVE = WORKERS / "leave_at_once.py"
ABORTED, TRIES = "terminate called without an active exception", 4


def on_two_workers(script, folder):
    """Return the results of both workers; a failure shows the end of what they printed."""
    run_on_two_workers(WORKERS / script, str(folder))
    return [json.loads(Path(folder, f"{rank}.json").read_text()) for rank in range(2)]


def run_on_two_workers(script, *arguments):
    """Return what a script printed on two workers."""
    paths = [str(WORKERS.parents[1]), str(WORKERS.parent), os.environ.get("PYTHONPATH", "")]
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone"]
    for _ in range(TRIES):
        done = subprocess.run(
            [*torchrun, "--nproc-per-node", "2", str(LEAVE), str(script), *arguments],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"},
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode == 0 or ABORTED not in done.stderr:
            break
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout
