"""``coursekit report``: what the class got wrong, on one page and as a table."""

from datetime import UTC, datetime
from pathlib import Path

import nbformat

from coursekit.classroom.handing_in.repair import Release, read_release
from coursekit.classroom.marking.gradebook import Course
from coursekit.classroom.marking.grading import VARIANT
from coursekit.classroom.marking.lateness import in_words
from coursekit.classroom.reporting.declared import bank_of, declared_mistakes, with_examples
from coursekit.classroom.reporting.figures import class_figures, points_of
from coursekit.classroom.reporting.page import report_page, report_table
from coursekit.classroom.reporting.similar import Pair, alike, fingerprint
from coursekit.classroom.returning.results import Result
from coursekit.classroom.returning.unit_text import unit_text
from coursekit.commands.graded_class import graded_class
from coursekit.exercises.engine.declare import Exercise
from coursekit.storage import write_atomically


def run(
    unit: str, *, course: Path | None = None, names: bool = False, similar: bool = False
) -> int:
    """Write grading/report/UNIT.html and UNIT.csv.

    Args:
        unit: Which unit.
        course: The course's folder.
        names: Say who; by default nobody is named.
        similar: List answers that are alike.

    Raises:
        ValueError: If the unit was not graded.
    """
    there = graded_class(unit, course)
    home, name, results = there.course, there.unit, there.results
    if not any(one.record and one.record.handed_in for one in results):
        raise ValueError(
            f"{name}: nothing that was handed in was graded by `grade` in {home.root}.\n"
            f"First: python3 -m coursekit grade {home.grading / 'submitted'}\n"
            "Graded in another folder, that of a private release, say? Name it: --course FOLDER"
        )
    release = read_release(home.release_path(name))
    text, bank = unit_text(release), bank_of(home.root / VARIANT)
    declared = declared_mistakes(bank, release.points)
    found = class_figures(results, name, text, declared)
    wanted = [
        (one.task.id, had.name)
        for one in found.exercises
        for had in one.mistakes
        if (one.task.id, had.name) in declared
    ]
    found = class_figures(results, name, text, with_examples(declared, bank, wanted))
    pairs = pairs_of(home, name, results, release, bank) if similar else None
    when = f"Made {in_words(datetime.now(UTC))}."
    folder = home.grading / "report"
    page = report_page(found, names=names, pairs=pairs, when=when)
    write_atomically(folder / f"{name}.html", page)
    write_atomically(folder / f"{name}.csv", report_table(found, names=names))
    for one, had in found.most_frequent[:3]:
        print(f"{len(had.who):3} of {one.people} in {one.task.title} - {had.name}")
    print(f"{folder / f'{name}.html'}, and the same as .csv")
    if pairs is not None:
        print(f"pairs more alike than chance makes them: {len(pairs)}; a sign, and no proof")
    return 0


def pairs_of(
    home: Course,
    unit: str,
    results: list[Result],
    release: Release,
    bank: dict[str, Exercise],
) -> list[Pair]:
    """Return the pairs of a class whose answers are alike beyond chance."""
    from coursekit.classroom.handing_in.made_answers import right_texts

    stubs = {cell.id: fingerprint(cell.source) for cell in release.cells if cell.role == "solution"}
    graded = [name for name in release.points if name in stubs]
    solved = _answers(home.root / ".build" / "source" / unit / f"{unit}.ipynb")
    published = {
        name: frozenset(
            [stubs[name], fingerprint(solved.get(name, ""))]
            + [fingerprint(one) for one in (right_texts(bank[name]) if name in bank else [])]
        )
        for name in graded
    }
    answers: dict[str, dict[str, str]] = {name: {} for name in graded}
    right: dict[str, dict[str, bool]] = {name: {} for name in graded}
    for one in results:
        if one.record is None or not one.record.handed_in:
            continue
        cells = _answers(home.autograded_path(unit, one.student.id))
        for question in one.record.questions:
            if question.exercise_id in answers:
                answer = fingerprint(cells.get(question.exercise_id, ""))
                answers[question.exercise_id][one.student.id] = answer
                score, most = points_of(one, question)
                right[question.exercise_id][one.student.id] = score >= most
    return alike(answers, right, published)


def _answers(path: Path) -> dict[str, str]:
    """Return grade id -> text of the solution cells of a notebook; nothing of one not there."""
    try:
        notebook = nbformat.read(path, as_version=4)
    except (OSError, ValueError):
        return {}
    marked = [(cell.metadata.get("nbgrader", {}), cell) for cell in notebook.cells]
    return {
        mark["grade_id"]: cell.source
        for mark, cell in marked
        if mark.get("solution") and cell.cell_type == "code"
    }
