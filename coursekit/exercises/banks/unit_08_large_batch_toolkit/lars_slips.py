"""A step of LARS, and wrong steps."""

import torch

from coursekit.exercises.banks.unit_08_large_batch_toolkit.lars_moves import (
    decoupled,
    lars_step,
    moved,
    outside,
    rate_twice,
    ratio_last,
    raw_when_empty,
    right_ratio,
    row_ratio,
    small_as_zero,
    sum_ratio,
    weight_of_zeros_stays,
    with_ratio,
    zero_gradient_too,
)
from coursekit.exercises.engine.declare import Mistake

MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "vectors too",
        "You scale vectors as well. A bias begins at zero: how far could it then ever move?",
        with_ratio(right_ratio, vectors=True),
    ),
    Mistake(
        "ratio upside down",
        "Your ratio has the gradient on top. Should a matrix with a small gradient take a "
        "smaller step?",
        with_ratio(lambda w, g, d: (g.norm() + d * w.norm()) / w.norm()),
    ),
    Mistake(
        "decay left out of the ratio",
        "Your ratio leaves the weight decay out below the line. What is the length of what "
        "is added to the velocity?",
        with_ratio(lambda w, g, d: w.norm() / g.norm()),
    ),
    Mistake(
        "length of the sum below the line",
        "Below the line you measure gradient and decay together. What does the formula add: "
        "two vectors, or two lengths?",
        with_ratio(lambda w, g, d: w.norm() / (g + d * w).norm()),
    ),
    Mistake(
        "a norm for each row",
        "Your ratio differs from row to row. Over what does LARS take a norm?",
        with_ratio(lambda w, g, d: w.norm() / (g.norm(dim=1, keepdim=True) + d * w.norm() + 1e-12)),
    ),
    Mistake(
        "largest stretch",
        "You take the largest singular value. Which length of a matrix does the text mean?",
        with_ratio(
            lambda w, g, d: (
                torch.linalg.matrix_norm(w, 2)
                / (torch.linalg.matrix_norm(g, 2) + d * torch.linalg.matrix_norm(w, 2))
            )
        ),
    ),
    Mistake(
        "squared lengths",
        "You divide squared lengths. What is the unit of a ratio of lengths?",
        with_ratio(lambda w, g, d: w.norm() ** 2 / (g.norm() ** 2 + d * w.norm() ** 2)),
    ),
    Mistake(
        "no ratio",
        "This is SGD with momentum. Where does the length of the weights enter?",
        with_ratio(lambda w, g, d: 1.0),
    ),
    Mistake(
        "no decay in the step",
        "You leave the weight decay out of what is added to the velocity. What does the "
        "formula add?",
        moved(lambda w, g, v, r, m, d: (w - (m * v + r * g), m * v + r * g)),
    ),
    Mistake(
        "rate outside the velocity",
        "You multiply by the rate when the weights move. In the formula, where does the rate "
        "stand?",
        outside,
    ),
    Mistake(
        "momentum forgotten",
        "The old velocity leaves no trace. What does the formula keep of it?",
        moved(lambda w, g, v, r, m, d: (w - r * (g + d * w), r * (g + d * w))),
    ),
    Mistake(
        "averaged velocity",
        "You weigh the new step by one minus the momentum. Does the formula average or add?",
        moved(
            lambda w, g, v, r, m, d: (
                w - (m * v + (1 - m) * r * (g + d * w)),
                m * v + (1 - m) * r * (g + d * w),
            )
        ),
    ),
    Mistake(
        "uphill",
        "Your weights move along the velocity. Which way does the loss fall?",
        moved(
            lambda w, g, v, r, m, d: (
                w + (m * v + r * (g + d * w)),
                m * v + r * (g + d * w),
            )
        ),
    ),
    Mistake(
        "the old velocity moves the weights",
        "You move the weights before the velocity is new. In which order does the formula go?",
        moved(lambda w, g, v, r, m, d: (w - v, m * v + r * (g + d * w))),
    ),
    Mistake(
        "decay counted twice below the line",
        "You add the decay to the gradient and then once more below the line. How often does "
        "the formula count it?",
        with_ratio(lambda w, g, d: w.norm() / ((g + d * w).norm() + d * w.norm())),
    ),
    Mistake(
        "a gradient of zeros scaled",
        "Your gradient of zeros gets a ratio. Which one does the docstring want there?",
        zero_gradient_too,
    ),
    Mistake(
        "a matrix of zeros stays",
        "Your matrix of zeros takes no step of its own. Which ratio does the docstring want there?",
        raw_when_empty,
    ),
    Mistake(
        "no decay at all",
        "The weight decay changes nothing in your answer. In how many places does the formula "
        "hold it?",
        lambda w, g, v, lr, m, d: list(lars_step(w, g, v, lr, m, 0.0)),
    ),
    Mistake(
        "decay beside the ratio",
        "You scale the gradient alone. What else does the formula put into the bracket?",
        decoupled,
    ),
    Mistake(
        "decay with the wrong sign",
        "Your decay makes weights grow. Which way should it pull them?",
        moved(lambda w, g, v, r, m, d: (w - (m * v + r * (g - d * w)), m * v + r * (g - d * w))),
    ),
    Mistake(
        "the rate twice",
        "The rate stands in your velocity and in your step. How often does it stand in the "
        "formula?",
        rate_twice,
    ),
    Mistake(
        "look ahead",
        "You step as Nesterov does. Which step does the formula take?",
        moved(
            lambda w, g, v, r, m, d: (
                w - (m * (m * v + r * (g + d * w)) + r * (g + d * w)),
                m * v + r * (g + d * w),
            )
        ),
    ),
    Mistake(
        "the ratio scales the velocity",
        "You scale the whole velocity, as LAMB does. What does the formula scale?",
        ratio_last,
    ),
    Mistake(
        "a ratio for each row",
        "Every row has its own ratio. Whose length does the text mean?",
        with_ratio(row_ratio),
    ),
    Mistake(
        "sums of sizes",
        "You add up absolute values. What is under the root of a length?",
        with_ratio(sum_ratio),
    ),
    Mistake(
        "the paper's coefficient",
        "Your ratio is a thousand times smaller. Does the text's formula have a coefficient?",
        with_ratio(lambda w, g, d: 0.001 * right_ratio(w, g, d)),
    ),
    Mistake(
        "ratio at most one",
        "Your ratio never passes one. Does the formula set a limit?",
        with_ratio(lambda w, g, d: min(1.0, right_ratio(w, g, d))),
    ),
    Mistake(
        "a constant below the line",
        "You add a small constant below the line. What does it do to a short matrix, and which "
        "case of the docstring does it miss?",
        with_ratio(lambda w, g, d: w.norm() / (g.norm() + d * w.norm() + 1e-3)),
    ),
    Mistake(
        "small counts as zero",
        "Your short matrix has ratio one. Where exactly does the docstring want that?",
        small_as_zero,
    ),
    Mistake(
        "weights of zeros stay",
        "A matrix of zeros gets a ratio from its own length. Which one does the docstring want "
        "there?",
        weight_of_zeros_stays,
    ),
    Mistake(
        "one row or column for a vector",
        "You take a matrix with a side of one for a vector. How many axes does it have?",
        lambda w, g, v, lr, m, d: (
            [x.reshape(w.shape) for x in lars_step(w.flatten(), g.flatten(), v.flatten(), lr, m, d)]
            if min(w.shape) == 1
            else list(lars_step(w, g, v, lr, m, d))
        ),
    ),
    Mistake(
        "velocity first",
        "You return both. In which order does the docstring want them?",
        lambda *args: list(lars_step(*args))[::-1],
    ),
)
