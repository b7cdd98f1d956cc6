"""Print a figure measured now beside one measured earlier, and say whether they agree."""

import math
from collections.abc import Iterable

from coursekit.intervals import t_interval

Interval = tuple[float, float]  # value, half-width of its 95 % interval (nan: none known)


def of_seeds(values: Iterable[float]) -> Interval:
    return t_interval(values)


def half_width(interval: Interval) -> float:
    return 0.0 if math.isnan(interval[1]) else interval[1]


def shown(interval: Interval) -> str:
    value, half = interval
    return f"{value:.4g}" if math.isnan(half) else f"{value:.4g} ± {half:.2g}"


def compare(
    label: str, here: Interval, before: Interval, *, slack: float = 0.0, note: str = ""
) -> bool:
    """Print one line. They agree if they differ by less than their joint interval plus `slack`.

    `slack` is the rounding of a printed figure, or what a different data set may move.
    """
    joint = math.hypot(half_width(here), half_width(before)) + slack
    agree = abs(here[0] - before[0]) <= joint
    verdict = "agrees" if agree else f"DISAGREES by {here[0] - before[0]:+.3g}"
    print(f"  {label:<52} here {shown(here):<18} before {shown(before):<18} {verdict} {note}")
    return agree
