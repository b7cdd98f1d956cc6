"""A measure of sharpness that rescaling can't move."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_07_flat_minima.adaptive_slips import MORE
from coursekit.exercises.banks.unit_07_flat_minima.tried_slips import ADAPTIVE as TRIED_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import close


def scaled_matrix(hessian: Tensor, weights: Tensor, power: float = 1.0) -> Tensor:
    size = weights.double().abs() ** power
    return size[:, None] * hessian.double() * size


def top(matrix: Tensor) -> Tensor:
    return torch.linalg.eigvalsh(matrix.double())[-1]


def adaptive_sharpness(hessian: Tensor, weights: Tensor) -> Tensor:
    return top(scaled_matrix(hessian, weights))


def adaptive_with_signs(hessian, weights):
    w = weights.double().numpy()  # signs change eigenvectors, and no eigenvalue
    return np.linalg.eigvalsh(np.outer(w, w) * hessian.double().numpy()).max()


def adaptive_by_a_similar_matrix(hessian, weights):
    # rows alone, by squares: not symmetric, and with the same eigenvalues
    matrix = weights.double().numpy()[:, None] ** 2 * hessian.double().numpy()
    return np.linalg.eigvals(matrix).real.max()


def of_scaled(formula: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda hessian, weights: formula(scaled_matrix(hessian, weights))


def of_both(formula: Callable[[Tensor, Tensor], Tensor]) -> Callable[..., Tensor]:
    return lambda hessian, weights: formula(hessian.double(), weights.double())


def divided(h: Tensor, w: Tensor) -> Tensor:
    size = w.abs().clamp(min=1e-12)
    return top(h / size[:, None] / size)


def top_direction(h: Tensor, w: Tensor) -> Tensor:
    v = torch.linalg.eigh(h)[1][:, -1] * w.abs()
    return v @ h @ v


def draw_adaptive(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("curved up", "curved down too") * 3:
        p = int(rng.integers(3, 5))
        axes = np.linalg.qr(rng.normal(size=(p, p)))[0]
        values = np.concatenate([[rng.uniform(2.0, 4.0)], rng.uniform(0.3, 1.2, p - 1)])
        weights = rng.permutation([0.4, 1.5, 2.5, 3.2])[:p] * rng.choice([-1.0, 1.0], p)
        if group == "curved down too":
            values[-1] = -rng.uniform(9.0, 12.0)
        hessian = axes @ np.diag(values) @ axes.T
        cases.append(Case(group, ((hessian + hessian.T) / 2, weights)))
    hessian, weights = cases[0].args
    cases[-1] = Case("curved down too", (-hessian, weights))  # down everywhere
    cases.append(Case("curved down too", (-hessian, np.append(weights[:-1], 0.0))))  # 0 is largest
    return cases


U07_ADAPTIVE = Exercise(
    id="u07_adaptive",
    call="adaptive_sharpness(hessian, weights)",
    points={"curved up": 1.0, "curved down too": 1.0},
    by_hand=(
        Case("curved up", (np.array([[3.0]]), np.array([-2.0])), keeps=("smallest", "sign")),
        Case(
            "curved up",
            (np.array([[9.0, 0.0], [0.0, 2.0]]), np.array([0.5, 3.0])),
            keeps=("by hand",),
        ),
        Case(
            "curved up",
            (np.array([[2.0, 1.0], [1.0, 2.0]]), np.array([2.0, 1.0])),
            keeps=("by hand",),
        ),
        Case(  # a small weight is not 0
            "curved up",
            (np.array([[8e6, 0.0], [0.0, 1.0]]), np.array([5e-4, 1.0])),
            keeps=("range",),
        ),
        # a weight of 0, and a direction that curves down more than the other curves up
        Case(
            "curved down too",
            (
                np.array([[5.0, 0.0, 0.0], [0.0, -7.0, 0.0], [0.0, 0.0, 2.0]]),
                np.array([0.0, 2.0, -1.0]),
            ),
            keeps=("sign",),
            quotes="Largest (not: largest in size) eigenvalue of D H D",
        ),
        Case(
            "curved down too",
            (np.array([[-3.0, 0.0], [0.0, -2.0]]), np.array([2.0, 1.0])),
            keeps=("sign",),
            quotes="Largest, not largest in size: it may be 0, or below.",
        ),
        # a share of a weight of 0 changes nothing
        Case(
            "curved down too",
            (np.array([[-3.0, 0.0], [0.0, -2.0]]), np.array([2.0, 0.0])),
            keeps=("sign",),
            quotes="Largest, not largest in size: it may be 0, or below.",
        ),
    ),
    promises=("by hand", "range", "sign", "smallest"),
    draw=draw_adaptive,
    reference=adaptive_sharpness,
    same=close(rtol=1e-4, atol=1e-5),
    mistakes=(
        Mistake(
            "plain sharpness",
            "You return the largest eigenvalue of the Hessian itself. Where do the weights come "
            "in?",
            of_both(lambda h, w: top(h)),
        ),
        Mistake(
            "one side alone",
            "A weight counts once in an entry on your diagonal. In w times one plus z, how many of "
            "the two indices of H belong to a change of a weight?",
            of_both(lambda h, w: torch.linalg.eigvals(w.abs()[:, None] * h).real.max()),
        ),
        Mistake(
            "one side alone, with signs",
            "You scale one side by the weights. How many of the two indices of H belong to a "
            "change of a weight?",
            of_both(lambda h, w: torch.linalg.eigvals(w[:, None] * h).real.max()),
        ),
        Mistake(
            "squares on both sides",
            "You scale both sides by the squares of the weights. How often does each weight stand "
            "in a second derivative with respect to relative changes?",
            of_both(lambda h, w: top(scaled_matrix(h, w, 2.0))),
        ),
        Mistake(
            "divided by the weights",
            "You divide by the weights. A weight that is twice as large, changed by the same "
            "share, moves twice as far: does the loss then bend more, or less?",
            of_both(divided),
        ),
        Mistake(
            "trace",
            "You add up the diagonal. Is the steepest relative direction asked, or all together?",
            of_scaled(lambda a: a.trace()),
        ),
        Mistake(
            "largest diagonal entry",
            "You take the largest entry of the matrix. Must the steepest direction be one weight "
            "alone?",
            of_scaled(lambda a: a.diagonal().max()),
        ),
        Mistake(
            "largest in size",
            "You take the eigenvalue that is largest in size. Is a direction that curves down "
            "sharp?",
            of_scaled(lambda a: max(torch.linalg.eigvalsh(a), key=abs)),
        ),
        Mistake(
            "norm",
            "You return the largest size of an eigenvalue. Is a direction that curves down sharp?",
            of_scaled(lambda a: torch.linalg.eigvalsh(a).abs().max()),
        ),
        Mistake(
            "smallest",
            "You take the other end of the spectrum. In which order come the eigenvalues?",
            of_scaled(lambda a: torch.linalg.eigvalsh(a)[0]),
        ),
        Mistake(
            "along the weights",
            "You return the curvature along the weights themselves, all made larger by one share. "
            "Which changes are allowed?",
            of_both(lambda h, w: w @ h @ w),
        ),
        Mistake(
            "times the squared length",
            "You multiply the plain sharpness by the squared length of the weights. Does that "
            "tell a rescaled layer from its neighbour?",
            of_both(lambda h, w: top(h) * (w @ w)),
        ),
        Mistake(
            "times the mean square",
            "You multiply the plain sharpness by the weights' mean square. Does that tell a "
            "rescaled layer from its neighbour?",
            of_both(lambda h, w: top(h) * w.square().mean()),
        ),
        Mistake(
            "times the largest square",
            "You multiply the plain sharpness by the largest squared weight. Need that weight "
            "lie in the steepest direction?",
            of_both(lambda h, w: top(h) * w.square().max()),
        ),
        Mistake(
            "steepest direction of the plain Hessian",
            "You find the steepest direction first and scale it then. Is the steepest absolute "
            "direction the steepest relative one?",
            of_both(top_direction),
        ),
        Mistake(
            "length of all entries",
            "You take the norm over all entries of the matrix. Does that belong to one direction?",
            of_scaled(lambda a: a.norm()),
        ),
        Mistake(
            "rows alone, read as symmetric",
            "You scale rows alone, and `eigvalsh` takes the matrix for symmetric. Which index is "
            "still to be scaled?",
            of_both(lambda h, w: top(w.abs()[:, None] * h)),
        ),
        Mistake(
            "columns alone, read as symmetric",
            "You scale columns alone, and `eigvalsh` takes the matrix for symmetric. Which index "
            "is still to be scaled?",
            of_both(lambda h, w: top(h * w.abs())),
        ),
        Mistake(
            "columns twice",
            "You scale the columns twice. Which of the two indices belongs to a row?",
            of_both(lambda h, w: top(h * w * w)),
        ),
        Mistake(
            "weights of length one",
            "You bring the weights to length one first. Is the change of a weight a share of "
            "itself, or of the whole vector?",
            of_both(lambda h, w: top(scaled_matrix(h, w / w.norm()))),
        ),
        Mistake(
            "times the length",
            "You multiply the plain sharpness by the length of the weights. Does that tell one "
            "weight from another?",
            of_both(lambda h, w: top(h) * w.norm()),
        ),
        Mistake(
            "eigenvalues paired with weights",
            "You multiply eigenvalues by squared weights, in their order. Does the first "
            "eigenvalue belong to the first weight?",
            of_both(lambda h, w: (torch.linalg.eigvalsh(h) * w * w).max()),
        ),
        Mistake(
            "divided by the squared length",
            "You divide by the squared length of the weights. Is a larger weight's share a "
            "shorter step?",
            of_both(lambda h, w: top(h) / (w @ w)),
        ),
        Mistake(
            "along the weights' sizes",
            "You return the curvature along the sizes of the weights. Which changes are allowed?",
            of_both(lambda h, w: w.abs() @ h @ w.abs()),
        ),
        Mistake(
            "quotient along the weights' sizes",
            "You return one Rayleigh quotient, along the sizes of the weights. Which direction is "
            "the steepest?",
            of_both(lambda h, w: w.abs() @ h @ w.abs() / (w @ w)),
        ),
        Mistake(
            "quotient along the weights",
            "You return one Rayleigh quotient, along the weights. Which direction is the steepest?",
            of_both(lambda h, w: w @ h @ w / (w @ w)),
        ),
        Mistake(
            "zero at least",
            "You lift a result that is below zero. Where every relative change lowers the loss, "
            "what is the largest curvature?",
            of_scaled(lambda a: torch.linalg.eigvalsh(a)[-1].clamp(min=0.0)),
        ),
        Mistake(
            "the whole spectrum",
            "You return all eigenvalues. Which one is asked?",
            of_scaled(torch.linalg.eigvalsh),
        ),
        Mistake(
            "the matrix",
            "You return the scaled matrix. Which one of its numbers is asked?",
            of_scaled(lambda a: a),
        ),
        *MORE,
        *TRIED_SLIPS,
    ),
    accepted=(adaptive_with_signs, adaptive_by_a_similar_matrix),
    lesson="Curvature with respect to relative changes: a factor on one layer and its inverse on "
    "the next cancel in it, weight by weight.",
    answered_by=(
        "coursekit.curvature.adaptive",
        "coursekit.curvature.hessian",
        "coursekit.curvature.lanczos",
    ),
)
