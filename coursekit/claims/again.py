"""Measure claims again: which quarter of them, several at a time, and whether the ledger agrees."""

import hashlib
import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Any

import numpy as np

from coursekit.claims.declare import Values
from coursekit.claims.register import CLAIMS, measure

LEVEL = 0.01  # chance of a false alarm in one --quick, over everything that it compares
FLOOR = 1e-6  # differences below this count as rounding, and so do those below
RELATIVE_FLOOR = 1e-4  # this share of the value


def a_quarter(seconds: Mapping[str, float], commit: str) -> list[str]:
    """Choose claims that cost a quarter of the whole: others at each commit, the same on a re-run.

    The claims are taken in an order that the commit's hash decides, as long as they fit.

    Args:
        seconds: Claim -> what measuring it costs.
        commit: The hash; any text.

    Returns:
        Their ids, in the order of ``seconds``. At least the first in the commit's order.
    """

    def place(claim_id: str) -> str:
        return hashlib.sha256(f"{commit} {claim_id}".encode()).hexdigest()

    chosen: list[str] = []
    left = sum(seconds.values()) / 4
    for claim_id in sorted(seconds, key=place):
        if seconds[claim_id] <= left or not chosen:
            chosen.append(claim_id)
            left -= seconds[claim_id]
    return [claim_id for claim_id in seconds if claim_id in chosen]


def disagreements(
    stored: Mapping[str, Values],
    fresh: Mapping[str, Values],
    *,
    exact: Collection[str] = (),
    level: float = LEVEL,
) -> dict[str, list[str]]:
    """Compare new measurements with the ledger, all quantities of all claims at once.

    A quantity disagrees if its two means differ by more than

        t sqrt(s_old^2 / n_old + s_new^2 / n_new),   t at level / (quantities compared)

    two-sided, with Welch's degrees of freedom. Equal seeds make most differences far smaller: the
    rule bounds false alarms from above. Below a floor for rounding nothing disagrees; a quantity
    without spread has no other allowance.

    A single number out of many runs, such as a tuned learning rate or a fit, has no error to
    compare by: it is left out, unless the claim is a calculation. The verdict rests on it.

    Args:
        stored: Claim -> quantity -> per-seed values of the ledger.
        fresh: The same, measured now; its claims are compared.
        exact: Claims that are calculations: their single numbers have to agree.
        level: Chance of one false alarm or more in the whole comparison.

    Returns:
        Claim -> a line for each quantity that disagrees; claims that agree are left out.
    """
    from scipy import stats  # takes 0.3 s

    count = num_compared(fresh, exact)
    found: dict[str, list[str]] = {}
    for claim_id, values in fresh.items():
        lines = []
        missing = sorted(set(stored[claim_id]) ^ set(values))
        if missing:
            lines.append(f"only one of ledger and measurement has {', '.join(missing)}")
        for name in sorted(set(stored[claim_id]) & set(values)):
            if len(values[name]) == 1 and claim_id not in exact:
                continue
            old, new = (np.asarray(v, dtype=float) for v in (stored[claim_id][name], values[name]))
            shares = [a.var(ddof=1) / len(a) if len(a) > 1 else 0.0 for a in (old, new)]
            spread = sum(shares)
            allowed = FLOOR + RELATIVE_FLOOR * abs(old.mean())
            if spread > 0:
                weights = [
                    s**2 / (len(a) - 1) for s, a in zip(shares, (old, new), strict=True) if s
                ]
                freedom = spread**2 / sum(weights)
                allowed += stats.t.ppf(1 - level / (2 * count), freedom) * math.sqrt(spread)
            difference = new.mean() - old.mean()
            if not abs(difference) <= allowed:
                lines.append(
                    f"{name}: {new.mean():.6g} now, {old.mean():.6g} in the ledger; "
                    f"they may differ by {allowed:.2g}"
                )
        if lines:
            found[claim_id] = lines
    return found


def num_compared(fresh: Mapping[str, Values], exact: Collection[str] = ()) -> int:
    """Return how many quantities `disagreements` compares."""
    return sum(
        len(column) > 1 or claim_id in exact
        for claim_id, values in fresh.items()
        for column in values.values()
    )


def measure_each(
    ids: Sequence[str], size: str, *, workers: int = 1, executor: Executor | None = None
) -> Iterator[tuple[str, dict[str, Any]]]:
    """Measure claims, in several processes where asked; yield each as it is done.

    Args:
        ids: Claims, the costly ones first: what starts last must not be long.
        size: "tiny", "cpu" or "gpu".
        workers: Processes of our own.
        executor: Somebody else's, in their place: any `concurrent.futures` executor, such as
            Dask's `client.get_executor()`. It stays open.
    """
    if executor is not None:
        yield from _as_measured(executor, ids, size)
        return
    if workers <= 1 or len(ids) <= 1:
        for claim_id in ids:
            yield claim_id, measure_by_id(claim_id, size)
        return
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            yield from _as_measured(pool, ids, size)
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _as_measured(
    executor: Executor, ids: Sequence[str], size: str
) -> Iterator[tuple[str, dict[str, Any]]]:
    waiting = {executor.submit(measure_by_id, claim_id, size): claim_id for claim_id in ids}
    try:
        for done in as_completed(waiting):
            yield waiting[done], done.result()
    finally:
        for future in waiting:
            future.cancel()


def measure_by_id(claim_id: str, size: str) -> dict[str, Any]:
    """Measure one claim, by a name that another process understands."""
    return measure(CLAIMS[claim_id], size)
