"""The report on a class as one page and as a table; nothing in it runs or is loaded."""

import csv
import io
import math
from collections.abc import Sequence

from markupsafe import Markup

from coursekit.classroom.reporting.figures import KINDS, ClassFigures, ExerciseFigures, Had
from coursekit.classroom.reporting.page_template import PAGE
from coursekit.classroom.reporting.similar import Pair
from coursekit.classroom.returning.export import harmless
from coursekit.classroom.returning.page_style import rendered

MOST_FIRST = 3  # misconceptions at the top
WIDTH, HEIGHT, LEFT, BELOW = 416, 250, 44, 40  # of the plot, in pixels
AROUND = ((9, 0), (-18, 0), (-4, -11), (-4, 12), (9, -11), (-16, 12))  # of a dot: for its label
LITTLE = 0.2  # a correlation below which an exercise hardly tells people apart


def report_page(
    figures: ClassFigures, *, names: bool, pairs: Sequence[Pair] | None = None, when: str = ""
) -> str:
    """Return the report as HTML.

    Args:
        figures: Of the class.
        names: Say who.
        pairs: Answers that are alike; None to say nothing of them.
        when: A sentence on when it was made.
    """
    shared = [(one, had) for one, had in figures.most_frequent if len(had.who) > 1]
    return rendered(
        PAGE,
        **{"class": figures},
        kinds=KINDS,
        names=names,
        top=shared[:MOST_FIRST],
        plot=Markup(_plot(figures.exercises)),  # numbers alone
        remarks=_remarks(figures.exercises),
        told=any(not math.isnan(one.discrimination) for one in figures.exercises),
        error=f"{1 / math.sqrt(figures.handed_in - 1):.2f}" if figures.handed_in > 2 else "",
        time=_time(figures),
        pairs=pairs,
        when=when,
        beyond=beyond_the_name,
    )


def beyond_the_name(had: Had) -> str:
    """Return a misconception's question without what its name has said already."""
    return had.hint.removeprefix(had.name).lstrip(". ") if had.name else had.hint


def _plot(exercises: Sequence[ExerciseFigures]) -> str:
    """Return the scatter of share right and discrimination, a number for each exercise."""
    told = [(i, one) for i, one in enumerate(exercises, 1) if not math.isnan(one.discrimination)]
    low = min([0.0, *(one.discrimination for _, one in told)])
    low = math.floor(low * 5) / 5

    def x(share: float) -> float:
        return LEFT + share * (WIDTH - LEFT - 16)

    def y(value: float) -> float:
        return 12 + (1 - value) / (1 - low) * (HEIGHT - BELOW - 12)

    listed = "; ".join(
        f"{i}: {one.share_right:.0%} right, {one.discrimination:.2f}" for i, one in told
    )
    parts = [
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="Exercises by share right and '
        f'discrimination. {listed or "None can be told."}">',
        f'<line class="axis" x1="{LEFT}" y1="{y(low):.1f}" x2="{WIDTH - 16}" y2="{y(low):.1f}"/>',
        f'<line class="axis" x1="{LEFT}" y1="12" x2="{LEFT}" y2="{y(low):.1f}"/>',
        f'<line class="zero" x1="{LEFT}" y1="{y(0):.1f}" x2="{WIDTH - 16}" y2="{y(0):.1f}"/>',
    ]
    for share in (0.0, 0.5, 1.0):
        parts.append(
            f'<text x="{x(share):.1f}" y="{y(low) + 16:.1f}" text-anchor="middle">{share:.0%}'
            "</text>"
        )
    for value in sorted({0.0, 0.5, 1.0, low}):
        parts.append(
            f'<text x="{LEFT - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{value:g}</text>'
        )
    parts.append(
        f'<text x="{x(0.5):.1f}" y="{HEIGHT - 6}" text-anchor="middle">had it right</text>'
    )
    placed = [(x(one.share_right) - 4, y(one.discrimination) + 4) for _, one in told]
    for i, one in told:
        left, top = x(one.share_right), y(one.discrimination)
        spots = [(left + right, top + 4 + down) for right, down in AROUND]
        spot = max(spots, key=lambda at: min([20.0, *(math.dist(at, one) for one in placed)]))
        placed += [spot, (left - 4, top + 4)]
        parts.append(f'<circle class="dot" cx="{left:.1f}" cy="{top:.1f}" r="5"/>')
        parts.append(f'<text x="{spot[0]:.1f}" y="{spot[1]:.1f}">{i}</text>')
    return "".join([*parts, "</svg>"])


def _remarks(exercises: Sequence[ExerciseFigures]) -> list[str]:
    """Return what in the plot asks for a second look, in words."""
    told = [(i, one) for i, one in enumerate(exercises, 1) if not math.isnan(one.discrimination)]
    if not told:
        return ["Too few people, or all alike: nothing can be told."]
    said = []
    hard, hardest = min(told, key=lambda pair: pair[1].share_right)
    said.append(f"Hardest: {hard}, {hardest.share_right:.0%} right.")
    for i, one in told:
        if one.discrimination < 0:
            said.append(
                f"{i} was right more often among those who did worse in the rest: is its wording "
                "misread?"
            )
        elif one.discrimination < LITTLE:
            said.append(f"{i} hardly tells people apart.")
    return said


def _time(figures: ClassFigures) -> str:
    """Return what is known of time: when it was handed in; no notebook says how long it took."""
    hours = figures.hours_early
    if not hours:
        return ""
    middle, last = hours[len(hours) // 2], sum(0 <= one < 6 for one in hours)
    late = sum(one < 0 for one in hours)
    said = f"half of them handed in {abs(middle):.0f} hours or more before it was due"
    if middle < 0:
        said = "more than half of them handed in late"
    return (
        f"Of {len(hours)} it is known when they handed in: {said}, {last} in the last six hours, "
        f"{late} late. How long they worked is not in a notebook."
    )


def report_table(figures: ClassFigures, *, names: bool) -> str:
    """Return the report as CSV, a row for each exercise, misconception and status."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    head = ["unit", "exercise", "what", "name", "people", "of", "share", "points", "discrimination"]
    writer.writerow([*head, "hint", "got", "right", *(["who"] if names else [])])

    def row(exercise: str, what: str, name: str, people: int, of: int, *more: object) -> None:
        share = round(people / of, 4) if of else ""
        rest = [*more, *[""] * (5 - len(more))]
        values = [figures.unit, exercise, what, name, people, of, share, *rest]
        writer.writerow([harmless(value) for value in values])

    for one in figures.exercises:
        name, of = one.task.id, one.people
        told = "" if math.isnan(one.discrimination) else round(one.discrimination, 4)
        full = one.counts["right"]
        row(name, "right", one.task.title, full, of, round(one.share_points, 4), told)
        for kind, count in one.counts.items():
            if kind != "right" and count:
                row(name, kind, "", count, of)
        groups = (
            ("misconception", one.mistakes),
            ("same wrong result", one.nameless),
            ("stopped", one.stopped),
        )
        for what, found in groups:
            for had in found:
                got, right = (had.example.got, had.example.right) if had.example else ("", "")
                who = ["; ".join(had.who)] if names else []
                row(name, what, had.name, len(had.who), of, "", "", had.hint, got, right, *who)
    for status, ids in figures.statuses.items():
        who = [*[""] * 5, "; ".join(ids)] if names else []
        row("", "status", status, len(ids), figures.students, *who)
    return out.getvalue()
