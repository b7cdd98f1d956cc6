"""`python3 -m coursekit build`: what it prints, writes and returns."""

import pytest
from small_unit import SOURCE, points_of, quote

from coursekit.commands import build

pytestmark = pytest.mark.quick
NAMES = [".build/source/07_small/07_small.ipynb", "notebooks/07_small/07_small.ipynb"]


@pytest.fixture
def course(tmp_path, monkeypatch):
    """Let the command work on a course of one unit."""
    (tmp_path / "solutions").mkdir()
    (tmp_path / "solutions" / "07_small.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.setattr(build, "ROOT", tmp_path)
    monkeypatch.setattr(build, "is_clone", lambda: True)
    monkeypatch.setattr(build, "points_of", points_of)
    monkeypatch.setattr(build, "quote", quote)
    return tmp_path


def everything_in(folder):
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


def test_build_says_what_it_wrote_and_then_that_nothing_changed(course, capsys):
    assert build.run() == 0
    assert capsys.readouterr().out == (
        f"wrote {NAMES[0]}\nwrote {NAMES[1]}\nunits: 1, files changed: 2\n"
    )
    assert build.run() == 0
    assert capsys.readouterr().out == "units: 1, files changed: 0\n"


def test_check_names_what_differs_and_writes_nothing(course, capsys):
    before = everything_in(course)
    assert build.run(check=True) == 1
    shown = capsys.readouterr()
    assert shown.out == f"{NAMES[1]}: missing\n"
    assert shown.err.splitlines()[-1].startswith("Run `python3 -m coursekit build`")
    assert everything_in(course) == before

    build.run()
    assert build.run(check=True) == 0
    (course / "solutions" / "07_small.py").write_text(SOURCE.replace("Some prose", "New prose"))
    before = everything_in(course)
    capsys.readouterr()
    assert build.run(check=True) == 1
    assert capsys.readouterr().out == "".join(f"{n}: differs from its source\n" for n in NAMES)
    assert everything_in(course) == before


def test_files_of_others_are_named_and_kept(course, capsys):
    build.run()
    (course / "notebooks" / "picture.png").write_bytes(b"x")
    capsys.readouterr()
    assert build.run() == 0
    assert capsys.readouterr().err == "left alone: notebooks/picture.png: no unit makes it\n"
    assert (course / "notebooks" / "picture.png").exists()


def test_an_installed_package_without_sources_says_where_they_are(course, monkeypatch):
    monkeypatch.setattr(build, "is_clone", lambda: False)
    with pytest.raises(ValueError, match="Clone the repository"):
        build.run()


def test_points_come_from_the_bank():
    from coursekit.commands.build import EXERCISES

    for name, exercise in EXERCISES.items():
        points = build.points_of(name)
        assert points == (sum(exercise.points.values()) if exercise.graded else None)
    with pytest.raises(KeyError):
        build.points_of("u99_nothing")
