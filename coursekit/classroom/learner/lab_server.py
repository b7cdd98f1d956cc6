"""A JupyterLab server of one's own on a free port, and a notebook's cells run in it one by one."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coursekit.bootstrap.start import child_environment

START_SECONDS = 120.0  # for the server to answer
CELL_SECONDS = 300.0  # for one cell


@dataclass(frozen=True)
class Server:
    """A running JupyterLab server: its port, and the token that opens it."""

    port: int
    token: str

    def ask(self, path: str, *, method: str = "GET", body: Any = None) -> Any:
        """Send one request to the server's REST interface and return its JSON answer."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, method=method)
        request.add_header("Authorization", f"token {self.token}")
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=30) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            error.close()  # it holds the connection
            raise
        return json.loads(text) if text else None


@contextlib.contextmanager
def lab_server(folder: Path, *, extra: Sequence[str] = ()) -> Iterator[Server]:
    """Start JupyterLab on a free loopback port with settings of its own, and end it afterwards.

    Args:
        folder: What the server shows, and where it starts; it keeps its own files in `server/`.
        extra: More arguments for JupyterLab.

    Raises:
        RuntimeError: If it does not answer; the message holds the end of its log.
    """
    server = Server(_free_port(), secrets.token_hex(16))
    own = folder / "server"
    places = ("config", "data", "runtime", "settings", "workspaces", "ipython", "home")
    for name in places:
        (own / name).mkdir(parents=True)
    environment = {
        **child_environment(sys.executable),
        "JUPYTER_CONFIG_DIR": str(own / "config"),
        "JUPYTER_DATA_DIR": str(own / "data"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
        "IPYTHONDIR": str(own / "ipython"),
        "COURSEKIT_HOME": str(own / "home"),  # not the learner's progress
        "JUPYTER_TOKEN": server.token,  # in the environment: other users see arguments
    }
    argv = [
        sys.executable,
        *("-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1", f"--port={server.port}"),
        *("--ServerApp.port_retries=0", f"--ServerApp.root_dir={folder}"),
        *("--LabApp.news_url=None", "--ServerApp.log_level=WARN"),
        *extra,
    ]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        argv.append("--allow-root")
    log = own / "log.txt"
    with log.open("w") as file:
        process = subprocess.Popen(  # in our own process group: what kills us kills it too
            argv, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=file, stderr=file
        )
        try:
            _say("starting JupyterLab ...")
            _await_server(server, process, log)
            yield server
        finally:
            _end(process)


def run_cells(server: Server, path: str, notebook: dict[str, Any]) -> None:
    """Run a notebook's code cells one after another in a kernel of the server, as Run All does.

    Outputs and execution counts are put into ``notebook``. The run stops at the first error.
    """
    import websocket

    name = notebook["metadata"].get("kernelspec", {}).get("name", "python3")
    session = server.ask(
        "/api/sessions",
        method="POST",
        body={"path": path, "name": path, "type": "notebook", "kernel": {"name": name}},
    )
    kernel = session["kernel"]["id"]
    cells = [c for c in notebook["cells"] if c["cell_type"] == "code"]
    for cell in cells:
        cell["outputs"], cell["execution_count"] = [], None
    filled = [c for c in cells if "".join(c["source"]).strip()]
    channels = websocket.create_connection(
        f"ws://127.0.0.1:{server.port}/api/kernels/{kernel}/channels?session_id={uuid.uuid4().hex}",
        header=[f"Authorization: token {server.token}"],
        timeout=CELL_SECONDS,
        http_no_proxy=["127.0.0.1"],
    )
    try:
        for number, cell in enumerate(filled, 1):
            _say(f"cell {number} of {len(filled)}")
            if not _run_cell(channels, cell):
                break
    finally:
        _say("")
        channels.close()
        with contextlib.suppress(OSError):  # refused while a dead kernel starts anew
            server.ask(f"/api/sessions/{session['id']}", method="DELETE")


def _add_output(cell: dict[str, Any], output: dict[str, Any]) -> None:
    """Append an output; text of the stream that was written to last joins it, as in a notebook."""
    last = cell["outputs"][-1] if cell["outputs"] else {}
    same = output["output_type"] == last.get("output_type") == "stream"
    if same and output["name"] == last["name"]:
        last["text"] += output["text"]
    else:
        cell["outputs"].append(output)


def _run_cell(channels: Any, cell: dict[str, Any]) -> bool:
    """Run one cell, fill in its outputs, and say whether it ended without an error."""
    import websocket

    asked = uuid.uuid4().hex
    header = {"msg_id": asked, "msg_type": "execute_request", "version": "5.3"}
    header |= {"username": "", "session": asked, "date": ""}
    content = {"code": "".join(cell["source"]), "silent": False, "store_history": True}
    content |= {"allow_stdin": False, "stop_on_error": True, "user_expressions": {}}
    message = {"header": header, "parent_header": {}, "metadata": {}, "content": content}
    channels.send(json.dumps({**message, "channel": "shell", "buffers": []}))
    replied = idle = False
    while not (replied and idle):
        try:
            raw = channels.recv()
        except (websocket.WebSocketException, OSError) as error:
            _add_error(cell, type(error).__name__, f"no answer in {CELL_SECONDS:.0f} s: {error}")
            return False
        if isinstance(raw, bytes):
            continue  # buffers of a widget: no output of the cell
        heard = json.loads(raw)
        kind, body = heard["msg_type"], heard["content"]
        if kind == "status" and body["execution_state"] in ("dead", "restarting"):
            _add_error(cell, "DeadKernelError", "the kernel died while it ran this cell")
            return False
        if heard["parent_header"].get("msg_id") != asked:
            continue
        if kind == "status":
            idle = body["execution_state"] == "idle"
        elif kind == "execute_reply":
            replied, cell["execution_count"] = True, body.get("execution_count")
        elif kind in ("stream", "display_data", "execute_result", "error"):
            _add_output(cell, _as_output(kind, body))
    return not any(output["output_type"] == "error" for output in cell["outputs"])


def _as_output(kind: str, body: dict[str, Any]) -> dict[str, Any]:
    return {"output_type": kind, **{k: v for k, v in body.items() if k != "transient"}}


def _add_error(cell: dict[str, Any], name: str, message: str) -> None:
    cell["outputs"].append(
        {"output_type": "error", "ename": name, "evalue": message, "traceback": []}
    )


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await_server(server: Server, process: subprocess.Popen, log: Path) -> None:
    began = time.monotonic()
    while True:
        with contextlib.suppress(OSError):
            server.ask("/api/status")
            return
        if process.poll() is not None or time.monotonic() - began > START_SECONDS:
            raise RuntimeError(
                f"JupyterLab did not start in {time.monotonic() - began:.0f} s:\n"
                f"{log.read_text()[-2000:]}\nSee what is amiss: python3 -m coursekit doctor"
            )
        time.sleep(0.1)


def _end(process: subprocess.Popen) -> None:
    """End the server and its kernels: gently, then by force."""
    process.terminate()
    try:
        process.wait(15)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _say(text: str) -> None:
    if sys.stderr.isatty():
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
    elif text:
        print(text, file=sys.stderr)
