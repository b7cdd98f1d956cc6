"""An accumulation loop with chosen faults."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn

from coursekit.exercises.banks.unit_04_accumulation.linear_loss import sum_array, weight_of
from coursekit.exercises.banks.unit_04_accumulation.loop_slips import MicroBatches

Optimizer = torch.optim.Optimizer
Epochs = list[MicroBatches]


def split_windows(micro_batches: MicroBatches, k: int) -> list[MicroBatches]:
    return [micro_batches[i : i + k] for i in range(0, len(micro_batches), k)]


def joined_windows(micro_batches: MicroBatches, k: int) -> list[MicroBatches]:
    """Put what is left over into the last full window."""
    windows = split_windows(micro_batches, k)
    if len(windows) > 1 and len(windows[-1]) < k:
        windows[-2:] = [windows[-2] + windows[-1]]
    return windows


def examples(micro_batches: MicroBatches) -> int:
    return sum(len(y) for _, y in micro_batches)


def full_windows(epoch: MicroBatches, k: int) -> MicroBatches:
    return epoch[: len(epoch) // k * k]


def loop(
    *,
    lr: Callable[[int], float] = math.sqrt,
    groups: str = "all",
    by_size: bool | str = True,
    leftovers: str = "flush",
    when: str = "once",
    clear: str = "after a step",
    divisor: str = "window",
    step: str = "window",
    cut: Callable[[MicroBatches, int], list[MicroBatches]] = split_windows,
) -> Callable[..., Tensor]:
    """Return a loop with chosen faults; the defaults are right.

    `groups` whose rate is scaled: "all", or the "first"; or all "as the first";
    or "set" to the factor itself.
    `by_size`: True (sums over the divisor), False (means over their number), or "sum of means",
    or "means" over the divisor.
    `leftovers`: "flush", "leak" or "over_k" (leaked, flushed, with the divisor of a full window),
    "leak_own" (leaked with its own), "drop"; "always" steps at the end of an epoch, whatever waits.
    `when` the rate is scaled: "once", "each epoch", "each window", "by window" (by its length),
    "late" (after a step), "by examples" (of the first window), "first epoch" (and then put back),
    "by epoch" (by no more than the first epoch's length).
    `clear`: "after a step", "never", "before each" micro-batch, "before a step".
    `divisor` of the sums: examples of the "window", of the "epoch", "one", or "twice" (and by K),
    or "first" (as if all were as long as the epoch's first).
    `step` after a "window", or after each "micro-batch".
    """

    def train(
        model: nn.Sequential, optimizer: Optimizer, epochs: Epochs, accum_steps: int
    ) -> Tensor:
        param, scaled = weight_of(model), optimizer.param_groups
        scaled = scaled[:1] if groups == "first" else scaled
        bases = [group["lr"] for group in scaled]
        done = 0
        held: np.ndarray | None = None

        def step_along(grad: np.ndarray | None) -> None:
            param.grad = None if grad is None else torch.from_numpy(grad)
            optimizer.step()

        for number, micro_batches in enumerate(epochs):
            everyone = examples(micro_batches)
            for window in cut(micro_batches, accum_steps):
                k = {"by window": len(window), "by examples": examples(epochs[0][:accum_steps])}
                k["by epoch"] = min(accum_steps, len(epochs[0]))
                power = {"each epoch": number + 1, "each window": done + 1, "late": min(done, 1)}
                power["first epoch"] = int(number == 0)
                factor = lr(k.get(when, accum_steps)) ** power.get(when, 1)
                for group, base in zip(scaled, bases, strict=True):
                    base = {"as the first": bases[0], "set": 1.0}.get(groups, base)
                    group["lr"] = base * factor
                whole = len(window) >= accum_steps
                if not whole and leftovers == "drop":
                    continue
                num_parts = accum_steps if leftovers in ("leak", "over_k") else len(window)
                num_parts = max(num_parts, len(window))
                total = examples(window) * num_parts / len(window)
                totals = {"one": 1, "epoch": everyone, "twice": total * accum_steps}
                totals["first"] = num_parts * len(micro_batches[0][1])
                total = totals.get(divisor, total)
                for x, y in window:
                    divisors = {"sum of means": len(y), "means": len(y) * total, False: 0}
                    over = divisors.get(by_size, total) or len(y) * num_parts
                    part = sum_array(param, x, y) / over
                    held = part if held is None or clear == "before each" else held + part
                    if step == "micro-batch":
                        step_along(held)
                held = None if clear == "before a step" else held
                waits = not whole and leftovers.startswith("leak")
                if step == "window" and not waits:
                    step_along(held)
                held = None if clear != "never" and not waits else held
                done += 1
            if leftovers == "always" and len(micro_batches) % accum_steps == 0:
                step_along(held)
        return weight_of(model).detach()

    return train


def linear(accum_steps: int) -> float:
    return float(accum_steps)


def unscaled(accum_steps: int) -> float:
    return 1.0
