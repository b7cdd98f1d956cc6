"""What a machine may lack: its tests are skipped, counted and named, and fail where CI=true.

A test says what it needs by a marker: `sandbox` (bubblewrap, and namespaces for it), `browser`
(Chromium), `cluster` (Dask). A fixture named `sandbox` marks its tests by itself, and a test
without the marker that fails because there is no sandbox is skipped all the same.

Tests of one kind over hundreds of like things (exercises, claims), and those that take long, bear
the marker `in_turn`: the whole suite tries some of the things, others at each commit, and CI=true
tries all. Of the three forms of a unit it tries one, another one at another commit.
"""

import gc
import importlib.util
import os
import signal
import sys
from collections import Counter
from functools import cache

import pytest
from in_turn import LEFT_OUT, is_whole, leave_to_another_commit
from warm import started

from coursekit.bootstrap.bubblewrap import find_bubblewrap, how_to_install, why_no_namespaces
from coursekit.bootstrap.unasked import leave_out_unasked
from coursekit.classroom.sandbox.walls import SandboxError
from coursekit.commands.doctor import BRING_CHROMIUM, look_for_chromium, remedy_for

leave_out_unasked()  # before anything imports nbformat, as in every command
if importlib.util.find_spec("hypothesis"):  # not on a machine with the core alone, for its GPU
    from hypothesis import settings

    # Drawn inputs are the same in every run, and nothing is timed: other processes are at work
    settings.register_profile("course", derandomize=True, deadline=None)
    settings.load_profile("course")
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # a shell's `&`; tests of Ctrl-C need one
    signal.signal(signal.SIGINT, signal.default_int_handler)

NEEDS = "needs "  # how the reason of such a skip begins


@cache
def lack_of(part):
    """Return why a part is missing and the command that brings it, or None where it is here."""
    if part == "cluster":
        here = importlib.util.find_spec("distributed") is not None
        pip = f"{sys.executable} -m pip install 'distributed>=2024.5'"
        return None if here else ("a cluster (no dask.distributed)", pip)
    if part == "browser":
        program, seen = look_for_chromium()
        seen = "no Chromium" if seen == "none" else seen
        return None if program else (f"a browser ({seen})", BRING_CHROMIUM)
    program, named = find_bubblewrap()
    if program is None:
        return f"a sandbox ({named})", how_to_install()
    why = why_no_namespaces(program)
    return (f"a sandbox ({named}: {why})", remedy_for(why)) if why else None


PARTS = ("sandbox", "browser", "cluster")


def pytest_ignore_collect(collection_path, config):
    """Load no file without a quick test where only those are asked for: loading takes seconds."""
    if config.option.markexpr != "quick" or not collection_path.name.startswith("test_"):
        return None  # whatever pytest says
    return True if "mark.quick" not in collection_path.read_text(encoding="utf-8") else None


def pytest_collection_modifyitems(config, items):
    for item in items:
        if "sandbox" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.sandbox)
    if not in_ci():
        leave_to_another_commit(config, items)
    if hasattr(config, "workerinput"):  # a process of pytest-xdist: what takes long goes first
        items.sort(key=lambda item: turn(item.nodeid))


def pytest_collection_finish(session):
    """Leave modules and tests, which stay to the end, out of every later search for garbage."""
    gc.collect()
    gc.freeze()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node):
    node.workerinput["whole"] = is_whole(node.config)


def pytest_sessionfinish(session):
    if hasattr(session.config, "workeroutput"):  # the process that prints did not collect
        session.config.workeroutput["left_out"] = session.config.stash.get(LEFT_OUT, 0)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node):
    node.config.stash[LEFT_OUT] = getattr(node, "workeroutput", {}).get("left_out", 0)


DEAR_FIRST = (  # their tests share what takes long to make, so one process gets them all
    "classroom/test_nbgrader.py",
    "classroom/test_unit01_graded.py",
    "classroom/test_grading.py",
    "units/test_units.py",
)
BY_PARAMETER = (  # what these share belongs to one parameter: small pieces, so they go last
    "units/test_units.py",
    "exercises/test_bank.py",
    "outsiders/test_outsiders.py",
)


def turn(nodeid):
    """Say when a test comes: 0, 1, ... the dear files, then all others, then the small pieces."""
    name = nodeid.partition("::")[0].removeprefix("tests/")
    if name in DEAR_FIRST:
        return DEAR_FIRST.index(name)
    return len(DEAR_FIRST) + (name in BY_PARAMETER)


def piece_of_work(nodeid):
    """Return a name for what one process does in one go: a file, or one parameter of it."""
    name, _, test = nodeid.partition("::")
    by_parameter = name.removeprefix("tests/") in BY_PARAMETER and "[" in test
    return name + test[test.index("[") :] if by_parameter else name


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    if config.getvalue("dist") != "loadfile":
        return None
    from xdist.scheduler import LoadFileScheduling

    class Pieces(LoadFileScheduling):
        def _split_scope(self, nodeid):
            return piece_of_work(nodeid)

    return Pieces(config, log)


@pytest.fixture(scope="session")
def warm(tmp_path_factory):
    """Return a server of Python processes that have torch loaded already."""
    with started(tmp_path_factory.mktemp("warm")) as server:
        yield server


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item):
    for part in PARTS:
        if item.get_closest_marker(part) is None or lack_of(part) is None:
            continue
        if in_ci():
            message = f"{reason_of(part)}\n(CI=true: here nothing may go untested)"
            pytest.fail(message, pytrace=False)
        pytest.skip(reason_of(part))


def in_ci():
    return os.environ.get("CI", "").lower() in ("true", "1")


def reason_of(part):
    return NEEDS + ": ".join(lack_of(part))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed and not in_ci() and wants_sandbox(call.excinfo.value) and lack_of("sandbox"):
        path, line, _ = item.location
        report.outcome, report.longrepr = "skipped", (path, line, reason_of("sandbox"))
    return report


def wants_sandbox(error):
    """Say whether an error, or what it was raised from, is that there is no sandbox."""
    while error is not None and not isinstance(error, SandboxError):
        error = error.__cause__ or error.__context__
    return error is not None


def pytest_terminal_summary(terminalreporter):
    """Say in the last lines what was not tested, and what would let it be."""
    if left_out := terminalreporter.config.stash.get(LEFT_OUT, 0):
        terminalreporter.section("in turn", sep="-")
        terminalreporter.line(
            f"{left_out} tests of like things and long ones wait for another commit. "
            "All of them: CI=true python3 -m coursekit test"
        )
    skipped = {}
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
        reason = reason.removeprefix("Skipped: ")
        if reason.startswith(NEEDS):
            skipped.setdefault(reason, Counter())[report.nodeid.partition("::")[0]] += 1
    for reason, files in skipped.items():
        what, _, command = reason.partition("): ")
        named = ", ".join(f"{name} ({count})" for name, count in sorted(files.items()))
        terminalreporter.section("not tested here", sep="-")
        terminalreporter.line(f"{sum(files.values())} tests were skipped. Each {what}): {named}")
        terminalreporter.line(f"To run them: {command}")
