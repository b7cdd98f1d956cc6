"""Schedules: pure functions of the 0-based step, for learning rates and for batch sizes.

Each function here returns a schedule, ``step -> value``. Schedules compose: `join` puts one after
another, `product` multiplies them. They can be pickled, so they go through `torch.save` with a
scheduler and to spawned workers: each is a formula below, `partial` in all but the step.
"""

import math
from collections.abc import Callable, Sequence
from functools import partial

Schedule = Callable[[int], float]


def constant(value: float) -> Schedule:
    """Return the schedule that is always ``value``."""
    _check_finite(value=value)
    return partial(_constant, value)


def _constant(value: float, step: int) -> float:
    return value


def linear_warmup(peak_lr: float, *, warmup_steps: int) -> Schedule:
    """Rise in equal parts to ``peak_lr``, then stay there.

        lr(t) = peak_lr min(1, (t + 1) / warmup_steps)

    The first step already moves (by peak_lr / warmup_steps) and step ``warmup_steps - 1`` is the
    first at the peak, so ``warmup_steps=1`` is no warmup.

    Source: Goyal et al. 2017, arXiv:1706.02677, section 2.2 ("gradual warmup").
    """
    _check_steps(warmup_steps=warmup_steps)
    _check_finite(peak_lr=peak_lr)
    return partial(_linear_warmup, peak_lr, warmup_steps)


def _linear_warmup(peak_lr: float, warmup_steps: int, step: int) -> float:
    return peak_lr * min(1.0, (step + 1) / warmup_steps)


def constant_warmup(peak_lr: float, *, warmup_lr: float, warmup_steps: int) -> Schedule:
    """Hold ``warmup_lr`` for ``warmup_steps`` steps, then jump to ``peak_lr``.

    Source: Goyal et al. 2017, section 2.2 ("constant warmup").
    """
    return join([constant(warmup_lr), constant(peak_lr)], [warmup_steps])


def cosine(peak_lr: float, *, num_steps: int, end_lr: float = 0.0) -> Schedule:
    """Fall from ``peak_lr`` along half a cosine; reach ``end_lr`` at ``num_steps`` and stay.

        lr(t) = end_lr + (peak_lr - end_lr) (1 + cos(pi t / num_steps)) / 2

    The last step taken, ``num_steps - 1``, still moves.

    Source: Loshchilov and Hutter 2017, arXiv:1608.03983, Eq. 5.
    """
    _check_steps(num_steps=num_steps)
    _check_finite(peak_lr=peak_lr, end_lr=end_lr)
    return partial(_cosine, peak_lr, num_steps, end_lr)


def _cosine(peak_lr: float, num_steps: int, end_lr: float, step: int) -> float:
    phase = math.pi * min(step, num_steps) / num_steps
    return end_lr + (peak_lr - end_lr) * (1.0 + math.cos(phase)) / 2.0


def step_decay(start: float, *, boundaries: Sequence[int], factor: float) -> Schedule:
    """Multiply by ``factor`` at each boundary; step ``boundary`` is the first at the new value."""
    _check_increasing(boundaries)
    _check_finite(start=start, factor=factor)
    return partial(_step_decay, start, tuple(boundaries), factor)


def _step_decay(start: float, boundaries: tuple[int, ...], factor: float, step: int) -> float:
    return start * factor ** sum(step >= boundary for boundary in boundaries)


def inverse_sqrt(peak_lr: float, *, warmup_steps: int) -> Schedule:
    """Warm up linearly, then fall with the square root of the step.

        lr(t) = peak_lr min((t + 1) / w, sqrt(w / (t + 1))),   w = warmup_steps

    Source: Vaswani et al. 2017, arXiv:1706.03762, Eq. 3.
    """
    _check_steps(warmup_steps=warmup_steps)
    _check_finite(peak_lr=peak_lr)
    return partial(_inverse_sqrt, peak_lr, warmup_steps)


def _inverse_sqrt(peak_lr: float, warmup_steps: int, step: int) -> float:
    return peak_lr * min((step + 1) / warmup_steps, math.sqrt(warmup_steps / (step + 1)))


def warmup_cosine(
    peak_lr: float, *, warmup_steps: int, num_steps: int, end_lr: float = 0.0
) -> Schedule:
    """Warm up linearly for ``warmup_steps``, then fall along a cosine until ``num_steps``.

    Raises:
        ValueError: If the warmup leaves no step for the cosine.
    """
    if warmup_steps >= num_steps:
        raise ValueError(
            f"warmup_steps={warmup_steps} leaves nothing of num_steps={num_steps}: shorten it"
        )
    decay = cosine(peak_lr, num_steps=num_steps - warmup_steps, end_lr=end_lr)
    if warmup_steps == 0:
        return decay
    return join([linear_warmup(peak_lr, warmup_steps=warmup_steps), decay], [warmup_steps])


def join(schedules: Sequence[Schedule], boundaries: Sequence[int]) -> Schedule:
    """Run schedules one after another; each counts its steps from its own beginning.

        value(t) = schedules[i](t - boundaries[i - 1])   for boundaries[i - 1] <= t < boundaries[i]

    Raises:
        ValueError: If there is not one boundary between each two, in rising order.
    """
    if len(boundaries) != len(schedules) - 1:
        raise ValueError(
            f"{len(schedules)} schedules need {len(schedules) - 1} boundaries between them, "
            f"got {len(boundaries)}"
        )
    _check_increasing(boundaries)
    return partial(_join, tuple(schedules), tuple(boundaries))


def _join(schedules: tuple[Schedule, ...], boundaries: tuple[int, ...], step: int) -> float:
    i = sum(step >= boundary for boundary in boundaries)
    return schedules[i](step - (0, *boundaries)[i])


def product(*schedules: Schedule) -> Schedule:
    """Multiply schedules pointwise, for instance a warmup that peaks at 1 with any decay."""
    return partial(_product, schedules)


def _product(schedules: tuple[Schedule, ...], step: int) -> float:
    return math.prod(schedule(step) for schedule in schedules)


def batch_growth(
    batch_size: int, *, boundaries: Sequence[int], factor: int, max_batch_size: int | None = None
) -> Callable[[int], int]:
    """Multiply the batch size by ``factor`` at each boundary, up to ``max_batch_size``.

    Raises:
        ValueError: If a size is below 1 or the boundaries do not rise.

    Source: Smith et al. 2018, arXiv:1711.00489.
    """
    _check_steps(batch_size=batch_size, factor=factor)
    _check_increasing(boundaries)
    if max_batch_size is not None:
        _check_steps(max_batch_size=max_batch_size)
    return partial(_batch_growth, batch_size, tuple(boundaries), factor, max_batch_size)


def _batch_growth(
    batch_size: int, boundaries: tuple[int, ...], factor: int, max_batch_size: int | None, step: int
) -> int:
    grown = batch_size * factor ** sum(step >= boundary for boundary in boundaries)
    return grown if max_batch_size is None else min(grown, max_batch_size)


def batch_size_instead_of_decay(
    lr_schedule: Schedule, *, batch_size: int, max_batch_size: int
) -> Callable[[int], int]:
    """Return the batch sizes that, at a constant lr, give the noise of a decaying schedule.

        B(t) / B(0) = lr(0) / lr(t),   so that lr(0) / B(t) = lr(t) / B(0)

    Args:
        lr_schedule: The decay to replace. It is read at the same step numbers; with larger batches
            an epoch has fewer steps, so state its boundaries in the steps of the new run.
        batch_size: B(0), examples per optimizer step.
        max_batch_size: Limit, for instance N; beyond it the equivalence ends.

    Source: Smith et al. 2018, arXiv:1711.00489, section 3.
    """
    _check_steps(batch_size=batch_size, max_batch_size=max_batch_size)
    start = lr_schedule(0)
    _check_finite(start=start)
    return partial(_instead_of_decay, lr_schedule, start, batch_size, max_batch_size)


def _instead_of_decay(
    lr_schedule: Schedule, start: float, batch_size: int, max_batch_size: int, step: int
) -> int:
    lr = lr_schedule(step)
    return max_batch_size if lr <= 0 else min(round(batch_size * start / lr), max_batch_size)


def _check_steps(**values: int) -> None:
    for name, value in values.items():
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name} must be an integer >= 1, got {value!r}")


def _check_finite(**values: float) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value >= 0):
            raise ValueError(f"{name} must be finite and not negative, got {value}")


def _check_increasing(boundaries: Sequence[int]) -> None:
    if any(b <= a for a, b in zip((0, *boundaries), boundaries, strict=False)):
        raise ValueError(f"boundaries must be steps >= 1 in rising order, got {list(boundaries)}")
