"""Loops for tokens that weigh or choose them wrongly."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from coursekit.exercises.banks.unit_04_accumulation.linear_loss import sum_grad, weight_of
from coursekit.exercises.banks.unit_04_accumulation.loop_slips import MicroBatches
from coursekit.exercises.engine.declare import Mistake

PAD = -100


def real(y: Tensor) -> int:
    return int((y != PAD).sum())


def with_factors(factor: Callable[[Tensor, list[Tensor]], float]) -> Callable[..., Tensor | None]:
    """Return a loop that weights the summed loss of each micro-batch by factor(targets, all)."""

    def loop(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
        all_targets = [y for _, y in micro_batches]
        parts = [factor(y, all_targets) * sum_grad(model, x, y) for x, y in micro_batches]
        weight_of(model).grad = torch.stack(parts).sum(dim=0)
        return weight_of(model).grad

    return loop


def per_token(y: Tensor, weight: float) -> float:
    """Return the factor on a sum that gives its mean a weight; the sum over nothing is zero."""
    return weight / real(y) if real(y) else 0.0


def only_last(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    x, y = micro_batches[-1]
    weight_of(model).grad = sum_grad(model, x, y) / sum(real(t) for _, t in micro_batches)
    return weight_of(model).grad


def mean_per_sequence(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    rows = [(r, t) for x, y in micro_batches for r, t in zip(x, y, strict=True) if real(t)]
    parts = [sum_grad(model, r[None], t[None]) / real(t) for r, t in rows]
    weight_of(model).grad = torch.stack(parts).mean(dim=0)
    return weight_of(model).grad


def padding_learned(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    total = sum(y.numel() for _, y in micro_batches)
    parts = [sum_grad(model, x, y.clamp(min=0)) for x, y in micro_batches]
    weight_of(model).grad = torch.stack(parts).sum(dim=0) / total
    return weight_of(model).grad


def padding_over_tokens(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    parts = [sum_grad(model, x, y.clamp(min=0)) for x, y in micro_batches]
    total = sum(real(y) for _, y in micro_batches)
    weight_of(model).grad = torch.stack(parts).sum(dim=0) / total
    return weight_of(model).grad


def zero_left_out(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    above = [[x, y.masked_fill(y == 0, PAD)] for x, y in micro_batches]
    return with_factors(lambda y, ys: 1 / max(sum(map(real, ys)), 1))(model, above)


def transposed(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    turned = [[x, y.T.reshape(y.shape)] for x, y in micro_batches]
    return with_factors(lambda y, ys: 1 / sum(map(real, ys)))(model, turned)


def shifted(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    later = [[x[:, :-1], y[:, 1:]] for x, y in micro_batches]
    return with_factors(lambda y, ys: 1 / max(sum(map(real, ys)), 1))(model, later)


def shifted_or_nothing(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    shifted(model, micro_batches)
    if not any(real(y[:, 1:]) for _, y in micro_batches):  # no backward() at all
        weight_of(model).grad = torch.full_like(weight_of(model), torch.nan)
    return weight_of(model).grad


def whole_sequences(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    kept = [[x[(y != PAD).all(dim=1)], y[(y != PAD).all(dim=1)]] for x, y in micro_batches]
    return with_factors(lambda y, ys: 1 / max(sum(map(real, ys)), 1))(model, kept)


def up_to_padding(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    total = sum(real(y) for _, y in micro_batches)
    ends = [k for k, (_, y) in enumerate(micro_batches) if not real(y)]
    first = micro_batches[: ends[0]] if ends else micro_batches
    return with_factors(lambda y, ys: 1 / total)(model, first)


def up_to_first_padding(model: nn.Sequential, micro_batches: MicroBatches) -> Tensor | None:
    """Count and learn the tokens before each sequence's first padding."""
    shown = [(x, y, (y == PAD).cumsum(dim=1) == 0) for x, y in micro_batches]
    kept = [[x, y.masked_fill(~before, PAD)] for x, y, before in shown]
    return with_factors(lambda y, ys: 1 / max(sum(map(real, ys)), 1))(model, kept)


def until_last_token(targets: Tensor) -> int:
    """Count each sequence up to its last real token."""
    places = torch.arange(1, targets.shape[1] + 1)
    return int(((targets != PAD) * places).amax(dim=1).sum())


def first_padding_alone(targets: Tensor) -> int:
    """Count each sequence up to its first padding."""
    return int(((targets == PAD).cumsum(dim=1) == 0).sum())


PADDED = (
    Mistake(
        "sequences end at the first padding",
        "You stop at a sequence's first padding. Where may real tokens stand?",
        up_to_first_padding,
    ),
    Mistake(
        "counted up to the last token",
        "You count a sequence up to its last real token. Is there padding only behind it?",
        with_factors(lambda y, ys: 1 / sum(map(until_last_token, ys))),
    ),
    Mistake(
        "counted up to the first padding",
        "You count a sequence up to its first padding. Where may real tokens stand?",
        with_factors(lambda y, ys: 1 / max(1, sum(map(first_padding_alone, ys)))),
    ),
    Mistake(
        "at least one token each",
        "You count a token for a micro-batch that has none. How many terms has the sum?",
        with_factors(lambda y, ys: 1 / sum(max(1, real(t)) for t in ys)),
    ),
    Mistake(
        "mean over positions, then over sequences",
        "You divide each sequence by its length, padding included, and then by the number of "
        "sequences. Over what is the mean?",
        with_factors(lambda y, ys: 1 / y.shape[1] / sum(len(t) for t in ys)),
    ),
)

SHIFTED = (
    Mistake(
        "targets shifted",
        "You shift the targets by one. Does the exercise say that they are not shifted yet?",
        shifted,
    ),
    Mistake(
        "targets shifted, or no gradient",
        "You shift the targets by one, and where nothing is left you leave no gradient. What does "
        "the exercise say about the targets?",
        shifted_or_nothing,
    ),
)
