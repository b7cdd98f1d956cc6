"""Further wrong mean times, written as a learner would, each with its question."""

import math
import statistics

from coursekit.exercises.engine.declare import Mistake


def of(formula):
    """Return an answer made of the escapes, the number still waiting, and the end of the run."""

    def answer(steps, max_steps):
        out = [s for s in steps if s is not None]
        return formula(out, len(steps) - len(out), max_steps) if out else math.nan

    return answer


def end_where_nobody(steps, max_steps):
    out = [s for s in steps if s is not None]
    return (sum(out) + (len(steps) - len(out)) * max_steps) / len(out) if out else max_steps


def by_the_median(out, waiting, end):
    middle = statistics.median(out + [math.inf] * waiting)
    return middle / math.log(2) if math.isfinite(middle) else math.nan


MORE = (
    Mistake(
        "end where nobody escaped",
        "You return the run's length where nobody escaped. Is more known than that it is longer?",
        end_where_nobody,
    ),
    Mistake(
        "waiting one step less",
        "You count one step less than the run had for those still waiting. How long have they "
        "waited?",
        of(lambda out, w, end: (sum(out) + w * (end - 1)) / len(out)),
    ),
    Mistake(
        "the step of the escape not counted",
        "You take one step from each escape. In the step in which it escapes, does a walker try?",
        of(lambda out, w, end: (sum(out) - len(out) + w * end) / len(out)),
    ),
    Mistake(
        "median over ln 2",
        "You go by the median. Which quotient does the text name?",
        of(by_the_median),
    ),
    Mistake(
        "mean of the chances",
        "You average one over each time. Is a mean of quotients the quotient of the sums?",
        of(lambda out, w, end: (len(out) + w) / sum(1 / s for s in out)),
    ),
    Mistake(
        "mean of the chances of those who escaped",
        "You average one over each time, of those who escaped. Is a mean of quotients the quotient "
        "of the sums?",
        of(lambda out, w, end: len(out) / sum(1 / s for s in out)),
    ),
    Mistake(
        "mean of the chances, those waiting at the end",
        "You average one over each time, the run's length for those still waiting. Have they "
        "escaped at its end?",
        of(lambda out, w, end: (len(out) + w) / (sum(1 / s for s in out) + w / end)),
    ),
    Mistake(
        "waiting as long as the slowest",
        "You count those still waiting for as long as the slowest escape. How long have they "
        "walked?",
        of(lambda out, w, end: (sum(out) + w * max(out)) / len(out)),
    ),
    Mistake(
        "divided by those still waiting",
        "You divide by the number of those still waiting. Who has shown the chance to escape?",
        of(lambda out, w, end: (sum(out) + w * end) / w if w else math.nan),
    ),
    Mistake(
        "rounded down",
        "You keep whole steps alone. Need a mean be whole?",
        of(lambda out, w, end: (sum(out) + w * end) // len(out)),
    ),
    Mistake(
        "rounded",
        "You round to whole steps. Need a mean be whole?",
        of(lambda out, w, end: round((sum(out) + w * end) / len(out))),
    ),
)
