"""Rows 9b and 9c: LARS and LAMB, ghost BatchNorm. (Row 9a is claim L11.)

The rule is that of `repeat_scaling`: the joint interval plus 3 points of accuracy or 5 % of a loss
for another draw of the data; differences between arms get no slack.
"""

from functools import partial

import torch
from agreement import compare, of_seeds
from repeat_interview import STARTS
from repeat_scaling import POINTS, SIZES, grid
from torch import nn

from coursekit.data import load
from coursekit.ghost_norm import GhostBatchNorm
from coursekit.models import mlp
from coursekit.optim import LARS
from coursekit.replicas import run_grid


def row_9b() -> list[bool]:
    print("Row 9b: B=1024, 80 steps, 8 lr, constant or warmup + cosine, chosen on validation")
    print("        (before: on test). 4 seeds. LARS takes plain steps in biases (before: scaled)")
    arms = {  # optimizer, exponent of the smallest lr, earlier figure
        "SGD": ("sgd", -4, (44.2, 7.6)),
        "momentum": ("momentum", -7, (56.6, 1.7)),
        "Adam": ("adam", -10, (56.1, 1.3)),
        "LARS": (LARS(trust=1.0), -10, (57.3, 1.5)),
        "LAMB": ("lamb", -10, (55.9, 1.6)),
    }
    starts = {name: STARTS[name] for name in ("none", "warmup + cosine")}
    data, found, best = load("mnist1d"), [], {}
    for name, (optimizer, low, earlier) in arms.items():
        lrs = [2.0**k for k in range(low, low + 8)]
        runs = grid(data=data, seeds=range(4), batch_sizes=(1024,), lrs=lrs, num_steps=80,
                    optimizer=optimizer, schedule=starts)  # fmt: skip
        scores = {}
        for start in starts:
            part = runs.at(schedule=start, batch_size=1024)
            chosen = int(part.best_lr())
            score = part.validation_accuracy[:, chosen].mean()
            scores[start] = (score, chosen, 100 * part.test_accuracy[:, chosen])
        start = max(scores, key=lambda s: scores[s][0])
        _, chosen, best[name] = scores[start]
        edge = ", at the grid's edge" if chosen in (0, 7) else ""
        note, label = f"({start}, lr {lrs[chosen]:.3g}{edge})", f"{name}: test accuracy"
        found.append(compare(label, of_seeds(best[name]), earlier, slack=POINTS, note=note))
    for name, earlier in {"LARS": (0.7, 2.3), "LAMB": (-0.7, 2.3)}.items():
        gain = of_seeds(best[name] - best["momentum"])
        found.append(compare(f"{name} minus momentum", gain, earlier))
    return found


def normed_mlp(*, generator: torch.Generator, ghost_size: int) -> nn.Sequential:
    layers = list(mlp(SIZES, generator=generator))
    for place in (3, 1):
        layers.insert(place, GhostBatchNorm(64, ghost_size))
    return nn.Sequential(*layers)


def row_9c() -> list[bool]:
    print("Row 9c: ghost BatchNorm, N=4096, 20 epochs, 4 lr chosen on validation")
    print("        (before: on test). 4 seeds (before: 6)")
    data, found, best = load("mnist1d"), [], {}
    before = {1024: (52.9, 3.0), 256: (52.1, 2.9), 64: (53.7, 3.1), 16: (50.2, 4.2)}
    cases = [(1024, ghost, figure) for ghost, figure in before.items()]
    for batch_size, ghost, earlier in [*cases, (64, 64, (61.9, 1.9))]:
        runs = run_grid(
            partial(normed_mlp, ghost_size=ghost),
            data,
            seeds=range(4),
            batch_sizes=(batch_size,),
            lrs=(0.4, 0.8, 1.6, 3.2) if batch_size == 1024 else (0.05, 0.1, 0.2, 0.4),
            num_epochs=20,
            backend="loop",
            progress=False,
        ).at(batch_size=batch_size)
        best[batch_size, ghost] = values = 100 * runs.at_best_lr("test_accuracy")
        chosen = int(runs.best_lr())
        edge = ", at the grid's edge" if chosen in (0, 3) else ""
        note = f"(lr {runs.axes['lr'][chosen]}{edge})"
        label = f"B={batch_size}, ghost {ghost}: test accuracy"
        found.append(compare(label, of_seeds(values), earlier, slack=POINTS, note=note))
    gain = of_seeds(best[1024, 64] - best[1024, 1024])
    found.append(compare("ghost 64 minus ghost 1024 (no gain), paired", gain, (0.8, 4.3)))
    return found
