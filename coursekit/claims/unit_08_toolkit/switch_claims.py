"""Claim on when to raise the batch within a run: as early as the noise allows, or late."""

import numpy as np
import torch

from coursekit.claims.decide import above, below, decide, paired
from coursekit.claims.declare import Claim, Values
from coursekit.claims.unit_07_flat_minima.noise_once import pool
from coursekit.data.splits import Dataset
from coursekit.device import pick_device
from coursekit.experiments.switching import Switch, losses_through

UNIT = "08_large_batch_toolkit"
SIZES = (40, 64, 64, 10)
SMALL, LARGE = 16, 128
ARMS = {"never": 1.0, "late": 0.75, "early": 0.25, "always": 0.0}  # share at the small batch
LRS = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6, 3.2)  # 3.2 came later, when 1.6 was best for "always"
AFTER = (10, 30, 100)  # steps after a switch
MATCH_LR = 0.2
# seeds, examples of a run, steps before the switch that is followed
COUNTS = {"tiny": (3, 2048, 16), "cpu": (8, 65536, 1024), "gpu": (32, 524288, 4096)}


def measure_switch(size: str) -> dict[str, list[float]]:
    """C12: test loss at equal examples, the batch raised never, late, early or at once."""
    num_seeds, examples, _ = COUNTS[size]
    device = pick_device() if size == "gpu" else torch.device("cpu")
    data = pool(max(examples, pool_needed(size)), device)
    values: dict[str, list[float]] = {}
    for name, share in ARMS.items():
        sizes = Switch(SMALL, LARGE, share).sizes(examples)
        found = losses_through(
            SIZES,
            data,
            seeds=range(num_seeds),
            lrs=LRS,
            batch_sizes=sizes,
            at=(len(sizes),),
            device=device,
        )
        values[f"loss_{name}"], values[f"at_edge_{name}"] = tuned(
            found["validation"][..., 0], found["test"][..., 0]
        )
        values[f"steps_{name}"] = [float(len(sizes))]
    values["early_minus_late"] = list(paired(values["loss_early"], values["loss_late"]))
    values["always_minus_late"] = list(paired(values["loss_always"], values["loss_late"]))
    values |= caught_up(size, data, device)
    return values


def pool_needed(size: str) -> int:
    """Return how many examples the longest run of equal steps reads."""
    _, _, before = COUNTS[size]
    return (before + max(AFTER)) * LARGE


def tuned(seen: np.ndarray, test: np.ndarray) -> tuple[list[float], list[float]]:
    """Return each seed's test loss at the lr that the other seeds choose, and if one is at an end.

    Args:
        seen: Validation losses by which to choose, (seeds, lrs); nan: diverged, never chosen.
        test: Losses to report, same shape.
    """
    filled = np.where(np.isfinite(seen), seen, np.inf)
    chosen = [int(np.delete(filled, s, axis=0).mean(axis=0).argmin()) for s in range(len(seen))]
    at_edge = float(any(c in (0, seen.shape[1] - 1) for c in chosen))
    return [float(test[s, c]) for s, c in enumerate(chosen)], [at_edge]


def caught_up(size: str, data: Dataset, device: torch.device) -> dict[str, list[float]]:
    """Follow a late switch beside a run at the large batch throughout, at equal steps and lr.

    Share of their difference in loss at the switch that is gone 10, 30 and 100 steps later.
    """
    num_seeds, _, before = COUNTS[size]
    at = (before, *(before + k for k in AFTER))
    curves = {}
    for name, first in (("switched", SMALL), ("large", LARGE)):
        sizes = [first] * before + [LARGE] * max(AFTER)
        found = losses_through(
            SIZES,
            data,
            seeds=range(num_seeds),
            lrs=(MATCH_LR,),
            batch_sizes=sizes,
            at=at,
            device=device,
        )
        curves[name] = found["test"][:, 0]
    behind = curves["switched"] - curves["large"]  # (seeds, records)
    values = {"behind": behind[:, 0].tolist()}
    for i, k in enumerate(AFTER, start=1):
        values[f"left_{k}"] = behind[:, i].tolist()
    return values


def switch_verdict(values: Values) -> str:
    """C12 fails if early ends higher than late by a tenth of what the large batch costs."""
    if any(values[f"at_edge_{name}"][0] for name in ARMS):
        return "unresolved"
    dearer = paired(values["early_minus_late"], values["always_minus_late"], 0.1)
    if above(values["always_minus_late"]) is not True:
        return "unresolved"  # where the large batch costs nothing there is nothing to time
    return decide(holds=below(dearer), fails=above(dearer))


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="C12",
        statement="Raise the batch as early in training as the noise allows; what the small one "
        "has lost by then is slow to come back.",
        heard="guides to batch warmup; recipes that ramp within the first tenth",
        unit=UNIT,
        source="against it the late switching of 2026, arXiv:2602.14208: after a late switch the "
        "loss quickly joins the course of the large batch; on easy tasks, the same paper says, the "
        "batch should grow throughout",
        rule="one pass, equal examples, B = 16 raised to 128 once, lr best for each arm on "
        "validation data by the other seeds: test loss of a switch after a quarter of the examples "
        "minus that after three quarters. Holds if it lies below a tenth of what 128 throughout "
        "costs beside the late switch, since early takes fewer steps; fails if above; unresolved "
        "if 128 throughout costs nothing, or a best lr is at an end of its grid. Set on 29 "
        "November 2026 before any run; lr 3.2 was added when 128 throughout was best at 1.6, the "
        "grid's end",
        setting="MLP 40-64-64-10, fresh series, plain SGD at constant lr of seven, 65,536 examples "
        "(524,288 on a GPU); beside it, at lr 0.2 and equal steps, a switch after 1,024 steps "
        "(4,096) and 128 throughout: what is left of their difference 10, 30 and 100 steps on",
        measure=measure_switch,
        verdict=switch_verdict,
        looked=True,
        expected="fails",
        changes="An optimizer whose lr is retuned at the switch; a machine on which a step costs "
        "the same at both batches: then early is faster, whatever it ends at.",
        shown=("early_minus_late", "always_minus_late", "behind", "left_10", "left_30", "left_100"),
    ),
)
