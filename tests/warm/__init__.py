"""Python processes that begin with torch loaded: forks of one that has it (server.py)."""

import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Warm:
    """A server that runs.

    Attributes:
        python: A command in place of `python`; it takes `-m MODULE ARGUMENTS`.
        jupyter: In JUPYTER_PATH it makes the kernel named python3 such a process.
    """

    python: tuple[str, ...]
    jupyter: str


@contextlib.contextmanager
def started(folder):
    """Run a server, whose socket lies in the folder, until the end of the `with` block."""
    path = folder / "s"
    argv = [sys.executable, str(HERE / "server.py"), str(path)]
    with subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout.readline() == "ready\n"
        python = (sys.executable, "-S", str(HERE / "client.py"), str(path))
        kernel = folder / "kernels" / "python3"
        kernel.mkdir(parents=True)
        argv = [*python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        spec = {"argv": argv, "display_name": "Python 3", "language": "python"}
        (kernel / "kernel.json").write_text(json.dumps(spec))
        yield Warm(python, str(folder))
        server.stdin.close()
