"""What is tried in turn: some of the things at each commit, all of them in CI or when asked."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import in_turn
import pytest

ROOT = Path(__file__).resolve().parents[1]
THINGS = [f"u{i:02d}_thing" for i in range(90)]


class Item(SimpleNamespace):
    __hash__ = object.__hash__

    def get_closest_marker(self, name):
        return next(self.iter_markers(name), None)

    def iter_markers(self, name):
        return (mark for mark in self.marks if mark.name == name)


def item(test, thing, **marks):
    marks = [getattr(pytest.mark, name)(**said).mark for name, said in marks.items()]
    return Item(nodeid=f"tests/test_{test}.py::test_it[{thing}]", marks=marks, fixturenames=())


def left_of(items, monkeypatch, *, commit="abc", whole=True):
    """Return what is tried and how many wait, as in a process of pytest-xdist."""
    monkeypatch.setattr(in_turn, "commit_hash", lambda: commit)
    told = []
    config = SimpleNamespace(
        workerinput={"whole": whole},
        args_source=pytest.Config.ArgsSource.ARGS,
        option=SimpleNamespace(keyword=""),
        hook=SimpleNamespace(pytest_deselected=lambda items: told.extend(items)),
        stash=pytest.Stash(),
    )
    left = list(items)
    in_turn.leave_to_another_commit(config, left)
    assert len(left) + len(told) == len(items)
    assert config.stash.get(in_turn.LEFT_OUT, 0) == len(told)
    return left


@pytest.mark.quick
def test_all_tests_of_one_thing_have_one_turn(monkeypatch):
    items = [item(test, thing, in_turn={}) for test in ("bank", "hints") for thing in THINGS]
    left = [i.nodeid for i in left_of(items, monkeypatch)]
    assert 0.01 * len(items) < len(left) < 0.33 * len(items)  # a sixth, four standard errors
    of = {test: {n.split("[")[1] for n in left if test in n} for test in ("bank", "hints")}
    assert of["bank"] == of["hints"]


@pytest.mark.quick
def test_every_thing_has_its_turn(monkeypatch):
    items = [item("bank", thing, in_turn={}) for thing in THINGS]
    tried = {i.nodeid for n in range(90) for i in left_of(items, monkeypatch, commit=f"commit {n}")}
    assert len(tried) == len(items)  # one is missed with a chance of 90 (5/6)^90, 1 in 150,000


@pytest.mark.quick
def test_of_three_kinds_each_thing_meets_one_at_each_commit(monkeypatch):
    kinds = ("solved", "blank", "script")
    items = [
        item(kind, t, in_turn={"of": 3, "turn": i}) for i, kind in enumerate(kinds) for t in THINGS
    ]
    for commit in ("abc", "def"):
        left = [i.nodeid for i in left_of(items, monkeypatch, commit=commit)]
        assert sorted(name[name.index("[") + 1 : -1] for name in left) == THINGS
        assert {kind for name in left for kind in kinds if kind in name} == set(kinds)


@pytest.mark.quick
def test_files_that_take_long_come_one_after_the_other(monkeypatch):
    """They name their thing, so that each commit meets one of them, parameters or none."""
    marks = [{"thing": "pages", "of": 4, "turn": turn} for turn in range(4)]
    items = [item(f"file{mark['turn']}", t, in_turn=mark) for mark in marks for t in "ab"]
    met = set()
    for n in range(40):
        left = {i.nodeid.split("::")[0] for i in left_of(items, monkeypatch, commit=f"commit {n}")}
        assert len(left) == 1
        met |= left
    assert len(met) == 4  # one is missed with a chance of 4 (3/4)^40, 1 in 25,000


@pytest.mark.quick
def test_with_two_marks_a_test_waits_for_both_and_a_quick_one_for_none(monkeypatch):
    seldom = {"thing": "pages", "of": 4}
    items = [item("file", thing, in_turn=seldom, quick={}) for thing in THINGS]
    assert left_of(items, monkeypatch, commit="commit 0") == items
    both = [item("file", thing, in_turn=seldom) for thing in THINGS]
    for test in both:
        test.marks.append(pytest.mark.in_turn(of=3).mark)
    counts = {len(left_of(both, monkeypatch, commit=f"commit {n}")) for n in range(20)}
    assert min(counts) == 0
    assert 10 < max(counts) < 60  # a third of 90 where it is the file's turn


@pytest.mark.quick
def test_whoever_names_a_file_tries_all(monkeypatch):
    items = [item("bank", thing, in_turn={}) for thing in THINGS]
    assert left_of(items, monkeypatch, whole=False) == items


@pytest.mark.quick
def test_what_has_no_mark_is_always_tried(monkeypatch):
    items = [item("units", thing) for thing in THINGS]
    assert left_of(items, monkeypatch) == items


@pytest.mark.quick
@pytest.mark.parametrize(
    ("asked", "keyword", "whole"),
    [("TESTPATHS", "", True), ("TESTPATHS", "hints", False), ("ARGS", "", False)],
)
def test_whole_is_what_nobody_narrowed(asked, keyword, whole):
    option = SimpleNamespace(keyword=keyword)
    config = SimpleNamespace(args_source=pytest.Config.ArgsSource[asked], option=option)
    assert in_turn.is_whole(config) is whole


@pytest.mark.parametrize(("ci", "some"), [("true", False), ("", True)])
def test_ci_tries_all(ci, some):
    """Collected as the whole suite is, a suite of one file."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    words = ["--collect-only", "-q", "-o", "testpaths=tests/claims/test_ledger.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *words],
        cwd=ROOT,
        env={**kept, "CI": ci},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert ("wait for another commit" in done.stdout) is some
    assert bool(re.search(r"\d+ deselected", done.stdout)) is some
