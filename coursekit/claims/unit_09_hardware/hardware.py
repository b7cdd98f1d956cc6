"""Claims of units 09 and 10: what a step costs, what repeats bitwise, shards, and logs."""

import numpy as np

from coursekit.claims.decide import all_of, any_of, decide, no, ratio_above
from coursekit.claims.declare import Claim, Values
from coursekit.claims.unit_09_hardware import company, prices, repeatability
from coursekit.claims.unit_09_hardware.clocks import CRITICAL, interleaved, step_timer

UNIT = "09_hardware"
PLACES = {  # idle: from, to; busy: from, to
    "tiny": (1, 4, 256, 512),
    "cpu": (1, 8, 1024, 4096),
    "gpu": (16, 128, 16_384, 65_536),
}
POWERS = {"tiny": (16, 64, 256), "cpu": (64, 256, 1024), "gpu": (256, 1024, 4096)}
PLACE_NAMES = ("small", "middle", "large")


def measure_total_time(size: str) -> dict[str, list[float]]:
    """C6: time to a target, steps(B) times t(B), where the device idles and where it is full."""
    batch_sizes = PLACES[size]
    times = interleaved(step_timer(size), batch_sizes, lambda b: max(1, min(5, 2048 // b)))
    values: dict[str, list[float]] = {}
    for name, small, large in (("idle", *batch_sizes[:2]), ("full", *batch_sizes[2:])):
        step = np.array(times[large]) / np.array(times[small])
        steps = (1 + CRITICAL / large) / (1 + CRITICAL / small)
        values[f"batch_{name}_from"], values[f"batch_{name}_to"] = [float(small)], [float(large)]
        values[f"step_{name}"] = step.tolist()
        values[f"total_{name}"] = (steps * step).tolist()
    for name, b in zip(("idle_from", "idle_to", "full_from", "full_to"), batch_sizes, strict=True):
        values[f"ms_{name}"] = [1e3 * t for t in times[b]]
    return values


def total_time_verdict(values: Values) -> str:
    """C6 depends if the larger batch is done sooner on an idle device, later on a full one."""
    idle, full = ratio_above(values["total_idle"]), ratio_above(values["total_full"])
    return decide(
        depends=all_of(no(idle), full),
        holds=all_of(idle, full),
        fails=all_of(no(idle), no(full)),
    )


def measure_powers(size: str) -> dict[str, list[float]]:
    """C7: time a step of 2^k - 1 and 2^k + 1, their mean over that of 2^k."""
    powers = POWERS[size]
    batch_sizes = [b + shift for b in powers for shift in (-1, 0, 1)]
    examples = 64 if size == "tiny" else 1024
    times = interleaved(step_timer(size), batch_sizes, lambda b: max(1, examples // b))
    values: dict[str, list[float]] = {}
    for name, b in zip(PLACE_NAMES, powers, strict=True):
        around = (np.array(times[b - 1]) + np.array(times[b + 1])) / 2
        values[f"neighbours_{name}"] = (around / np.array(times[b])).tolist()
    return values


def powers_verdict(values: Values) -> str:
    """C7 by where the neighbours are more than 5 % slower."""
    slower = [ratio_above(values[f"neighbours_{name}"], 1.05) for name in PLACE_NAMES]
    same = [no(part) for part in slower]
    return decide(
        holds=all_of(*slower), depends=all_of(any_of(*slower), any_of(*same)), fails=all_of(*same)
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="C6",
        statement="Large batches take longer in total.",
        heard="interview answers; the reverse is heard as often",
        unit=UNIT,
        source="Goyal et al. 2017, arXiv:1706.02677, for idle hardware",
        rule="time to a target is steps(B) t(B), with steps in proportion to 1 + B_crit/B and "
        "B_crit = 100; depends if from the small to the large batch it falls where the device "
        "idles and rises where it is full (95 % intervals of the log over rounds); holds if it "
        "rises in both, fails if it falls in both",
        setting="MLP 40-64-64-10, one thread, eight interleaved rounds; idle: B=1 against 8; full: "
        "1024 against 4096 (on a GPU width 2048, 16 against 128 and 16,384 against 65,536)",
        measure=measure_total_time,
        verdict=total_time_verdict,
        expected="depends",
        changes="A larger B_crit: then steps fall for longer, and the batch where it turns grows.",
        shown=("total_idle", "total_full", "step_idle", "step_full"),
        portable=False,
    ),
    Claim(
        id="C7",
        statement="Batch sizes that are powers of two are faster.",
        heard="folklore; interview guides",
        unit=UNIT,
        source="",
        rule="time a step of 2^k - 1 and 2^k + 1, their mean over that of 2^k, at three k: "
        "holds if all three lie above 1.05, depends if some do and some do not, fails "
        "if none does. First 1.02 for slower and 1.05 for not",
        setting="MLP 40-64-64-10 in float32, one thread, eight interleaved rounds, the fastest of "
        "16 looks in each (with fewer, a busy machine left it open); B = 64, 256, 1024 (on a GPU "
        "width 2048 and 256, 1024, 4096)",
        measure=measure_powers,
        verdict=powers_verdict,
        looked=True,
        expected="depends",
        finding="On one thread of a CPU, in float32, neighbours cost the same to a few percent. "
        "On an H100 they cost some 3 % more at two of three sizes, which leaves it open.",
        changes="Half precision on tensor cores, where sizes that are no multiple of 8 are padded; "
        "widths rather than batches.",
        shown=("neighbours_small", "neighbours_middle", "neighbours_large"),
        portable=False,
    ),
    *repeatability.CLAIMS,
    *company.CLAIMS,
    *prices.CLAIMS,
)
