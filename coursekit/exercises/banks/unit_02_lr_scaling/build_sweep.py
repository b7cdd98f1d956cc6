"""Build it, second milestone: the sweep around a training loop, with seeds and validation data."""

import statistics

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_02_lr_scaling.build_sgd import (
    T,
    X,
    train_by_autograd,
    train_by_examples,
    train_linear,
)
from coursekit.exercises.engine.adapters import call
from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import close


def loss_of(inputs: Tensor, targets: Tensor, weights: Tensor) -> float:
    return 0.5 * (inputs @ weights - targets).square().sum(dim=1).mean().item()


def sweep(
    train: list[Tensor], validation: list[Tensor], weights: Tensor, orders: Tensor,
    batch_size: int, lrs: list[float],
) -> list[list[float]]:  # fmt: skip
    rows = []
    for lr in lrs:
        losses = [
            loss_of(
                validation[0],
                validation[1],
                train_linear(train[0], train[1], weights, order, batch_size, lr),
            )
            for order in orders
        ]
        values = torch.tensor(losses, dtype=torch.float64)
        rows.append([values.mean().item(), (values.std() / len(values) ** 0.5).item()])
    return rows


def sweep_by_numpy(train, validation, weights, orders, batch_size, lrs):
    (x, t), table = validation, []
    for order in orders:
        ends = [train_by_examples(train[0], train[1], weights, order, batch_size, lr) for lr in lrs]
        table.append([((x.numpy() @ w - t.numpy()) ** 2).sum(1).mean() / 2 for w in ends])
    values = np.array(table)
    return np.stack([values.mean(0), values.std(0, ddof=1) / np.sqrt(len(values))], axis=1)


def sweep_by_statistics(train, validation, weights, orders, batch_size, lrs):
    rows = []
    for lr in lrs:
        ends = [
            train_by_autograd(train[0], train[1], weights, order, batch_size, lr)
            for order in orders
        ]
        losses = [loss_of(validation[0], validation[1], end) for end in ends]
        rows.append((statistics.mean(losses), statistics.stdev(losses) / len(losses) ** 0.5))
    return rows


def draw_sweeps(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    while len(cases) < 4:
        group = ("two seeds", "more seeds")[len(cases) % 2]
        n, p, b, seeds = (
            6,
            2,
            int(rng.integers(2, 4)),
            2 if group == "two seeds" else int(rng.integers(3, 5)),
        )
        c = 1 + len(cases) // 2
        data = [
            [rng.normal(size=(n, p)), rng.normal(size=(n, c))],
            [rng.normal(size=(4, p)), rng.normal(2.0, 1.0, size=(4, c))],
        ]
        orders, rate = rng.integers(0, n, (seeds, 7)), float(rng.choice([0.08, 0.1, 0.12]))
        args = (*data, rng.normal(size=(p, c)), orders, b, [rate * 2**k for k in range(3)])
        if np.array(call(sweep, *args))[:, 1].min() > 0.02:  # smaller, and float32 would decide
            cases.append(Case(group, args))
    return cases


def changed(change):
    """Make a mistake that changes each row [mean, error], given the losses' count."""
    return lambda tr, va, w, o, b, lrs: [change(row, len(o)) for row in sweep(tr, va, w, o, b, lrs)]


def going_on(train, validation, weights, orders, batch_size, lrs):
    """Forget to start each run from the same weights."""
    rows = []
    for lr in lrs:
        losses = []
        for order in orders:
            weights = train_linear(train[0], train[1], weights, order, batch_size, lr)
            losses.append(loss_of(validation[0], validation[1], weights))
        values = torch.tensor(losses, dtype=torch.float64)
        rows.append([values.mean().item(), (values.std() / len(values) ** 0.5).item()])
    return rows


U02_BUILD_SWEEP = Exercise(
    id="u02_build_sweep",
    call="sweep(train, validation, weights, orders, batch_size, lrs)",
    points={"two seeds": 1.0, "more seeds": 2.0},
    by_hand=(
        Case(
            "two seeds",
            (
                [X, T],
                [np.array([[1.0, 0.0]]), np.array([[2.0]])],
                np.array([[1.0], [1.0]]),
                np.array([[0, 1], [2, 1]]),
                1,
                [0.5],
            ),
            ("by hand", "smallest"),
        ),
        Case(
            "more seeds",
            (
                [X, T],
                [np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0], [0.0]])],
                np.array([[1.0], [1.0]]),
                np.array([[0, 1, 2], [2, 1, 0], [0, 0, 2]]),
                1,
                [0.5, 0.25],
            ),
            ("average",),
        ),
        Case(
            "two seeds",
            (
                [X, np.hstack([T, T + 1])],
                [np.array([[1.0, 0.0], [0.0, 1.0]]), np.array([[2.0, 1.0], [0.0, 3.0]])],
                np.array([[1.0, 0.0], [1.0, 2.0]]),
                np.array([[0, 1], [2, 0]]),
                1,
                [0.5],
            ),
            ("range",),
            quotes="the loss of one example is half the sum of its squared errors;",
        ),
        Case(
            "two seeds",
            (
                [X, T],
                [np.array([[1.0, 0.0]]), np.array([[2.0]])],
                np.array([[1.0], [1.0]]),
                np.array([[0, 1, 2, 2, 1, 0, 0], [2, 1, 0, 0, 2, 2, 1]]),
                2,
                [0.125],
            ),
            ("range", "uneven"),
            quotes="of any length that is at least batch_size.",
        ),
    ),
    promises=("by hand", "smallest", "average"),
    draw=draw_sweeps,
    reference=sweep,
    same=close(rtol=1e-3, atol=1e-5),
    mistakes=(
        Mistake(
            "judged on the training data",
            "You judge a rate by the data that it was trained on. Which data has not been seen?",
            lambda tr, va, w, o, b, lrs: sweep(tr, tr, w, o, b, lrs),
        ),
        Mistake(
            "runs go on from each other",
            "A run of yours begins where the last one ended. Which weights does each start from?",
            going_on,
        ),
        Mistake(
            "spread, not error",
            "Your second column does not shrink with more seeds. Is it the spread of one, or the "
            "error of the mean?",
            changed(lambda row, n: [row[0], row[1] * n**0.5]),
        ),
        Mistake(
            "deviations all counted as free",
            "Your errors are a little small. The mean was fitted to the same seeds: how many "
            "deviations are free?",
            changed(lambda row, n: [row[0], row[1] * ((n - 1) / n) ** 0.5]),
        ),
        Mistake(
            "the first seed",
            "Your mean is that of the first seed. Where do the others enter?",
            lambda tr, va, w, o, b, lrs: [
                [first[0], row[1]]
                for first, row in zip(
                    sweep(tr, va, w, torch.stack([o[0], o[0]]), b, lrs),
                    sweep(tr, va, w, o, b, lrs),
                    strict=True,
                )
            ],
        ),
        Mistake(
            "sum over seeds",
            "You add up over seeds. What happens to your number when you take more of them?",
            changed(lambda row, n: [row[0] * n, row[1]]),
        ),
        Mistake(
            "divided by the count",
            "You divide the spread by the number of seeds. Which power of it has the error of "
            "a mean?",
            changed(lambda row, n: [row[0], row[1] / n**0.5]),
        ),
        Mistake(
            "corrected twice",
            "You correct for the fitted mean twice: once in the spread, once under the root. "
            "How many losses are averaged?",
            changed(lambda row, n: [row[0], row[1] * (n / (n - 1)) ** 0.5]),
        ),
        Mistake(
            "half-width of an interval",
            "That is the half-width of a 95 % interval. How many standard errors wide is it?",
            changed(lambda row, n: [row[0], 1.96 * row[1]]),
        ),
        Mistake(
            "variance of the mean",
            "Your error has the unit of the loss squared. Which step brings it back to that "
            "of the loss?",
            changed(lambda row, n: [row[0], row[1] ** 2]),
        ),
        Mistake(
            "the half forgotten",
            "Your losses and their errors are twice as large as asked. Which factor stands in "
            "front of the square?",
            changed(lambda row, n: [2 * row[0], 2 * row[1]]),
        ),
        Mistake(
            "error before mean",
            "Your two columns stand the other way round. Which does the docstring name first?",
            changed(lambda row, n: [row[1], row[0]]),
        ),
        Mistake(
            "sum over examples",
            "You add up over the validation examples. Is the loss of a data set a sum, or a mean?",
            lambda tr, va, w, o, b, lrs: [
                [len(va[0]) * x for x in row] for row in sweep(tr, va, w, o, b, lrs)
            ],
        ),
        Mistake(
            "mean over outputs too",
            "You divide by the number of outputs as well. Is the loss of one example a sum "
            "over them, or a mean?",
            lambda tr, va, w, o, b, lrs: [
                [x / va[1].shape[1] for x in row] for row in sweep(tr, va, w, o, b, lrs)
            ],
        ),
        Mistake(
            "runs go on from seed to seed",
            "You begin anew at each rate, but a seed begins where the last one ended. From "
            "which weights does every run start?",
            lambda tr, va, w, o, b, lrs: [going_on(tr, va, w, o, b, [lr])[0] for lr in lrs],
        ),
        Mistake(
            "one order for all",
            "Every seed of yours reads the first order, so there is no spread. Which row "
            "belongs to the second seed?",
            lambda tr, va, w, o, b, lrs: sweep(tr, va, w, o[:1].repeat(len(o), 1), b, lrs),
        ),
        Mistake(
            "start at zero",
            "Your runs begin at zero. What are the weights that come in for?",
            lambda tr, va, w, o, b, lrs: sweep(tr, va, 0 * w, o, b, lrs),
        ),
        Mistake(
            "steps twice as long",
            "Your steps are twice as long as asked, as if the half did not stand in front of "
            "the square. Which loss do you follow downhill?",
            lambda tr, va, w, o, b, lrs: sweep(tr, va, w, o, b, [2 * lr for lr in lrs]),
        ),
    ),
    accepted=(sweep_by_numpy, sweep_by_statistics),
    lesson="Every run from the same weights, judged on data that it has not seen, with an error "
    "over seeds: your own sweep, and nothing is hidden in it.",
    answered_by=("coursekit.replicas.grid", "coursekit.replicas.population"),
    graded=False,
)
