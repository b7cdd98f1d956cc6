"""The rules of unit 02: what the runs must show for which verdict."""

import math

import numpy as np

from coursekit.claims.decide import (
    Part,
    above,
    all_of,
    any_of,
    below,
    decide,
    inside,
    log_ratio,
    no,
    paired,
)
from coursekit.claims.declare import Values
from coursekit.claims.tuning import resampled
from coursekit.train.scaling import RULES

KEPT, LOST = 0.10, 0.25  # a rule keeps the loss within the first, loses it beyond the second


def keeps(values: Values, base: str, other: str) -> Part:
    """Tell whether a rule keeps the training loss within KEPT, by paired seeds."""
    return inside(log_ratio(values[other], values[base]), -KEPT, KEPT)


def loses(values: Values, base: str, other: str) -> Part:
    """Tell whether a rule misses the training loss by more than LOST, by paired seeds."""
    return no(inside(log_ratio(values[other], values[base]), -LOST, LOST))


def linear_verdict(values: Values) -> str:
    """L1: see its rule."""
    near = all_of(*(keeps(values, "sgd_base", f"sgd_linear_{b}") for b in (64, 256)))
    far = keeps(values, "sgd_base", "sgd_linear_1024")
    others = all_of(*(loses(values, "sgd_base", f"sgd_{r}_256") for r in ("sqrt", "none")))
    return decide(
        depends=all_of(near, others, no(far)),
        holds=all_of(near, others, far),
        fails=no(all_of(near, others)),
    )


def root_verdict(values: Values) -> str:
    """L2: see its rule."""
    linear = all_of(
        keeps(values, "sgd_base", "sgd_linear_256"), loses(values, "sgd_base", "sgd_sqrt_256")
    )
    beyond = above(values["beyond_gain_1024"])
    return decide(
        depends=all_of(linear, beyond),
        fails=all_of(linear, no(beyond)),
        holds=all_of(no(linear), beyond),
    )


def adamw_verdict(values: Values) -> str:
    """L3: see its rule."""
    if values["at_edge_16"][0] or values["at_edge_256"][0]:
        return "unresolved"
    exponent = exponents_of_best(values)
    return decide(fails=below(exponent, 0.75), holds=above(exponent, 0.75))


def exponents_of_best(values: Values) -> np.ndarray:
    """Return the exponent of B with which the best lr grows from B=16 to 256, a value a seed.

    The best lr at each B is the vertex of the parabola through the mean accuracies at the octave
    that is best and the two beside it, chosen anew in every resample of the seeds.
    """
    small, large = (
        np.array([values[n] for n in sorted(values) if n.startswith(f"accuracy_{b}_")]).T
        for b in (16, 256)
    )

    def exponent(curves: np.ndarray) -> np.ndarray:
        one, two = np.split(curves, 2, axis=1)
        return (vertex(two) - vertex(one)) / math.log2(256 / 16)

    return resampled(np.concatenate([small, large], axis=1), exponent)


def vertex(curves: np.ndarray) -> np.ndarray:
    """Return where curves (..., grid) are largest, in steps of the grid, by parabolas.

    nan where the top is at the end of the grid: there the best lies outside.
    """
    top = curves.argmax(axis=-1)
    inner = top.clip(1, curves.shape[-1] - 2)  # of a top at the end nothing is used
    left, middle, right = (
        np.take_along_axis(curves, np.expand_dims(inner + k, -1), axis=-1)[..., 0]
        for k in (-1, 0, 1)
    )
    bend = np.where(top == inner, left - 2 * middle + right, math.nan)
    return np.asarray(inner + 0.5 * (left - right) / bend)


def peak(curves: np.ndarray, *, at_edge: float | None = None) -> np.ndarray:
    """Return `vertex`, and where the top is at an end of the grid that end, or `at_edge`."""
    found = vertex(curves)
    return np.where(np.isnan(found), curves.argmax(axis=-1) if at_edge is None else at_edge, found)


def trap_verdict(values: Values) -> str:
    """L4: see its rule."""
    linear, adams_root = nearest(values, "sgd", "linear"), nearest(values, "adam", "sqrt")
    return decide(
        depends=all_of(linear, adams_root),
        holds=all_of(linear, nearest(values, "adam", "linear")),
        fails=all_of(nearest(values, "sgd", "sqrt"), adams_root),
    )


def nearest(values: Values, optimizer: str, rule: str) -> Part:
    """Tell whether a rule at B=256 stays nearer to the loss of B=16 than each of the others."""
    off = {
        r: np.abs(log_ratio(values[f"{optimizer}_{r}_256"], values[f"{optimizer}_base"]))
        for r in RULES
    }
    return all_of(*(below(paired(off[rule], off[r])) for r in RULES if r != rule))


def full_batch_verdict(values: Values) -> str:
    """L5: see its rule."""
    return decide(fails=above(values["ratio"], 1.0), holds=below(values["ratio"], 1.0))


def one_example_verdict(values: Values) -> str:
    """L6: see its rule."""
    ratio = values["ratio_16_over_1"]
    return decide(fails=above(ratio, 1.0), holds=below(ratio, 1.0))


def window_verdict(values: Values) -> str:
    """L13: see its rule."""
    narrows = below(values["digits_change_32_to_512"], -0.5)
    elsewhere = above(values["change_16_to_1024"], 0.5)
    return decide(
        holds=all_of(narrows, no(elsewhere)), depends=all_of(narrows, elsewhere), fails=no(narrows)
    )


def default_verdict(values: Values) -> str:
    """C10: see its rule."""
    near = below(values["regret_tuned_32"], 2.0)
    habits = [above(values[f"regret_habit_{h}"], 2.0) for h in ("0_01", "0_1")]
    return decide(
        depends=all_of(near, any_of(*habits)),
        holds=all_of(near, no(any_of(*habits))),
        fails=no(near),
    )


def frontier_verdict(values: Values) -> str:
    """F1: see its rule."""
    bends = all_of(above(values["slope_small"], 0.5), below(values["slope_large"], 0.5))
    near = below(values["misfit_octaves"], 0.25)
    return decide(holds=all_of(bends, near), fails=no(all_of(bends, near)))


def convnet_verdict(values: Values) -> str:
    """F2: see its rule."""
    kept = all_of(*(keeps(values, "base", f"linear_{b}") for b in (64, 256)))
    others = all_of(*(loses(values, "base", f"{rule}_256") for rule in ("sqrt", "none")))
    return decide(holds=all_of(kept, others), fails=no(all_of(kept, others)))


def step_noise_verdict(values: Values) -> str:
    """P9: see its rule."""
    return "fails" if not np.isclose(values["step_variance_inverse"][0], 1.0) else "holds"
