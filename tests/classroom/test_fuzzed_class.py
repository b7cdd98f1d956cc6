"""Forty damaged notebooks through the real sandbox, and what Formgrader then shows."""

import random
import urllib.error
import urllib.request
from collections import Counter
from datetime import UTC, datetime

import nbformat
import pytest
from fake_judge import open_fake
from instructor import ROOT
from mutations import mutate
from small_course import UNIT, hand_in, make_course, solved

from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.handing_in.practice_class import make_class
from coursekit.classroom.learner.lab_server import lab_server
from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.marking.grading import grade_unit
from coursekit.classroom.marking.manifest import STATUSES
from coursekit.classroom.marking.open_judge import JudgeSettings, open_judge

REAL = "01_gradient_noise"


def grade(course, unit, open_judge, settings, workers=None):
    opened = open_course(course)
    return grade_unit(
        opened,
        opened.grading / "submitted",
        unit,
        roster={},
        due=DueDates(),
        open_judge=open_judge,
        settings=settings,
        seconds_each=300.0,
        workers=workers,
    )


@pytest.mark.slow
@pytest.mark.sandbox
def test_forty_mutated_notebooks_stop_nobody(tmp_path):
    course = make_course(tmp_path / "course")
    release = ROOT / "notebooks" / REAL / f"{REAL}.ipynb"
    target = course / "notebooks" / REAL / f"{REAL}.ipynb"
    target.parent.mkdir(parents=True)
    target.write_bytes(release.read_bytes())
    source = nbformat.writes(solved_unit())
    (tmp_path / "solved.ipynb").write_text(source)
    make_class(
        release,
        tmp_path / "solved.ipynb",
        course / "grading",
        size=40,
        kinds=("right",),
        due=datetime(2026, 3, 1, tzinfo=UTC),
    )
    rng = random.Random(2027)
    for path in sorted((course / "grading" / "submitted").rglob("*.ipynb")):
        path.write_bytes(mutate(path.read_text(), rng))
    graded = grade(course, REAL, open_judge, JudgeSettings())
    assert len(graded.records) == 40
    counted = Counter(record.status for record in graded.records)
    assert set(counted) <= set(STATUSES)
    assert counted["crashed"] == counted["timeout"] == 0
    assert sum(record.points == 18.0 for record in graded.records) > 15
    assert all(record.reason for record in graded.records)


def solved_unit():
    from coursekit.classroom.release.build import instructor_notebook
    from coursekit.classroom.release.source import read_unit
    from coursekit.commands.build import points_of

    unit = read_unit(ROOT / "solutions" / f"{REAL}.py")
    return instructor_notebook(unit, points_of=points_of, quote=lambda name: "1")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Return a small course that `grade` has graded."""
    course = make_course(tmp_path_factory.mktemp("course") / "course")
    hand_in(course, "ada", solved(course))
    hand_in(course, "broken", "{")
    grade(course, UNIT, open_fake, {}, workers=1)
    return course


@pytest.mark.slow
def test_formgrader_shows_marks_comments_and_statuses(course):
    with lab_server(course) as server:
        listed = {s["student"]: s for s in server.ask(f"/formgrader/api/submissions/{UNIT}")}
        assert listed["ada"]["score"] == 6.0
        assert listed["ada"]["autograded"]
        assert listed["ada"]["needs_manual_grade"]  # the essay
        assert listed["broken"]["score"] == 0.0
        notebooks = server.ask(f"/formgrader/api/submitted_notebooks/{UNIT}/{UNIT}")
        ids = {one["student"]: one["id"] for one in notebooks}
        comments = server.ask(f"/formgrader/api/comments?submission_id={ids['ada']}")
        assert any("[ok] 2 of 2 points" in (one["auto_comment"] or "") for one in comments)
        page = fetch(server, f"/formgrader/submissions/{ids['ada']}/")
        assert "Status: ok" in page
        assert "[ok] 3 of 3 points" in page
        assert "Status: unreadable" in fetch(server, f"/formgrader/submissions/{ids['broken']}/")


def fetch(server, path):
    request = urllib.request.Request(f"http://127.0.0.1:{server.port}{path}")
    request.add_header("Authorization", f"token {server.token}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=60) as answer:
            return answer.read().decode()
    except urllib.error.HTTPError as error:
        raise AssertionError(error.read().decode()) from None
