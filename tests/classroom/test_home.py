"""The home page: the map of the course with what is done, and where to go on."""

import json

import pytest

from coursekit import progress
from coursekit.classroom.learner import home
from coursekit.classroom.learner.copies import released_units
from coursekit.classroom.learner.home import home_page, map_html, map_text, stops, where_to_go_on

pytestmark = pytest.mark.quick


def notebook(title, exercise, minutes="part a, 1.1 to 1.5: 60 minutes; part b, 1.6 on: 45 minutes"):
    check = {"grade_id": f"{exercise}_check", "points": 4}
    above = "".join(f"| **{row}** | x |\n" for row in ("Question", "Difficulty", "Importance"))
    card = f"# {title}\n\n| | |\n|---|---|\n{above}| **Your time** | {minutes} |"
    return {
        "cells": [
            {"cell_type": "markdown", "metadata": {}, "source": [card]},
            {"cell_type": "code", "metadata": {"nbgrader": check}, "source": ["check()"]},
        ]
    }


@pytest.fixture
def release(tmp_path, monkeypatch):
    """A release of two units and its home page."""
    monkeypatch.setenv("COURSEKIT_HOME", str(tmp_path / "own"))
    monkeypatch.delenv("NBGRADER_EXECUTION", raising=False)
    folder = tmp_path / "notebooks"
    for name, title, exercise in (("00_a", "00 · A?", "u00_x"), ("01_b", "01 · B <?", "u01_y")):
        (folder / name).mkdir(parents=True)
        (folder / name / f"{name}.ipynb").write_text(json.dumps(notebook(title, exercise)))
    page = {
        "cells": [{"cell_type": "code", "outputs": [], "source": ["course_map()"]}],
        "metadata": {"coursekit": {"unit": "home"}},
    }
    (folder / "home.ipynb").write_text(json.dumps(page))
    return folder


def rows(release):
    return stops(released_units(release), progress.load())


def test_the_map_has_titles_times_points_and_links(release):
    progress.record_check("u01_y", 3.0, 4.0)
    progress.record_prediction("01_b", "k", "halves")
    first, second = rows(release)
    assert (first.title, first.minutes, first.earned, first.points) == (
        "00 · A?",
        "60 + 45 min",
        0,
        4,
    )
    assert (second.earned, second.predictions, second.done) == (3.0, 1, False)
    shows = map_html([first, second])
    assert '<a href="01_b/01_b.ipynb">01 · B &lt;?</a>' in shows
    assert "width:75%" in shows
    assert "3 of 8 points, 0 of 2 units complete" in shows
    assert "01 · B <?  3 of 4 points" in map_text([first, second])


def test_one_goes_on_where_one_worked_last_or_at_the_next_that_lacks_points(release):
    assert where_to_go_on(rows(release)).name == "00_a"
    assert "Start with" in map_html(rows(release))
    progress.record_visit("01_b")
    assert where_to_go_on(rows(release)).name == "01_b"
    assert "Go on with" in map_html(rows(release))
    progress.record_check("u01_y", 4.0, 4.0)
    assert where_to_go_on(rows(release)).name == "00_a"
    progress.record_check("u00_x", 4.0, 4.0)
    assert where_to_go_on(rows(release)) is None
    assert "All points" in map_html(rows(release))


def test_the_page_is_drawn_anew_unless_the_learner_wrote_in_it(release, tmp_path):
    work = tmp_path / "work"
    place = home_page(release, work)
    assert place == work / "home.ipynb"
    assert "0 of 4" in place.read_text()
    progress.record_check("u00_x", 2.0, 4.0)
    assert "2 of 4" in home_page(release, work).read_text()
    written = json.loads(place.read_text())
    written["cells"].append({"cell_type": "markdown", "metadata": {}, "source": ["my notes"]})
    place.write_text(json.dumps(written))
    progress.record_check("u00_x", 4.0, 4.0)
    assert json.loads(home_page(release, work).read_text()) == written


def test_the_map_in_a_plain_script(release, monkeypatch, capsys):
    monkeypatch.setattr(home, "released_units", lambda: released_units(release))
    home.course_map()
    assert capsys.readouterr().out.splitlines()[-1] == "Go on with: 00 · A?"
