"""A written exam from the bank's numeric tasks: numbers drawn afresh, the key on a second page."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from coursekit.classroom.teaching.page import page, text
from coursekit.interview.bank import all_questions
from coursekit.interview.declare import LEVELS, Question
from coursekit.interview.numeric import filled, write_number
from coursekit.interview.tasks.by_name import TASKS

MARKS = dict(zip(LEVELS, (2, 3, 4), strict=True))
SLOWER = 1.5  # on paper, against an interview's minutes
NAMED_SLIP = 0.5  # of the marks, for a number that a named slip gives: the way was nearly right


@dataclass(frozen=True)
class Drawn:
    """One task of an exam with its numbers."""

    question: Question
    prompt: str
    value: float
    unit: str
    working: str
    slips: tuple[tuple[str, float], ...]  # name and the number that it gives
    marks: int


@dataclass(frozen=True)
class Exam:
    """Tasks in order of their units, and what they add up to."""

    tasks: tuple[Drawn, ...]
    seed: int
    minutes: int

    @property
    def marks(self) -> int:
        """All marks together."""
        return sum(task.marks for task in self.tasks)


def draw_exam(seed: int, *, minutes: int = 60, units: Sequence[str] = ()) -> Exam:
    """Draw tasks until the time is used, one of a family, units in turn.

    Args:
        seed: Chooses tasks and numbers; the same seed gives the same exam.
        minutes: What a good student needs; half as much again as in an interview is allowed.
        units: Names of units to draw from; () is all.

    Raises:
        ValueError: If no task of these units fits into the time.
    """
    rng = random.Random(seed)
    pool = [q for q in all_questions().values() if q.numeric and (not units or q.units[0] in units)]
    rng.shuffle(pool)
    taken: list[Question] = []
    left = minutes / SLOWER
    while pool:
        met = {unit: sum(q.units[0] == unit for q in taken) for unit in {q.units[0] for q in pool}}
        chosen = min(pool, key=lambda q: met[q.units[0]])
        pool.remove(chosen)
        if chosen.minutes <= left:
            left -= chosen.minutes
            taken.append(chosen)
            pool = [q for q in pool if not q.family or q.family != chosen.family]
    if not taken:
        raise ValueError(f"no numeric task of {', '.join(units) or 'the bank'} fits {minutes} min")
    taken.sort(key=lambda q: (q.units[0], LEVELS.index(q.level)))
    return Exam(tuple(_drawn(q, rng) for q in taken), seed, minutes)


def _drawn(question: Question, rng: random.Random) -> Drawn:
    """Draw one task's numbers."""
    task = TASKS[question.numeric]
    params = task.draw(rng)
    return Drawn(
        question,
        filled(question.prompt, params),
        task.value(params),
        task.unit,
        filled(task.working, params),
        tuple((slip.name, slip.value(params)) for slip in task.slips),
        MARKS[question.level],
    )


def exam_page(exam: Exam, title: str) -> str:
    """Return the students' page: tasks with marks and room to write."""
    parts = [f"<main><h1>{text(title)}</h1>", '<p>Name: <span class="soft">'
             "________________________________</span></p>",
             f'<p class="soft">{exam.minutes} minutes, {exam.marks} marks, a calculator. Show how '
             "you get there; a number within 2 % is right.</p>"]  # fmt: skip
    for i, task in enumerate(exam.tasks, 1):
        unit = f" Give it in {task.unit}." if task.unit else ""
        parts.append(
            f"<section><h2>{i}. ({task.marks} marks)</h2><p>{text(task.prompt + unit)}</p>"
            + '<div class="write"></div>' * 4
            + "</section>"
        )
    return page(title, "\n".join([*parts, "</main>"]))


def key_page(exam: Exam, title: str) -> str:
    """Return the markers' page: value, working, and what each named slip gives."""
    parts = [f"<main><h1>{text(title)}: key</h1>",
             f'<p class="soft">Seed {exam.seed}. Full marks within 2 %; '
             f"{NAMED_SLIP:.0%} of them for a number that a named slip gives, since the way was "
             "nearly right; decide yourself where the working shows more.</p>"]  # fmt: skip
    for i, task in enumerate(exam.tasks, 1):
        rows = "".join(
            f"<tr><td>{text(write_number(value, task.unit))}</td><td>{text(name)}</td></tr>"
            for name, value in task.slips
        )
        parts.append(
            f"<section><h2>{i}. {text(write_number(task.value, task.unit))} "
            f"({task.marks} marks)</h2><p>{text(task.prompt)}</p><p>{text(task.working)}</p>"
            f"<table><tr><th>number</th><th>slip</th></tr>{rows}</table>"
            f'<p class="soft">{text(task.question.id)}, {text(task.question.units[0])}</p>'
            "</section>"
        )
    return page(f"{title}: key", "\n".join([*parts, "</main>"]))
