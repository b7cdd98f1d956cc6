"""A ledger without effects: every claim on the threshold nearest to it, drawn anew many times.

How many firm verdicts come out by chance? A 95 % interval leaves out 2.5 % on each side, but a
rule may join several, may have one verdict at a threshold or two, and claims share runs. Here the
whole ledger is simulated:

    threshold     the mean of one quantity at which the rule's verdict turns, for endless seeds;
                  of all quantities that the rule reads, the one fewest standard errors away
    drawn column  mean (moved there) + sum_r g_sr residual_r / sqrt(n - 1),  g_sr ~ N(0, 1)

so all quantities of a claim keep the covariance that its seeds show; a quantity that is positive in
every seed is moved and drawn in its logarithm. On the threshold neither side is true: each firm
verdict is a false one. Seeds alone are drawn and judged: the error over test examples, which makes
intervals wider, is left out on both sides.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np

from coursekit.claims.declare import Claim, Values
from coursekit.claims.ledger import load_ledger
from coursekit.claims.register import CLAIMS
from coursekit.claims.turning import first_turn
from coursekit.storage import write_atomically

STORED = Path(str(files("coursekit.claims") / "false_alarms.json"))  # what the page quotes

NUM_LEDGERS = 400
SEEDS_IN_MIND = 100  # as if so many seeds were measured, by repeating those that were
ONE_SIDE = 0.025  # what a 95 % interval leaves out on one side
NUM_HALVINGS = 20  # two turns are subtracted, so they are found to a millionth
SHARED_RUNS = (("L1", "L2", "L4"), ("Q1", "N4", "L12"), ("N5", "G13"))  # their seeds are one
COUNTING = ("B1",)  # a rule about how many seeds lie off: drawn ones do not keep their number
UNRESOLVED = "unresolved"


@dataclass(frozen=True)
class Threshold:
    """Where the verdict of a claim turns, nearest to what was measured."""

    name: str  # the quantity that is moved
    shift: float  # how far its mean has to move
    stderrs: float  # the same, in standard errors of that mean
    sides: int  # how many of the verdicts on its two sides are firm

    @property
    def chance(self) -> float:
        """The stated chance of a firm verdict there."""
        return ONE_SIDE * self.sides


class _Read(dict):
    """Values that note which of them a rule reads."""

    def __init__(self, values: Values) -> None:
        super().__init__(values)
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Any:
        self.names.add(name)
        return super().__getitem__(name)

    def items(self) -> Any:
        self.names |= set(self)
        return super().items()


def threshold_of(claim: Claim, values: Values) -> Threshold | None:
    """Find the threshold nearest to what was measured; None where moving one mean turns nothing.

    A rule's threshold is found with the seeds repeated m and 4 m times: the turn of the verdict
    lies c(m) = c + a/sqrt(m) away, so c = 2 c(4 m) - c(m). A turn that does not move with m is
    that of a rule about each seed, which has no interval.
    """
    read = _Read(values)
    claim.verdict(read)
    few, many = repeated(values, 1), repeated(values, 4)
    while claim.verdict(few) != claim.verdict(many) and len(max(many.values(), key=len)) < 1e5:
        few, many = many, repeated(many, 4)  # so near that many seeds say more
    nearest: Threshold | None = None
    for name in sorted(read.names):
        column = np.asarray(values[name], dtype=float)
        scale = np.log(column) if (column > 0).all() else column
        stderr = scale.std(ddof=1) / math.sqrt(len(scale)) if len(scale) > 1 else 0.0
        if not stderr > 0:
            continue
        for sign in (-1.0, 1.0):
            reach = (
                4.0 if (column > 0).all() else 4 * max(float(np.ptp(column)), abs(column.mean()))
            )
            if nearest:
                reach = min(reach, (nearest.stderrs + 1) * stderr)
            first = _turn(claim, few, name, sign, reach)
            second = first and _turn(claim, many, name, sign, reach)
            if not first or not second or abs(second - first) < 1e-4 * stderr:
                continue
            shift = sign * (2 * second - first)
            if claim.verdict(moved(many, name, shift)) != UNRESOLVED:
                continue  # another part of the rule decides there, and rightly
            sides = [claim.verdict(moved(many, name, shift + d * stderr)) for d in (-1.0, 1.0)]
            found = Threshold(
                name, shift, abs(shift) / stderr, sum(side != UNRESOLVED for side in sides)
            )
            if nearest is None or found.stderrs < nearest.stderrs:
                nearest = found
    return nearest


def repeated(values: Values, factor: int) -> dict[str, list[float]]:
    """Return the values with all seeds repeated, so that intervals are narrow."""
    return {
        name: list(column)
        * (factor * max(2, SEEDS_IN_MIND // len(column)) if len(column) > 1 else 1)
        for name, column in values.items()
    }


def moved(values: Values, name: str, shift: float) -> dict[str, Any]:
    """Return the values with one quantity moved, all seeds alike: a positive one by exp(shift)."""
    x = np.asarray(values[name], dtype=float)
    return {**values, name: list(x * math.exp(shift) if (x > 0).all() else x + shift)}


def _turn(claim: Claim, values: Values, name: str, sign: float, reach: float) -> float | None:
    """Return the least move of a quantity at which the verdict is another; None without one."""
    verdict = claim.verdict(values)

    def turned(size: float) -> bool:
        try:
            with np.errstate(all="ignore"):
                return claim.verdict(moved(values, name, sign * size)) != verdict
        except (ValueError, ArithmeticError):
            return False

    return first_turn(turned, reach, num_halvings=NUM_HALVINGS)


def thresholds(
    claims: Mapping[str, Claim], ledger: Mapping[str, Any]
) -> Iterator[tuple[str, Values, Threshold | None]]:
    """Yield every measured claim with its values and its nearest threshold."""
    for claim_id, claim in claims.items():
        if claim.evidence != "measurement" or claim_id in COUNTING:
            continue
        if claim.sizes[0] in ledger.get(claim_id, {}):
            values = ledger[claim_id][claim.sizes[0]]["values"]
            yield claim_id, values, threshold_of(claim, values)


def drawn(values: Values, normals: Callable[[int], np.ndarray]) -> dict[str, list[float]]:
    """Return new seeds with the means and covariances of the measured ones.

    Args:
        values: Per-seed values; columns of equal length are paired.
        normals: n -> standard normal numbers, (n, n).
    """
    new = {}
    for name, column in values.items():
        x, n = np.asarray(column, dtype=float), len(column)
        if n > 1 and np.isfinite(x).all():
            scale = np.log(x) if (x > 0).all() else x
            scale = scale.mean() + normals(n) @ (scale - scale.mean()) / math.sqrt(n - 1)
            x = np.exp(scale) if (x > 0).all() else scale
        new[name] = x.tolist()
    return new


def simulate(
    claims: Mapping[str, Claim],
    ledger: Mapping[str, Any],
    *,
    num_ledgers: int = NUM_LEDGERS,
    seed: int = 0,
) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Draw ledgers in which every claim sits on its nearest threshold, and apply all rules.

    Seeds of claims that share runs are drawn once: with the same random numbers.

    Returns:
        Which verdicts came out firm, (num_ledgers, claims); the claims' ids; the chances stated of
    them.
    """
    placed = [(i, moved(v, t.name, t.shift), t) for i, v, t in thresholds(claims, ledger) if t]
    group = {i: g for g, ids in enumerate(SHARED_RUNS) for i in ids}
    firm = np.zeros((num_ledgers, len(placed)), dtype=bool)
    for k, (claim_id, values, _) in enumerate(placed):
        for j in range(num_ledgers):
            rng = np.random.default_rng([seed, j, group.get(claim_id, 100 + k)])
            numbers = rng.standard_normal((256, 256 if claim_id in group else 1))
            new = drawn(values, _normals(rng, numbers if claim_id in group else None))
            with np.errstate(all="ignore"):
                firm[j, k] = claims[claim_id].verdict(new) != UNRESOLVED
    return firm, [i for i, _, _ in placed], np.array([t.chance for _, _, t in placed])


def _normals(rng: np.random.Generator, shared: np.ndarray | None) -> Callable[[int], np.ndarray]:
    """Return n -> the (n, n) normal numbers of one draw, the same at every call."""
    kept: dict[int, np.ndarray] = {}

    def normals(n: int) -> np.ndarray:
        if n not in kept:
            kept[n] = rng.standard_normal((n, n)) if shared is None else shared[:n, :n]
        return kept[n]

    return normals


def summary(firm: np.ndarray, stated: np.ndarray) -> dict[str, float]:
    """Return what the page says of a simulation: numbers of claims and of firm verdicts."""
    counts = firm.sum(axis=1)
    return {
        "ledgers": len(firm),
        "claims": firm.shape[1],
        "stated": round(float(stated.sum()), 2),
        "simulated": round(float(counts.mean()), 2),
        "spread": round(float(counts.std(ddof=1)), 2),
    }


def stored() -> dict[str, float]:
    """Return the summary of the simulation that was stored last."""
    found: dict[str, float] = json.loads(STORED.read_text(encoding="utf-8"))
    return found


if __name__ == "__main__":
    firm, _, stated = simulate(CLAIMS, load_ledger())
    write_atomically(STORED, json.dumps(summary(firm, stated), indent=1) + "\n")
