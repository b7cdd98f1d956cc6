"""Where a verdict would turn: the value of one quantity at which the rule says something else."""

from collections.abc import Callable

import numpy as np

from coursekit.claims.declare import Claim, Values
from coursekit.intervals import like

REACH = 4.0  # how far is searched, in ranges of the values (or quarters of the mean)
NUM_LOOKS, NUM_HALVINGS = 24, 14


def turning_points(claim: Claim, values: Values, name: str) -> list[float]:
    """Find the means of one quantity, below and above the measured one, where the verdict turns.

    All seeds of the quantity are moved by the same amount, everything else stays: so a threshold
    on an interval appears half an interval away from the threshold itself.

    Args:
        claim: Its rule is asked.
        values: Per-seed values.
        name: The quantity to move.

    Returns:
        The nearest turn on each side, rising; a side without one in reach is left out. Steps of
        the search grow, so a verdict that turns and turns back close by can be missed.
    """
    column = np.asarray(values[name], dtype=float)
    verdict = claim.verdict(values)
    reach = REACH * max(float(np.ptp(column)), 0.25 * abs(float(column.mean())), 1e-9)

    def turns(shift: float) -> bool:
        try:
            with np.errstate(all="raise", under="ignore"):
                return (
                    claim.verdict({**values, name: like(values[name], column + shift)}) != verdict
                )
        except (ValueError, ArithmeticError):  # values that cannot be, such as a batch size below 0
            return False

    found = []
    for sign in (-1.0, 1.0):
        shift = first_turn(lambda size, sign=sign: turns(sign * size), reach)  # type: ignore[misc]
        if shift is not None:
            found.append(float(column.mean()) + sign * shift)
    return found


def first_turn(
    turns: Callable[[float], bool], reach: float, *, num_halvings: int = NUM_HALVINGS
) -> float | None:
    """Return about the smallest size in (0, reach] at which ``turns`` says yes, or None."""
    low = 0.0
    for high in np.geomspace(1e-3 * reach, reach, NUM_LOOKS):
        if turns(high):
            for _ in range(num_halvings):
                middle = (low + high) / 2
                low, high = (low, middle) if turns(middle) else (middle, high)
            return float(high)
        low = high
    return None
