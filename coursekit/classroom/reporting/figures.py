"""What a class got wrong, counted from the records of a graded unit."""

import math
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from coursekit.classroom.judge.marks import QuestionMark, Seen
from coursekit.classroom.returning.results import Result
from coursekit.classroom.returning.unit_text import Task, UnitText
from coursekit.classroom.returning.words import question_status

NO_WORK = ("missing", "unreadable", "ungraded")  # of a submission: nothing in it was judged
LEAST = 10  # people from whom a correlation is told
KINDS = ("right", "partly right", "not right yet", "not done", "other")


@dataclass(frozen=True)
class Had:
    """Something that several people did, and who.

    Attributes:
        name: The misconception's name; "" for a wrong result that has none.
        hint: What they were asked to think about.
        example: A small input that shows it.
        who: Ids.
    """

    name: str
    hint: str
    example: Seen | None
    who: tuple[str, ...]


@dataclass(frozen=True)
class ExerciseFigures:
    """One exercise, over the class.

    Attributes:
        counts: How many of each of KINDS; their sum is `people`.
        share_right: Of those who handed in something that was judged.
        share_points: Mean of the points earned, over the most.
        discrimination: Point-biserial correlation of "right" with the points of all other
            exercises; nan for fewer than 10 people, or where all are alike.
        mistakes: Misconceptions, the most frequent first.
        nameless: Wrong results without a name that two or more had, equal to three digits.
        alone: How many nameless wrong results nobody else had.
        stopped: Answers that stopped with an error, by what it was.
    """

    task: Task
    people: int
    counts: Mapping[str, int]
    share_right: float
    share_points: float
    discrimination: float
    mistakes: tuple[Had, ...]
    nameless: tuple[Had, ...]
    alone: int
    stopped: tuple[Had, ...]


@dataclass(frozen=True)
class ClassFigures:
    """A unit, over the class.

    Attributes:
        students: How many are in the class.
        handed_in: How many handed in something that was judged.
        mean: Of their final points; nan if there are none.
        statuses: Submission status -> ids.
        hours_early: Hours between handing in and the due date, of whom both are known.
        exercises: In the unit's order.
    """

    unit: str
    title: str
    students: int
    handed_in: int
    mean: float
    max_score: float
    statuses: Mapping[str, tuple[str, ...]]
    hours_early: tuple[float, ...]
    exercises: tuple[ExerciseFigures, ...]

    @property
    def most_frequent(self) -> list[tuple[ExerciseFigures, Had]]:
        """Misconceptions of all exercises, the most frequent first."""
        found = [(one, had) for one in self.exercises for had in one.mistakes]
        return sorted(found, key=lambda pair: -len(pair[1].who) / max(1, pair[0].people))


def class_figures(
    results: Sequence[Result],
    unit: str,
    text: UnitText,
    examples: Mapping[tuple[str, str], Had],
) -> ClassFigures:
    """Count what a class got wrong.

    Args:
        results: Of everybody who is to be counted.
        unit: Its name.
        text: Titles and tasks.
        examples: (exercise id, misconception's name, or its hint in a record of an earlier
            version) -> what the declaration says of it; nobody is named there.
    """
    judged = [one for one in results if one.record and one.record.judged not in NO_WORK]
    judged = [one for one in judged if one.record and one.record.handed_in]
    names = (
        [q.exercise_id for q in judged[0].record.questions] if judged and judged[0].record else []
    )
    scores = [one.score for one in judged if not one.waits]
    statuses: dict[str, list[str]] = defaultdict(list)
    for one in results:
        statuses[one.status or "by hand"].append(one.student.id)
    return ClassFigures(
        unit=unit,
        title=text.title,
        students=len(results),
        handed_in=len(judged),
        mean=float(np.mean(scores)) if scores else math.nan,
        max_score=results[0].max_score if results else 0.0,
        statuses={name: tuple(ids) for name, ids in statuses.items()},
        hours_early=tuple(sorted(_hours_early(judged))),
        exercises=tuple(_exercise(name, judged, text.task(name), examples) for name in names),
    )


def _exercise(
    name: str,
    judged: Sequence[Result],
    task: Task,
    examples: Mapping[tuple[str, str], Had],
) -> ExerciseFigures:
    counts: Counter[str] = Counter()
    named: dict[str, list[str]] = defaultdict(list)
    nameless: dict[str, list[str]] = defaultdict(list)
    stopped: dict[str, list[str]] = defaultdict(list)
    seen: dict[str, QuestionMark] = {}
    share, right, rest = [], [], []
    for one in judged:
        question = next(q for q in one.record.questions if q.exercise_id == name)  # type: ignore
        score, most = points_of(one, question)
        status = "right" if most and score >= most else question_status(question, score)
        counts[status if status in KINDS else "other"] += 1
        share.append(score / most if most else 0.0)
        right.append(float(score >= most))
        others = [points_of(one, q)[0] for q in one.record.questions if q is not question]  # type: ignore
        rest.append(sum(others))
        if question.status != "wrong":
            continue
        declared = examples.get((name, question.mistake)) or examples.get((name, question.hint))
        if declared is not None or question.mistake:
            key, group = declared.name if declared else question.mistake, named
        elif question.output:
            key, group = question.output, nameless
        else:
            key, group = question.reason.split(":")[0], stopped
        group[key].append(one.student.id)
        seen.setdefault(key, question)
    several = {key: ids for key, ids in nameless.items() if len(ids) > 1}
    people = len(judged)
    return ExerciseFigures(
        task=task,
        people=people,
        counts={kind: counts[kind] for kind in KINDS},
        share_right=sum(right) / people,
        share_points=sum(share) / people,
        discrimination=point_biserial(right, rest),
        mistakes=_by_frequency(named, seen, {n: h for (e, n), h in examples.items() if e == name}),
        nameless=_by_frequency(several, seen, {}, named=False),
        alone=len(nameless) - len(several),
        stopped=_by_frequency(stopped, seen, {}),
    )


def points_of(one: Result, question: QuestionMark) -> tuple[float, float]:
    """Return the points that count and the most there are; the judge's where no other is known.

    Of an exercise that was dropped too: what the class got wrong there stays to be seen.
    """
    cell = one.manual.get(f"{question.exercise_id}_check")
    if cell is None or cell[0] is None or question.exercise_id in one.dropped:
        return question.points, question.max_points
    return cell[0], cell[1]


def _by_frequency(
    groups: Mapping[str, list[str]],
    seen: Mapping[str, QuestionMark],
    declared: Mapping[str, Had],
    *,
    named: bool = True,
) -> tuple[Had, ...]:
    found = []
    for key, ids in groups.items():
        known, question = declared.get(key), seen[key]
        hint, example = question.hint, question.seen
        if known is not None:
            hint, example = known.hint, known.example or example
        found.append(Had(key if named else "", hint, example, tuple(ids)))
    return tuple(sorted(found, key=lambda had: (-len(had.who), had.name)))


def point_biserial(right: Sequence[float], rest: Sequence[float]) -> float:
    """Return Pearson's correlation of 0/1 with a score; nan where it cannot be told.

        r = (mean of the right ones' score - mean of the others') / sd * sqrt(p (1 - p))

    Args:
        right: 1 for a right answer, else 0; one a person.
        rest: Their points in all other exercises.
    """
    if len(right) < LEAST or np.std(right) == 0 or np.std(rest) < 1e-12:
        return math.nan
    return float(np.corrcoef(right, rest)[0, 1])


def _hours_early(judged: Sequence[Result]) -> list[float]:
    found = []
    for one in judged:
        record = one.record
        if record is not None and record.submitted_at and record.due:
            at, due = (datetime.fromisoformat(text) for text in (record.submitted_at, record.due))
            found.append((due - at).total_seconds() / 3600)
    return found
