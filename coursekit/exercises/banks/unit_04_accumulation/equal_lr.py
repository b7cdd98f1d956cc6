"""The scale of a gradient under sums and means, and the learning rate that undoes it."""

import math

import numpy as np
import torch

from coursekit.exercises.banks.unit_04_accumulation.equal_lr_slips import READ_WRONGLY, scales
from coursekit.exercises.engine.declare import Case, Exercise, Mistake

Words = tuple[float, int, int, int, str, bool, str]


def equal_lr(
    lr: float,
    micro_batch_size: int,
    accum_steps: int,
    num_workers: int,
    reduction: str,
    divides: bool,
    all_reduce: str,
) -> float:
    scale = micro_batch_size if reduction == "sum" else 1
    if not divides:
        scale *= accum_steps
    if all_reduce == "sum":
        scale *= num_workers
    return lr / scale


def equal_lr_by_ones(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """Every example has the gradient one; see what comes out at the end."""
    ones = torch.ones(num_workers, accum_steps, micro_batch_size, dtype=torch.float64)
    micro = ones.sum(dim=2) if reduction == "sum" else ones.mean(dim=2)
    local = (micro / accum_steps if divides else micro).sum(dim=1)
    whole = local.sum() if all_reduce == "sum" else local.mean()
    return lr / whole


def equal_lr_by_weight(
    lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce
):
    """Compare what one example weighs with what it should weigh."""
    weight = 1.0
    for is_mean, count in (
        (reduction == "mean", micro_batch_size),
        (divides, accum_steps),
        (all_reduce == "mean", num_workers),
    ):
        weight /= count if is_mean else 1
    should = 1 / math.prod((micro_batch_size, accum_steps, num_workers))
    return lr * should / weight


def draw_codes(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group, reduction in (("mean loss", "mean"), ("summed loss", "sum")):
        for divides in (True, False):
            for all_reduce in ("mean", "sum"):
                b, k, n = (int(x) for x in rng.permutation([3, 5, 7, 11, 13, 17])[:3])
                lr = float(rng.uniform(0.05, 0.9))
                cases.append(Case(group, (lr, b, k, n, reduction, divides, all_reduce)))
    return cases


U04_EQUAL_LR = Exercise(
    id="u04_equal_lr",
    call="equal_lr(lr, micro_batch_size, accum_steps, num_workers, reduction, divides, all_reduce)",
    points={"mean loss": 1.0, "summed loss": 1.0},
    by_hand=(
        Case(
            "mean loss",
            (0.6, 5, 2, 3, "mean", False, "mean"),
            keeps=("by hand",),
            quotes="True if the code divides each micro-batch's loss by K before backward();",
        ),
        Case(
            "mean loss",
            (0.6, 5, 2, 3, "mean", True, "sum"),
            keeps=("by hand",),
            quotes="Each place that sums instead makes the gradient longer by the number of its",
        ),
        Case(
            "summed loss",
            (0.7, 5, 2, 3, "sum", True, "mean"),
            keeps=("by hand",),
            quotes="of the loss over the b examples of a micro-batch.",
        ),
    ),
    promises=("by hand",),
    draw=draw_codes,
    reference=equal_lr,
    mistakes=(
        Mistake(
            "the wrong way round",
            "You make the rate larger where the gradient is longer already. What does the "
            "optimizer multiply?",
            lambda lr, *c: lr * math.prod(scales(*c)),
        ),
        Mistake(
            "always the same rate",
            "You leave the rate as it is. Does a sum over more examples leave the gradient's "
            "length as it was?",
            lambda lr, *c: lr,
        ),
        Mistake(
            "workers forgotten",
            "You leave the workers out. What comes back from an all-reduce that adds?",
            lambda lr, *c: lr / math.prod(scales(*c)[:2]),
        ),
        Mistake(
            "accumulation forgotten",
            "You leave the accumulation out. What happens in `.grad` when backward is called "
            "again?",
            lambda lr, *c: lr / (scales(*c)[0] * scales(*c)[2]),
        ),
        Mistake(
            "reduction forgotten",
            "You leave the loss's own reduction out. How does the gradient of a summed loss grow?",
            lambda lr, *c: lr / math.prod(scales(*c)[1:]),
        ),
        Mistake(
            "whole batch always",
            "You divide by the whole batch whatever the code does. Which of the steps are means "
            "already?",
            lambda lr, b, k, n, *_: lr / (b * k * n),
        ),
        Mistake(
            "a sum covers the whole batch",
            "You take a summed loss to sum over the whole batch. Does the code that follows "
            "divide, or average, afterwards?",
            lambda lr, b, k, n, r, d, a: (
                lr / (b * k * n) if r == "sum" else lr / math.prod(scales(b, k, n, r, d, a))
            ),
        ),
        Mistake(
            "divides read backwards",
            "You correct for the accumulation exactly where the code has done so. What does "
            "`divides` say?",
            lambda lr, b, k, n, r, d, a: lr / math.prod(scales(b, k, n, r, not d, a)),
        ),
        Mistake(
            "all-reduce read backwards",
            "You correct for workers that are averaged. Which kind of all-reduce grows with their "
            "number?",
            lambda lr, b, k, n, r, d, a: (
                lr / math.prod(scales(b, k, n, r, d, "mean" if a == "sum" else "sum"))
            ),
        ),
        Mistake(
            "reduction read backwards",
            "You correct for the micro-batch size where the loss is a mean. Which reduction grows "
            "with it?",
            lambda lr, b, k, n, r, d, a: (
                lr / math.prod(scales(b, k, n, "mean" if r == "sum" else "sum", d, a))
            ),
        ),
        Mistake(
            "root",
            "You take a root, as for the noise. Does the mean gradient itself grow with a sum "
            "like a root?",
            lambda lr, *c: lr / math.sqrt(math.prod(scales(*c))),
        ),
        Mistake(
            "accumulation for micro-batch",
            "Where the loss is a sum you divide by the number of micro-batches. Over what does "
            "that sum run?",
            lambda lr, b, k, n, r, d, a: (
                lr / math.prod((k if r == "sum" else 1, *scales(b, k, n, r, d, a)[1:]))
            ),
        ),
        Mistake(
            "factors added",
            "You add the factors. Two sums inside each other: do their lengths add or multiply?",
            lambda lr, *c: (
                lr / max(1, sum(s for s in scales(*c) if s > 1))
                if any(s > 1 for s in scales(*c))
                else lr
            ),
        ),
        Mistake(
            "linear rule on top",
            "You also scale with the size of the batch. The examples in a step are the same in "
            "both codes: is there a larger batch to scale for?",
            lambda lr, b, k, n, *c: lr * b * k * n / math.prod(scales(b, k, n, *c)),
        ),
        *READ_WRONGLY,
        Mistake(
            "mean all-reduce undone",
            "Your rate grows with the workers where they are averaged. Their average is right: "
            "what is there to make up for?",
            lambda lr, b, k, n, r, d, a: (
                lr / math.prod(scales(b, k, n, r, d, "mean")) * (n if a == "mean" else 1)
            ),
        ),
        Mistake(
            "summed loss the wrong way",
            "For a summed loss you make the rate larger. Is its gradient longer or shorter than a "
            "mean's?",
            lambda lr, *c: lr * scales(*c)[0] / math.prod(scales(*c)[1:]),
        ),
        Mistake(
            "accumulation the wrong way",
            "Where the code does not divide you make the rate larger. What has grown in `.grad`?",
            lambda lr, *c: lr * scales(*c)[1] / (scales(*c)[0] * scales(*c)[2]),
        ),
        Mistake(
            "workers the wrong way",
            "For workers that are summed you make the rate larger. What has grown in the gradient?",
            lambda lr, *c: lr * scales(*c)[2] / math.prod(scales(*c)[:2]),
        ),
        Mistake(
            "mean loss undone",
            "Your rate grows with the micro-batch where its loss is a mean. The mean is right: "
            "what is there to make up for?",
            lambda lr, b, k, n, r, d, a: (
                lr / math.prod(scales(b, k, n, r, d, a)) * (b if r == "mean" else 1)
            ),
        ),
        Mistake(
            "a sum covers the accumulation",
            "You take a summed loss to sum over all micro-batches, divided or not. What does "
            "`divides` do to that sum?",
            lambda lr, b, k, n, r, d, a: (
                lr / (b * k * scales(b, k, n, r, d, a)[2])
                if r == "sum"
                else lr / math.prod(scales(b, k, n, r, d, a))
            ),
        ),
        Mistake(
            "root of the whole batch",
            "You divide by the root of the whole batch. That is how noise falls: does the gradient "
            "itself change like that?",
            lambda lr, b, k, n, *_: lr / math.sqrt(b * k * n),
        ),
        Mistake(
            "linear rule alone",
            "You scale the rate with the batch. Both codes have the same batch: what differs is "
            "the length of what?",
            lambda lr, b, k, n, *_: lr * b * k * n,
        ),
        Mistake(
            "all three read backwards",
            "You correct exactly where the code takes a mean. Which of the two, a sum or a mean, "
            "grows with the number of its terms?",
            lambda lr, b, k, n, *c: lr * math.prod(scales(b, k, n, *c)) / (b * k * n),
        ),
        Mistake(
            "whole batch once more",
            "Your correction is right, and then you divide by the whole batch as well. Does the "
            "reference run, at its rate, not use a mean already?",
            lambda lr, b, k, n, *c: lr / math.prod(scales(b, k, n, *c)) / (b * k * n),
        ),
        Mistake(
            "linear rule for what is added",
            "You scale the rate for micro-batches and workers, as for a larger batch. Has the "
            "reference run a smaller one?",
            lambda lr, b, k, n, r, d, a: lr * k * n / (b if r == "sum" else 1),
        ),
        Mistake(
            "divides makes a mean of all",
            "Where the code divides you take the whole local gradient for a mean. By what does it "
            "divide, and what else was summed?",
            lambda lr, b, k, n, r, d, a: (
                lr / (1 if d else k * (b if r == "sum" else 1)) / (n if a == "sum" else 1)
            ),
        ),
        Mistake(
            "factor in place of the rate",
            "You return by how much the gradient is too long. What was asked for?",
            lambda lr, *c: float(math.prod(scales(*c))),
        ),
        Mistake(
            "averaging covers the accumulation",
            "You take a mean over workers to be one over micro-batches too. What does an "
            "all-reduce know about how many times `backward` ran?",
            lambda lr, b, k, n, r, d, a: (
                lr / (b if r == "sum" else 1) / (n * (1 if d else k) if a == "sum" else 1)
            ),
        ),
        Mistake(
            "whole-number division",
            "You divide in whole numbers. What does `//` make of a small rate?",
            lambda lr, *c: lr // math.prod(scales(*c)),
        ),
    ),
    accepted=(equal_lr_by_ones, equal_lr_by_weight),
    lesson="Every sum in the chain multiplies the gradient, every mean does not. Adam hides such a "
    "factor, SGD and a clipping limit do not.",
    answered_by=("coursekit.train.accumulation", "coursekit.train.ranks"),
)
