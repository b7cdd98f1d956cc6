"""`lab --check`: what it prints is what a real server's kernel did, and an error is an error."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from coursekit.classroom.learner import lab_server as module
from coursekit.classroom.learner.lab_server import _add_output, lab_server, run_cells
from coursekit.commands.lab_check import check_unit, report

pytestmark = pytest.mark.in_turn(thing="a server", of=3, turn=0)

ROOT = Path(__file__).resolve().parents[2]


def code(source, **mark):
    metadata = {"nbgrader": mark} if mark else {}
    return {"cell_type": "code", "metadata": metadata, "source": source, "outputs": []} | {
        "execution_count": None
    }


def write_unit(folder, *cells):
    """Write a unit with one exercise, a cell without code, and the given cells."""
    folder.mkdir(parents=True)
    text = {"cell_type": "markdown", "metadata": {}, "source": "# A unit"}
    check = code("0.0", grade_id="u00_a_check", grade=True, points=2)
    notebook = {
        "cells": [text, code(""), *map(code, cells), check],
        "metadata": {"kernelspec": {"name": "python3", "display_name": "x", "language": "python"}},
        "nbformat": 4,
        "nbformat_minor": 4,
    }
    path = folder / f"{folder.name}.ipynb"
    path.write_text(json.dumps(notebook))
    return path


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("served")
    with lab_server(folder) as server:
        yield server, folder


def run(server, *cells, name="00_unit"):
    """Run a unit's cells in the server and return its notebook as the server then holds it."""
    address, folder = server
    path = write_unit(folder / name, *cells)
    place = f"{name}/{path.name}"
    model = address.ask(f"/api/contents/{place}")
    run_cells(address, place, model["content"])
    address.ask(f"/api/contents/{place}", method="PUT", body=model)
    return path


def test_cells_run_in_one_kernel_and_leave_their_outputs(server, capsys):
    path = run(
        server,
        "import os, coursekit\nx = 3\nprint('said', os.environ['COURSEKIT_HOME'])",
        "import sys\nprint('warned', file=sys.stderr)\nx + 1",
        name="00_well",
    )
    assert report(path, seconds=3.2) == 0
    assert server[0].ask("/api/sessions") == []  # its kernel is gone
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "unit             00_well",
        "cells run        3 of 3",
        "errors           0",
        "exercises found  1: u00_a",
        "seconds          3",
    ]
    assert "cell 3 of 3" in err
    first, second, check = [c for c in json.loads(path.read_text())["cells"] if c["source"]][1:]
    said = "".join(first["outputs"][0]["text"])
    assert said.startswith("said ")
    assert said.strip().endswith("server/home")  # not the learner's own data
    assert [output["output_type"] for output in second["outputs"]] == ["stream", "execute_result"]
    assert "".join(second["outputs"][1]["data"]["text/plain"]) == "4"
    assert [cell["execution_count"] for cell in (first, second, check)] == [1, 2, 3]


def test_an_error_stops_the_run_and_is_shown_with_its_cell(server, capsys):
    path = run(server, "x = 1", "y = x / 0\n", "print('never')", name="00_error")
    assert report(path, seconds=1) == 1
    out, err = capsys.readouterr()
    assert "cells run        2 of 4" in out
    assert "errors           1" in out
    assert "cell 2: ZeroDivisionError: division by zero\n    y = x / 0" in out
    assert "never" not in out
    assert err.splitlines()[-1].endswith("python3 -m coursekit doctor")


def test_a_kernel_that_dies_is_an_error(server, capsys):
    path = run(server, "import os\nos._exit(1)", name="00_dead")
    assert report(path, seconds=1) == 1
    assert "cell 1: DeadKernelError: the kernel died" in capsys.readouterr().out


def test_a_cell_that_does_not_end_is_an_error(server, capsys, monkeypatch):
    monkeypatch.setattr(module, "CELL_SECONDS", 3.0)
    path = run(server, "import time\nwhile True:\n    time.sleep(0.1)", name="00_endless")
    assert report(path, seconds=1) == 1
    assert "no answer in 3 s" in capsys.readouterr().out


def test_checking_a_unit_runs_a_copy_and_fails_with_a_planted_error(tmp_path, capsys):
    release = tmp_path / "00_unit"
    path = write_unit(release, "open('left.txt', 'w').write('x')", "raise ValueError('planted')")
    before = path.read_text()
    assert check_unit(release) == 1
    out, _ = capsys.readouterr()
    assert "unit             00_unit" in out
    assert "cell 2: ValueError: planted" in out
    assert path.read_text() == before
    assert [file.name for file in release.iterdir()] == [path.name]


def test_a_server_that_does_not_start_is_named_with_its_log(tmp_path, monkeypatch):
    monkeypatch.setattr(module, "_free_port", lambda: 1)  # and nobody may listen twice
    monkeypatch.setattr(module.sys, "executable", str(Path("/bin/false")))
    with (
        pytest.raises(RuntimeError, match=r"JupyterLab did not start(.|\n)*coursekit doctor$"),
        lab_server(tmp_path),
    ):
        pass


STAY = (
    "import sys, time\n"
    "from pathlib import Path\n"
    "from coursekit.classroom.learner.lab_server import lab_server\n"
    "with lab_server(Path(sys.argv[1])) as server:\n"
    "    print(server.port, flush=True)\n"
    "    time.sleep(60)\n"
)


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill"])
def test_the_server_ends_with_what_started_it(tmp_path, sign):
    argv = [sys.executable, "-c", STAY, str(tmp_path)]
    with subprocess.Popen(
        argv,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    ) as process:
        port = int(process.stdout.readline())
        assert listens(port)
        os.killpg(process.pid, sign)
        process.wait(30)
    until = time.monotonic() + 10  # a killed process is gone a moment later
    while listens(port):
        assert time.monotonic() < until
        time.sleep(0.05)


def test_pieces_of_one_stream_become_one_output():
    """A kernel under load sends what one cell prints in several pieces."""
    cell = {"outputs": []}
    for name, text in (("stdout", "a"), ("stdout", "b\n"), ("stderr", "c"), ("stdout", "d")):
        _add_output(cell, {"output_type": "stream", "name": name, "text": text})
    _add_output(cell, {"output_type": "execute_result", "data": {}})
    _add_output(cell, {"output_type": "stream", "name": "stdout", "text": "e"})
    assert [o.get("text") for o in cell["outputs"]] == ["ab\n", "c", "d", None, "e"]
