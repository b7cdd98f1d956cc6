"""All claims, and measuring them into the ledger."""

import time
from typing import Any

from coursekit.claims import (
    accumulation,
    flat_minima,
    gradient_noise,
    hardware,
    literature,
    lr_scaling,
    noise_scale,
    sharpness,
    start,
    toolkit,
    warmup,
)
from coursekit.claims.declare import Claim
from coursekit.device import device_name

GROUPS = (
    start,
    gradient_noise,
    lr_scaling,
    warmup,
    accumulation,
    noise_scale,
    sharpness,
    flat_minima,
    toolkit,
    hardware,
    literature,
)
CLAIMS: dict[str, Claim] = {claim.id: claim for group in GROUPS for claim in group.CLAIMS}


def measure(claim: Claim, size: str) -> dict[str, Any]:
    """Measure a claim and return its entry for the ledger."""
    began = time.perf_counter()
    values = claim.measure(size)
    seconds = round(time.perf_counter() - began, 1)
    rounded = {name: [float(f"{v:.6g}") for v in column] for name, column in values.items()}
    return {"device": device_name(), "seconds": seconds, "values": rounded}
