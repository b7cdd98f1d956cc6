"""`lab`: the learner's own copy of the right unit, in a JupyterLab that nbgrader can live with."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from coursekit.classroom.learner import copies as learner
from coursekit.classroom.learner.copies import notebook_in
from coursekit.commands import lab, solution
from coursekit.progress import load

ROOT = Path(__file__).resolve().parents[2]
PLAIN = {"fresh": False, "check": False, "no_browser": False, "extra": []}


@pytest.fixture
def opened(tmp_path, monkeypatch):
    """Put a release of two units in place; return the list of what `lab` opens."""
    for name in ("00_start", "01_gradient_noise"):
        unit = tmp_path / "notebooks" / name
        unit.mkdir(parents=True)
        notebook_in(unit).write_text(json.dumps({"cells": []}))
    page = {"cells": [{"cell_type": "code", "source": ["course_map()"]}]}
    page["metadata"] = {"coursekit": {"unit": "home"}}
    (tmp_path / "notebooks" / "home.ipynb").write_text(json.dumps(page))
    monkeypatch.setattr(lab, "release_folder", lambda: tmp_path / "notebooks")
    monkeypatch.setattr(learner, "release_folder", lambda: tmp_path / "notebooks")
    monkeypatch.setattr(lab, "work_folder", lambda: tmp_path / "work")
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path / "home"))
    calls = []
    monkeypatch.setattr(lab, "open_lab", lambda notebook, **options: calls.append(notebook) or 0)
    return calls


@pytest.mark.quick
def test_a_unit_is_opened_as_a_copy_and_its_time_begins(opened, tmp_path, capsys):
    assert lab.run("01", **PLAIN) == 0
    assert opened == [tmp_path / "work/01_gradient_noise/01_gradient_noise.ipynb"]
    assert opened[0].is_file()
    assert "01" in load().units
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("Your own copy is")


@pytest.mark.quick
def test_without_a_name_the_home_page_is_opened_and_every_unit_is_there(opened, tmp_path):
    assert lab.run("", **PLAIN) == 0
    assert opened == [tmp_path / "work/home.ipynb"]
    copied = sorted(path.name for path in (tmp_path / "work").iterdir())
    assert copied == ["00_start", "01_gradient_noise", "home.ipynb"]
    assert not load().units, "no unit's time begins"


@pytest.mark.quick
def test_without_a_home_page_the_first_unit_is_opened(opened, tmp_path, capsys):
    (tmp_path / "notebooks" / "home.ipynb").unlink()
    assert lab.run("", **PLAIN) == 0
    assert opened == [tmp_path / "work/00_start/00_start.ipynb"]
    assert "There is no home page now" in capsys.readouterr().err


@pytest.mark.quick
def test_a_damaged_copy_is_named_with_the_way_out_and_kept(opened, tmp_path):
    lab.run("01", **PLAIN)
    opened[0].write_text('{"cells": [')
    with pytest.raises(ValueError, match=r"not a readable(.|\n)*lab 01_gradient_noise --fresh$"):
        lab.run("01", **PLAIN)
    assert opened[0].read_text() == '{"cells": ['
    assert lab.run("01", **{**PLAIN, "fresh": True}) == 0
    (kept,) = (tmp_path / "work").glob("01_gradient_noise.*")
    assert notebook_in(kept).read_text() == '{"cells": ['


@pytest.mark.quick
def test_progress_that_cannot_be_kept_does_not_keep_the_unit_shut(opened, tmp_path, capsys):
    (tmp_path / "home").write_text("a file where the folder should be")
    assert lab.run("01", **PLAIN) == 0
    assert "Your progress is not recorded" in capsys.readouterr().err


@pytest.mark.quick
def test_without_a_release_the_way_to_one_is_named(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(learner, "release_folder", lambda: tmp_path / "empty")
    with pytest.raises(ValueError, match=r"python3 -m coursekit build$"):
        lab.run("", **PLAIN)


@pytest.mark.quick
def test_the_solved_unit_is_a_copy_beside_the_learners(opened, tmp_path, monkeypatch):
    monkeypatch.setattr(solution, "work_folder", lambda: tmp_path / "work")
    monkeypatch.setattr(solution, "open_lab", lab.open_lab)
    assert solution.run("00", fresh=False, no_browser=True, extra=[]) == 0
    assert opened == [tmp_path / "work/solutions/00_start/00_start.ipynb"]
    text = opened[0].read_text()
    assert "### BEGIN SOLUTION" in text
    assert "{{" not in "".join(
        line
        for cell in json.loads(text)["cells"]
        if cell["cell_type"] == "markdown"
        for line in cell["source"]
    )
    opened[0].write_text("my notes")
    solution.run("00", fresh=False, no_browser=True, extra=[])
    assert opened[0].read_text() == "my notes"


OPEN = (
    "import sys\n"
    "from pathlib import Path\n"
    "from coursekit.commands import lab\n"
    "lab.workspace = lambda: Path(sys.argv[1])\n"
    "notebook = Path(sys.argv[1]) / 'work' / '00_start' / '00_start.ipynb'\n"
    "lab.open_lab(notebook, no_browser=True, extra=['--port', sys.argv[2]])\n"
)


def answer_of(url):
    """Return a server's answer; it prints its address a moment before it listens."""
    until = time.monotonic() + 20
    while True:
        try:
            with urllib.request.urlopen(url) as answer:
                return json.load(answer)
        except urllib.error.URLError:
            assert time.monotonic() < until
            time.sleep(0.1)


@pytest.mark.in_turn(thing="a server", of=3, turn=1)
def test_where_the_port_is_taken_the_next_free_one_is_used_and_printed(tmp_path):
    unit = tmp_path / "work" / "00_start"
    unit.mkdir(parents=True)
    empty = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    notebook_in(unit).write_text(json.dumps(empty))
    names = ("CONFIG", "DATA", "RUNTIME")
    places = {f"JUPYTER_{name}_DIR": str(tmp_path / name) for name in names}
    places["COURSEKIT_HOME"] = str(tmp_path / "own")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        process = subprocess.Popen(
            [sys.executable, "-c", OPEN, str(tmp_path), str(port)],
            cwd=ROOT,
            env={**os.environ, **places},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            start_new_session=True,
        )
        try:
            lines = []
            while not lines or "http://" not in lines[-1]:
                lines.append(process.stderr.readline())
                assert lines[-1], "".join(lines)
            url = "http" + lines[-1].split("http")[1].strip()
            page, _, token = url.partition("?token=")
            server = page.split("/lab/")[0]
            assert page == f"{server}/lab/tree/work/00_start/00_start.ipynb"
            assert not server.endswith(f":{port}")
            api = f"{server}/api/contents/work/00_start/00_start.ipynb?token={token}"
            assert answer_of(api)["type"] == "notebook"
            assert len(lines) == 2, "all else is in the log"
            assert "ServerApp" in (tmp_path / "own" / "jupyterlab.log").read_text()
            again = subprocess.run(  # `lab` once more, without a port of its own
                [sys.executable, "-c", OPEN.replace("'--port', sys.argv[2]", ""), str(tmp_path)],
                cwd=ROOT,
                env={**os.environ, **places},
                capture_output=True,
                text=True,
                timeout=60,
                check=True,
            )
            assert again.stderr.startswith(f"JupyterLab runs already. The course is open at {url}")
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            process.stderr.close()
            process.wait(20)


@pytest.mark.quick
def test_jupyterlab_starts_where_formgrader_finds_its_settings_and_programs(monkeypatch, tmp_path):
    seen = []
    monkeypatch.setattr(lab, "serve", lambda argv, path, cwd: seen.append((argv, path, cwd)) or 0)
    monkeypatch.setattr(lab, "workspace", lambda: tmp_path)
    notebook = tmp_path / "work" / "a b" / "a b.ipynb"
    assert lab.open_lab(notebook, no_browser=False, extra=["--x"]) == 0
    ((argv, path, cwd),) = seen
    assert cwd == ROOT
    assert path == "work/a b/a b.ipynb"
    assert (cwd / "nbgrader_config.py").is_file()
    assert argv[:3] == [sys.executable, "-m", "jupyterlab"]
    assert "--no-browser" not in argv
    assert f"--LabApp.default_url=/lab/tree/{path}" in argv
    assert argv[-1] == "--x"
    assert ("--allow-root" in argv) == (os.geteuid() == 0)


@pytest.mark.quick
def test_a_running_server_gets_a_tab_in_place_of_a_second_server(monkeypatch, tmp_path, capsys):
    server = {"url": "http://localhost:8888/", "token": "t"}
    opened = []
    monkeypatch.setattr(lab, "running_server", lambda base: server)
    monkeypatch.setattr(lab, "serve", None)
    monkeypatch.setattr(lab, "workspace", lambda: tmp_path)
    monkeypatch.setattr("webbrowser.open", opened.append)
    notebook = tmp_path / "work" / "a b.ipynb"
    address = "http://localhost:8888/lab/tree/work/a%20b.ipynb?token=t"
    assert lab.open_lab(notebook, no_browser=True, extra=[]) == 0
    assert opened == []
    assert lab.open_lab(notebook, no_browser=False, extra=[]) == 0
    assert opened == [address]
    assert capsys.readouterr().err.count(address) == 2
