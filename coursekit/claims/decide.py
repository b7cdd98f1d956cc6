"""Rules that can say "can't tell": intervals against thresholds, parts joined, verdicts.

A part of a rule is True, False or None: yes, no, or open, where the 95 % interval holds the
threshold. The interval runs over seeds, and over test examples where the column knows them
(`coursekit.intervals.Crossed`). Parts are joined as in Kleene's logic, and a verdict is firm only
where its own condition is True and nothing else could still come true:

    decide(holds=above(gain, 10), fails=below(gain, 10))

Values that are not finite, and a single measured value, leave a part open: they have no interval.
"""

import math
from collections.abc import Sequence

import numpy as np

from coursekit.intervals import Crossed, like, t_interval

Part = bool | None  # yes, no, open
Column = Sequence[float] | np.ndarray  # one value a seed


def above(column: Column, level: float = 0.0) -> Part:
    """Tell whether the mean lies above a level: True or False with its whole 95 % interval."""
    mean, half = t_interval(column)
    if not math.isfinite(mean) or not math.isfinite(half):
        return None
    if half == 0 and mean == level:
        return False
    return True if mean - half > level else False if mean + half < level else None


def below(column: Column, level: float = 0.0) -> Part:
    """Tell whether the mean lies below a level: True or False with its whole 95 % interval."""
    return above(like(column, -np.asarray(column, dtype=float)), -level)


def inside(column: Column, low: float, high: float) -> Part:
    """Tell whether the mean lies between two levels: an equivalence, shown and not assumed."""
    return all_of(above(column, low), below(column, high))


def ratio_above(column: Column, level: float = 1.0) -> Part:
    """Tell whether the geometric mean of ratios lies above a level."""
    return above(_logs(column), math.log(level))


def ratio_below(column: Column, level: float = 1.0) -> Part:
    """Tell whether the geometric mean of ratios lies below a level."""
    return below(_logs(column), math.log(level))


def ratio_inside(column: Column, low: float, high: float) -> Part:
    """Tell whether the geometric mean of ratios lies between two levels."""
    return all_of(ratio_above(column, low), ratio_below(column, high))


def within(column: Column, tolerance: float) -> Part:
    """Tell whether every value is zero up to a tolerance of arithmetic; open where seeds differ."""
    sizes = np.abs(np.asarray(column, dtype=float))
    if not np.isfinite(sizes).all():
        return None
    return True if (sizes <= tolerance).all() else False if (sizes > tolerance).all() else None


def paired(column: Column, other: Column, share: float = 1.0) -> Column:
    """Return column - share * other, seed by seed, so that a threshold that was measured counts.

    The error over test examples goes with it; other examples err independently.

    Raises:
        ValueError: If the two have not one value for each of the same seeds.
    """
    one, two = np.asarray(column, dtype=float), np.asarray(other, dtype=float)
    if one.shape != two.shape:
        raise ValueError(f"paired seeds: {len(one)} values against {len(two)}")
    difference = one - share * two
    if not isinstance(column, Crossed) and not isinstance(other, Crossed):
        return difference
    vectors = [c.shared if isinstance(c, Crossed) else np.zeros(1) for c in (column, other)]
    width = max(len(v) for v in vectors)
    mine, theirs = (np.pad(v, (0, width - len(v))) for v in vectors)
    return Crossed(difference, mine - share * theirs)


def log_ratio(column: Column, other: Column) -> Column:
    """Return log(column / other), seed by seed."""
    return paired(_logs(column), _logs(other))


def all_of(*parts: Part) -> Part:
    """Join parts by "and": no where one is no; else open where one is open."""
    return False if False in parts else None if None in parts else True


def any_of(*parts: Part) -> Part:
    """Join parts by "or": yes where one is yes; else open where one is open."""
    return True if True in parts else None if None in parts else False


def no(part: Part) -> Part:
    """Turn a part round; what is open stays open."""
    return None if part is None else not part


def decide(**conditions: Part) -> str:
    """Return the verdict whose condition is True, if every other is False; else "unresolved".

    Conditions are named for their verdicts, "not_reproduced" for "not reproduced". What none of
    them describes is unresolved as well: no verdict is the rest of everything.
    """
    true = [name for name, part in conditions.items() if part]
    if len(true) != 1 or None in conditions.values():
        return "unresolved"
    return true[0].replace("_", " ")


def _logs(column: Column) -> Column:
    """Return natural logarithms; nan, which leaves a part open, for what has none."""
    values = np.asarray(column, dtype=float)
    logs = np.log(np.where(values > 0, values, math.nan))
    return Crossed(logs, column.shared / values.mean()) if isinstance(column, Crossed) else logs
