"""Say how late a submission is and what that costs, and say so where nobody can know.

Lateness comes from two places: the time of handing in (timestamp.txt, which nbgrader's `collect`
and Gradescope's export give) against due.csv, and Canvas's word LATE in the name of a file. LATE
says that it came after Canvas's own date, not by how much. What cannot be known is never taken for
"in time": a penalty that depends on it waits for a person.
"""

import math
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from traitlets.config import Config

from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.handing_in.submissions import STAMP, Handed
from coursekit.classroom.marking.manifest import Record

LONGEST = 10 * 365 * 86400.0  # seconds; where nobody knows how late it is


@dataclass(frozen=True)
class Lateness:
    """By how many seconds a submission is late.

    Attributes:
        by: Seconds; 0 in time, None if it is late by nobody knows what.
        at_most: An upper bound where `by` is None.
        doubt: Why nobody can say whether it is late at all; "" if somebody can.
        due: When this student has to hand in; None if no date is given.
        clock: Where it was read: "time", "LMS", or "" if nothing says when it was handed in.
    """

    by: float | None = 0.0
    at_most: float | None = None
    doubt: str = ""
    due: datetime | None = None
    clock: str = ""


def lateness(handed: Handed, due: DueDates, now: datetime | None = None) -> Lateness:
    """Return how late a submission is, for the student's own due date.

    Args:
        handed: What was handed in, and what is known of when.
        due: Due dates with extensions.
        now: The present, for tests.
    """
    now = now or datetime.now(UTC)
    own, everyone = due.of(handed.unit, handed.student), due.everyone(handed.unit)
    if handed.fault == "missing" or handed.doubt:
        return Lateness(doubt=handed.doubt, due=own)
    if handed.time_fault:
        if own is None or now <= own:  # nothing depends on it, or it was before now all the same
            return Lateness(due=own)
        doubt = f"its time cannot be read: {handed.time_fault}"
        return Lateness(None, (now - own).total_seconds(), doubt, own)
    if own is not None and handed.submitted_at is not None:
        by = max(0.0, (handed.submitted_at - own).total_seconds())
        return Lateness(by, due=own, clock="time")
    clock = "LMS" if handed.marks_late else ""
    if not handed.marked_late:
        return Lateness(due=own, clock=clock)
    latest = min(handed.not_after or now, now)
    bound = (latest - own).total_seconds() if own is not None and latest > own else None
    if own is None or (everyone is not None and own <= everyone):
        return Lateness(by=None, at_most=bound, due=own, clock=clock)
    if latest <= own:  # whenever it came, the LMS had it before the extension ended
        return Lateness(due=own, clock=clock)
    doubt = (
        f"late by the LMS's own mark, with an extension until {in_words(own)}: write when it came "
        f"into {STAMP}"
    )
    return Lateness(by=None, at_most=bound, doubt=doubt, due=own, clock=clock)


def labelled(record: Record, late: Lateness, now: datetime) -> Record:
    """Return a record with what its lateness adds to the judge's status and reason."""
    status, reason = record.judged, record.said
    if status == "missing" and not record.handed_in and late.due is not None and now <= late.due:
        reason = f"{reason}; it is due {in_words(late.due)}"
    if late.doubt:
        status = "unsettled" if status == "ok" else status
        reason = reason if late.doubt == reason else f"{late.doubt}; {reason}"
    elif late.by is None:
        status = "late" if status == "ok" else status
        reason = f"late, by the LMS's own mark; {reason}"
    elif late.by > 0:
        status = "late" if status == "ok" else status
        reason = f"{span(late.by)} late; {reason}"
    return replace(
        record,
        status=status,
        reason=" ".join(reason.split())[:300],
        late_by=late.by,
        late_at_most=late.at_most,
        doubt=late.doubt,
        due=late.due.isoformat() if late.due else "",
        clock=late.clock,
    )


def penalty(config: Config, record: Record, score: float) -> float | None:
    """Return what being late costs by the course's own plugin; None where nobody can say.

    Where the length of the delay is not known, the plugin is asked for the shortest and the longest
    that are possible: if it answers the same, that is the penalty.

    Args:
        config: nbgrader's settings of the course, as nbgrader's autograde uses them.
        record: Says how late it is.
        score: Before the penalty.

    Raises:
        ValueError: If the plugin fails, or answers no number.
    """
    if record.late_by == 0.0 and not record.doubt:
        return 0.0
    if record.late_by is not None and not record.doubt:
        return _asked(config, record.student, score, record.late_by)
    longest = record.late_at_most or LONGEST
    shortest = 0.0 if record.doubt else min(1.0, longest)
    costs = {
        _asked(config, record.student, score, seconds) if seconds else 0.0
        for seconds in (shortest, longest)
    }
    return costs.pop() if len(costs) == 1 else None


def _asked(config: Config, student: str, score: float, seconds: float) -> float:
    # here, since it loads a server, and every process that grades imports this module
    from nbgrader.preprocessors import AssignLatePenalties

    assign = AssignLatePenalties(config=config)
    assign.init_plugin()
    try:
        cost = assign.plugin_inst.late_submission_penalty(student, score, seconds)
        cost = 0.0 if cost is None else float(cost)
    except Exception as error:
        raise ValueError(
            f"the course's plugin for late penalties failed for {student}, {seconds:.0f} s late: "
            f"{type(error).__name__}: {error}"
        ) from error
    if not math.isfinite(cost):
        raise ValueError(f"the course's plugin for late penalties answered {cost} for {student}")
    return min(max(cost, 0.0), score)


def in_words(moment: datetime) -> str:
    """Return a moment as "2027-03-05 18:00 UTC"."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def span(seconds: float) -> str:
    """Return a length of time in words: "3 min", "2 h 05", "4 days"."""
    minutes = max(1, round(seconds / 60))
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60:02d}"
    return f"{minutes // (24 * 60)} days"
