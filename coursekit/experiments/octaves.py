"""Tune a learning rate on a grid of octaves that grows until its best lies inside."""

from collections.abc import Callable, Sequence

import numpy as np

MOST = 6  # octaves that are added at one end


def until_inside(
    octaves: Sequence[int],
    run: Callable[[list[int]], np.ndarray],
    best: Callable[[np.ndarray], Sequence[int]],
    *,
    most: int = MOST,
    tell: Callable[[str], None] | None = None,
    about: str = "grid",
) -> tuple[list[int], np.ndarray]:
    """Run a grid of octaves, and one more at an end as long as a best one lies there.

    A grid that was too short says nothing about what lies beyond it. What is tried is decided by
    all seeds, so choose a seed's own octave by the other seeds, as `choose_by_others` does.

    Args:
        octaves: Exponents k of learning rates lr 2^k to begin with: consecutive, ascending. One
            alone is no grid, and stays alone.
        run: Octaves -> what came out, shape (num_seeds, len(octaves), ...).
        best: Of such an array, which columns are best by one measure or several.
        most: Octaves added at each end at most: a best that has not come inside by then stays at
            the end.
        tell: Called after each run with the octaves that were tried, in words.
        about: What those words begin with.

    Returns:
        All octaves that were tried, ascending, and what came out of them.

    Raises:
        ValueError: If the octaves are not consecutive.
    """
    tried = list(octaves)
    if tried != list(range(tried[0], tried[0] + len(tried))):
        raise ValueError(f"octaves must be consecutive and ascending, got {tried}")

    def made(some: list[int]) -> np.ndarray:
        out = run(some)
        if tell is not None:
            tell(f"{about}, octaves {', '.join(map(str, some))}")
        return out

    found = made(tried)
    lowest, highest = tried[0] - most, tried[-1] + most
    while len(tried) > 1:
        places = best(found)
        more = []
        if min(places) == 0 and tried[0] > lowest:
            more.append(tried[0] - 1)
        if max(places) == len(tried) - 1 and tried[-1] < highest:
            more.append(tried[-1] + 1)
        if not more:
            break
        new = made(more)
        below = sum(k < tried[0] for k in more)
        found = np.concatenate([new[:, :below], found, new[:, below:]], axis=1)
        tried = sorted([*tried, *more])
    return tried, found
