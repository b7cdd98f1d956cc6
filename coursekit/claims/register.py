"""All claims, and measuring them into the ledger."""

import time
from collections.abc import Iterable
from typing import Any

import numpy as np
import torch

from coursekit.claims import literature
from coursekit.claims.declare import Claim
from coursekit.claims.ledger import with_shared
from coursekit.claims.unit_00_start import interview_change, start
from coursekit.claims.unit_01_gradient_noise import gradient_noise
from coursekit.claims.unit_02_lr_scaling import lr_scaling, surge_claims
from coursekit.claims.unit_03_warmup import warmup
from coursekit.claims.unit_04_accumulation import accumulation
from coursekit.claims.unit_05_noise_scale import (
    branch_claims,
    estimators,
    noise_scale,
    sign_claims,
    small_end,
)
from coursekit.claims.unit_06_sharpness import sharpness, stability_claims
from coursekit.claims.unit_07_flat_minima import (
    dynamics_claims,
    gap,
    minima,
    momentum,
    noise_once,
    noise_role,
    transformer_claims,
)
from coursekit.claims.unit_08_toolkit import switch_claims, toolkit
from coursekit.claims.unit_09_hardware import hardware
from coursekit.claims.unit_10_capstone import what_broke
from coursekit.device import device_name
from coursekit.intervals import crossed

GROUPS = (
    start,
    interview_change,
    gradient_noise,
    lr_scaling,
    surge_claims,
    warmup,
    accumulation,
    noise_scale,
    small_end,
    branch_claims,
    sign_claims,
    sharpness,
    stability_claims,
    noise_role,
    noise_once,
    gap,
    momentum,
    dynamics_claims,
    minima,
    transformer_claims,
    toolkit,
    switch_claims,
    hardware,
    what_broke,
    estimators,
    literature,
)


def by_id(groups: Iterable[Iterable[Claim]]) -> dict[str, Claim]:
    """Return all claims of all groups by their ids, in order.

    Raises:
        ValueError: If two claims have one id: the second would replace the first in silence.
    """
    found: dict[str, Claim] = {}
    for group in groups:
        for claim in group:
            if claim.id in found:
                raise ValueError(
                    f"two claims are named {claim.id!r}: {found[claim.id].statement!r} and "
                    f"{claim.statement!r}; give one of them another id"
                )
            found[claim.id] = claim
    return found


CLAIMS: dict[str, Claim] = by_id(group.CLAIMS for group in GROUPS)


def measure(claim: Claim, size: str) -> dict[str, Any]:
    """Measure a claim and return its entry for the ledger, without the digest.

    A quantity that is a table (seeds, test examples) becomes its means over examples, with the
    error over examples in "shared". On a CPU one thread computes: more would add the same
    numbers in another order. ``seconds`` passed on the clock, ``cpu_seconds`` were spent computing.

    Raises:
        ValueError: If the claim rests on literature alone.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(threads if size == "gpu" else 1)
    try:
        began, spent = time.perf_counter(), time.process_time()
        values = claim.measure(size)
        seconds = round(time.perf_counter() - began, 1)
        cpu_seconds = round(time.process_time() - spent, 1)
        device = device_name()
    finally:
        torch.set_num_threads(threads)
    tables = {name: np.asarray(c) for name, c in values.items() if np.ndim(c) == 2}
    columns = {**values, **crossed(tables)}
    rounded = {name: [float(f"{v:.6g}") for v in column] for name, column in columns.items()}
    shared = {n: [float(f"{v:.4g}") for v in columns[n].shared] for n in tables}
    rounded = with_shared(rounded, shared)
    return {
        "device": device.removesuffix(", 1 threads"),
        "seconds": seconds,
        "cpu_seconds": cpu_seconds,
        "verdict": claim.verdict(rounded),
        "values": rounded,
        **({"shared": shared} if shared else {}),
    }
