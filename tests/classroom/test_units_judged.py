"""Every unit as its students would hand it in: solved, blank, and with answers from the library."""

from pathlib import Path

import pytest

from coursekit.classroom.judge.marks import Attempt, AttemptCell
from coursekit.classroom.judge.points_earned import judge_attempt
from coursekit.classroom.release.regions import without_regions
from coursekit.classroom.release.source import read_unit
from coursekit.classroom.sandbox.opening import open_sandbox
from coursekit.exercises import EXERCISES

SOLUTIONS = sorted((Path(__file__).resolve().parents[2] / "solutions").glob("*.py"))


@pytest.fixture(scope="module")
def sandbox():
    with open_sandbox() as opened:
        yield opened


@pytest.mark.slow
@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_a_solved_unit_gets_full_marks_and_a_blank_one_is_missing(path, sandbox):
    unit = read_unit(path)
    prelude = "\n".join(cell.text for cell in unit.cells if cell.role == "prelude")
    solved = [cell for cell in unit.cells if cell.role == "solution"]
    names = list(unit.exercises)
    for change, status, share in ((str, "ok", 1.0), (without_regions, "missing", 0.0)):
        cells = tuple(AttemptCell("solution", c.name, change(c.text)) for c in solved)
        mark = judge_attempt(
            Attempt(unit.name, prelude, cells),
            bank=EXERCISES,
            exercise_ids=names,
            sandbox=sandbox,
            seed=2027,
        )
        assert [q.status for q in mark.questions] == [status] * len(names), mark
        assert [q.points for q in mark.questions] == [
            share * EXERCISES[name].max_score for name in names
        ]
