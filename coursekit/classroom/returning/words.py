"""Statuses and reasons in words for a student.

What a status says to whoever teaches ("tampered") may be wrong of a person. It stays with them: a
student reads that somebody will look at it.
"""

from collections import Counter
from collections.abc import Sequence

from coursekit.classroom.judge.marks import QuestionMark
from coursekit.classroom.returning.results import Result

MISSING = "nothing handed in"
LOOK = "your teacher will look at it"
STATUS = {  # of a submission -> what its owner reads
    "ok": "marked",
    "late": "marked, handed in late",
    "unsettled": "marked; when it was handed in is still to be settled",
    "timeout": "marked; one answer took too long",
    "memory": "marked; one answer took too much memory",
    "crashed": "marked; one answer stopped Python",
    "tampered": LOOK,
    "missing": MISSING,
    "unreadable": "the file could not be read as a notebook",
    "ungraded": "not marked yet",
    "": "marked by hand",
}
QUESTION = {  # of a question -> a few words for a heading
    "ok": "right",
    "wrong": "not right yet",
    "missing": "not done",
    "timeout": "took too long",
    "memory": "took too much memory",
    "crashed": "stopped Python",
    "tampered": "to be looked at",
    "unreadable": "no result that can be read",
    "ungraded": "not marked yet",
}
EXPLAINED = {  # of a question -> what happened, and what to do about it
    "missing": "There is no answer here that could be called.",
    "timeout": "Your function did not come back in time for one input, and was stopped. "
    "Does every loop end, also for the smallest input?",
    "memory": "Your function asked for more memory than there is for one answer. Which table in it "
    "grows with the square of something?",
    "crashed": "Your code ended Python itself while it was asked, so there was no answer. Is there "
    "an exit() in it?",
    "tampered": f"Your answer could not be marked by the machine; {LOOK}.",
    "unreadable": "What your function returned could not be read as numbers. What does the "
    "docstring ask for?",
    "ungraded": "The machine could not mark this; it is not your doing, and will be tried again.",
}


def student_status(status: str) -> str:
    """Return a submission's status as its owner reads it."""
    return STATUS.get(status, "marked")


def status_in_words(result: Result) -> str:
    """Return a submission's status as its owner reads it, once a person has looked at it too."""
    settled = result.record is not None and result.record.suspect and not result.waits
    return student_status("ok" if settled else result.status)


def question_status(question: QuestionMark, points: float | None = None) -> str:
    """Return a question's status in a few words; points by a person count before the judge's."""
    won = question.points if points is None else points
    if question.status == "wrong" and won > 0:
        return "partly right"
    looked_at = question.status == "tampered" and points is not None
    if looked_at or (question.status == "ok" and points is not None and won < question.max_points):
        return "marked by a person"
    return QUESTION.get(question.status, question.status)


def question_reason(question: QuestionMark, points: float | None = None) -> str:
    """Return what happened to a question, in a sentence or two; "" where it is right or settled."""
    if question.status in ("ok", "wrong") or (question.status == "tampered" and points is not None):
        return ""
    said = EXPLAINED.get(question.status, "")
    stopped = question.reason.partition("its cell stopped with ")[2]
    if question.status == "missing" and stopped:
        return f"The cell with your answer stopped before it was defined: {stopped}"
    if question.status == "missing" and question.reason.startswith("not done"):
        return "The stub is still there: nothing was written yet."
    return said


def question_words(question: QuestionMark) -> str:
    """Return all there is to say of a question in one text."""
    parts = [f"{question_status(question)}."]
    if question.status == "ok":
        return "right"
    parts.append(question_reason(question))
    if question.seen is not None:
        parts.append(f"For this input: {question.seen.input} {question.seen.got}")
        parts.append(f"Right is {question.seen.right}." if question.seen.right else "")
    elif question.status == "wrong":
        parts.append(question.reason)
    parts.append(question.hint)
    return " ".join(filter(None, parts))


def waits_in_words(result: Result) -> str:
    """Return why a mark is not final, without what is meant for whoever teaches; "" if it is."""
    judged = result.record.judged if result.record else ""
    if result.waits and {result.status, judged} & {
        "unsettled",
        "unreadable",
        "missing",
        "tampered",
    }:
        return "your teacher still has to settle something about it"
    return result.waits


def whole_words(result: Result) -> str:
    """Return what came of a submission in a sentence: "8 exercises: 5 right, 3 not right yet"."""
    questions = (
        [q for q in result.record.questions if q.exercise_id not in result.dropped]
        if result.record
        else []
    )
    if result.waits and result.record and result.record.suspect:
        return LOOK
    if result.status in ("missing", "unreadable", "ungraded"):
        return student_status(result.status)
    return counted(questions, points_by_person(result)) or student_status(result.status)


def points_by_person(result: Result) -> dict[str, float]:
    """Return exercise -> the points that count, as far as they are known, of the judge's most.

    An exercise that counts more or less by adapt.toml is still right where its points are full.
    """
    judged = result.record.questions if result.record else ()
    most = {question.exercise_id: question.max_points for question in judged}
    return {
        (name := cell.removesuffix("_check")): score * most.get(name, counts) / counts
        for cell, (score, counts, _) in result.manual.items()
        if score is not None and counts
    }


def counted(questions: Sequence[QuestionMark], points: dict[str, float]) -> str:
    """Return how many exercises are right, partly right and so on."""
    kinds = Counter(question_status(one, points.get(one.exercise_id)) for one in questions)
    if not kinds:
        return ""
    order = ["right", "partly right", "not right yet", "not done", *kinds]
    said = ", ".join(f"{kinds[kind]} {kind}" for kind in dict.fromkeys(order) if kinds[kind])
    return f"{len(questions)} exercise{'' if len(questions) == 1 else 's'}: {said}"
