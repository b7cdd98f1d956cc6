"""Exercises of unit 01: how noisy is a gradient, and what does a bigger batch buy.

Every random case is drawn so that each mistake below changes its result by far more than float32
rounding. Arrays reach an answer as float32 tensors, lists stay lists.
"""

import math
from itertools import combinations

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.declare import Case, Exercise, Mistake

# --- the gradient of a mini-batch ------------------------------------------------------------


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
        ),
        Case(
            "repeated examples",
            (
                np.array([1.0]),
                np.array([[1.0], [2.0], [4.0]]),
                np.array([0.0, 0.0, 1.0]),
                np.array([0, 0, 1]),
            ),
        ),
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
    ),
    accepted=(minibatch_grad_by_autograd, minibatch_grad_by_counts, minibatch_grad_by_loop),
    lesson="A mini-batch gradient is an average of per-example gradients. Everything in this "
    "unit follows from that one sentence.",
)

# --- tr(Sigma) from per-example gradients ----------------------------------------------------


def tr_cov(per_example_grads: Tensor) -> Tensor:
    deviations = per_example_grads - per_example_grads.mean(dim=0)
    return deviations.square().sum() / (len(per_example_grads) - 1)


def tr_cov_by_pairs(per_example_grads):
    n = len(per_example_grads)
    pairs = combinations(per_example_grads.double(), 2)
    return sum(float((a - b).square().sum()) for a, b in pairs) / (n * (n - 1))


def tr_cov_by_moments(per_example_grads):
    g = per_example_grads.double()
    n = len(g)
    return ((g**2).sum(1).mean() - (g.mean(0) ** 2).sum()) * n / (n - 1)


def draw_grads(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("mean gradient zero", "any mean") * 4:
        n, p = int(rng.integers(3, 9)), int(rng.integers(2, 6))
        grads = rng.normal(size=(n, p)) * rng.uniform(0.5, 3.0, p)
        grads -= grads.mean(axis=0)
        if group == "any mean":
            grads += rng.choice([-1.0, 1.0], p) * rng.uniform(0.8, 2.5, p)
        cases.append(Case(group, (grads,)))
    return cases


U01_TR_COV = Exercise(
    id="u01_tr_cov",
    call="tr_cov(per_example_grads)",
    points={"mean gradient zero": 1.0, "any mean": 1.0},
    by_hand=(
        Case("mean gradient zero", (np.array([[-1.0, -2.0], [1.0, 2.0], [0.0, 0.0]]),)),
        Case("any mean", (np.array([[3.0, 0.0], [5.0, 4.0], [4.0, 2.0]]),)),
    ),
    draw=draw_grads,
    reference=tr_cov,
    mistakes=(
        Mistake(
            "divides by n",
            "You divide by the number of rows, but the mean was fitted to those same rows. "
            "How many deviations are still free?",
            lambda g: tr_cov(g) * (len(g) - 1) / len(g),
        ),
        Mistake(
            "not centred",
            "You average squared lengths from the origin. A gradient that never changes has "
            "length, but has it noise?",
            lambda g: g.square().sum(1).mean(),
        ),
        Mistake(
            "not centred, n - 1",
            "You measure squared lengths from the origin. A gradient that never changes has "
            "length, but has it noise?",
            lambda g: g.square().sum() / (len(g) - 1),
        ),
        Mistake(
            "mean over parameters",
            "You average over the parameters. A trace is a sum over the diagonal: what happens to "
            "your number when every parameter appears twice?",
            lambda g: g.var(dim=0).mean(),
        ),
        Mistake(
            "adds standard deviations",
            "You add standard deviations. For the squared length of an error, which adds up over "
            "directions: the deviation or its square?",
            lambda g: g.std(dim=0).sum(),
        ),
        Mistake(
            "root of the trace",
            "Your result has the unit of a gradient. Which unit does a variance have?",
            lambda g: tr_cov(g).sqrt(),
        ),
        Mistake(
            "variance of the lengths",
            "You look at lengths alone. Two gradients of equal length may point to opposite "
            "sides: is there no noise between them?",
            lambda g: g.norm(dim=1).var(),
        ),
        Mistake(
            "one variance over all numbers",
            "You take a single variance over all entries, so the difference between two "
            "parameters counts as noise. Over which axis do the examples run?",
            lambda g: g.var(),
        ),
        Mistake(
            "the other axis",
            "You measure the spread inside each row, from parameter to parameter. Over which axis "
            "do the examples run?",
            lambda g: g.var(dim=1).sum(),
        ),
        Mistake(
            "sum of the whole matrix",
            "You add the covariances between parameters as well. Which entries of a matrix does "
            "its trace hold?",
            lambda g: torch.cov(g.T).sum(),
        ),
        Mistake(
            "distances not squared",
            "You average distances. Of which power of them is a variance the average?",
            lambda g: (g - g.mean(dim=0)).norm(dim=1).sum() / (len(g) - 1),
        ),
        Mistake(
            "corrected twice",
            "You correct for the fitted mean twice. What does `var()` divide by, unless told "
            "otherwise?",
            lambda g: tr_cov(g) * len(g) / (len(g) - 1),
        ),
        Mistake(
            "one centre for all parameters",
            "You subtract one number from every entry. How many numbers does the mean gradient "
            "have?",
            lambda g: (g - g.mean()).square().sum() / (len(g) - 1),
        ),
        Mistake(
            "mean over all entries",
            "You take the mean over examples and parameters at once. The squared length of a "
            "deviation is a sum over parameters: what happens to your number when every parameter "
            "appears twice?",
            lambda g: (g - g.mean(dim=0)).square().mean(),
        ),
    ),
    accepted=(
        lambda g: torch.cov(g.T).trace(),
        lambda g: np.asarray(g).var(axis=0, ddof=1).sum(),
        tr_cov_by_pairs,
        tr_cov_by_moments,
    ),
    lesson="tr(Sigma) is the expected squared length of one example's error, summed over "
    "parameters. n - 1 removes the bias of a mean that was fitted to the same rows.",
    answered_by=("coursekit.gradients", "coursekit.noise", "coursekit.ghost"),
)

# --- the variance at batch size B ------------------------------------------------------------


def variance_at(tr_cov: float, batch_size: int, num_examples: int, replacement: bool) -> float:
    variance = tr_cov / batch_size
    if not replacement:
        variance *= (num_examples - batch_size) / (num_examples - 1)
    return variance


def variance_by_covariances(tr_cov, batch_size, num_examples, replacement):
    between = 0.0 if replacement else -tr_cov / (num_examples - 1)
    return (batch_size * tr_cov + batch_size * (batch_size - 1) * between) / batch_size**2


def variance_by_inclusion(tr_cov, batch_size, num_examples, replacement):
    if replacement:
        return sum((1 / batch_size) ** 2 * tr_cov for _ in range(batch_size))
    chosen = batch_size / num_examples  # chance that one example is in the batch
    count_variance = chosen * (1 - chosen) * num_examples / (num_examples - 1)
    return tr_cov * num_examples * count_variance / batch_size**2


def draw_variance(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("with replacement", "without replacement", "the whole data set") * 3:
        n = int(rng.integers(6, 30))
        b = n if group == "the whole data set" else int(rng.integers(3, n - 1))
        replacement = group == "with replacement"
        cases.append(Case(group, (float(rng.uniform(2.0, 50.0)), b, n, replacement)))
    return cases


U01_VARIANCE_AT = Exercise(
    id="u01_variance_at",
    call="variance_at(tr_cov, batch_size, num_examples, replacement)",
    points={"with replacement": 1.0, "without replacement": 1.0, "the whole data set": 1.0},
    by_hand=(
        Case("with replacement", (12.0, 3, 10, True)),
        Case("without replacement", (12.0, 4, 10, False)),
        Case("the whole data set", (12.0, 10, 10, False)),
    ),
    draw=draw_variance,
    reference=variance_at,
    mistakes=(
        Mistake(
            "one formula for both",
            "You use the same formula with and without replacement. Take a batch of the whole "
            "data set without replacement, twice: how much do the two gradients differ?",
            lambda t, b, n, r: t / b,
        ),
        Mistake(
            "correction in both",
            "You correct for the finite data set also with replacement. Does such a draw know "
            "what was drawn before it?",
            lambda t, b, n, r: variance_at(t, b, n, False),
        ),
        Mistake(
            "the two swapped",
            "Your two cases look exchanged. In which of them can an example come twice?",
            lambda t, b, n, r: variance_at(t, b, n, not r),
        ),
        Mistake(
            "the other divisor",
            "Your factor belongs to a tr(Sigma) with divisor N - 1. Which divisor has the one "
            "given here? Test it with B = 1: one draw must have the whole variance.",
            lambda t, b, n, r: t / b if r else t / b * (1 - b / n),
        ),
        Mistake(
            "standard deviation",
            "Your result has the unit of a gradient. Is a variance asked for, or its root?",
            lambda t, b, n, r: math.sqrt(variance_at(t, b, n, r)),
        ),
        Mistake(
            "falls with the root of B",
            "Make B four times larger: your result only halves. Which quantity falls that "
            "slowly, the variance or its root?",
            lambda t, b, n, r: variance_at(t, b, n, r) * math.sqrt(b),
        ),
        Mistake(
            "falls with the square of B",
            "Make B twice as large: your result falls to a quarter. A mean of B draws has B "
            "independent errors: how many terms add up before you divide?",
            lambda t, b, n, r: variance_at(t, b, n, r) / b,
        ),
        Mistake(
            "correction upside down",
            "Without replacement your variance grows beyond that with replacement. Does it help "
            "or harm to see each example at most once?",
            lambda t, b, n, r: t / b if r else t / b * (n - 1) / (n - b + 1e-9),
        ),
        Mistake(
            "fraction left, one too many",
            "Your factor reaches zero for another batch than the whole data set, or is not one "
            "for B = 1. What should it be at these two ends?",
            lambda t, b, n, r: t / b if r else t / b * (n - b + 1) / n,
        ),
        Mistake(
            "factor in place of 1/B",
            "Without replacement you no longer divide by B. Take N far larger than B: what should "
            "be left of the difference between the two ways?",
            lambda t, b, n, r: t / b if r else t * (n - b) / (n - 1),
        ),
        Mistake(
            "root of the correction",
            "You take the root of the correction, as one does for a standard error. Is a variance "
            "asked for, or its root?",
            lambda t, b, n, r: t / b if r else t / b * math.sqrt((n - b) / (n - 1)),
        ),
        Mistake(
            "trace made unbiased",
            "You rescale tr(Sigma) by N/(N - 1). Is its mean fitted to a sample here, or exact?",
            lambda t, b, n, r: variance_at(t, b, n, r) * n / (n - 1),
        ),
        Mistake(
            "each pair once",
            "You count each pair's covariance once. Multiply out the square of a sum of two: how "
            "often does the product of the two come?",
            lambda t, b, n, r: t / b if r else (t - (b - 1) / 2 * t / (n - 1)) / b,
        ),
        Mistake(
            "brackets forgotten",
            "Try B = N - 1 by hand, then look at your last line: what does Python divide first "
            "when it reads / N - 1?",
            lambda t, b, n, r: t / b if r else t / b * (n - b) / n - 1,
        ),
        Mistake(
            "covariance with the wrong sign",
            "Without replacement your variance grows beyond that with replacement. What sign has "
            "a covariance that makes errors cancel?",
            lambda t, b, n, r: t / b if r else (t + (b - 1) * t / (n - 1)) / b,
        ),
        Mistake(
            "divided by B once",
            "You have the variance of the sum, divided by B. By what does the variance of a vector "
            "change when the vector is divided by B?",
            lambda t, b, n, r: b * variance_at(t, b, n, r),
        ),
    ),
    accepted=(variance_by_covariances, variance_by_inclusion),
    lesson="The law is tr(Sigma)/B for independent draws. Draws without replacement are "
    "negatively correlated, and at B = N nothing is left to chance.",
    answered_by=("coursekit.gradients", "coursekit.sampling"),
)

# --- effective batch size --------------------------------------------------------------------


def effective_batch_size(group_sizes: list[int], rho: float) -> float:
    batch_size = sum(group_sizes)
    return batch_size**2 / sum(c * (1 + (c - 1) * rho) for c in group_sizes)


def effective_by_matrix(group_sizes, rho):
    blocks = [torch.full((c, c), float(rho)).fill_diagonal_(1.0) for c in group_sizes]
    correlation = torch.block_diag(*blocks)
    return len(correlation) ** 2 / correlation.sum()


def effective_by_group_means(group_sizes, rho):
    c = np.array(group_sizes, dtype=float)
    variance_of_group_mean = rho + (1 - rho) / c
    return 1 / np.sum((c / c.sum()) ** 2 * variance_of_group_mean)


def draw_groups(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("equal groups", "unequal groups", "limits") * 3:
        rho = float(rng.uniform(0.2, 0.9))
        num_groups = int(rng.integers(3, 7))
        sizes = [int(rng.integers(3, 7))] * num_groups
        if group == "unequal groups":
            others = [1, *(int(c) for c in rng.integers(3, 6, num_groups - 1))]
            sizes = [2, *(int(c) for c in rng.permutation([*others, int(rng.integers(9, 16))]))]
        elif group == "limits":
            kind = rng.integers(3)
            rho = (0.0, 1.0, rho)[kind]
            sizes = [1] * num_groups if kind == 2 else sizes
        cases.append(Case(group, (sizes, rho)))
    return cases


U01_EFFECTIVE_BATCH = Exercise(
    id="u01_effective_batch",
    call="effective_batch_size(group_sizes, rho)",
    points={"equal groups": 1.0, "unequal groups": 1.0, "limits": 1.0},
    by_hand=(
        Case("limits", ([2, 2], 0.0)),
        Case("limits", ([2, 2], 1.0)),
        Case("limits", ([1, 1, 1], 0.5)),
        Case("equal groups", ([2, 2], 0.5)),
        Case("unequal groups", ([2, 1, 5], 0.5)),
    ),
    draw=draw_groups,
    reference=effective_batch_size,
    mistakes=(
        Mistake(
            "counts the groups",
            "You count distinct sources, and rho has no say. What is a group worth whose members "
            "have nothing in common?",
            lambda sizes, rho: len(sizes),
        ),
        Mistake(
            "counts the examples",
            "You count every example in full. What does a second, identical copy add?",
            lambda sizes, rho: sum(sizes),
        ),
        Mistake(
            "every pair correlated",
            "You let every pair in the batch share the correlation. Which pairs come from one "
            "source?",
            lambda sizes, rho: sum(sizes) / (1 + (sum(sizes) - 1) * rho),
        ),
        Mistake(
            "correlated with itself",
            "In groups of one you already lose something. With how many others does an example "
            "share its group?",
            lambda sizes, rho: sum(sizes) ** 2 / sum(c * (1 + c * rho) for c in sizes),
        ),
        Mistake(
            "average group",
            "You put the average group size into the formula for equal groups. Is the group of "
            "a random example as large as a random group?",
            lambda sizes, rho: sum(sizes) / (1 + (sum(sizes) / len(sizes) - 1) * rho),
        ),
        Mistake(
            "inflation of the variance",
            "Without correlation you return one. How many independent examples is such a batch "
            "worth?",
            lambda sizes, rho: sum(sizes) / effective_batch_size(sizes, rho),
        ),
        Mistake(
            "straight line",
            "You go in a straight line from all the examples to the number of groups. What adds "
            "up here is variance: is an effective size linear in it?",
            lambda sizes, rho: (1 - rho) * sum(sizes) + rho * len(sizes),
        ),
        Mistake(
            "discount",
            "With identical copies you come to zero, yet each group still shows one example. "
            "What is left of a group at rho = 1?",
            lambda sizes, rho: (1 - rho) * sum(sizes),
        ),
        Mistake(
            "sum of the groups' own sizes",
            "You add each group's own effective size. The batch weighs a large group by its "
            "number of examples, not by what they are worth: whose variances add, with which "
            "weights?",
            lambda sizes, rho: sum(c / (1 + (c - 1) * rho) for c in sizes),
        ),
        Mistake(
            "each pair once",
            "You count each pair of a group once. Multiply out the square of a sum of two: how "
            "often does the product of the two come?",
            lambda sizes, rho: effective_batch_size(sizes, rho / 2),
        ),
        Mistake(
            "share of the batch",
            "Your result is the share of the batch that counts, one at rho = 0. How many "
            "examples is that?",
            lambda sizes, rho: effective_batch_size(sizes, rho) / sum(sizes),
        ),
        Mistake(
            "the inverse",
            "Your result gets smaller when the batch gets larger. You have the factor in front of "
            "tr(Sigma): which batch of independent examples has the same factor?",
            lambda sizes, rho: 1 / effective_batch_size(sizes, rho),
        ),
        Mistake(
            "all like the first",
            "You take every group to be as large as the first. What do the other numbers in the "
            "list do?",
            lambda sizes, rho: sum(sizes) / (1 + (sizes[0] - 1) * rho),
        ),
        Mistake(
            "rounded down",
            "You rounded to a whole number. Must an effective size be one?",
            lambda sizes, rho: math.floor(effective_batch_size(sizes, rho) + 1e-9),
        ),
        Mistake(
            "groups for examples",
            "You put the number of groups where the batch size belongs. How many examples does the "
            "batch hold?",
            lambda sizes, rho: effective_batch_size(sizes, rho) * (len(sizes) / sum(sizes)) ** 2,
        ),
        Mistake(
            "a group counted once",
            "In your sum each group counts once, with its bracket. How many examples of a group "
            "carry that bracket?",
            lambda sizes, rho: sum(sizes) ** 2 / sum(1 + (c - 1) * rho for c in sizes),
        ),
        Mistake(
            "the last group only",
            "Only the last group has a say in your result. Does your loop add up, or start anew?",
            lambda sizes, rho: sum(sizes) ** 2 / (sizes[-1] * (1 + (sizes[-1] - 1) * rho)),
        ),
    ),
    accepted=(effective_by_matrix, effective_by_group_means),
    lesson="Correlation inside a batch inflates its variance by 1 + (c - 1) rho for groups of c. "
    "Large groups hurt most, since most examples sit in them.",
    answered_by=("coursekit.sampling",),
)

# --- noise of an accumulated gradient --------------------------------------------------------


def accumulated_variance(tr_cov: float, micro_sizes: list[int], weights: list[float]) -> float:
    return sum(w**2 * tr_cov / b for b, w in zip(micro_sizes, weights, strict=True))


def accumulated_by_examples(tr_cov, micro_sizes, weights):
    coefficients = torch.cat(
        [torch.full((b,), w / b) for b, w in zip(micro_sizes, weights, strict=True)]
    )
    return tr_cov * coefficients.square().sum()


def accumulated_by_matrix(tr_cov, micro_sizes, weights):
    w = np.array(weights)
    return w @ np.diag(tr_cov / np.array(micro_sizes)) @ w


def draw_accumulation(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("equal micro-batches", "ragged micro-batches") * 4:
        k = int(rng.integers(3, 7))
        sizes, weights = [int(rng.integers(4, 17))] * k, [1.0 / k] * k
        if group == "ragged micro-batches":
            sizes = [*(int(b) for b in rng.integers(6, 17, k - 1)), int(rng.integers(1, 4))]
            kind = len(cases) // 2 % 4  # the four ragged cases differ in their weights
            if kind == 1:
                weights = [1.0] * k
            elif kind > 1:
                weights = [float(w) for w in rng.uniform(0.1, 0.6, k)]
        cases.append(Case(group, (float(rng.uniform(3.0, 40.0)), sizes, weights)))
    return cases


U01_ACCUMULATED = Exercise(
    id="u01_accumulated",
    call="accumulated_variance(tr_cov, micro_sizes, weights)",
    points={"equal micro-batches": 1.0, "ragged micro-batches": 1.0},
    by_hand=(
        Case("equal micro-batches", (8.0, [4, 4], [0.5, 0.5])),
        Case("ragged micro-batches", (6.0, [3, 1], [0.5, 0.5])),
    ),
    draw=draw_accumulation,
    reference=accumulated_variance,
    mistakes=(
        Mistake(
            "keeps the noise of a micro-batch",
            "You average the variances, so accumulation keeps a micro-batch's noise. When you "
            "scale a random vector by w, by what does its variance scale?",
            lambda t, b, w: sum(wk * t / bk for bk, wk in zip(b, w, strict=True)),
        ),
        Mistake(
            "weights ignored",
            "Your result is the variance of the best possible average, whatever the weights. "
            "What if one micro-batch had all the weight?",
            lambda t, b, w: t / sum(b),
        ),
        Mistake(
            "sum of the weights squared",
            "You square the sum of the weights. Errors of different micro-batches are "
            "independent: which cross terms remain?",
            lambda t, b, w: sum(w) ** 2 * t / sum(b),
        ),
        Mistake(
            "adds deviations",
            "You add standard deviations, as if all micro-batches erred in the same direction. "
            "Do independent errors add like that?",
            lambda t, b, w: sum(wk * math.sqrt(t / bk) for bk, wk in zip(b, w, strict=True)) ** 2,
        ),
        Mistake(
            "sizes ignored",
            "A micro-batch of one example and one of a hundred count the same in your formula. "
            "Which of the two is noisier?",
            lambda t, b, w: t * sum(wk**2 for wk in w),
        ),
        Mistake(
            "mean size",
            "You put the average size into the formula for equal micro-batches. Does a small "
            "one add as little noise as you save in a large one?",
            lambda t, b, w: sum(wk**2 for wk in w) * t / (sum(b) / len(b)),
        ),
        Mistake(
            "standard deviation",
            "Your result has the unit of a gradient. Is a variance asked for, or its root?",
            lambda t, b, w: math.sqrt(accumulated_variance(t, b, w)),
        ),
        Mistake(
            "no weights at all",
            "You add the variances of the micro-batches as they are. When you scale a random "
            "vector by w, by what does its variance scale?",
            lambda t, b, w: sum(t / bk for bk in b),
        ),
        Mistake(
            "size on the wrong side",
            "In your formula a larger micro-batch is noisier. Is g_k the sum of its gradients or "
            "their mean?",
            lambda t, b, w: sum(wk**2 * t * bk for bk, wk in zip(b, w, strict=True)),
        ),
        Mistake(
            "size squared",
            "The mean's factor is squared in your formula, and its b errors are counted once. How "
            "many independent errors does a micro-batch add up?",
            lambda t, b, w: sum(wk**2 * t / bk**2 for bk, wk in zip(b, w, strict=True)),
        ),
        Mistake(
            "averaged once more",
            "At the end you divide by the number of micro-batches. Does the loop do that, or do "
            "the weights already say all?",
            lambda t, b, w: accumulated_variance(t, b, w) / len(b),
        ),
        Mistake(
            "all like the first",
            "You give every micro-batch the size of the first one. Is the last one as long?",
            lambda t, b, w: sum(wk**2 for wk in w) * t / b[0],
        ),
        Mistake(
            "weights made to sum to one",
            "You rescale the weights. The loop adds up with the weights as they are: what if they "
            "are all one?",
            lambda t, b, w: accumulated_variance(t, b, [wk / sum(w) for wk in w]),
        ),
        Mistake(
            "weights into the large batch",
            "You divide the squared weights by the size of the whole batch. Does a micro-batch "
            "average over all of it?",
            lambda t, b, w: t * sum(wk**2 for wk in w) / sum(b),
        ),
    ),
    accepted=(accumulated_by_examples, accumulated_by_matrix),
    lesson="Equal weights over equal micro-batches give tr(Sigma)/(bK): accumulation is the large "
    "batch, noise included. With ragged micro-batches equal weights cost you noise.",
    answered_by=("coursekit.accumulate",),
)

# --- standard error of a measured variance ---------------------------------------------------


def standard_error(batch_grads: Tensor, full_grad: Tensor) -> Tensor:
    sq_distances = (batch_grads - full_grad).square().sum(dim=1)
    return sq_distances.std() / math.sqrt(len(sq_distances))


def standard_error_by_jackknife(batch_grads, full_grad):
    d = (batch_grads - full_grad).double().square().sum(1)
    m = len(d)
    leave_one_out = (d.sum() - d) / (m - 1)
    return ((m - 1) / m * (leave_one_out - d.mean()).square().sum()).sqrt()


def standard_error_by_loop(batch_grads, full_grad):
    d = [sum(float(x) ** 2 for x in row - full_grad) for row in batch_grads]
    mean = sum(d) / len(d)
    return (sum((x - mean) ** 2 for x in d) / (len(d) * (len(d) - 1))) ** 0.5


def draw_batches(rng: np.random.Generator) -> list[Case]:
    cases = []
    for _ in range(6):
        m, p = int(rng.integers(4, 10)), int(rng.integers(2, 5))
        full = rng.normal(size=p)
        grads = full + rng.normal(size=(m, p)) * rng.uniform(0.5, 2.0) + rng.normal(0, 0.5, p)
        cases.append(Case("standard error", (grads, full)))
    return cases


U01_STANDARD_ERROR = Exercise(
    id="u01_standard_error",
    call="standard_error(batch_grads, full_grad)",
    points={"standard error": 2.0},
    by_hand=(
        Case(
            "standard error",
            (np.array([[1.0, 0.0], [0.0, 1.0], [3.0, 0.0], [0.0, 3.0]]), np.array([0.0, 0.0])),
        ),
        Case(
            "standard error",
            (np.array([[1.0, 1.0], [3.0, 1.0], [1.0, 4.0]]), np.array([1.0, 0.0])),
        ),
    ),
    draw=draw_batches,
    reference=standard_error,
    mistakes=(
        Mistake(
            "spread of one draw",
            "This is the spread from draw to draw. It does not shrink when you draw more. Should "
            "the error of the average?",
            lambda g, f: (g - f).square().sum(1).std(),
        ),
        Mistake(
            "variance of the mean",
            "Your result has the unit of the variance squared. Which step brings an error back "
            "to the unit of what it belongs to?",
            lambda g, f: (g - f).square().sum(1).var() / len(g),
        ),
        Mistake(
            "divided by M",
            "With four times the draws your error falls to a quarter. How fast does the error of "
            "an average really fall?",
            lambda g, f: (g - f).square().sum(1).std() / len(g),
        ),
        Mistake(
            "deviations all counted as free",
            "The mean of the squared distances was fitted to these same draws. How many of their "
            "deviations are still free?",
            lambda g, f: (g - f).square().sum(1).std(unbiased=False) / math.sqrt(len(g)),
        ),
        Mistake(
            "centre of the draws",
            "You measure distances from the average of the draws. Which centre do you know "
            "exactly here?",
            lambda g, f: standard_error(g, g.mean(0)),
        ),
        Mistake(
            "distances not squared",
            "You average distances. A variance is an average of which power of them?",
            lambda g, f: (g - f).norm(dim=1).std() / math.sqrt(len(g)),
        ),
        Mistake(
            "the variance itself",
            "This is the measured variance itself. How far would it move if you drew the same "
            "number of batches again?",
            lambda g, f: (g - f).square().sum(1).mean(),
        ),
        Mistake(
            "error of the gradient",
            "This is how far the mean gradient may be off. Asked is how far the measured "
            "variance may be off: what is averaged over the draws here?",
            lambda g, f: ((g - f).square().sum(1).mean() / len(g)).sqrt(),
        ),
        Mistake(
            "summed over the batches",
            "You added over the batches and kept one number a parameter. Which axis holds the "
            "parameters?",
            lambda g, f: (g - f).square().sum(0).std() / math.sqrt(len(g)),
        ),
        Mistake(
            "mean over parameters",
            "You average over the parameters. A squared distance is a sum over them: what does "
            "Pythagoras do with his two sides?",
            lambda g, f: standard_error(g, f) / g.shape[1],
        ),
        Mistake(
            "half-width of an interval",
            "That is the half-width of a 95 % interval. How many standard errors wide is it?",
            lambda g, f: 1.96 * standard_error(g, f),
        ),
        Mistake(
            "all entries at once",
            "You take the spread over all squared entries. How many independent numbers does the "
            "measured variance average: one an entry, or one a batch?",
            lambda g, f: (g - f).square().std() / math.sqrt(len(g)),
        ),
        Mistake(
            "corrected twice",
            "You correct for the fitted mean twice: once in the spread, once under the root. How "
            "many numbers are averaged?",
            lambda g, f: (g - f).square().sum(1).std() / math.sqrt(len(g) - 1),
        ),
        Mistake(
            "one number a parameter",
            "You added over the batches and kept one number a parameter. Which axis holds the "
            "parameters, and how many draws were there?",
            lambda g, f: (g - f).square().sum(0).std() / math.sqrt(g.shape[1]),
        ),
    ),
    accepted=(standard_error_by_jackknife, standard_error_by_loop),
    lesson="An average over M draws is off by about s / sqrt(M). A measured variance without that "
    "number can't agree or disagree with a theory.",
    answered_by=("coursekit.sampling", "coursekit.noise"),
)

# --- find the flaw: noise from one epoch of batches ------------------------------------------


def tr_cov_from_epoch(batch_grads: Tensor, batch_sizes: list[int]) -> Tensor:
    sizes = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    mean_grad = (sizes @ batch_grads) / sizes.sum()
    sq_distances = (batch_grads - mean_grad).square().sum(dim=1)
    return (sizes * sq_distances).sum() / (len(sizes) - 1)


def epoch_by_pairs(batch_grads, batch_sizes):
    total = sum(
        batch_sizes[i] * batch_sizes[j] * float((batch_grads[i] - batch_grads[j]).square().sum())
        for i, j in combinations(range(len(batch_sizes)), 2)
    )
    return total / (sum(batch_sizes) * (len(batch_sizes) - 1))


def epoch_by_moments(batch_grads, batch_sizes):
    g, b = batch_grads.double().numpy(), np.array(batch_sizes, float)
    between = (b * (g**2).sum(1)).sum() - ((b[:, None] * g).sum(0) ** 2).sum() / b.sum()
    return between / (len(b) - 1)


def epoch_plain_centre(batch_grads, batch_sizes):
    sizes = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    deviations = batch_grads - batch_grads.mean(dim=0)
    return (sizes * deviations.square().sum(dim=1)).sum() / (len(sizes) - 1)


def weighted_mean(batch_grads: Tensor, batch_sizes: list[int]) -> Tensor:
    sizes = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    return (sizes @ batch_grads) / sizes.sum()


def mean_size(batch_sizes: list[int]) -> float:
    return sum(batch_sizes) / len(batch_sizes)


def draw_epoch(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("equal batches", "ragged last batch") * 3:
        k, p = int(rng.integers(3, 6)), int(rng.integers(2, 5))
        sizes = [int(rng.integers(8, 17))] * k
        if group == "ragged last batch":
            sizes[-1] = int(rng.integers(1, 5))
        grads = rng.normal(size=p) + rng.normal(size=(k, p)) * 3 / np.sqrt(sizes)[:, None]
        cases.append(Case(group, (grads, sizes)))
    return cases


U01_EPOCH_NOISE = Exercise(
    id="u01_epoch_noise",
    call="tr_cov_from_epoch(batch_grads, batch_sizes)",
    points={"equal batches": 1.0, "ragged last batch": 1.0},
    by_hand=(
        Case("equal batches", (np.array([[0.0], [1.0], [2.0]]), [4, 4, 4])),
        Case("ragged last batch", (np.array([[0.0], [3.0]]), [4, 2])),
    ),
    draw=draw_epoch,
    reference=tr_cov_from_epoch,
    mistakes=(
        Mistake(
            "spread of the batch means",
            "This is the spread of batch means. Each averages many examples: is it the noise of "
            "one example?",
            lambda g, b: g.var(dim=0).sum(),
        ),
        Mistake(
            "mean batch size",
            "You multiply by the average batch size at the end. Does the small last batch deviate "
            "as little as the others?",
            lambda g, b: g.var(dim=0).sum() * mean_size(b),
        ),
        Mistake(
            "first batch size",
            "You multiply by the size of the first batch. Is the last one as long?",
            lambda g, b: g.var(dim=0).sum() * b[0],
        ),
        Mistake(
            "plain centre",
            "Your centre is the plain average of the batch means, so the short batch counts as "
            "much as a long one. Which average equals the mean over all examples?",
            epoch_plain_centre,
        ),
        Mistake(
            "divides by the number of batches",
            "You divide by the number of batches, but the centre was fitted to them. How many "
            "deviations are still free?",
            lambda g, b: tr_cov_from_epoch(g, b) * (len(b) - 1) / len(b),
        ),
        Mistake(
            "divides by the number of examples",
            "You divide by a count of examples. How many independent vectors do you see: one an "
            "example, or one a batch?",
            lambda g, b: tr_cov_from_epoch(g, b) * (len(b) - 1) / (sum(b) - 1),
        ),
        Mistake(
            "divides by all the examples",
            "You divide by the number of examples. How many independent vectors do you see: one "
            "an example, or one a batch?",
            lambda g, b: tr_cov_from_epoch(g, b) * (len(b) - 1) / sum(b),
        ),
        Mistake(
            "weighted, not rescaled",
            "You weigh the batches by size, and your result is still a spread of batch means. "
            "How much smaller is that than the noise of one example?",
            lambda g, b: tr_cov_from_epoch(g, b) / mean_size(b),
        ),
        Mistake(
            "not centred",
            "You measure squared lengths from the origin. A gradient that never changes has "
            "length, but has it noise?",
            lambda g, b: (torch.tensor(b) * g.square().sum(1)).sum() / (len(b) - 1),
        ),
        Mistake(
            "size squared",
            "You multiply by the size before you square, so it counts twice. How does the "
            "variance of a mean depend on the number of its terms?",
            lambda g, b: (
                (torch.tensor(b)[:, None] * (g - weighted_mean(g, b))).square().sum() / (len(b) - 1)
            ),
        ),
        Mistake(
            "mean over parameters",
            "You average over the parameters. A trace is a sum: what happens to your number when "
            "every parameter appears twice?",
            lambda g, b: tr_cov_from_epoch(g, b) / g.shape[1],
        ),
        Mistake(
            "size on the wrong side",
            "You divide by the size. Is one example noisier than the mean of a batch, or less "
            "noisy?",
            lambda g, b: (
                ((g - weighted_mean(g, b)).square().sum(1) / torch.tensor(b)).sum() / (len(b) - 1)
            ),
        ),
        Mistake(
            "short batch left out",
            "You leave the short batch out. That is right on average, and wastes examples. Can "
            "you use every batch, each with the weight that it deserves?",
            lambda g, b: (
                b[0] * g[[bk == b[0] for bk in b]].var(dim=0).sum()
                if b.count(b[0]) > 1
                else torch.tensor(0.0)
            ),
        ),
        Mistake(
            "one average size",
            "One average size for all batches can be right on average, and is noisier than need "
            "be. Can each squared deviation have the size of its own batch?",
            lambda g, b: g.var(dim=0).sum() * len(b) / sum(1 / bk for bk in b),
        ),
        Mistake(
            "last batch always left out",
            "You always leave the last batch out, also where it is as long as the others. Can you "
            "use every batch, each with the weight that it deserves?",
            lambda g, b: b[0] * g[:-1].var(dim=0).sum() if len(b) > 2 else torch.tensor(math.nan),
        ),
        Mistake(
            "spread inside the batches",
            "You divide as one does for the spread inside batches. You see only their means: how "
            "many vectors are that?",
            lambda g, b: tr_cov_from_epoch(g, b) * (len(b) - 1) / (sum(b) - len(b)),
        ),
    ),
    accepted=(epoch_by_pairs, epoch_by_moments),
    lesson="Each squared deviation, times its own batch size, estimates tr(Sigma). Weighted this "
    "way, one epoch without replacement gives it without bias, ragged last batch or not.",
    answered_by=("coursekit.noise",),
)

# --- how large a batch for a given noise? ----------------------------------------------------


def batch_for_noise(grad_sq_norm: float, tr_cov: float, noise_to_signal: float) -> int:
    exact = tr_cov / (grad_sq_norm * noise_to_signal**2)
    return max(1, math.ceil(exact - 1e-9))


def batch_by_search(grad_sq_norm, tr_cov, noise_to_signal):
    low, high = 0, 1
    while math.sqrt(tr_cov / high / grad_sq_norm) > noise_to_signal:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        enough = math.sqrt(tr_cov / middle / grad_sq_norm) <= noise_to_signal
        low, high = (low, middle) if enough else (middle, high)
    return high


def batch_by_counting(grad_sq_norm, tr_cov, noise_to_signal):
    b = 1
    while tr_cov / b > noise_to_signal**2 * grad_sq_norm:
        b += 1
    return b


def draw_noise(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("whole numbers", "rounding") * 4:
        # Powers of two and square numbers: exact too for who takes the root first, in float32.
        signal, ratio = float(rng.choice([0.25, 4.0, 16.0])), float(rng.choice([0.25, 0.5]))
        batch = int(rng.integers(3, 8)) ** 2
        excess = float(rng.uniform(0.1, 0.4)) if group == "rounding" else 0.0
        cases.append(Case(group, (signal, signal * ratio**2 * (batch + excess), ratio)))
    return cases


U01_BATCH_FOR_NOISE = Exercise(
    id="u01_batch_for_noise",
    call="batch_for_noise(grad_sq_norm, tr_cov, noise_to_signal)",
    points={"whole numbers": 1.0, "rounding": 1.0},
    by_hand=(
        Case("whole numbers", (4.0, 16.0, 0.5)),
        Case("rounding", (4.0, 16.25, 0.5)),
    ),
    draw=draw_noise,
    reference=batch_for_noise,
    mistakes=(
        Mistake(
            "lengths and squares mixed",
            "The ratio asked for compares lengths, your formula compares squared lengths. "
            "Halve the ratio: by how much must B grow?",
            lambda s, t, r: math.ceil(t / (s * r) - 1e-9),
        ),
        Mistake(
            "rounded down",
            "At your batch size the noise is still a little above the limit. To which side must "
            "you round?",
            lambda s, t, r: math.floor(t / (s * r**2) + 1e-9),
        ),
        Mistake(
            "not rounded",
            "Can a batch hold a fraction of an example? And to which side must you round?",
            lambda s, t, r: t / (s * r**2),
        ),
        Mistake(
            "signal ignored",
            "The gradient's own length has no say in your answer. Is the same noise as harmful "
            "to a long gradient as to a short one?",
            lambda s, t, r: math.ceil(t / r**2 - 1e-9),
        ),
        Mistake(
            "ratio ignored",
            "You return the batch size at which noise equals signal, whatever the limit. Where "
            "does the limit enter?",
            lambda s, t, r: math.ceil(t / s - 1e-9),
        ),
        Mistake(
            "signal not squared away",
            "grad_sq_norm is already a squared length. What did you do to it?",
            lambda s, t, r: math.ceil(t / (s**2 * r**2) - 1e-9),
        ),
        Mistake(
            "upside down",
            "A noisier gradient gives you a smaller batch. Is that what averaging is for?",
            lambda s, t, r: max(1, math.ceil(s / (t * r**2) - 1e-9)),
        ),
        Mistake(
            "one too many",
            "At one example fewer the noise already meets the limit. What happens in your "
            "rounding when the division comes out even?",
            lambda s, t, r: math.floor(t / (s * r**2) + 1e-9) + 1,
        ),
        Mistake(
            "a step's length for the gradient's",
            "You compare the noise with the length of a whole step, noise included. With whose "
            "length does the text compare it?",
            lambda s, t, r: max(1, math.ceil(t * (1 - r**2) / (s * r**2) - 1e-9)),
        ),
        Mistake(
            "ratio the other way round",
            "Ask for less noise, a smaller ratio: your batch shrinks. Which of the two lengths "
            "stands on top?",
            lambda s, t, r: max(1, math.ceil(r**2 * t / s - 1e-9)),
        ),
        Mistake(
            "variance against a length",
            "On one side of your inequality stands a variance, on the other a length. Do their "
            "units agree?",
            lambda s, t, r: math.ceil(t / (r * math.sqrt(s)) - 1e-9),
        ),
        Mistake(
            "error falls as 1/B",
            "In your formula the error itself falls as 1/B. Which quantity falls that fast, the "
            "error or its square?",
            lambda s, t, r: math.ceil(math.sqrt(t / s) / r - 1e-9),
        ),
        Mistake(
            "powers of two",
            "You go up to a power of two. Is a smaller whole number forbidden?",
            lambda s, t, r: 2 ** max(0, math.ceil(math.log2(t / (s * r**2)))),
        ),
    ),
    accepted=(batch_by_search, batch_by_counting),
    lesson="At ratio 1 the answer is tr(Sigma)/|G|^2: the gradient noise scale, which unit 05 "
    "measures. To halve the noise once more, the batch must grow fourfold.",
    answered_by=("coursekit.noise",),
)

EXERCISES = (
    U01_MINIBATCH_GRAD,
    U01_TR_COV,
    U01_VARIANCE_AT,
    U01_EFFECTIVE_BATCH,
    U01_ACCUMULATED,
    U01_STANDARD_ERROR,
    U01_EPOCH_NOISE,
    U01_BATCH_FOR_NOISE,
)
