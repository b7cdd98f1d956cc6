"""The rules of unit 06: what the runs must show for which verdict."""

import math

from coursekit.claims.decide import (
    above,
    all_of,
    any_of,
    below,
    decide,
    inside,
    log_ratio,
    no,
    ratio_above,
    within,
)
from coursekit.claims.declare import Values

MEASURES = ("lambda", "trace", "keskar", "sam")


CLEAR = 0.2  # a rank correlation beyond which a measure predicts


ALPHAS = (0.1, 1.0, 10.0)


def tag(value: float) -> str:
    """Write a number for the name of a quantity, which holds no dot: 0.1 is 0p1."""
    return f"{value:g}".replace(".", "p")


def by_batch_verdict(values: Values) -> str:
    """G1 by the ratio lambda(B=512) / lambda(B=8): above 1 for one rule, below 1 for the other."""
    fixed, scaled = ratio_above(values["ratio_fixed"]), ratio_above(values["ratio_scaled"])
    return decide(
        depends=any_of(all_of(fixed, no(scaled)), all_of(no(fixed), scaled)),
        holds=all_of(fixed, scaled),
        fails=all_of(no(fixed), no(scaled)),
    )


def predictors_verdict(values: Values) -> str:
    """G2 by how many of the four correlations over arms lie below -0.2 with their intervals."""
    predicts = [below(values[f"across_{name}"], -CLEAR) for name in MEASURES]
    misses = [no(part) for part in predicts]
    return decide(
        holds=all_of(*predicts),
        fails=all_of(*misses),
        depends=all_of(any_of(*predicts), any_of(*misses)),
    )


def rescaled_verdict(values: Values) -> str:
    """G3 fails if lambda_max moves tenfold while no logit moves by 1e-4 of the largest."""
    still = all_of(*(within(values[f"logit_change_{tag(alpha)}"], 1e-4) for alpha in ALPHAS))
    moved = all_of(
        *(
            above(log_ratio(values[f"lambda_{tag(alpha)}"], values["lambda_1"]), math.log(10))
            for alpha in (0.1, 10.0)
        )
    )
    return decide(fails=all_of(still, moved), holds=all_of(still, no(moved)))


def edge_verdict(values: Values) -> str:
    """W1 holds if full batches hover at 0.95 to 1.1 at lr 0.2 and 0.4, with their intervals."""
    hover = all_of(*(inside(values[f"full_{tag(lr)}"], 0.95, 1.1) for lr in (0.2, 0.4)))
    return decide(holds=hover, fails=no(hover))


def subsample_verdict(values: Values) -> str:
    """W2 fails if one batch of 16 shows over 1.25 times the sharpness of the whole set."""
    return decide(
        fails=above(values["inflation_16"], 1.25), holds=inside(values["inflation_16"], 0.8, 1.25)
    )
