"""Row 3, the interview question: what is lost when B and lr grow by 4 at equal epochs, and why.

The rule is that of `repeat_scaling`: the joint interval, plus 3 points for another draw of the data
where an accuracy is compared; paired differences get no slack.
"""

from functools import partial

import numpy as np
from agreement import Interval, compare, of_seeds
from repeat_scaling import CHANCE, POINTS, SIZES, accuracy, grid

from coursekit.data import load
from coursekit.models import mlp
from coursekit.replicas import run_grid
from coursekit.schedules import Schedule, constant, cosine, linear_warmup, warmup_cosine

DEAD = 20.0  # % of accuracy below which a run counts as dead


def dead(values: np.ndarray) -> str:
    count = int((values < DEAD).sum())
    return f"({count} of {len(values)} at chance)" if count else ""


def warm(num_steps: int) -> Schedule:
    return linear_warmup(1.0, warmup_steps=num_steps // 10)


def warm_cosine(num_steps: int) -> Schedule:
    return warmup_cosine(1.0, warmup_steps=num_steps // 10, num_steps=num_steps)


STARTS = {"none": lambda n: constant(1.0), "warmup": warm, "warmup + cosine": warm_cosine}


def row_3() -> list[bool]:
    print("Row 3: the interview, MNIST-1D N=4096, B=256 -> 1024, 20 epochs. 10 seeds, paired")
    arm = partial(grid, data=load("mnist1d"), seeds=range(10))
    base = arm(batch_sizes=(256,), lrs=(0.125, 0.25, 0.5, 1.0), num_steps=320)
    theirs = arm(batch_sizes=(1024,), lrs=(0.5, 1.0, 2.0, 4.0), num_steps=80, schedule=STARTS)
    root = arm(batch_sizes=(1024,), lrs=(0.25, 1.0, 2.0), num_steps=80)
    noisy = arm(batch_sizes=(256,), lrs=(0.5, 2.0, 4.0), num_steps=80)
    still = arm(batch_sizes=(4096,), lrs=(0.5, 2.0, 4.0), num_steps=80)
    equal = arm(batch_sizes=(1024,), lrs=(0.125, 0.5, 1.0, 2.0, 4.0), num_steps=320)
    found = []

    def change(label: str, here: np.ndarray, before: np.ndarray, earlier: Interval) -> None:
        note = dead(here)
        found.append(compare(label, of_seeds(here - before), earlier, note=note))

    plain = theirs.at(schedule="none")
    start = {lr: accuracy(base, batch_size=256, lr=lr) for lr in base.axes["lr"]}
    change("lr .25: B=1024, 4 lr, 80 steps",
           accuracy(plain, batch_size=1024, lr=1.0), start[0.25], (-8.2, 4.0))  # fmt: skip
    columns = {
        0.125: [(-5.0, 1.8), (0.2, 0.8), (-3.2, 1.4), (-9.2, 1.4), (-5.6, 3.0), (-4.4, 1.2),
                (0.6, 0.6), (12.3, 1.4)],
        0.5: [(-14.1, 5.5), (2.3, 6.9), (5.7, 4.6), (-12.4, 4.1), (-20.8, 3.2), (-11.1, 3.4),
              (0.3, 1.6), (6.6, 2.1)],
        1.0: [(-45.0, 3.1), (-0.6, 4.8), (24.9, 5.3), (-17.7, 5.4), (-48.0, 2.5), (-44.0, 4.2),
              (0.0, 2.9), (-33.2, 9.3)],
    }  # fmt: skip
    for lr, earlier in columns.items():
        b, big = start[lr], {"batch_size": 1024, "lr": 4 * lr}
        their = accuracy(plain, **big)
        small, whole = {"batch_size": 256, "lr": 4 * lr}, {"batch_size": 4096, "lr": 4 * lr}
        lines = {
            "B=1024, 4 lr, 80 steps (their change)": (their, b),
            "  and 10 % warmup, against that": (accuracy(theirs, schedule="warmup", **big), their),
            "  and cosine too, against that": (
                accuracy(theirs, schedule="warmup + cosine", **big),
                their,
            ),
            "B=1024, 2 lr (sqrt), 80 steps": (accuracy(root, batch_size=1024, lr=2 * lr), b),
            "B=256, 4 lr, 80 steps (temperature x 4)": (accuracy(noisy, **small), b),
            "B=4096, 4 lr, 80 steps (temperature 0)": (accuracy(still, **whole), b),
            "B=1024, lr, 320 steps (equal steps)": (accuracy(equal, batch_size=1024, lr=lr), b),
            "B=1024, 4 lr, 320 steps": (accuracy(equal, **big), b),
        }
        for (name, (here, against)), figure in zip(lines.items(), earlier, strict=True):
            change(f"lr {lr}: {name}", here, against, figure)
    long = arm(batch_sizes=(256,), lrs=(0.25, 0.5), num_steps=1280)
    ends = {0.5: ((61.8, 0.8), (61.8, 1.9)), 0.25: ((59.3, 0.6), (58.9, 2.4))}
    for lr, (first, second) in ends.items():
        values = accuracy(long, batch_size=256, lr=lr)
        label = f"80 epochs, lr {lr}, B=256: test accuracy"
        found.append(compare(label, of_seeds(values), first, slack=POINTS))
        values = accuracy(equal, batch_size=1024, lr=4 * lr)
        label = f"80 epochs, lr {4 * lr}, B=1024: test accuracy"
        found.append(compare(label, of_seeds(values), second, slack=POINTS, note=dead(values)))
    return found


def row_3b() -> list[bool]:
    print("Row 3b: early instability, init x 2, base B=256, lr .5, 320 steps. 10 seeds")
    arm = partial(
        run_grid,
        partial(mlp, SIZES, init_scale=2.0),
        load("mnist1d"),
        seeds=range(10),
        progress=False,
    )
    sixteen = {"none": STARTS["none"], "16": lambda n: linear_warmup(1.0, warmup_steps=16)}
    base = arm(batch_sizes=(256,), lrs=(0.5,), num_steps=320)
    still = arm(batch_sizes=(4096,), lrs=(2.0,), num_steps=80)
    theirs = arm(batch_sizes=(1024,), lrs=(2.0,), num_steps=80, schedule=sixteen)
    equal = arm(batch_sizes=(1024,), lrs=(2.0,), num_steps=320, schedule={"16": sixteen["16"]})
    arms = {
        "base": (base, (47.6, 1.5)),
        "B=1024, 4 lr, no warmup": (theirs.at(schedule="none"), (12.6, 2.0)),
        "B=4096, 4 lr, no warmup (no noise)": (still, (13.2, 1.5)),
        "B=1024, 4 lr, 16 steps of warmup": (theirs.at(schedule="16"), (41.2, 2.6)),
        "  and 320 steps": (equal.at(schedule="16"), (52.1, 3.9)),
    }
    found = []
    for name, (runs, earlier) in arms.items():
        values = 100 * runs.values("test_accuracy", diverged_as=CHANCE).ravel()
        label, note = f"{name}: test accuracy", dead(values)
        found.append(compare(label, of_seeds(values), earlier, slack=POINTS, note=note))
    return found


def row_3c() -> list[bool]:
    print("Row 3c: what warmup is worth before a cosine, B=1024. 10 seeds, paired")
    arms = {
        "no": lambda n: cosine(1.0, num_steps=n),
        "yes": warm_cosine,
    }
    before = {(4.0, 80): (15.7, 5.6), (4.0, 320): (18.0, 12.9)}
    before |= {(2.0, 80): (2.3, 1.7), (2.0, 320): (-0.3, 1.5)}
    data, found = load("mnist1d"), []
    for num_steps in (80, 320):
        runs = grid(
            data=data,
            seeds=range(10),
            batch_sizes=(1024,),
            lrs=(2.0, 4.0),
            num_steps=num_steps,
            schedule=arms,
        )
        for lr in (4.0, 2.0):
            without, with_it = (
                accuracy(runs, schedule=name, batch_size=1024, lr=lr) for name in arms
            )
            label = f"lr {lr}, {num_steps} steps: gain from 10 % warmup"
            gain, note = of_seeds(with_it - without), dead(without)
            found.append(compare(label, gain, before[lr, num_steps], note=note))
    return found
