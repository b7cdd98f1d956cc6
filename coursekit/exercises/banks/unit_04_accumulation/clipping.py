"""Clip an accumulated gradient in the right place."""

import math

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import close


def clip_accumulated(micro_grads: Tensor, max_norm: float) -> Tensor:
    grad = micro_grads.mean(dim=0)
    norm = grad.norm()
    return grad * (max_norm / norm) if norm > max_norm else grad


def clip_by_torch(micro_grads, max_norm):
    weight = torch.nn.Parameter(torch.zeros(micro_grads.shape[1], dtype=torch.float64))
    weight.grad = micro_grads.double().mean(dim=0)
    torch.nn.utils.clip_grad_norm_([weight], max_norm)
    return weight.grad


def clip_by_numbers(micro_grads, max_norm):
    k = len(micro_grads)
    total = [sum(column) / k for column in zip(*micro_grads.tolist(), strict=True)]
    length = math.sqrt(sum(x * x for x in total))
    return [x * (max_norm / length if length > max_norm else 1.0) for x in total]


def rows_clipped(g: Tensor, limit: float) -> Tensor:
    return g * (limit / g.norm(dim=1, keepdim=True)).clamp(max=1.0)


def clipped_at(g: Tensor, norm: Tensor, limit: float) -> Tensor:
    """Scale the mean by what another norm says."""
    return g.mean(dim=0) * (limit / norm).clamp(max=1.0)


def clipped_on_the_way(g: Tensor, limit: float) -> Tensor:
    total = torch.zeros_like(g[0])
    for row in g:
        total = total + row / len(g)
        total = total * (limit / total.norm()).clamp(max=1.0)
    return total


def draw_clips(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("long gradient", "short gradient") * 3:
        k, p = int(rng.integers(3, 6)), int(rng.integers(2, 5))
        signal = rng.normal(size=p)
        signal *= 1.5 / np.linalg.norm(signal)
        grads = signal + 1.2 * rng.normal(size=(k, p))
        norm = float(np.linalg.norm(grads.mean(axis=0)))
        # the limit stands on one side of the mean's norm, and some rows on the other
        share = rng.uniform(0.35, 0.8) if group == "long gradient" else rng.uniform(1.05, 1.2)
        if len(cases) == 5:  # one limit above even the sum's norm
            share = k + rng.uniform(0.2, 0.8)
        if len(cases) == 4:  # and one so low that K times it is below the norm too
            share /= k
        cases.append(Case(group, (grads, float(share * norm))))
    for group, share in (("long gradient", 0.6), ("short gradient", 1.2)):  # one micro-batch
        grads = rng.normal(size=(1, 3))
        cases.append(Case(group, (grads, float(share * np.linalg.norm(grads)))))
    return cases


U04_CLIP = Exercise(
    id="u04_clip",
    call="clip_accumulated(micro_grads, max_norm)",
    points={"long gradient": 1.0, "short gradient": 1.0},
    by_hand=(
        Case("long gradient", (np.array([[6.0, 2.0], [0.0, 6.0]]), 2.5), keeps=("by hand",)),
        Case(
            "long gradient", (np.array([[3.0, 4.0]]), 2.5), keeps=("smallest",)
        ),  # one micro-batch
        Case("long gradient", (np.array([[-3.0], [-5.0]]), 2.5), keeps=("sign",)),  # one weight
        Case(
            "short gradient", (np.array([[1.5, 2.0]]), 2.5), keeps=("boundary", "smallest")
        ),  # the limit itself
        Case(
            "short gradient",
            (np.array([[9.0, 0.0], [-3.0, 2.5], [0.0, 0.5]]), 2.5),
            keeps=("average",),
            quotes="First make the gradient that the step would use without clipping.",
        ),
        Case(  # nothing to clip, and nothing to divide by
            "short gradient",
            (np.array([[3.0, -1.0], [-3.0, 1.0]]), 2.5),
            keeps=("range",),
            quotes="A gradient that is short enough stays as it is.",
        ),
        Case(  # shorter than the limit, its square is not
            "short gradient",
            (np.array([[1.5, 0.0]]), 2.0),
            keeps=("boundary",),
            quotes="Compare its norm (the root of the sum of squares) with the limit.",
        ),
    ),
    promises=("average", "boundary", "by hand", "range", "sign", "smallest"),
    draw=draw_clips,
    reference=clip_accumulated,
    same=close(rtol=1e-4, atol=1e-5),  # sums that nearly cancel
    mistakes=(
        Mistake(
            "clips every micro-batch",
            "You clip each micro-batch before you average. The noise of a micro-batch makes its "
            "gradient long: whose length was to be limited?",
            lambda g, c: rows_clipped(g, c).mean(dim=0),
        ),
        Mistake(
            "the square compared with the limit",
            "You compare the squared norm with the limit. Which power of a length is the limit?",
            lambda g, c: (
                g.mean(dim=0) * (c / norm if (norm := g.mean(dim=0).norm()) ** 2 > c else 1)
            ),
        ),
        Mistake(
            "never quite the limit",
            "You shorten every gradient, also a short one. Which ones stay as they are?",
            lambda g, c: g.mean(dim=0) * c / (c + g.mean(dim=0).norm()),
        ),
        Mistake(
            "clips every micro-batch, then adds",
            "You clip each micro-batch and add them up. What is the largest norm that the sum can "
            "have?",
            lambda g, c: rows_clipped(g, c).sum(dim=0),
        ),
        Mistake(
            "clips the sum, then divides",
            "You clip the sum and divide afterwards. Which norm does the optimizer see?",
            lambda g, c: clip_accumulated(g * len(g), c) / len(g),
        ),
        Mistake(
            "one micro-batch as it is",
            "You return a single micro-batch as it is. Is the step of one micro-batch never too "
            "long?",
            lambda g, c: g[0] if len(g) == 1 else clip_accumulated(g, c),
        ),
        Mistake(
            "clips the sum",
            "You clip the sum of the micro-batch gradients. Is that the gradient of a mean loss, "
            "where it is short enough to stay?",
            lambda g, c: clip_accumulated(g * len(g), c),
        ),
        Mistake(
            "always rescaled",
            "You bring every gradient to the norm max_norm. What shall become of a gradient that "
            "is shorter already?",
            lambda g, c: g.mean(dim=0) * c / g.mean(dim=0).norm(),
        ),
        Mistake(
            "component by component",
            "You cap the components one by one, which turns the gradient. What does clipping by "
            "norm do to its direction?",
            lambda g, c: g.mean(dim=0).clamp(-c, c),
        ),
        Mistake(
            "norm squared",
            "You divide by the square of the norm. What length has the result?",
            lambda g, c: g.mean(dim=0) * (c / g.mean(dim=0).square().sum()).clamp(max=1.0),
        ),
        Mistake(
            "mean of the norms",
            "You compare the limit with the mean of the micro-batches' norms. Is the norm of a "
            "mean the mean of the norms?",
            lambda g, c: clipped_at(g, g.norm(dim=1).mean(), c),
        ),
        Mistake(
            "norm of all micro-gradients",
            "Your norm runs over all micro-batches at once. Which vector's length is limited?",
            lambda g, c: clipped_at(g, g.norm(), c),
        ),
        Mistake(
            "longest micro-batch",
            "You compare the limit with the longest micro-batch gradient. Does the optimizer ever "
            "see that one?",
            lambda g, c: clipped_at(g, g.norm(dim=1).max(), c),
        ),
        Mistake(
            "limit shared out",
            "You give every micro-batch its share of the limit and add up. Do gradients that "
            "point apart add up to the full length?",
            lambda g, c: rows_clipped(g, c / len(g)).sum(dim=0),
        ),
        Mistake(
            "means clipped to a share",
            "You divide by the number first and clip each part by the whole limit. Which vector "
            "should the limit hold for?",
            lambda g, c: rows_clipped(g / len(g), c).sum(dim=0),
        ),
        Mistake(
            "absolute sum for a norm",
            "You measure length by the sum of absolute values. Which norm is meant?",
            lambda g, c: clipped_at(g, g.mean(dim=0).abs().sum(), c),
        ),
        Mistake(
            "largest component for a norm",
            "You measure length by the largest component. Which norm is meant?",
            lambda g, c: clipped_at(g, g.mean(dim=0).abs().max(), c),
        ),
        Mistake(
            "no clipping",
            "You return the mean as it is. What is the limit for?",
            lambda g, c: g.mean(dim=0),
        ),
        Mistake(
            "long gradients dropped",
            "You drop a gradient that is too long. Is its direction wrong, or its length?",
            lambda g, c: g.mean(dim=0) * (g.mean(dim=0).norm() <= c),
        ),
        Mistake(
            "unit length",
            "You scale long gradients to length one. How long may they be?",
            lambda g, c: (
                g.mean(dim=0) / g.mean(dim=0).norm() if g.mean(dim=0).norm() > c else g.mean(dim=0)
            ),
        ),
        Mistake(
            "the wrong way round",
            "You rescale the short ones and keep the long ones. Which of them does a largest norm "
            "concern?",
            lambda g, c: g.mean(dim=0) * max(1.0, (c / g.mean(dim=0).norm()).item()),
        ),
        Mistake(
            "every micro-batch rescaled",
            "You bring each micro-batch to the limit before you average. Which vector does the "
            "optimizer get, and what of short ones?",
            lambda g, c: (g / g.norm(dim=1, keepdim=True) * c).mean(dim=0),
        ),
        Mistake(
            "clipped while adding",
            "You clip inside the loop, where the gradient is not complete. When do you know its "
            "norm?",
            clipped_on_the_way,
        ),
        Mistake(
            "multiplied by the limit",
            "You multiply a long gradient by the limit. What norm has the result?",
            lambda g, c: g.mean(dim=0) * (c if g.mean(dim=0).norm() > c else 1.0),
        ),
        Mistake(
            "ratio squared",
            "Your factor is the square of limit over norm. By which factor does a norm shrink "
            "when its vector is scaled?",
            lambda g, c: g.mean(dim=0) * (c / g.mean(dim=0).norm()).clamp(max=1.0) ** 2,
        ),
        Mistake(
            "only large components capped",
            "You cap positive components one by one, which turns the gradient. What does clipping "
            "by norm do to its direction?",
            lambda g, c: g.mean(dim=0).clamp(max=c),
        ),
        Mistake(
            "clips every micro-batch, then the sum",
            "You clip each micro-batch, and their sum again. Which noise did the first clip see, "
            "and which gradient belongs to a mean loss?",
            lambda g, c: clip_accumulated(rows_clipped(g, c).sum(dim=0, keepdim=True), c),
        ),
        Mistake(
            "limit shrunk by the root",
            "You make the limit smaller, as noise falls. Does `max_norm` speak about a "
            "micro-batch, or about what the optimizer gets?",
            lambda g, c: clip_accumulated(g, c / math.sqrt(len(g))),
        ),
        Mistake(
            "limit for each micro-batch",
            "You allow the limit once for each micro-batch. Whose norm is it the limit of?",
            lambda g, c: clip_accumulated(g, c * len(g)),
        ),
        Mistake(
            "average over components",
            "You average over the components. Which axis counts the micro-batches?",
            lambda g, c: clip_accumulated(g.T, c),
        ),
        Mistake(
            "root mean square for a norm",
            "You measure length by the root mean square. Does a norm have a mean or a sum under "
            "the root?",
            lambda g, c: clipped_at(g, g.mean(dim=0).square().mean().sqrt(), c),
        ),
    ),
    accepted=(clip_by_torch, clip_by_numbers),
    lesson="Clip once, after accumulating. Inside the loop you clip the noise of a micro-batch, "
    "and with it most of the step.",
    answered_by=("coursekit.train.accumulation", "coursekit.train.ranks"),
)
