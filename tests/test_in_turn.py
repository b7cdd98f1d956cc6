"""What is tried in turn: a third of the things at each commit, all of them in CI or when asked."""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import in_turn
import pytest

pytestmark = pytest.mark.quick
ROOT = Path(__file__).resolve().parents[1]
THINGS = [f"u{i:02d}_thing" for i in range(90)]


class Item(SimpleNamespace):
    __hash__ = object.__hash__

    def get_closest_marker(self, name):
        return next((mark for mark in self.marks if mark.name == name), None)


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


def test_all_tests_of_one_thing_have_one_turn(monkeypatch):
    items = [item(test, thing, in_turn={}) for test in ("bank", "hints") for thing in THINGS]
    left = [i.nodeid for i in left_of(items, monkeypatch)]
    assert 0.2 * len(items) < len(left) < 0.47 * len(items)  # a third, four standard errors
    of = {test: {n.split("[")[1] for n in left if test in n} for test in ("bank", "hints")}
    assert of["bank"] == of["hints"]


def test_every_thing_has_its_turn(monkeypatch):
    items = [item("bank", thing, in_turn={}) for thing in THINGS]
    tried = {i.nodeid for n in range(40) for i in left_of(items, monkeypatch, commit=f"commit {n}")}
    assert len(tried) == len(items)  # one is missed with a chance of 90 (2/3)^40, 1 in 120,000


def test_of_three_kinds_each_thing_meets_one_at_each_commit(monkeypatch):
    kinds = ("solved", "blank", "script")
    items = [item(kind, t, in_turn={"turn": i}) for i, kind in enumerate(kinds) for t in THINGS]
    for commit in ("abc", "def"):
        left = [i.nodeid for i in left_of(items, monkeypatch, commit=commit)]
        assert sorted(name[name.index("[") + 1 : -1] for name in left) == THINGS
        assert {kind for name in left for kind in kinds if kind in name} == set(kinds)


def test_whoever_names_a_file_tries_all(monkeypatch):
    items = [item("bank", thing, in_turn={}) for thing in THINGS]
    assert left_of(items, monkeypatch, whole=False) == items


def test_what_has_no_mark_is_always_tried(monkeypatch):
    items = [item("units", thing) for thing in THINGS]
    assert left_of(items, monkeypatch) == items


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
