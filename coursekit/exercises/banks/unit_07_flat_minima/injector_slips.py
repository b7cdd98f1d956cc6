"""Descent with the noise of a smaller batch, and wrong ways to put it in, each with a question."""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Mistake

Scale = Callable[[int, int, int], float]  # examples of the batch, of each half, wanted


def right_scale(big: int, b: int, small: int) -> float:
    return math.sqrt(b / 2 * (1 / small - 1 / big))


def descend_with_noise(
    inputs: Tensor,
    targets: Tensor,
    start: Tensor,
    lr: float,
    batches: Sequence[Sequence[int]],
    pairs: Sequence[Sequence[Sequence[int]]],
    small_size: int,
) -> Tensor:
    return walk(inputs, targets, start, lr, batches, pairs, small_size)


def walk(
    inputs: Tensor,
    targets: Tensor,
    start: Tensor,
    lr: float,
    batches: Sequence[Sequence[int]],
    pairs: Sequence[Sequence[Sequence[int]]],
    small_size: int,
    *,
    scale: Scale = right_scale,
    plus: float = 1.0,
    minus: float = 1.0,
    total: bool = False,
    times: float = 1.0,
    noise_lr: Callable[[float], float] = lambda lr: lr,
    stale: bool = False,
    one_pair: bool = False,
    keep_batch: bool = True,
    from_all: bool = False,
    refuse: Callable[[int, int], bool] = lambda small, big: small > big,
    beyond: Scale = lambda big, b, small: 0.0,
) -> Tensor:
    """Return the path; each switch is a slip, and the defaults make none."""
    big, b = len(batches[0]), len(pairs[0][0])
    if refuse(small_size, big):
        raise ValueError(f"cannot take noise away: wanted {small_size} of {big}")

    def slope(w: Tensor, indices: Sequence[int]) -> Tensor:
        x = inputs[list(indices)]
        summed = times * x.T @ (x @ w - targets[list(indices)])
        return summed if total else summed / len(indices)

    path = [start]
    for batch, pair in zip(batches, pairs, strict=True):
        w = path[-1]
        first, second = pairs[0] if one_pair else pair
        at = start if stale else w
        size = scale(big, b, small_size) if small_size <= big else beyond(big, b, small_size)
        kick = size * (plus * slope(at, first) - minus * slope(at, second))
        step = slope(w, range(len(inputs)) if from_all else batch) if keep_batch else 0.0
        path.append(w - lr * step - noise_lr(lr) * kick)
    return torch.stack(path)


def slip(**switches) -> Callable[..., Tensor]:
    def answer(inputs, targets, start, lr, batches, pairs, small_size):
        return walk(inputs, targets, start, lr, batches, pairs, small_size, **switches)

    return answer


def of_path(part: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    def answer(inputs, targets, start, lr, batches, pairs, small_size):
        return part(walk(inputs, targets, start, lr, batches, pairs, small_size))

    return answer


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "no noise put in",
        "You take the plain step. Where do the pairs come in?",
        slip(scale=lambda big, b, s: 0.0),
    ),
    Mistake(
        "difference as it is",
        "You add the difference of the two halves as it is. Which variance does it have, and "
        "which is missing?",
        slip(scale=lambda big, b, s: 1.0),
    ),
    Mistake(
        "noise of one half",
        "Your noise has the variance of one half of a pair, whatever size is asked. Which variance "
        "is missing?",
        slip(scale=lambda big, b, s: math.sqrt(0.5)),
    ),
    Mistake(
        "the batch's own noise forgotten",
        "You add all the noise of the small batch. How much does the large one bring already?",
        slip(scale=lambda big, b, s: math.sqrt(b / 2 / s)),
    ),
    Mistake(
        "noise of one half as if it were of two",
        "Your noise has twice the variance that is missing. What is the variance of a difference "
        "of two means, and of how many examples is one of them?",
        slip(scale=lambda big, b, s: math.sqrt(b * (1 / s - 1 / big))),
    ),
    Mistake(
        "variance in place of its root",
        "You multiply by a ratio of variances. By what must noise be multiplied to change its "
        "variance by a factor?",
        slip(scale=lambda big, b, s: b / 2 * (1 / s - 1 / big)),
    ),
    Mistake(
        "size of the halves forgotten",
        "Your scale does not know how many examples a half holds. Is a mean of many as noisy as a "
        "mean of few?",
        slip(scale=lambda big, b, s: math.sqrt((1 / s - 1 / big) / 2)),
    ),
    Mistake(
        "size of the halves and the pair forgotten",
        "Your scale knows the two batch sizes alone. Which variance does the difference of the "
        "halves have already?",
        slip(scale=lambda big, b, s: math.sqrt(1 / s - 1 / big)),
    ),
    Mistake(
        "halves taken for sums",
        "Your scale shrinks with the size of a half. Which way does a mean over more examples "
        "change its variance?",
        slip(scale=lambda big, b, s: math.sqrt((1 / s - 1 / big) / (2 * b))),
    ),
    Mistake(
        "ratio of the sizes",
        "Your scale is a root of the ratio of batch sizes. Which of two variances is missing, "
        "their quotient or their difference?",
        slip(scale=lambda big, b, s: math.sqrt(big / s)),
    ),
    Mistake(
        "ratio of the sizes less one",
        "Your scale compares with the noise of the batch. With the noise of what do you multiply?",
        slip(scale=lambda big, b, s: math.sqrt(big / s - 1)),
    ),
    Mistake(
        "difference of the sizes",
        "Your scale takes the difference of the sizes. Which quantity adds up: sizes, or one over "
        "sizes?",
        slip(scale=lambda big, b, s: math.sqrt(b / 2 / (big - s)) if big > s else 0.0),
    ),
    Mistake(
        "second less first",
        "Your difference is the other way round. As noise it is as good, but which half does the "
        "task name first?",
        slip(plus=-1.0, minus=-1.0),
    ),
    Mistake(
        "first half alone",
        "You add the first half alone. Which mean does your noise have then?",
        slip(minus=0.0),
    ),
    Mistake(
        "halves added",
        "You add the two halves. Which mean does your noise have then?",
        slip(minus=-1.0),
    ),
    Mistake(
        "rate forgotten on the noise",
        "Your noise goes into the weights as it is. What is the gradient multiplied by?",
        slip(noise_lr=lambda lr: 1.0),
    ),
    Mistake(
        "root of the rate on the noise",
        "You multiply the noise by the root of the rate, as a diffusion would. Is it a part of the "
        "gradient here?",
        slip(noise_lr=math.sqrt),
    ),
    Mistake(
        "noise at the start",
        "You take the noise at the starting weights in every step. Do the examples disagree in the "
        "same way elsewhere?",
        slip(stale=True),
    ),
    Mistake(
        "first pair in every step",
        "You use the first pair in every step. Is noise that is the same each time noise?",
        slip(one_pair=True),
    ),
    Mistake(
        "batch forgotten",
        "Your weights move by the noise alone. Where is the gradient of the batch?",
        slip(keep_batch=False),
    ),
    Mistake(
        "all examples for the batch",
        "You take the gradient of all examples. Which ones stand in `batches`?",
        slip(from_all=True),
    ),
    Mistake(
        "sums in place of means",
        "You add up the examples' gradients. Is the loss of a batch a sum or a mean?",
        slip(total=True),
    ),
    Mistake(
        "twice the gradient",
        "Your gradients are those of the squared error. Which factor stands before the square?",
        slip(times=2.0),
    ),
    Mistake(
        "end alone",
        "You return where the run ends. What does the docstring call a path?",
        of_path(lambda path: path[-1]),
    ),
    Mistake(
        "start left out",
        "Your path has a row too few. Where does it begin?",
        of_path(lambda path: path[1:]),
    ),
    Mistake(
        "less noise taken for none",
        "You return a plain run where less noise is asked than the batch has. Can adding take "
        "noise away?",
        slip(refuse=lambda small, big: False),
    ),
    Mistake(
        "size of a negative variance",
        "You take the size of the missing variance, though it is below zero. Can adding noise "
        "take noise away?",
        slip(
            refuse=lambda small, big: False,
            beyond=lambda big, b, s: math.sqrt(b / 2 * (1 / big - 1 / s)),
        ),
    ),
    Mistake(
        "nan where less noise is asked",
        "You return nan, or stop with another error, where less noise is asked than the batch has. "
        "What does the task ask for?",
        slip(refuse=lambda small, big: False, beyond=lambda big, b, s: math.nan),
    ),
    Mistake(
        "inverse of the halves' variance",
        "Your scale is a variance, with the size of a half upside down. By what must noise be "
        "multiplied to change its variance?",
        slip(scale=lambda big, b, s: 2 / b * (1 / s - 1 / big)),
    ),
    Mistake(
        "halves' variance upside down",
        "Your scale shrinks with the size of a half. Is the difference of long halves noisier, "
        "or less noisy?",
        slip(scale=lambda big, b, s: math.sqrt(2 / b * (1 / s - 1 / big))),
    ),
    Mistake(
        "equal sizes refused",
        "You refuse a small batch that is as large as the large one. How much noise is missing "
        "then?",
        slip(refuse=lambda small, big: small >= big),
    ),
)
