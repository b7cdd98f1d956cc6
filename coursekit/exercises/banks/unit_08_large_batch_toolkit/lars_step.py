"""One step of LARS on one parameter: a step relative to the parameter's own length."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import close


def lars_step(weight, grad, velocity, lr, momentum, weight_decay):
    ratio = 1.0
    if weight.ndim > 1 and weight.norm() > 0 and grad.norm() > 0:
        ratio = weight.norm() / (grad.norm() + weight_decay * weight.norm())
    velocity = momentum * velocity + lr * ratio * (grad + weight_decay * weight)
    return torch.stack([weight - velocity, velocity])


def by_numpy(weight, grad, velocity, lr, momentum, weight_decay):
    w, g, v = (t.numpy().astype(float) for t in (weight, grad, velocity))
    long, steep = np.sqrt((w**2).sum()), np.sqrt((g**2).sum())
    use = w.ndim == 2 and long * steep != 0
    rate = lr * long / (steep + weight_decay * long) if use else lr
    new = momentum * v + rate * (g + weight_decay * w)
    return [w - new, new]


def by_direction(weight, grad, velocity, lr, momentum, weight_decay):
    """Normalise the gradient first; its length then enters through the decay alone."""
    w, g = weight.double(), grad.double()
    size, slope = w.pow(2).sum().sqrt(), g.pow(2).sum().sqrt()
    if w.dim() == 1 or min(size, slope) == 0:
        move = lr * (g + weight_decay * w)
    else:
        shrink = weight_decay * size / slope
        move = lr * size * (g / slope + shrink * w / size) / (1 + shrink)
    velocity = velocity.double() * momentum + move
    return [w - velocity, velocity]


def with_ratio(ratio: Callable[..., Tensor | float], *, vectors: bool = False):
    """Return an answer with another ratio for matrices (and vectors): (w, g, decay) -> number."""

    def answer(w, g, v, lr, momentum, decay):
        usual = w.ndim > 1 or vectors
        r = ratio(w, g, decay) if usual and w.norm() > 0 and g.norm() > 0 else 1.0
        v = momentum * v + lr * r * (g + decay * w)
        return [w - v, v]

    return answer


def right_ratio(w, g, decay):
    return w.norm() / (g.norm() + decay * w.norm())


def ratio_of(w, g, decay):
    """Return the ratio as it should be: 1 where there is nothing to compare."""
    ok = w.ndim > 1 and w.norm() > 0 and g.norm() > 0
    return right_ratio(w, g, decay) if ok else torch.tensor(1.0)


def moved(update: Callable[..., tuple[Tensor, Tensor]]):
    """Return an answer with the right ratio and another update: (w, g, v, lr ratio, m, decay)."""

    def answer(w, g, v, lr, momentum, decay):
        new_w, new_v = update(w, g, v, lr * ratio_of(w, g, decay), momentum, decay)
        return [new_w, new_v]

    return answer


def outside(w, g, v, lr, momentum, decay):
    """Keep the rate out of the velocity, as torch's SGD does."""
    v = momentum * v + ratio_of(w, g, decay) * (g + decay * w)
    return [w - lr * v, v]


def raw_when_empty(w, g, v, lr, momentum, decay):
    """Divide whatever the norms are: a matrix of zeros then never moves."""
    r = right_ratio(w, g, decay) if w.ndim > 1 else 1.0
    r = torch.as_tensor(r).nan_to_num(0.0)
    v = momentum * v + lr * r * (g + decay * w)
    return [w - v, v]


def zero_gradient_too(w, g, v, lr, momentum, decay):
    """Look at the weight alone; a gradient of zeros is then scaled up by the decay."""
    r = torch.tensor(1.0)
    if w.ndim > 1 and w.norm() > 0:
        r = right_ratio(w, g, decay)
    v = momentum * v + lr * r * (g + decay * w)
    return [w - v, v]


def draw_lars(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("matrix", "vector") * 4):
        rows, columns = int(rng.integers(2, 4)), int(rng.integers(2, 4))
        shape = (rows, columns) if group == "matrix" else (rows + columns,)
        w, g, v = (rng.normal(0, s, shape) for s in (2.0, 0.3, 0.2))
        if number == 6:
            w = np.zeros(shape)
        if number == 4:
            g = np.zeros(shape)
        args = (w, g, v, float(rng.choice([0.05, 0.1, 0.2])), float(rng.choice([0.5, 0.8, 0.9])))
        cases.append(Case(group, (*args, float(rng.choice([0.1, 0.3])))))
    return cases


U08_LARS_STEP = Exercise(
    id="u08_lars_step",
    call="lars_step(weight, grad, velocity, lr, momentum, weight_decay)",
    points={"matrix": 2.0, "vector": 1.0},
    by_hand=(
        Case(
            "matrix",
            (
                np.array([[6.0, 0.0], [0.0, 8.0]]),
                np.array([[0.0, 3.0], [4.0, 0.0]]),
                np.array([[1.0, 0.0], [2.0, 0.0]]),
                0.1,
                0.5,
                0.0,
            ),
            keeps=("by hand", "range"),
        ),
        Case(
            "matrix",
            (
                np.array([[3.0, 4.0], [0.0, 0.0]]),
                np.array([[0.0, 0.0], [1.5, 0.0]]),
                np.array([[0.5, 0.25], [0.0, 1.0]]),
                0.25,
                0.5,
                0.2,
            ),
            keeps=("by hand",),
        ),
        Case(
            "matrix",
            (np.zeros((2, 2)), np.array([[3.0, 0.0], [4.0, 1.0]]), np.ones((2, 2)), 0.1, 0.5, 0.2),
            keeps=("boundary",),
        ),
        Case(
            "matrix",
            (np.array([[3.0, 0.0], [4.0, 1.0]]), np.zeros((2, 2)), np.ones((2, 2)), 0.1, 0.5, 0.2),
            keeps=("boundary",),
        ),
        Case(
            "vector",
            (np.array([3.0, 4.0]), np.array([0.5, 1.5]), np.array([1.0, 0.0]), 0.1, 0.5, 0.2),
            keeps=("by hand",),
        ),
    ),
    promises=("boundary", "by hand", "range"),
    draw=draw_lars,
    same=close(rtol=1e-4, atol=1e-6),
    reference=lars_step,
    mistakes=(
        Mistake(
            "vectors too",
            "You scale vectors as well. A bias begins at zero: how far could it then ever move?",
            with_ratio(right_ratio, vectors=True),
        ),
        Mistake(
            "ratio upside down",
            "Your ratio has the gradient on top. Should a matrix with a small gradient take a "
            "smaller step?",
            with_ratio(lambda w, g, d: (g.norm() + d * w.norm()) / w.norm()),
        ),
        Mistake(
            "decay left out of the ratio",
            "Your ratio leaves the weight decay out below the line. What is the length of what "
            "is added to the velocity?",
            with_ratio(lambda w, g, d: w.norm() / g.norm()),
        ),
        Mistake(
            "length of the sum below the line",
            "Below the line you measure gradient and decay together. What does the formula add: "
            "two vectors, or two lengths?",
            with_ratio(lambda w, g, d: w.norm() / (g + d * w).norm()),
        ),
        Mistake(
            "a norm for each row",
            "Your ratio differs from row to row. Over what does LARS take a norm?",
            with_ratio(
                lambda w, g, d: w.norm() / (g.norm(dim=1, keepdim=True) + d * w.norm() + 1e-12)
            ),
        ),
        Mistake(
            "largest stretch",
            "You take the largest singular value. Which length of a matrix does the text mean?",
            with_ratio(
                lambda w, g, d: (
                    torch.linalg.matrix_norm(w, 2)
                    / (torch.linalg.matrix_norm(g, 2) + d * torch.linalg.matrix_norm(w, 2))
                )
            ),
        ),
        Mistake(
            "squared lengths",
            "You divide squared lengths. What is the unit of a ratio of lengths?",
            with_ratio(lambda w, g, d: w.norm() ** 2 / (g.norm() ** 2 + d * w.norm() ** 2)),
        ),
        Mistake(
            "no ratio",
            "This is SGD with momentum. Where does the length of the weights enter?",
            with_ratio(lambda w, g, d: 1.0),
        ),
        Mistake(
            "no decay in the step",
            "You leave the weight decay out of what is added to the velocity. What does the "
            "formula add?",
            moved(lambda w, g, v, r, m, d: (w - (m * v + r * g), m * v + r * g)),
        ),
        Mistake(
            "rate outside the velocity",
            "You multiply by the rate when the weights move. In the formula, where does the rate "
            "stand?",
            outside,
        ),
        Mistake(
            "momentum forgotten",
            "The old velocity leaves no trace. What does the formula keep of it?",
            moved(lambda w, g, v, r, m, d: (w - r * (g + d * w), r * (g + d * w))),
        ),
        Mistake(
            "averaged velocity",
            "You weigh the new step by one minus the momentum. Does the formula average or add?",
            moved(
                lambda w, g, v, r, m, d: (
                    w - (m * v + (1 - m) * r * (g + d * w)),
                    m * v + (1 - m) * r * (g + d * w),
                )
            ),
        ),
        Mistake(
            "uphill",
            "Your weights move along the velocity. Which way does the loss fall?",
            moved(
                lambda w, g, v, r, m, d: (
                    w + (m * v + r * (g + d * w)),
                    m * v + r * (g + d * w),
                )
            ),
        ),
        Mistake(
            "the old velocity moves the weights",
            "You move the weights before the velocity is new. In which order does the formula go?",
            moved(lambda w, g, v, r, m, d: (w - v, m * v + r * (g + d * w))),
        ),
        Mistake(
            "decay counted twice below the line",
            "You add the decay to the gradient and then once more below the line. How often does "
            "the formula count it?",
            with_ratio(lambda w, g, d: w.norm() / ((g + d * w).norm() + d * w.norm())),
        ),
        Mistake(
            "a gradient of zeros scaled",
            "Your gradient of zeros gets a ratio. Which one does the docstring want there?",
            zero_gradient_too,
        ),
        Mistake(
            "a matrix of zeros stays",
            "Your matrix of zeros takes no step of its own. Which ratio does the docstring want "
            "there?",
            raw_when_empty,
        ),
    ),
    accepted=(by_numpy, by_direction),
    lesson="The step's length is lr times the matrix's own length, whatever the gradient's size. "
    "That is all LARS does: whether it trains better is a question for a comparison.",
    answered_by=("coursekit.train._optim_layerwise", "coursekit.train._optim_stacked",
                 "coursekit.train._optim_settings", "coursekit.train.optim"),
)  # fmt: skip
