"""Rows 7a to 7d: sharpness against batch size, the edge of stability, and a rescaled minimum.

The rule, fixed before any run: two figures agree if they differ by less than their joint 95 %
interval plus a slack for another draw of the data (a judgement): 3 points of accuracy, 15 % of a
sharpness, .05 of a ratio to the threshold. Where the earlier figure has no interval, it is taken
to be as wide as today's spread makes it with the earlier number of seeds; ratios get none.
"""

import math
from collections.abc import Callable

import numpy as np
import torch
from agreement import bound, compare, fact, of_seeds
from repeat_scaling import POINTS, SCALE_SHARE, SIZES, as_wide
from torch import Tensor, nn
from torch.nn.functional import one_hot

from coursekit.data import Dataset, load
from coursekit.hvp import hessian_operator
from coursekit.models import mlp
from coursekit.rescale import dinh_rescale
from coursekit.schedules import constant
from coursekit.sharpness import keskar_sharpness, sam_sharpness, sharpness
from coursekit.trace import hutchinson_trace
from coursekit.train import TrainConfig, accuracy, train

CROSS_ENTROPY = nn.CrossEntropyLoss()


class Reached(Exception):
    """The training loss has fallen to the target."""


def stop_at(target: float) -> Callable[[nn.Module, Dataset], dict[str, float]]:
    @torch.no_grad()
    def measure(model: nn.Module, data: Dataset) -> dict[str, float]:
        if CROSS_ENTROPY(model(data.train_inputs), data.train_targets).item() < target:
            raise Reached
        return {}

    return measure


def minima(data: Dataset, batch_size: int, lr: float, num_seeds: int) -> dict[str, np.ndarray]:
    """Train each seed until the training loss is .1, and measure it there."""
    rows = []
    every = 64 if batch_size == 8 else 20
    for seed in range(num_seeds):
        g = torch.Generator().manual_seed(seed)
        model = mlp(SIZES, generator=g)
        config = TrainConfig(
            batch_size,
            12_000,
            constant(lr),
            measures=(stop_at(0.1),),
            record_steps=range(0, 12_001, every),
        )
        try:
            train(model, data, config, rng=g)
        except Reached:
            pair = (data.train_inputs, data.train_targets)
            top = sharpness(model, CROSS_ENTROPY, pair, tol=1e-2).value
            trace = hutchinson_trace(hessian_operator(model, CROSS_ENTROPY, pair), num_probes=8)
            right = 100 * accuracy(model, data.test_inputs, data.test_targets)
            rows.append((top, trace.value, right))
    if len(rows) < num_seeds:
        print(f"  ({len(rows)} of {num_seeds} seeds reached the loss at B={batch_size}, lr {lr})")
    return dict(zip(("lambda_max", "trace", "test accuracy"), np.array(rows).T, strict=True))


def compared(cases: dict, num_seeds: int) -> tuple[list[bool], list[dict[str, np.ndarray]]]:
    data, found, measured = load("mnist1d", num_train=1024), [], []
    for (batch_size, lr), before in cases.items():
        here = minima(data, batch_size, lr, num_seeds)
        measured.append(here)
        for name, (figure, half) in before.items():
            earlier = as_wide(figure, here[name], 6) if math.isnan(half) else (figure, half)
            slack = POINTS if name == "test accuracy" else SCALE_SHARE * figure
            label = f"B={batch_size}, lr {lr}: {name}"
            found.append(compare(label, of_seeds(here[name]), earlier, slack=slack))
    return found, measured


def row_7a() -> list[bool]:
    print("Row 7a: fixed lr .1, equal training loss .1, N=1024. 6 seeds, the two ends only")
    unknown = math.nan
    cases = {
        (8, 0.1): {"lambda_max": (2.4, 0.4), "trace": (70, unknown), "test accuracy": (45.1, 1.7)},
        (1024, 0.1): {
            "lambda_max": (10.8, 1.5),
            "trace": (197, unknown),
            "test accuracy": (40.4, 1.1),
        },
    }
    found, (small, large) = compared(cases, 6)
    sharper = small["lambda_max"].max() < large["lambda_max"].min()
    found.append(fact("B=1024 is sharper than B=8, every seed", bool(sharper)))
    return found


def row_7b() -> list[bool]:
    print(
        "Row 7b: lr grown with B (slower at 1024), equal training loss .1. 6 seeds, the ends only"
    )
    cases = {
        (8, 0.02): {"lambda_max": (6.3, 0.9), "test accuracy": (42.1, 0.8)},
        (1024, 0.9): {"lambda_max": (1.9, 0.2), "test accuracy": (43.1, 1.2)},
    }
    found, (small, large) = compared(cases, 6)
    flatter = large["lambda_max"].max() < small["lambda_max"].min()
    found.append(fact("reversed: B=1024 is flatter, every seed", bool(flatter)))
    return found


def half_squares(outputs: Tensor, targets: Tensor) -> Tensor:
    return 0.5 * (outputs - one_hot(targets, 10)).square().sum(dim=1).mean()


def row_7c() -> list[bool]:
    print("Row 7c: edge of stability, tanh, squares, N=512, 2,400 steps. 4 seeds (before: 2)")
    data, found = load("mnist1d", num_train=512), []
    pair = (data.train_inputs, data.train_targets)
    cases = {(512, 0.05): 0.37, (512, 0.1): 0.91, (512, 0.2): 1.01, (512, 0.4): 1.02}
    cases |= {(32, 0.2): 0.79, (32, 0.4): 0.83}
    for (batch_size, lr), earlier in cases.items():

        def measure(model: nn.Module, _: Dataset, lr: float = lr) -> dict[str, float]:
            return {"ratio": sharpness(model, half_squares, pair, lr=lr, tol=1e-2).ratio}

        ratios, diverged = [], 0
        for seed in range(4):
            g = torch.Generator().manual_seed(seed)
            model = mlp(SIZES, generator=g, activation="tanh")
            config = TrainConfig(
                batch_size,
                2400,
                constant(lr),
                measures=(measure,),
                record_steps=range(1700, 2401, 100),
            )
            run = train(model, data, config, rng=g, loss_fn=half_squares)
            if run.diverged_at is None:
                ratios.append(float(np.mean(run.recorded["ratio"])))
            else:
                diverged += 1
        kind = "full batch" if batch_size == 512 else f"B={batch_size}"
        # two seeds bound nothing, so here the means are compared, without their intervals
        note = f"(± {of_seeds(ratios)[1]:.2f}; {diverged} of 4 seeds diverged)"
        label = f"{kind}, lr {lr}: lambda_max lr / 2"
        here, before = (float(np.mean(ratios)), math.nan), (earlier, math.nan)
        found.append(compare(label, here, before, slack=0.05, note=note))
    return found


def row_7d() -> list[bool]:
    print("Row 7d: layer 1 times alpha, layer 2 divided by it, N=1024, B=32, lr .1, 30 epochs")
    print("        6 seeds (before: 3). Keskar's search goes by corners (before: short steps)")
    data = load("mnist1d", num_train=1024)
    pair = (data.train_inputs, data.train_targets)
    rows, worst = [], 0.0
    alphas = (0.1, 1.0, 10.0)
    for seed in range(6):
        g = torch.Generator().manual_seed(seed)
        model = mlp(SIZES, generator=g)
        train(model, data, TrainConfig(32, 960, constant(0.1)), rng=g)
        for alpha in alphas:
            other = dinh_rescale(
                model, alpha, layer="0", next_layer="2", inputs=data.test_inputs[:100]
            )
            with torch.no_grad():
                change = (other(data.test_inputs) - model(data.test_inputs)).abs().max().item()
            worst = max(worst, change)
            rows.append(
                (
                    sharpness(other, CROSS_ENTROPY, pair, tol=1e-2).value,
                    sam_sharpness(other, CROSS_ENTROPY, pair).value,
                    keskar_sharpness(other, CROSS_ENTROPY, pair).value,
                )
            )
    values = np.array(rows).reshape(6, 3, 3)  # (seed, alpha, measure)
    before = {"lambda_max": (270, 6.8, 376), "SAM": (0.33, 0.03, 0.57), "Keskar": (28, 3.9, 55)}
    found = []
    for j, (name, figures) in enumerate(before.items()):
        for i, (alpha, earlier) in enumerate(zip(alphas, figures, strict=True)):
            here, slack = values[:, i, j], SCALE_SHARE * earlier
            wide = as_wide(earlier, here, 3)
            found.append(compare(f"alpha {alpha}: {name}", of_seeds(here), wide, slack=slack))
    found.append(bound("largest change of a logit", worst, 1.2e-5))
    return found
