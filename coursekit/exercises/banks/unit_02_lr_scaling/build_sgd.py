"""Build it, first milestone: a bare training loop."""

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


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
            quotes="of any length that is at least batch_size.",
        ),
        Case(
            "many steps",
            (X, T, np.array([[1.0], [1.0]]), np.array([0, 0, 2, 1, 1, 2, 0, 1]), 2, 0.25),
            ("order", "range"),
            quotes="of any length that is at least batch_size.",
        ),
        Case(
            "one step",
            (
                X,
                np.hstack([T, T + 1]),
                np.array([[1.0, 0.0], [1.0, 2.0]]),
                np.array([0, 2]),
                2,
                0.5,
            ),
            ("range",),
            quotes="the loss of one example is half the sum of its squared errors;",
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
        Mistake(
            "last batch left out",
            "You lose the last batch where the order comes out even. Where does your range end?",
            lambda x, t, w, o, b, lr: slow(x, t, w, o, b, lr, last=(len(o) - 1) // b),
        ),
        Mistake(
            "mean over outputs too",
            "You divide by the number of outputs as well. Is the loss of one example a sum "
            "over them, or a mean?",
            lambda x, t, w, o, b, lr: slow(x, t, w, o, b, lr, factor=1 / t.shape[1]),
        ),
        Mistake(
            "all gradients at the start",
            "You take every gradient at the weights that came in. Which weights does the "
            "second step see?",
            lambda x, t, w, o, b, lr: (
                w + sum(slow(x, t, w, o[i : i + b], b, lr) - w for i in range(0, len(o) - b + 1, b))
            ),
        ),
        Mistake(
            "one example a step",
            "You make a step for each example. How many are read at a time?",
            lambda x, t, w, o, b, lr: slow(x, t, w, o, 1, lr),
        ),
        Mistake(
            "start at zero",
            "You begin at zero. What are the weights that come in for?",
            lambda x, t, w, o, b, lr: slow(x, t, 0 * w, o, b, lr),
        ),
        Mistake(
            "no targets",
            "The targets have no say in your weights. What is an error?",
            lambda x, t, w, o, b, lr: slow(x, 0 * t, w, o, b, lr),
        ),
        Mistake(
            "a window that slides",
            "Your batches overlap: each begins one example later. Which example does the "
            "second begin with?",
            lambda x, t, w, o, b, lr: slow(
                x, t, w, torch.cat([o[i : i + b] for i in range(len(o) - b + 1)]), b, lr
            ),
        ),
    ),
    accepted=(train_by_autograd, train_by_examples),
    lesson="Batch, error, gradient, step: this is all of SGD. The order fixes the seed's examples, "
    "so that batch sizes can be compared on the same stream.",
    answered_by=("coursekit.replicas.population",),
    graded=False,
)
