"""Runs of C1 on a second data set: digits, to a training loss of 0.05."""

from coursekit.claims.second_set import WIDTHS
from coursekit.claims.unit_05_noise_scale.noise_points import device_for
from coursekit.data.splits import load
from coursekit.experiments.trade_off import RunsToTarget, run_to_target

TARGET = 0.05  # training loss; lengths and grids by a pilot of two other seeds
LENGTHS = {16: 300, 32: 240, 64: 180, 128: 120, 256: 84, 512: 84}
LOWEST = {16: -3.0, 32: -2.5, 64: -2.0, 128: -1.5, 256: -1.5, 512: -1.0}  # log2 of lr


def digits_runs(size: str) -> RunsToTarget:
    """Train to TARGET on digits at six batch sizes; three easy ones at size tiny."""
    data, target, lengths = load("digits", device=device_for(size)), TARGET, LENGTHS
    lrs = {b: [2 ** (low + k / 2) for k in range(5)] for b, low in LOWEST.items()}
    if size == "tiny":
        data, target, lengths = load("digits", num_train=256), 0.8, {8: 150, 32: 100, 128: 80}
        lrs = {b: [0.1, 0.2] for b in lengths}
    return run_to_target(
        WIDTHS["digits"],
        data,
        targets=(target,),
        seeds=range({"tiny": 3, "cpu": 8, "gpu": 24}[size]),
        lrs=lrs,
        num_steps=lengths,
        device=device_for(size),
    )[target]
