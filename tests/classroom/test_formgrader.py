"""Formgrader in a running JupyterLab: lists a built unit, releases it, and says nothing amiss."""

import pytest
from instructor import copy_settings
from small_unit import SOURCE, points_of, quote

from coursekit.classroom.learner.lab_server import lab_server
from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.place import drift, put_in_place
from coursekit.classroom.release.source import read_units

pytestmark = pytest.mark.in_turn(thing="a class led", of=3, turn=2)

UNIT = "07_small"
API = "/formgrader/api"


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a course that `build` has made and nbgrader has never seen."""
    course = tmp_path_factory.mktemp("course")
    (course / "solutions").mkdir()
    (course / "solutions" / f"{UNIT}.py").write_text(SOURCE, encoding="utf-8")
    copy_settings(course)
    put_in_place(course, files_of(course))
    return course


def files_of(course):
    return release_files(read_units(course / "solutions"), points_of=points_of, quote=quote)


@pytest.fixture(scope="module")
def server(course):
    """Return a JupyterLab server that was started in the course's folder."""
    with lab_server(course) as server:
        yield server


def test_a_built_unit_is_listed_and_can_be_released(course, server):
    (listed,) = server.ask(f"{API}/assignments")
    assert (listed["name"], listed["status"]) == (UNIT, "draft")
    assert listed["source_path"] == f".build/source/{UNIT}"
    assert listed["num_submissions"] == 0
    done = server.ask(f"{API}/assignment/{UNIT}/assign", method="POST", body={})
    assert done["success"], done
    (listed,) = server.ask(f"{API}/assignments")
    assert listed["release_path"] == f".build/release/{UNIT}"
    assert listed["max_score"] == 8.0
    assert drift(course, files_of(course)) == []  # what `build` made is left alone
    made, built = (
        course / place / UNIT / f"{UNIT}.ipynb" for place in (".build/release", "notebooks")
    )
    assert made.read_bytes() == built.read_bytes()  # the instructor's button makes the same file


def test_the_server_has_nothing_to_complain_about(course, server):
    server.ask(f"{API}/assignments")
    log = (course / "server" / "log.txt").read_text()
    assert "nbgrader_config.py" not in log, log  # "No nbgrader_config.py file found"
    assert "exchange" not in log.lower(), log
    assert "ERROR" not in log, log
