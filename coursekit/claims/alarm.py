"""How often the ledger cries wolf: the chance that verdicts rest on the seeds that were drawn."""

import hashlib
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from coursekit.claims.declare import Claim, Values
from coursekit.claims.null_ledger import stored
from coursekit.intervals import like

NUM_DRAWS = 200


def chance_to_turn(claim: Claim, values: Values, *, num_draws: int = NUM_DRAWS) -> float:
    """Estimate the chance that other seeds, as many, would give another verdict.

    The bootstrap: seeds are drawn with replacement from those that were measured, the same ones
    for all quantities of equal length (their seeds are paired), and the rule is applied again.

    Returns:
        Share of draws with another verdict, "unresolved" among them; 0 where it is below
        1/num_draws, and for calculations. With few seeds the bootstrap sees too little spread
        (by sqrt(1 - 1/n)); it never draws what no seed has shown, such as a run that diverged.
    """
    key = hashlib.sha256(claim.id.encode()).digest()[:8]
    rng = np.random.default_rng(int.from_bytes(key, "big"))
    columns = {name: np.asarray(column, dtype=float) for name, column in values.items()}
    lengths = sorted({len(c) for c in columns.values() if len(c) > 1})
    if not lengths:
        return 0.0
    verdict, turned = claim.verdict(values), 0
    for _ in range(num_draws):
        drawn = {n: rng.integers(n, size=n) for n in lengths}
        again = {
            n: like(values[n], c[drawn[len(c)]] if len(c) > 1 else c) for n, c in columns.items()
        }
        turned += claim.verdict(again) != verdict
    return turned / num_draws


def ledger_alarm(claims: Mapping[str, Claim], ledger: Mapping[str, Any]) -> dict[str, Any]:
    """State the false-alarm rate of the whole ledger, all its verdicts taken together.

    Returns:
        "verdicts": measured verdicts. "on_thresholds": what `null_ledger` found when every claim
        sat on its nearest threshold: firm verdicts, each by chance, "stated" and "simulated", of
        so many "claims". "expected": how many of the
        verdicts other seeds would turn, the sum of `chance_to_turn`. "any": the chance of one or
        more, as if claims were independent. "fragile": claim -> chance, of those above 1 %, the
        largest first.
    """
    chances = {
        claim_id: chance_to_turn(claim, ledger[claim_id][claim.sizes[0]]["values"])
        for claim_id, claim in claims.items()
        if claim.evidence == "measurement" and claim.sizes[0] in ledger.get(claim_id, {})
    }
    fragile = {i: c for i, c in chances.items() if c > 0.01}
    return {
        "verdicts": len(chances),
        "on_thresholds": stored(),
        "expected": sum(chances.values()),
        "any": 1 - math.prod(1 - c for c in chances.values()),
        "fragile": dict(sorted(fragile.items(), key=lambda item: -item[1])),
    }


def alarm_sentence(alarm: Mapping[str, Any]) -> str:
    """Write the false-alarm rate for a reader."""
    fragile = ", ".join(f"{i} ({100 * c:.0f} %)" for i, c in alarm["fragile"].items())
    null = alarm["on_thresholds"]
    return (
        f"False alarms, all {alarm['verdicts']} measured verdicts together: were every effect "
        f"exactly on the threshold that is nearest to it, new seeds would give "
        f"{null['simulated']:.1f} firm verdicts by chance, wrong either way, of the "
        f"{null['claims']:.0f} that one mean can turn. That is the average of "
        f"{null['ledgers']:.0f} simulated ledgers (seeds alone drawn, their covariances kept, "
        f"shared runs drawn once; from ledger to ledger it scatters by {null['spread']:.1f}). "
        f"2.5 % for each firm verdict beside a threshold, what a 95 % interval leaves out on "
        f"one side, makes {null['stated']:.1f}. With the spread "
        f"that was measured (seeds resampled), other seeds would turn {alarm['expected']:.1f} "
        f"verdicts on average, and at least one with a chance of {100 * alarm['any']:.0f} %, were "
        "claims independent (some share runs: L1, L2, L4; Q1, N4, L12; N5, G13). Resampling takes "
        "the effect that was seen for the true one, so a lucky draw looks safer than it is. "
        + (f"Most likely to turn: {fragile}." if fragile else "None is more likely than 1 %.")
    )
