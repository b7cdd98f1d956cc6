"""Build it: a bare training loop, and the sweep around it with seeds and validation data."""

import statistics

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.adapters import call
from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import close


def train_linear(
    inputs: Tensor, targets: Tensor, weights: Tensor, order: Tensor, batch_size: int, lr: float
) -> Tensor:
    for step in range(len(order) // batch_size):
        batch = order[step * batch_size : (step + 1) * batch_size]
        errors = inputs[batch] @ weights - targets[batch]
        weights = weights - lr * inputs[batch].T @ errors / batch_size
    return weights


def train_by_autograd(inputs, targets, weights, order, batch_size, lr):
    w = weights.clone().requires_grad_()
    for batch in order.split(batch_size):
        if len(batch) == batch_size:
            loss = 0.5 * (inputs[batch] @ w - targets[batch]).square().sum(dim=1).mean()
            (grad,) = torch.autograd.grad(loss, w)
            w = (w - lr * grad).detach().requires_grad_()
    return w.detach()


def train_by_examples(inputs, targets, weights, order, batch_size, lr):
    x, t, w = inputs.double().numpy(), targets.double().numpy(), weights.double().numpy().copy()
    rows = order.numpy()[: len(order) // batch_size * batch_size].reshape(-1, batch_size)
    for row in rows:
        w -= lr * np.mean([np.outer(x[i], x[i] @ w - t[i]) for i in row], axis=0)
    return w


def slow(inputs, targets, weights, order, b, lr, *, factor=1.0, start=0, partial=False, last=None):
    """Train with a slip: another factor on the step, another start, leftovers kept."""
    count = len(order) // b if last is None else last
    batches = [order[i * b : (i + 1) * b] for i in range(start, count)]
    if partial and len(order) % b:
        batches.append(order[count * b :])
    for batch in batches:
        errors = inputs[batch] @ weights - targets[batch]
        weights = weights - factor * lr * inputs[batch].T @ errors / len(batch)
    return weights


def draw_training(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("one step", "many steps") * 3:
        n, p, c, b = 7, int(rng.integers(2, 4)), 2, int(rng.integers(2, 4))
        steps = 1 if group == "one step" else int(rng.integers(3, 6))
        left = 0 if group == "one step" else int(rng.integers(0, b))
        order = rng.integers(0, n, b * steps + left)
        x, t, w = rng.normal(size=(n, p)), rng.normal(size=(n, c)), rng.normal(size=(p, c))
        cases.append(Case(group, (x, t, w, order, b, float(rng.uniform(0.05, 0.3)))))
    return cases


X = np.array([[1.0, 0.0], [0.0, 2.0], [1.0, 1.0]])
T = np.array([[1.0], [0.0], [3.0]])

U02_BUILD_SGD = Exercise(
    id="u02_build_sgd",
    call="train_linear(inputs, targets, weights, order, batch_size, lr)",
    points={"one step": 1.0, "many steps": 1.0},
    by_hand=(
        Case("one step", (X, T, np.zeros((2, 1)), np.array([2]), 1, 0.5), ("smallest",)),
        Case(
            "one step",
            (X, T, np.array([[1.0], [1.0]]), np.array([0, 1]), 2, 0.5),
            ("by hand", "boundary"),
        ),
        Case(
            "many steps",
            (X, T, np.array([[1.0], [1.0]]), np.array([0, 1, 2, 2, 1]), 2, 0.5),
            ("uneven", "order"),
        ),
    ),
    promises=("by hand", "smallest", "uneven", "boundary"),
    draw=draw_training,
    reference=train_linear,
    mistakes=(
        Mistake(
            "sum over the batch",
            "Your step grows with the batch. Is the loss of a batch a sum over its examples?",
            lambda x, t, w, o, b, lr: slow(x, t, w, o, b, lr, factor=b),
        ),
        Mistake(
            "uphill",
            "The loss grows from the first step on. In which direction does descent go?",
            lambda x, t, w, o, b, lr: slow(x, t, w, o, b, lr, factor=-1.0),
        ),
        Mistake(
            "the half forgotten",
            "Your gradient is twice as long as asked. Which factor stands in front of the square?",
            lambda x, t, w, o, b, lr: slow(x, t, w, o, b, lr, factor=2.0),
        ),
        Mistake(
            "leftovers kept",
            "You make a step with what fills no whole batch. What does this course do with it?",
            lambda x, t, w, o, b, lr: slow(x, t, w, o, b, lr, partial=True),
        ),
        Mistake(
            "one step only",
            "You make one step. How many batches lie in the order?",
            lambda x, t, w, o, b, lr: slow(x, t, w, o, b, lr, last=1),
        ),
        Mistake(
            "the order ignored",
            "You read the examples as they lie. Which of them come next in the order?",
            lambda x, t, w, o, b, lr: train_linear(x, t, w, torch.arange(len(o)) % len(x), b, lr),
        ),
        Mistake(
            "no step",
            "Your weights have not moved. Does your loop keep what it computes?",
            lambda x, t, w, o, b, lr: w,
        ),
    ),
    accepted=(train_by_autograd, train_by_examples),
    lesson="Batch, error, gradient, step: this is all of SGD. The order fixes the seed's examples, "
    "so that batch sizes can be compared on the same stream.",
    answered_by=("coursekit.replicas.population",),
    graded=False,
)

# --- second milestone: the sweep ---------------------------------------------------------------


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
        data = [
            [rng.normal(size=(n, p)), rng.normal(size=(n, 1))],
            [rng.normal(size=(4, p)), rng.normal(2.0, 1.0, size=(4, 1))],
        ]
        orders, rate = rng.integers(0, n, (seeds, 7)), float(rng.choice([0.08, 0.1, 0.12]))
        args = (*data, rng.normal(size=(p, 1)), orders, b, [rate * 2**k for k in range(3)])
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
    ),
    accepted=(sweep_by_numpy, sweep_by_statistics),
    lesson="Every run from the same weights, judged on data that it has not seen, with an error "
    "over seeds: your own sweep, and nothing is hidden in it.",
    answered_by=("coursekit.replicas.grid", "coursekit.replicas.population"),
    graded=False,
)
