"""The gradient of a mini-batch."""

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def minibatch_grad(weights: Tensor, inputs: Tensor, targets: Tensor, batch: Tensor) -> Tensor:
    residuals = inputs[batch] @ weights - targets[batch]
    return (residuals[:, None] * inputs[batch]).mean(dim=0)


def minibatch_grad_by_autograd(weights, inputs, targets, batch):
    w = weights.clone().requires_grad_()
    loss = 0.5 * (inputs[batch] @ w - targets[batch]).square().mean()
    return torch.autograd.grad(loss, w)[0]


def minibatch_grad_by_counts(weights, inputs, targets, batch):
    counts = torch.bincount(batch, minlength=len(inputs)).float()
    return inputs.T @ (counts * (inputs @ weights - targets)) / counts.sum()


def minibatch_grad_by_loop(weights, inputs, targets, batch):
    total = np.zeros(len(weights))
    for i in batch.tolist():
        x = inputs[i].numpy()
        total += (x @ weights.numpy() - float(targets[i])) * x
    return total / len(batch)


def grad_of_mean_example(weights, inputs, targets, batch):
    mean_input, mean_target = inputs[batch].mean(dim=0), targets[batch].mean()
    return (mean_input @ weights - mean_target) * mean_input


def draw_minibatch(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("distinct examples", "repeated examples") * 3:
        n, p = int(rng.integers(5, 9)), int(rng.integers(2, 5))
        inputs, weights = rng.normal(1.0, 1.0, (n, p)), rng.normal(size=p)
        targets = inputs @ weights + rng.normal(0.0, 2.0, n)
        batch = rng.permutation(n)[: int(rng.integers(2, n - 1))]
        if group == "repeated examples":
            batch = np.concatenate([batch, batch[:1], batch[:1]])
        cases.append(Case(group, (weights, inputs, targets, batch)))
    return cases


U01_MINIBATCH_GRAD = Exercise(
    id="u01_minibatch_grad",
    call="minibatch_grad(weights, inputs, targets, batch)",
    points={"distinct examples": 1.0, "repeated examples": 1.0},
    by_hand=(
        Case(
            "distinct examples",
            (
                np.array([1.0]),
                np.array([[1.0], [2.0], [4.0]]),
                np.array([0.0, 0.0, 1.0]),
                np.array([0, 1]),
            ),
            ("by hand",),
        ),
        Case(
            "distinct examples",
            (
                np.array([1.0, -1.0]),
                np.array([[1.0, 0.0], [2.0, 1.0], [0.0, 3.0]]),
                np.array([0.0, 0.0, 1.0]),
                np.array([2]),
            ),
            ("smallest", "sign"),
        ),
        Case(
            "repeated examples",
            (
                np.array([1.0]),
                np.array([[1.0], [2.0], [4.0]]),
                np.array([0.0, 0.0, 1.0]),
                np.array([0, 0, 1]),
            ),
            ("order",),
            quotes="An index may come several times: then the example counts several times.",
        ),
    ),
    promises=(
        "by hand",
        "smallest",
        "order",
    ),
    draw=draw_minibatch,
    reference=minibatch_grad,
    mistakes=(
        Mistake(
            "sum over the batch",
            "Your gradient gets longer as the batch gets larger. Which reduction keeps its size "
            "comparable between batch sizes?",
            lambda w, x, y, b: minibatch_grad(w, x, y, b) * len(b),
        ),
        Mistake(
            "the whole data set",
            "You return the same gradient for every batch. Which rows does this batch hold?",
            lambda w, x, y, b: minibatch_grad(w, x, y, torch.arange(len(x))),
        ),
        Mistake(
            "each example once",
            "An example stands several times in this batch, as draws with replacement allow. "
            "How often should it count?",
            lambda w, x, y, b: minibatch_grad(w, x, y, b.unique()),
        ),
        Mistake(
            "downhill",
            "Every component has the right size and the wrong sign. Does a gradient point uphill "
            "or downhill? And where does the residual's sign come from?",
            lambda w, x, y, b: -minibatch_grad(w, x, y, b),
        ),
        Mistake(
            "gradient of the mean example",
            "You averaged the examples before you took the gradient. The loss is not linear in "
            "the example: may the two steps change places?",
            grad_of_mean_example,
        ),
        Mistake(
            "divided by the data set",
            "You summed over the batch and divided by the size of the data set. How many terms "
            "are in your sum?",
            lambda w, x, y, b: minibatch_grad(w, x, y, b) * len(b) / len(x),
        ),
        Mistake(
            "the half forgotten",
            "Differentiate one half times the squared residual on paper. What becomes of the "
            "exponent, and what of the half?",
            lambda w, x, y, b: 2 * minibatch_grad(w, x, y, b),
        ),
        Mistake(
            "targets not indexed",
            "Your inputs come from the batch, your targets from the front of the data set. "
            "Do the pairs still belong together?",
            lambda w, x, y, b: ((x[b] @ w - y[torch.arange(len(b)) % len(y)])[:, None] * x[b]).mean(
                0
            ),
        ),
        Mistake(
            "positions for indices",
            "You use the first rows of the data set, as many as the batch is long. What do the "
            "numbers in `batch` say?",
            lambda w, x, y, b: minibatch_grad(w, x, y, torch.arange(len(b)) % len(x)),
        ),
        Mistake(
            "repeats lost in the sum",
            "You divide by the length of the batch, but an example that comes twice is in your sum "
            "only once. How does your code count repeats?",
            lambda w, x, y, b: minibatch_grad(w, x, y, b.unique()) * len(b.unique()) / len(b),
        ),
        Mistake(
            "mean over parameters",
            "You average over the parameters and keep one number an example. Which axis holds the "
            "examples?",
            lambda w, x, y, b: ((x[b] @ w - y[b])[:, None] * x[b]).mean(dim=1),
        ),
        Mistake(
            "one row an example",
            "You return one gradient an example. What does the batch's mean loss do with them?",
            lambda w, x, y, b: (x[b] @ w - y[b])[:, None] * x[b],
        ),
        Mistake(
            "mean over everything",
            "Your mean runs over examples and parameters at once, and one number is left. Over "
            "which axis alone should it run?",
            lambda w, x, y, b: ((x[b] @ w - y[b])[:, None] * x[b]).mean(),
        ),
        Mistake(
            "column minus row",
            "Subtracting a row of targets from a column of predictions gives a whole table. Print "
            "the shape of your residuals: how many should there be?",
            lambda w, x, y, b: (((x[b] @ w)[:, None] - y[b]).mean(dim=1)[:, None] * x[b]).mean(
                dim=0
            ),
        ),
        Mistake(
            "sum, and downhill",
            "You add up over the batch, and your sign goes downhill. Which way does a gradient "
            "point, and how long is that of a mean loss?",
            lambda w, x, y, b: -len(b) * minibatch_grad(w, x, y, b),
        ),
        Mistake(
            "no targets",
            "The targets have no say in your gradient. What is a residual?",
            lambda w, x, y, b: ((x[b] @ w)[:, None] * x[b]).mean(dim=0),
        ),
        Mistake(
            "weights after a step",
            "You return weights that have made a step. What is asked for?",
            lambda w, x, y, b: w - minibatch_grad(w, x, y, b),
        ),
        Mistake(
            "the loss itself",
            "You return the loss. Of what is the gradient made, and how many numbers has it?",
            lambda w, x, y, b: 0.5 * (x[b] @ w - y[b]).square().mean(),
        ),
        Mistake(
            "divided by the parameters too",
            "You divide by the number of parameters as well. Over what is the loss of a batch "
            "a mean?",
            lambda w, x, y, b: minibatch_grad(w, x, y, b) / x.shape[1],
        ),
        Mistake(
            "residuals squared",
            "You multiply the squared residual by the input. What does differentiating leave "
            "of a square?",
            lambda w, x, y, b: ((x[b] @ w - y[b]).square()[:, None] * x[b]).mean(dim=0),
        ),
        Mistake(
            "one example fewer",
            "You divide by one less than the size of the batch. Is a mean meant here, or a "
            "spread around a fitted one?",
            lambda w, x, y, b: minibatch_grad(w, x, y, b) * len(b) / max(len(b) - 1, 1),
        ),
    ),
    accepted=(minibatch_grad_by_autograd, minibatch_grad_by_counts, minibatch_grad_by_loop),
    lesson="A mini-batch gradient is an average of per-example gradients. Everything in this "
    "unit follows from that one sentence.",
)
