"""Seconds of a piece of work, in rounds, so that a busy machine is seen and not believed."""

import time
from collections.abc import Callable, Hashable, Mapping
from typing import TypeVar

import torch

K = TypeVar("K", bound=Hashable)


def seconds_in_rounds(
    work: Mapping[K, Callable[[], object]],
    *,
    rounds: int = 7,
    looks: int = 3,
    at_least: float = 2e-3,
    device: torch.device | None = None,
) -> dict[K, list[float]]:
    """Time several pieces of work in turn; one value a round, in seconds on the clock.

    Each round looks at every piece several times, in an order that turns round, and keeps the
    fastest look: whoever else is at work only ever slows one. A look repeats its piece until it
    lasts ``at_least`` seconds, so that the clock's own steps do not count.

    Args:
        work: Name -> what to do.
        rounds: Values of each piece.
        looks: Looks a round.
        at_least: Length of a look, seconds.
        device: Where the work is done; a CUDA device is waited for.

    Returns:
        Name -> one time a round. Their spread is that of this process at this hour: it says
        nothing of another machine, or of tomorrow.

    Raises:
        ValueError: If there is no round or no look.
    """
    if rounds < 1 or looks < 1:
        raise ValueError(f"need at least one round and one look, got {rounds} and {looks}")
    repeats = {}
    for name, do in work.items():
        do()  # what is made on first use counts for nobody
        once = _seconds(do, 1, device)
        repeats[name] = max(1, int(at_least / max(once, 1e-7)))
    found: dict[K, list[float]] = {name: [] for name in work}
    for turn in range(rounds):
        best = dict.fromkeys(work, float("inf"))
        for look in range(looks):
            names = list(work) if (turn + look) % 2 == 0 else list(work)[::-1]
            for name in names:
                best[name] = min(best[name], _seconds(work[name], repeats[name], device))
        for name, seconds in best.items():
            found[name].append(seconds)
    return found


def _seconds(do: Callable[[], object], repeats: int, device: torch.device | None) -> float:
    """Return seconds for one repetition."""
    _wait(device)
    began = time.perf_counter()
    for _ in range(repeats):
        do()
    _wait(device)
    return (time.perf_counter() - began) / repeats


def _wait(device: torch.device | None) -> None:
    """Wait until a GPU has done what it was told."""
    if device is not None and device.type == "cuda":
        torch.cuda.synchronize(device)
