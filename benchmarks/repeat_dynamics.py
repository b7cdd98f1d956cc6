"""Rows 8a to 8d: the noisy quadratic and the double well, against earlier figures and theory."""

import math

import torch
from agreement import Interval, compare, fact

from coursekit.double_well import DoubleWell, barrier
from coursekit.dynamics import (
    ChainAverage,
    chain_average,
    sde_variance,
    simulate_quadratic,
    stationary_variance,
)
from coursekit.escape import EscapeTimes, arrhenius_slope, escape_ratio, escape_times, occupancy
from coursekit.escape_theory import (
    discrete_escape_time,
    discrete_share,
    gibbs_share,
    sde_escape_time,
)

WELL = DoubleWell()
TOP = barrier(WELL).position
NO_INTERVAL = math.nan


def interval(average: ChainAverage) -> Interval:
    return average.value, 1.96 * average.stderr


def exact(label: str, average: ChainAverage, truth: float, note: str = "") -> bool:
    """Compare with theory at 4 standard errors, so that some 40 lines raise no false alarm."""
    z = (average.value - truth) / average.stderr
    detail = f"{average.value:.4g} ± {1.96 * average.stderr:.2g}, theory {truth:.4g}, z {z:+.1f}"
    return fact(label, abs(z) < 4, f"{detail} {note}")


def row_8a() -> list[bool]:
    print("Row 8a: stationary variance of the quadratic. 20,000 chains a cell")
    g, found = torch.Generator().manual_seed(0), []
    for lr in (0.01, 0.1, 0.5, 1.0, 1.5, 1.9):
        for batch_size in (1, 16):
            case = {"lr": lr, "curvature": 1.0, "noise_var": 1.0, "batch_size": batch_size}
            steps = max(200, int(8 / lr))
            x = simulate_quadratic(**case, num_steps=steps, num_chains=20_000, generator=g)
            sde = f"(SDE {sde_variance(**case):.4g})"
            label = f"lr * curvature {lr}, B {batch_size}"
            found.append(exact(label, chain_average(x.square()), stationary_variance(**case), sde))
    for momentum in (0.5, 0.9):
        case = {"lr": 0.1, "curvature": 1.0, "noise_var": 1.0, "batch_size": 1}
        case["momentum"] = momentum
        x = simulate_quadratic(**case, num_steps=1000, num_chains=20_000, generator=g)
        label = f"momentum {momentum}, lr 0.1"
        found.append(exact(label, chain_average(x.square()), stationary_variance(**case)))
    case = {"lr": 1.9, "curvature": 1.0, "noise_var": 1.0, "batch_size": 1}
    ratio = stationary_variance(**case) / sde_variance(**case)
    found.append(compare("exact / SDE at lr * curvature 1.9", (ratio, NO_INTERVAL), (20.0, 0.5)))
    return found


def wait(start: str, lr: float, heat: float, target: float, seed: int, n: int) -> EscapeTimes:
    settings = {"start": start, "lr": lr, "temperature": heat, "target": target}
    expected = discrete_escape_time(WELL, **settings) / lr
    return escape_times(
        WELL,
        **settings,
        num_chains=n,
        max_steps=int(25 * expected) + 100,
        generator=torch.Generator().manual_seed(seed),
    )


def row_8b(n: int = 600) -> list[bool]:
    print(f"Row 8b: escape times, lr .02, {n} chains; escaped at .3 (.15) beyond the barrier's top")
    found = []
    plans = {
        "left": ("sharp", TOP + 0.3, (0.18, 0.2, 0.25, 0.3, 0.4), 0.971),
        "right": ("flat", TOP - 0.15, (0.2, 0.25, 0.3, 0.4), 0.970),
    }
    for start, (name, target, heats, before) in plans.items():
        inverse = 1 / torch.tensor(heats, dtype=torch.float64)
        runs = [wait(start, 0.02, t, target, seed, n) for seed, t in enumerate(heats)]
        theory = {"start": start, "target": target}
        for heat, run in zip(heats, runs, strict=True):
            truth = discrete_escape_time(WELL, lr=0.02, temperature=heat, **theory)
            sde = sde_escape_time(WELL, temperature=heat, **theory)
            label = f"{name}, T {heat}: mean time ({run.num_censored} censored)"
            found.append(exact(label, run.mean, truth, f"(SDE {sde:.4g})"))
        fitted = interval(arrhenius_slope(inverse, runs))
        found.append(compare(f"{name}: slope of ln(tau) over 1/T", fitted, (before, 0.04)))
    print(f"    barrier {barrier(WELL).height:.4f}: the slope tends to it only for T -> 0")
    for lr, before in ((0.04, 4.5), (0.02, 3.9), (0.005, 3.4)):
        flat = wait("right", lr, 0.3, TOP - 0.15, 11, n)
        sharp = wait("left", lr, 0.3, TOP + 0.3, 12, n)
        here = interval(escape_ratio(flat, sharp))
        found.append(compare(f"tau flat / tau sharp, T .3, lr {lr}", here, (before, 0.1 * before)))
    sde = [
        sde_escape_time(WELL, start=s, temperature=0.3, target=t)
        for s, t in (("right", TOP - 0.15), ("left", TOP + 0.3))
    ]
    both = [sde_escape_time(WELL, start=s, temperature=0.3) for s in ("right", "left")]
    print(f"    SDE: {sde[0] / sde[1]:.3f}; from minimum to minimum {both[0] / both[1]:.3f}; "
          f"Kramers sqrt(8) = 2.83")  # fmt: skip
    return found


def row_8c() -> list[bool]:
    print("Row 8c: share of steps in the flat well, lr .02; 400 chains, half from each side")
    found = []
    for heat, before in ((0.2, (0.704, 0.017)), (0.3, (0.764, 0.025)), (0.5, (0.736, 0.029))):
        wait_steps = discrete_escape_time(WELL, start="right", lr=0.02, temperature=heat) / 0.02
        here = occupancy(
            WELL,
            lr=0.02,
            temperature=heat,
            num_chains=400,
            num_steps=int(4 * wait_steps),
            burn_in=int(2 * wait_steps),
            generator=torch.Generator().manual_seed(5),
        )
        truth = discrete_share(WELL, lr=0.02, temperature=heat)
        gibbs = f"(Gibbs {gibbs_share(WELL, temperature=heat):.3f})"
        found.append(exact(f"T {heat}: share", here.share, truth, gibbs))
        found.append(compare(f"T {heat}: share", interval(here.share), before))
    cold = occupancy(
        WELL,
        lr=0.02,
        temperature=0.1,
        num_chains=400,
        num_steps=2000,
        burn_in=4000,
        generator=torch.Generator().manual_seed(6),
    )
    sides = f"{cold.from_left.value:.3f} from the left, {cold.from_right.value:.3f} from the right"
    return [*found, fact("T .1, 6000 steps: not equilibrated", not cold.equilibrated, sides)]


def row_8d(n: int = 1000) -> list[bool]:
    print(f"Row 8d: escape from the sharp well over its top, T .15 fixed, larger lr; {n} chains")
    found, target = [], TOP + 1e-9
    for lr, before in ((0.01, 189.0), (0.05, 153.0), (0.1, 66.0), (0.2, 5.3)):
        run = wait("left", lr, 0.15, target, 20, n)
        truth = discrete_escape_time(WELL, start="left", lr=lr, temperature=0.15, target=target)
        label = f"lr * curvature {8 * lr:.2g} ({run.num_censored} censored)"
        found.append(exact(label, run.mean, truth))
        note = "(17 % were censored before)" if lr == 0.01 else ""
        found.append(compare(label, interval(run.mean), (before, 0.07 * before), note=note))
    return found
