"""The learner's JupyterLab: quiet by the course's own settings, found again while it runs."""

import json
import os
import socket

import pytest

from coursekit.classroom.learner import own_server
from coursekit.classroom.learner.own_server import QUIET, arguments, link, quiet_environment

pytestmark = pytest.mark.quick


def test_what_is_quiet_is_read_from_the_course_and_kept_in_its_home(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "/of/the/learner")
    environment = quiet_environment()
    assert environment["JUPYTER_CONFIG_PATH"] == f"{QUIET}{os.pathsep}/of/the/learner"
    workspaces = tmp_path / "home" / "jupyterlab" / "workspaces"
    assert environment["JUPYTERLAB_WORKSPACES_DIR"] == str(workspaces)
    (layout,) = workspaces.iterdir()
    kept = json.loads(layout.read_text())
    assert kept["data"]["layout-restorer:data"]["left"]["current"] == "@jupyterlab/toc:plugin"
    layout.write_text("moved by the learner")
    quiet_environment()
    assert layout.read_text() == "moved by the learner"


def test_jupyterlab_itself_reads_these_settings(tmp_path, monkeypatch):
    """No news, no menus of nbgrader; by the functions with which the server reads them."""
    settings = pytest.importorskip("jupyterlab_server.settings_utils")
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", str(QUIET))
    overrides, error = settings._get_overrides(str(tmp_path))
    assert error == ""
    assert overrides["@jupyterlab/apputils-extension:notification"]["fetchNews"] == "false"
    page = json.loads((QUIET / "labconfig" / "page_config.json").read_text())
    assert page["disabledExtensions"]["@jupyter/nbgrader"]


def test_the_style_sheet_is_an_extension_that_jupyterlab_finds():
    config = pytest.importorskip("jupyterlab_server.config")
    (found,) = config.get_federated_extensions([str(QUIET / "labextensions")]).values()
    assert found["name"] == "coursekit-quiet"
    script = QUIET / "labextensions" / "coursekit-quiet" / found["jupyterlab"]["_build"]["load"]
    assert f'window._JUPYTERLAB["{found["name"]}"]' in script.read_text()
    assert (script.parent / "quiet.css").is_file()
    assert f"--LabApp.extra_labextensions_path={QUIET / 'labextensions'}" in arguments(QUIET, "x")


def test_only_a_server_of_this_folder_that_answers_is_taken(tmp_path, monkeypatch):
    pytest.importorskip("jupyter_server")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    dead = {"root_dir": str(tmp_path), "url": f"http://127.0.0.1:{port}/", "token": "t"}
    alive = {**dead, "url": "http://localhost:1/"}
    listed = [dead, {**alive, "root_dir": "/elsewhere"}]
    monkeypatch.setattr("jupyter_server.serverapp.list_running_servers", lambda: listed)
    assert own_server.running_server(tmp_path) is None
    monkeypatch.setattr(own_server, "_answers", lambda server: server["url"] == alive["url"])
    assert own_server.running_server(tmp_path) is None
    listed.append(alive)
    assert own_server.running_server(tmp_path) == alive


def test_a_link_quotes_its_path_and_carries_the_token():
    server = {"url": "http://localhost:8888/", "token": "t"}
    assert link(server, "work/a b.ipynb").endswith("8888/lab/tree/work/a%20b.ipynb?token=t")
    assert link({**server, "token": ""}, "x").endswith("/lab/tree/x")
