"""A bare loop with chosen faults."""

import math
from collections.abc import Callable

import numpy as np
import torch

Rows = np.ndarray  # gradients of the micro-batches of one step, (K, P)


def mean_square(rows: Rows) -> float:
    return float((rows**2).sum(axis=1).mean())


def square_of_mean(rows: Rows) -> float:
    return float((rows.mean(axis=0) ** 2).sum())


def loop(
    *,
    small: Callable[[Rows], float] = mean_square,
    big: Callable[[Rows], float] = square_of_mean,
    noise: Callable[[float, float, int, int], float] = lambda s, g, b, n: (s - g) / (1 / b - 1 / n),
    signal: Callable[..., float] = lambda s, g, noise, b, n: g - noise / n,
    average: str = "apart",
    step_along: Callable[[Rows], np.ndarray] = lambda rows: rows.mean(axis=0),
    last: Callable[[float, float], float] = lambda s, n: n / s if s > 0 else math.nan,
    updates: Callable[[float], tuple[float, float]] = lambda decay: (decay, 1 - decay),
    when: str = "before",
    begin: tuple[float, float] = (0.0, 0.0),
    no_bias: bool = False,
    leave: str = "trained",
) -> Callable[..., list[float]]:
    """Return a loop with chosen faults; the defaults are right.

    `small`, `big`: squared lengths from the rows. `noise`: from them, b and the batch size n;
    `signal`: from them, the noise, b and n. `last`: the number logged, from both averages.
    `average`: both "apart", their "ratio", "none", all steps "alike", only the "signal".
    `when`: measured "before" the step, or after it ("after") on the same batch.
    `no_bias`: lengths of the weights' gradient alone. `leave`: the model in the end is "trained",
    "as it was", "a step behind", or "without bias": the weights alone were moved.
    """

    def answer(model, batches, micro_batch_size, lr, decay):
        tensors = list(model.parameters())
        weight = np.column_stack([p.detach().numpy() for p in tensors])
        before = weight
        found: list[float] = []
        state, old = np.array(begin), 0.0
        keep, new = updates(decay)
        for inputs, targets in batches:
            b, size = micro_batch_size, len(targets)
            x, y = np.column_stack([inputs.numpy(), np.ones(size)]), targets.numpy()
            rows, before = gradients(weight, x, y, b), weight
            step = step_along(rows).reshape(weight.shape)
            if leave == "without bias":
                step[:, -1] = 0.0
            weight = weight - lr * step
            if when == "after":
                rows = gradients(weight, x, y, b)
            if no_bias:
                rows = rows.reshape(len(rows), *weight.shape)[:, :, :-1].reshape(len(rows), -1)
            s, g = small(rows), big(rows)
            one = noise(s, g, b, size)
            pair = np.array([signal(s, g, one, b, size), one])
            if average == "ratio":
                old = float(keep * old + new * last(*pair))
                found.append(old / (1 - keep ** (len(found) + 1)))
                continue
            kept = keep * state + new * pair
            shown = {"none": pair, "alike": state + pair}.get(average, kept)
            state = shown
            if average == "signal":
                shown = np.array([kept[0] / (1 - keep ** (len(found) + 1)), pair[1]])
            found.append(float(last(np.float64(shown[0]), np.float64(shown[1]))))
        if leave != "as it was":
            put(tensors, before if leave == "a step behind" else weight)
        return found

    return answer


def put(tensors: list[torch.nn.Parameter], weight: np.ndarray) -> None:
    """Write weights and, from the last column, bias into a linear layer."""
    with torch.no_grad():
        for param, part in zip(tensors, (weight[:, :-1], weight[:, -1]), strict=True):
            param.copy_(torch.tensor(part))


def gradients(weight: np.ndarray, x: np.ndarray, y: np.ndarray, b: int) -> np.ndarray:
    """Return the mean gradient of each micro-batch of a linear model, flat, one a row."""
    error = np.exp(x @ weight.T)
    error /= error.sum(axis=1, keepdims=True)
    error[np.arange(len(y)), y] -= 1
    each = error[:, :, None] * x[:, None, :]
    return each.reshape(len(y) // b, b, -1).mean(axis=1)
