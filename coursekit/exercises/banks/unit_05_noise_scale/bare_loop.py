"""Build it: a bare training loop that measures the noise scale as it goes."""

import functools
import math

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coursekit.exercises.banks.unit_05_noise_scale.bare_loop_slips import MISTAKES
from coursekit.exercises.banks.unit_05_noise_scale.two_batch import ANSWERED_BY
from coursekit.exercises.engine.adapters import linear_call
from coursekit.exercises.engine.declare import Case, Exercise

Batches = list[list[Tensor]]
MILESTONES = ("one step", "several steps, lr 0", "moving weights")


def train_and_watch(
    model: nn.Module, batches: Batches, micro_batch_size: int, lr: float, decay: float
) -> list[float]:
    params, b = list(model.parameters()), micro_batch_size
    found: list[float] = []
    signal, noise = 0.0, 0.0
    for inputs, targets in batches:
        rows = []
        for x, y in zip(inputs.split(b), targets.split(b), strict=True):
            grads = torch.autograd.grad(cross_entropy(model(x), y), params)
            rows.append(torch.cat([g.flatten() for g in grads]))
        mean = torch.stack(rows).mean(dim=0)
        small = float(torch.stack(rows).square().sum(dim=1).mean())
        big = float(mean.square().sum())
        now = (small - big) / (1 / b - 1 / len(targets))
        signal = decay * signal + (1 - decay) * (big - now / len(targets))
        noise = decay * noise + (1 - decay) * now
        found.append(noise / signal if signal > 0 else math.nan)
        step = (lr * mean).split([p.numel() for p in params])
        with torch.no_grad():
            for p, g in zip(params, step, strict=True):
                p.sub_(g.view_as(p))
    return found


def watch_with_optimizer(model, batches, micro_batch_size, lr, decay):
    """Accumulate in .grad, read lengths there, let an optimizer step; debias both averages."""
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    average, found = np.zeros(2), []
    for count, (inputs, targets) in enumerate(batches, start=1):
        optimizer.zero_grad()
        num_micro, small = len(targets) // micro_batch_size, 0.0
        before = torch.zeros(())
        for k in range(num_micro):
            part = slice(k * micro_batch_size, (k + 1) * micro_batch_size)
            (cross_entropy(model(inputs[part]), targets[part]) / num_micro).backward()
            now = torch.cat([p.grad.flatten() for p in model.parameters()])
            micro = num_micro * (now - before)
            small, before = small + float(micro @ micro) / num_micro, now.clone()
        big = float(before @ before)
        size = len(targets)
        solved = np.linalg.solve([[1, 1 / micro_batch_size], [1, 1 / size]], [small, big])
        average = decay * average + (1 - decay) * solved
        signal, noise = average / (1 - decay**count)
        found.append(noise / signal if signal > 0 else float("nan"))
        optimizer.step()
    return found


def watch_by_lists(model, batches, micro_batch_size, lr, decay):
    """Keep every step's two numbers; weigh the past anew at each step."""
    pairs, found = [], []
    tensors = list(model.parameters())
    for inputs, targets in batches:
        rows = []
        for x, y in zip(
            inputs.split(micro_batch_size), targets.split(micro_batch_size), strict=True
        ):
            model.zero_grad()
            cross_entropy(model(x), y).backward()
            rows.append(np.concatenate([p.grad.flatten().numpy() for p in tensors]))
        g = np.array(rows)
        trace = float(g.var(axis=0, ddof=1).sum())
        pairs.append(
            (float(np.sum(g.mean(axis=0) ** 2)) - trace / len(g), micro_batch_size * trace)
        )
        weights = decay ** np.arange(len(pairs))[::-1]
        signal, noise = weights @ np.array(pairs)
        found.append(float(noise / signal) if signal > 0 else math.nan)
        parts = torch.tensor(g.mean(axis=0)).split([p.numel() for p in tensors])
        for p, part in zip(tensors, parts, strict=True):
            p.data = p.data - lr * part.view_as(p)
    return found


@functools.cache
def load_optimizers() -> None:
    """Make one optimizer: torch's first takes seconds, too long for a learner's time limit."""
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)


def draw_watches(rng: np.random.Generator) -> list[Case]:
    load_optimizers()
    cases: list[Case] = []
    while len(cases) < len(MILESTONES):
        group = MILESTONES[len(cases)]
        b = int(rng.integers(2, 4))
        count = 1 if group == "one step" else int(rng.integers(2, 4))
        lr = float(rng.uniform(0.5, 1.5)) if group == "moving weights" else 0.0
        batches = []
        for _ in range(count):
            k = int(rng.integers(2, 4))
            x = rng.normal(size=(k * b, 2)) + np.array([1.5, 0.5])
            y = (rng.random(k * b) < 0.35).astype(int) + (rng.random(k * b) < 0.1)
            batches.append([x, y])
        args = (0.3 * rng.normal(size=(3, 3)), batches, b, lr, float(rng.uniform(0.5, 0.9)))
        log = linear_call(train_and_watch, *args)
        if min(log) > 0 and max(log) < 500:  # resolved at every step; nan is neither
            cases.append(Case(group, args))
    x = rng.normal(size=(2, 2))  # pairs that cancel, and both classes alike: no signal is left
    x, y = np.concatenate([x, -x]), np.array([0, 1, 0, 1])
    args = (np.zeros((2, 3)), [[x, y]], 1, 0.0, float(rng.uniform(0.5, 0.9)))
    cases.append(Case("one step", args))
    return cases


ROWS = [[2.0, 0.0], [1.0, 1.0], [1.0, -1.0], [2.0, 1.0]]
SPREAD = [[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]
START = np.zeros((2, 3))  # two outputs; two inputs and the bias


def batch(rows: list[list[float]], classes: list[int]) -> list[np.ndarray]:
    return [np.array(rows), np.array(classes)]


U05_BARE_LOOP = Exercise(
    id="u05_bare_loop",
    call="train_and_watch(model, batches, micro_batch_size, lr, decay)",
    points=dict.fromkeys(MILESTONES, 1.0),
    by_hand=(
        Case(
            "one step",
            (START, [batch(ROWS, [0, 0, 1, 0])], 2, 0.0, 0.5),
            keeps=("by hand", "smallest"),
        ),
        Case(
            "one step",
            (START, [batch(SPREAD, [0, 0, 1, 1])], 1, 0.0, 0.5),
            keeps=("nan",),
            quotes="nan where the averaged signal is not above zero",
        ),
        Case(
            "several steps, lr 0",
            (
                START,
                [batch(ROWS, [0, 0, 1, 0]), batch(ROWS + ROWS[:2], [0, 0, 1, 0, 0, 1])],
                2,
                0.0,
                0.5,
            ),
            keeps=("uneven",),
            quotes="of K >= 2 times micro_batch_size examples, K may differ",
        ),
        Case(
            "several steps, lr 0",
            (START, [batch(ROWS, [0, 0, 1, 0]), batch(ROWS, [0, 1, 0, 0])], 1, 0.0, 0.75),
            keeps=("average",),
        ),
        Case(
            "several steps, lr 0",
            (START, [batch(ROWS, [0, 0, 1, 0]), batch(SPREAD, [0, 0, 1, 1])], 2, 0.0, 0.9),
            keeps=("average",),
        ),
        Case(
            "moving weights",
            (START, [batch(ROWS, [0, 0, 1, 0])], 2, 0.125, 0.5),
            keeps=("order",),
            quotes="model: any nn.Module, trained in place",
        ),
        Case(
            "moving weights",
            (START, [batch(ROWS, [0, 0, 1, 0]), batch(ROWS, [0, 0, 1, 0])], 2, 0.125, 0.5),
            keeps=("by hand",),
            quotes="then take a step of SGD along the gradient of the whole batch",
        ),
    ),
    promises=("average", "by hand", "nan", "order", "smallest", "uneven"),
    draw=draw_watches,
    reference=train_and_watch,
    run="linear_call",
    may_change=("model.values", "model.grad"),
    nan_says="You return nan for a signal above zero. Which of your numbers is it made of?",
    mistakes=MISTAKES,
    accepted=(watch_with_optimizer, watch_by_lists),
    lesson="Two norms of gradients that the loop has anyway, two averages, one division. Nothing "
    "else is needed to log a noise scale.",
    answered_by=ANSWERED_BY,
    graded=False,
)
