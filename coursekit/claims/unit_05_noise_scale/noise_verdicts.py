"""The rules of C3, C4 and B1: what the points of a run must show for which verdict."""

import numpy as np

from coursekit.claims.decide import (
    above,
    all_of,
    any_of,
    decide,
    inside,
    no,
    ratio_above,
    ratio_below,
)
from coursekit.claims.declare import Values


def growth_verdict(values: Values) -> str:
    """C3 holds if growth exceeds 2 within its interval; fails if it is below 1."""
    return decide(holds=ratio_above(values["growth"], 2), fails=ratio_below(values["growth"], 1))


def weighted_verdict(values: Values) -> str:
    """C4: see the claim's rule."""
    sound = inside(values["ratio_round"], 0.9, 1.1)
    same = [inside(v, 0.8, 1.25) for n, v in values.items() if n != "ratio_round"]
    return decide(
        holds=all_of(sound, *same), depends=all_of(sound, any_of(*(no(part) for part in same)))
    )


def estimators_verdict(values: Values) -> str:
    """B1: see the claim's rule."""
    good = inside(values["of_means_all"], 0.9, 1.1)
    off = np.abs(np.asarray(values["of_ratios_all"]) - 1) > 0.25
    return decide(fails=all_of(good, above(off, 0.5)), holds=all_of(good, no(above(off, 0.5))))
