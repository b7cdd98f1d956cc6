"""The learner's JupyterLab: quiet, its log in a file, and one of it for all units.

What makes it quiet are settings of the course's own (`quiet/`), which this server alone is told of;
a learner's Jupyter settings are read and never written. Where a learner has set the same thing, the
learner's setting holds.
"""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from coursekit.bootstrap.start import child_environment
from coursekit.storage import home

QUIET = Path(__file__).with_name("quiet")
LAYOUT = QUIET / "layout.json"  # of the first start: the table of contents is open
LAB_OPTIONS = (
    "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    f"--LabApp.extra_labextensions_path={QUIET / 'labextensions'}",
)
WAIT_SECONDS = 60.0  # for the server to answer
LEAVE_SECONDS = 4.0  # for it to end by itself after Ctrl-C
LOG_NAME = "jupyterlab.log"


def running_server(base: Path) -> dict[str, Any] | None:
    """Return what Jupyter notes about a server that shows ``base`` and answers, or None."""
    from jupyter_server.serverapp import list_running_servers

    for server in list_running_servers():
        if Path(server.get("root_dir", "")) == base and _answers(server):
            return server
    return None


def _answers(server: dict[str, Any]) -> bool:
    request = urllib.request.Request(f"{server['url']}api/status")
    request.add_header("Authorization", f"token {server.get('token', '')}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=5):
            return True
    except (OSError, ValueError):
        return False


def link(server: dict[str, Any], path: str) -> str:
    """Return the address of a file in a server's JupyterLab, with the token that opens it."""
    token = f"?token={server['token']}" if server.get("token") else ""
    return f"{server['url']}lab/tree/{urllib.parse.quote(path)}{token}"


def arguments(base: Path, path: str) -> list[str]:
    """Return JupyterLab's arguments for a quiet start at a file."""
    argv = [
        sys.executable,
        *("-m", "jupyterlab", f"--ServerApp.root_dir={base}"),
        f"--LabApp.default_url=/lab/tree/{path}",
        *LAB_OPTIONS,
        "--ServerApp.answer_yes=True",  # one Ctrl-C ends it: its question would be in the log
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        argv.append("--allow-root")
    return argv


def quiet_environment() -> dict[str, str]:
    """Return the environment of a quiet server: the course's settings come before the learner's.

    The layout is kept in `$COURSEKIT_HOME`, so that a learner's other work in JupyterLab keeps its.
    """
    from jupyterlab_server.workspaces_handler import WorkspacesManager

    workspaces = home() / "jupyterlab" / "workspaces"
    if not workspaces.exists():
        workspaces.mkdir(parents=True)
        WorkspacesManager(str(workspaces)).save("default", LAYOUT.read_text(encoding="utf-8"))
    searched = [str(QUIET), os.environ.get("JUPYTER_CONFIG_PATH", "")]
    return {
        **child_environment(sys.executable),
        "JUPYTER_CONFIG_PATH": os.pathsep.join(filter(None, searched)),
        "JUPYTERLAB_WORKSPACES_DIR": str(workspaces),
    }


def serve(argv: Sequence[str], path: str, *, cwd: Path) -> int:
    """Run JupyterLab until it ends, with its log in a file and its link in the terminal.

    Args:
        argv: The whole command.
        path: The file whose link is printed.
        cwd: Where the server starts: nbgrader looks for its settings there.

    Returns:
        The server's exit status.
    """
    log = home() / LOG_NAME
    log.parent.mkdir(parents=True, exist_ok=True)
    print("Starting JupyterLab ...", file=sys.stderr, flush=True)
    with log.open("w", encoding="utf-8") as file:
        process = subprocess.Popen(
            list(argv), env=quiet_environment(), cwd=cwd, stderr=file, stdout=file
        )
        before = signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            server = _noted(process)
            if server is not None:
                print(
                    f"The course is open at {link(server, path)}\n"
                    f"Ctrl-C here ends it. Its log: {log}",
                    file=sys.stderr,
                    flush=True,
                )
            status = _wait(process)
        finally:
            signal.signal(signal.SIGTERM, before)
    if server is None:
        tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])
        print(f"JupyterLab did not start. The end of {log}:\n{tail}", file=sys.stderr)
    return status


def _noted(process: subprocess.Popen) -> dict[str, Any] | None:
    """Return what the server notes about itself once it answers; None if it ends before that."""
    from jupyter_core.paths import jupyter_runtime_dir

    note = Path(jupyter_runtime_dir()) / f"jpserver-{process.pid}.json"
    until = time.monotonic() + WAIT_SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            server = json.loads(note.read_text(encoding="utf-8"))
            if _answers(server):
                return server
        except (OSError, ValueError):
            pass
        except KeyboardInterrupt:
            break
        time.sleep(0.1)
    return None


def _wait(process: subprocess.Popen) -> int:
    """Wait for the server's end. In a terminal Ctrl-C reaches it too; elsewhere it is told."""
    while True:
        try:
            return process.wait()
        except KeyboardInterrupt:
            with contextlib.suppress(subprocess.TimeoutExpired, KeyboardInterrupt):
                return process.wait(LEAVE_SECONDS)
            process.terminate()
