"""Build it: a bare training loop that measures the noise scale as it goes."""

import functools
import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coursekit.exercises.banks.unit_05_noise_scale.two_batch import ANSWERED_BY
from coursekit.exercises.engine.declare import Case, Exercise, Mistake

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
    (p,) = model.parameters()
    for inputs, targets in batches:
        rows = []
        for x, y in zip(
            inputs.split(micro_batch_size), targets.split(micro_batch_size), strict=True
        ):
            p.grad = None
            cross_entropy(model(x), y).backward()
            rows.append(p.grad.flatten().numpy().copy())
        g = np.array(rows)
        trace = float(g.var(axis=0, ddof=1).sum())
        pairs.append(
            (float(np.sum(g.mean(axis=0) ** 2)) - trace / len(g), micro_batch_size * trace)
        )
        weights = decay ** np.arange(len(pairs))[::-1]
        signal, noise = weights @ np.array(pairs)
        found.append(float(noise / signal) if signal > 0 else math.nan)
        p.data = p.data - lr * torch.tensor(g.mean(axis=0)).view_as(p)
    return found


def loop(
    *,
    pick: str = "all",
    whole: str = "mean",
    average: str = "apart",
    step_along: str = "mean",
    scale: Callable[[float, int], float] = lambda noise, b: noise,
    floor: float | None = None,
    negative: float = math.nan,
    updates: Callable[[float], tuple[float, float]] = lambda decay: (decay, 1 - decay),
    when: str = "before",
) -> Callable[..., list[float]]:
    """Return a loop with chosen faults; the defaults are right.

    `pick`: the small norm of "all" micro-batches, the "last", or their "sum".
    `whole`: the big gradient is the "mean" of the micro-batches or their "sum".
    `average`: signal and noise "apart", their "ratio", "none", or all steps "alike".
    `step_along`: the "mean", the "sum" or the "last" micro-batch's gradient, or "nothing".
    `when`: measured "before" the step, or after it ("after") on the same batch.
    """

    def answer(model, batches, micro_batch_size, lr, decay):
        (param,) = model.parameters()
        weight: np.ndarray = param.detach().numpy().copy()
        found: list[float] = []
        state, old = np.zeros(2), 0.0
        keep, new = updates(decay)
        for inputs, targets in batches:
            b, size = micro_batch_size, len(targets)
            rows = gradients(weight, inputs.numpy(), targets.numpy(), b)
            steps = {"mean": rows.mean(0), "sum": rows.sum(0), "last": rows[-1]}
            if step_along != "nothing":
                weight = weight - lr * steps[step_along].reshape(weight.shape)
            if when == "after":
                rows = gradients(weight, inputs.numpy(), targets.numpy(), b)
            norms = (rows**2).sum(axis=1)
            small = {"all": norms.mean(), "last": norms[-1], "sum": norms.sum()}[pick]
            big = float(((rows.mean(0) if whole == "mean" else rows.sum(0)) ** 2).sum())
            noise = float(small - big) / (1 / b - 1 / size)
            signal = big - noise / size
            noise = scale(noise, b)
            signal = signal if floor is None else max(signal, floor)
            if average == "ratio":
                old = float(keep * old + new * noise / np.float64(signal))
                found.append(old / (1 - keep ** (len(found) + 1)))
            else:
                pair = np.array([signal, noise])
                kept = keep * state + new * pair
                state = {"none": pair, "alike": state + pair}.get(average, kept)
                found.append(float(state[1] / state[0]) if state[0] > 0 else negative)
        return found

    return answer


def gradients(weight: np.ndarray, x: np.ndarray, y: np.ndarray, b: int) -> np.ndarray:
    """Return the mean gradient of each micro-batch of a linear model, flat, one a row."""
    error = np.exp(x @ weight.T)
    error /= error.sum(axis=1, keepdims=True)
    error[np.arange(len(y)), y] -= 1
    each = error[:, :, None] * x[:, None, :]
    return each.reshape(len(y) // b, b, -1).mean(axis=1)


@functools.cache
def load_optimizers() -> None:
    """Make one optimizer: torch's first takes seconds, too long for a learner's time limit."""
    torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=0.1)


def draw_watches(rng: np.random.Generator) -> list[Case]:
    load_optimizers()
    cases = []
    for group in MILESTONES:
        b = int(rng.integers(2, 4))
        count = 1 if group == "one step" else int(rng.integers(3, 5))
        lr = float(rng.uniform(0.5, 1.5)) if group == "moving weights" else 0.0
        batches = []
        for _ in range(count):
            k = int(rng.integers(3, 5))
            x = rng.normal(size=(k * b, 2)) + np.array([1.5, 0.5])
            y = (rng.random(k * b) < 0.35).astype(int) + (rng.random(k * b) < 0.1)
            batches.append([x, y])
        args = (0.3 * rng.normal(size=(3, 2)), batches, b, lr, float(rng.uniform(0.5, 0.9)))
        cases.append(Case(group, args))
    x = rng.normal(size=(2, 2))  # pairs that cancel: no signal is left
    x, y = np.concatenate([x, -x]), np.array([0, 2, 0, 2])
    args = (np.zeros((3, 2)), [[x, y]], 1, 0.0, float(rng.uniform(0.5, 0.9)))
    cases.append(Case("one step", args))
    return cases


ROWS = [[2.0, 0.0], [1.0, 1.0], [1.0, -1.0], [2.0, 1.0]]
SPREAD = [[2.0, 0.0], [-2.0, 0.0], [0.0, 1.0], [0.0, -1.0]]
START = np.zeros((2, 2))


def batch(rows: list[list[float]], classes: list[int]) -> list[np.ndarray]:
    return [np.array(rows), np.array(classes)]


U05_BARE_LOOP = Exercise(
    id="u05_bare_loop",
    call="train_and_watch(model, batches, micro_batch_size, lr, decay)",
    points=dict.fromkeys(MILESTONES, 1.0),
    by_hand=(
        Case("one step", (START, [batch(ROWS, [0, 0, 1, 0])], 2, 0.0, 0.5), keeps=("by hand",)),
        Case(
            "one step", (START, [batch(SPREAD, [0, 0, 1, 1])], 1, 0.0, 0.5), keeps=("nan",)
        ),  # not resolved
        Case(
            "several steps, lr 0",
            (START, [batch(ROWS, [0, 0, 1, 0]), batch(ROWS, [0, 1, 0, 0])], 1, 0.0, 0.75),
            keeps=("average",),
        ),
        Case(
            "several steps, lr 0",
            (START, [batch(ROWS, [0, 0, 1, 0]), batch(SPREAD, [0, 0, 1, 1])], 2, 0.0, 0.25),
            keeps=("nan", "average"),
        ),
        Case(
            "moving weights",
            (START, [batch(ROWS, [0, 0, 1, 0]), batch(ROWS, [0, 0, 1, 0])], 2, 1.0, 0.5),
            keeps=("by hand",),
        ),
    ),
    promises=("average", "by hand", "nan"),
    draw=draw_watches,
    reference=train_and_watch,
    run="linear_call",
    may_change=("model.values", "model.grad"),
    nan_says="You return nan for a signal above zero. Which of your numbers is it made of?",
    mistakes=(
        Mistake(
            "last micro-batch only",
            "Your small norm is that of the last micro-batch. What do the others have to say?",
            loop(pick="last"),
        ),
        Mistake(
            "norms summed",
            "Your small norm is a sum over micro-batches. What happens to it when there are twice "
            "as many of the same size?",
            loop(pick="sum"),
        ),
        Mistake(
            "sum of the micro-batches",
            "Your big gradient is the sum of the micro-batches. Of which length is the gradient of "
            "the mean loss over the batch?",
            loop(whole="sum"),
        ),
        Mistake(
            "per micro-batch",
            "Your noise is that of a micro-batch. Of how many examples is tr(Sigma) the noise?",
            loop(scale=lambda noise, b: noise / b),
        ),
        Mistake(
            "average of ratios",
            "You average the ratios. Which two numbers are right on average at each step?",
            loop(average="ratio"),
        ),
        Mistake(
            "no average",
            "Each of your numbers is one step's alone. What is `decay` for?",
            loop(average="none"),
        ),
        Mistake(
            "all steps alike",
            "Every step counts the same in your average, however old. What is `decay` for?",
            loop(average="alike"),
        ),
        Mistake(
            "weights exchanged",
            "The new value gets the weight `decay`. For a decay near one, should the average move "
            "fast or slowly?",
            loop(updates=lambda decay: (1 - decay, decay)),
        ),
        Mistake(
            "signal clipped",
            "You lift a signal below zero. If every low estimate is lifted, what happens to the "
            "average over steps?",
            loop(floor=1e-8),
        ),
        Mistake(
            "infinite where unresolved",
            "You say the noise scale is infinite. Does a signal that is lost in the noise show "
            "that there is none?",
            loop(negative=math.inf),
        ),
        Mistake(
            "zero where unresolved",
            "You say the noise scale is zero. Would that mean a noisy gradient or a clean one?",
            loop(negative=0.0),
        ),
        Mistake(
            "no step",
            "Your measurements are right while nothing moves. Where does your loop train?",
            loop(step_along="nothing"),
        ),
        Mistake(
            "step along the sum",
            "Your step goes along the sum of the micro-batches. How long is it when the same batch "
            "is cut into more of them?",
            loop(step_along="sum"),
        ),
        Mistake(
            "step along the last micro-batch",
            "Your step goes along the last micro-batch's gradient. What have the others computed "
            "theirs for?",
            loop(step_along="last"),
        ),
        Mistake(
            "measured after the step",
            "You measure after the step, on the batch that made it. At which weights were the "
            "gradients taken that the step uses?",
            loop(when="after"),
        ),
    ),
    accepted=(watch_with_optimizer, watch_by_lists),
    lesson="Two norms of gradients that the loop has anyway, two averages, one division. Nothing "
    "else is needed to log a noise scale.",
    answered_by=ANSWERED_BY,
)
