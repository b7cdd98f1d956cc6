"""``coursekit feedback``: a page for each student, as escaped HTML, and a zip for the LMS."""

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from coursekit.classroom.handing_in.known_names import count, nearest_names
from coursekit.classroom.handing_in.repair import read_release
from coursekit.classroom.learner.class_release import language_of
from coursekit.classroom.returning.adapt import read_adapted
from coursekit.classroom.returning.feedback import feedback_page
from coursekit.classroom.returning.hand_back import feedback_zip
from coursekit.classroom.returning.results import Result
from coursekit.classroom.returning.unit_text import unit_text
from coursekit.commands.graded_class import graded_class
from coursekit.languages import Catalogue, read_catalogue
from coursekit.storage import write_atomically


def run(
    unit: str,
    *,
    student: str = "",
    course: Path | None = None,
    zip_for: str = "",
    class_mean: bool = False,
) -> int:
    """Write grading/feedback/STUDENT/UNIT/UNIT.html for the class or for one student.

    Args:
        unit: Which unit.
        student: One student; "" for all.
        course: The course's folder.
        zip_for: "moodle" or "canvas": also one zip of all pages, as that system takes it.
        class_mean: Students read the mean of the class.

    Raises:
        ValueError: If the unit was not graded, or nobody of that name handed it in.
    """
    there = graded_class(unit, course)
    home, name, results = there.course, there.unit, there.results
    mean = mean_of(results) if class_mean or read_adapted(home.grading).class_mean else None
    if student:
        results = [one for one in results if one.student.id == student]
        if not results:
            if student in read_adapted(home.grading).exclude:
                raise ValueError(f"{student} is excluded by {home.grading / 'adapt.toml'}")
            hint = nearest_names(student, [one.student.id for one in there.results])
            raise ValueError(f"no student {student!r} in the gradebook of {home.root}: {hint}")
    text = unit_text(read_release(home.release_path(name)))
    words = read_catalogue(language_of(home.release_path(name)), name)
    results = [with_hints(one, words) for one in results]
    pages = {}
    for one in results:
        graded = home.autograded_path(name, one.student.id)
        pages[one.student.id] = feedback_page(one, text, graded, mean=mean)
        path = home.grading / "feedback" / one.student.id / name / f"{name}.html"
        write_atomically(path, pages[one.student.id])
    print(f"{count(len(pages), 'page')} in {home.grading / 'feedback'}")
    for gone in sorted(read_adapted(home.grading).exclude):
        if (old := home.grading / "feedback" / gone / name).exists():
            print(f"{gone} is excluded, and an earlier page is still in {old}")
    if nothing := [one.student.id for one in results if not one.manual]:
        say = "says" if len(nothing) == 1 else "say"
        print(f"{len(nothing)} of them {say} that nothing was handed in: {', '.join(nothing)}")
    if waiting := sum(bool(one.waits) for one in results):
        print(f"still waiting for a person or a date: {waiting}; write these again after that")
    if zip_for:
        _zip(home.grading, zip_for, results, pages, name)
    return 0


def with_hints(result: Result, words: Catalogue) -> Result:
    """Return a result whose hints are in the words of its release; records keep the English."""
    if result.record is None or not words.texts:
        return result
    questions = tuple(
        replace(one, hint=words.find(one.hint) or one.hint) for one in result.record.questions
    )
    return replace(result, record=replace(result.record, questions=questions))


def mean_of(results: Sequence[Result]) -> float | None:
    """Return the mean of those who handed in and whose mark is final; None if there are few.

    Of fewer than five, one could work out the others' marks.
    """
    scores = [one.score for one in results if one.manual and not one.waits]
    return sum(scores) / len(scores) if len(scores) >= 5 else None


def _zip(
    grading: Path, to: str, results: Sequence[Result], pages: dict[str, str], name: str
) -> None:
    data, left = feedback_zip(to, results, pages, name, grading / "submitted")
    target = grading / f"{name}-feedback-{to}.zip"
    temporary = target.with_suffix(".tmp")
    temporary.touch(mode=0o600)
    temporary.write_bytes(data)
    os.replace(temporary, target)
    print(f"{target}: {count(len(pages) - len(left), 'page')}, to be uploaded to {to.capitalize()}")
    if to == "canvas":
        print(
            "Canvas shows each page under the name of the file that was handed in, .ipynb: tell "
            "students to save it as .html"
        )
    if left:
        print(f"not in it, since {to.capitalize()} has no place for them: {', '.join(left)}")
