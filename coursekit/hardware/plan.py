"""The best batch in examples, in seconds and in money: three different numbers."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Prices:
    """What a run is paid for, in one currency.

    Attributes:
        device_hour: An hour of the device that trains.
        million_examples: Reading, decoding and serving a million examples (or labelling them).
    """

    device_hour: float
    million_examples: float

    def money(self, seconds: float, examples: float) -> float:
        """Return the price of a run."""
        return seconds / 3600 * self.device_hour + examples / 1e6 * self.million_examples


@dataclass(frozen=True)
class BestBatches:
    """The best batch by each of three goals, and what every batch size tried would cost.

    Attributes:
        examples: Batch size with the fewest examples to the target.
        seconds: With the fewest seconds.
        money: With the lowest price.
        table: Batch size -> (examples, seconds, money) to the target.
    """

    examples: int
    seconds: int
    money: int
    table: dict[int, tuple[float, float, float]]


def best_batches(
    batch_sizes: Sequence[int],
    *,
    steps: Callable[[float], float],
    step_seconds: Callable[[float], float],
    prices: Prices,
    step_bytes: Callable[[float], float] = lambda batch_size: 0.0,
    memory: float = math.inf,
) -> BestBatches:
    """Find the best batch size by examples, by seconds and by money among those that fit.

        E = B S(B),   T = S(B) t(B),   money = T price per second + E price per example

    Args:
        batch_sizes: Candidates.
        steps: S(B) to the target.
        step_seconds: t(B).
        prices: Of an hour and of examples.
        step_bytes: Bytes a step needs at B.
        memory: Bytes that there are.

    Returns:
        The three, and the whole table. Where several cost the same, the smallest batch.

    Raises:
        ValueError: If no candidate fits.
    """
    fitting = sorted(b for b in batch_sizes if step_bytes(b) <= memory)
    if not fitting:
        raise ValueError(
            f"none of {list(batch_sizes)} fits into {memory:.3g} bytes; try smaller batches, "
            f"checkpoints or accumulation"
        )
    table = {}
    for b in fitting:
        num_examples, time = b * steps(b), steps(b) * step_seconds(b)
        table[b] = num_examples, time, prices.money(time, num_examples)
    examples, seconds, money = (min(fitting, key=lambda b: table[b][goal]) for goal in range(3))
    return BestBatches(examples, seconds, money, table)
