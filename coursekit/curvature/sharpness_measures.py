"""Sharpness of a minimum: by curvature, by the worst or average step away, and made to lie.

All but the adaptive ones change under a rescaling of a ReLU net that leaves its function alone
(`dinh_rescale`). No function here changes the model, also when interrupted.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coursekit.curvature.hessian import hessian_eigenvalues
from coursekit.curvature.landscape import climb, landscape, max_or_nan
from coursekit.gradients._random_state import generator_on
from coursekit.gradients.batches import Data, Loss
from coursekit.gradients.objective import Objective


@dataclass(frozen=True)
class Sharpness:
    """The largest eigenvalue of the Hessian beside the largest that full-batch GD can stand."""

    value: float  # lambda_max, loss/param^2
    residual: float  # an eigenvalue lies within this of value
    threshold: float  # 2 (1 + momentum) / lr; nan without lr
    vectors: Tensor  # (num_params, 1): pass it as `start` at the next step
    num_hvps: int
    cost: float  # gradients over the data, about
    converged: bool

    @property
    def ratio(self) -> float:
        """Value / threshold: above 1, GD at this lr diverges on the quadratic model."""
        return self.value / self.threshold


@dataclass(frozen=True)
class StepSharpness:
    """How far the loss rises within a neighbourhood of the weights."""

    value: float  # what the function's docstring says
    stderr: float  # over random draws, with the loss's rounding; 0 where nothing is random
    loss: float  # at the weights themselves
    radius: float  # rho, epsilon or sigma
    cost: float  # gradients over the data (a loss alone counts 1/3)


def sharpness(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    lr: float = math.nan,
    momentum: float = 0.0,
    tol: float = 1e-3,
    start: Tensor | None = None,
    method: str = "auto",
    chunk_size: int | None = None,
    rng: torch.Generator | None = None,
) -> Sharpness:
    """Measure lambda_max of the loss Hessian against the stability threshold of gradient descent.

        GD on a quadratic diverges along an eigenvector iff  lambda > 2 (1 + momentum) / lr

    Full-batch GD hovers at ratio 1, the edge of stability (Cohen et al. 2021, arXiv:2103.00065).
    SGD stays below, the further the smaller the batch; Adam has another threshold.

    Args:
        model: An Objective, or a model in the mode in which it is trained or evaluated; say which.
        loss_fn: Mean loss, `loss_fn(output, target)` or a BatchLoss. Weight decay in the
            optimizer adds its coefficient to the value.
        data: The training set. On a sub-sample the value is biased upwards.
        lr: Learning rate; without it threshold and ratio are nan.
        momentum: Of heavy-ball SGD.
        tol: Residual to reach, as a fraction of the value; the error is of the order of its
            square, so 1e-2 is enough to follow a run.
        start: `vectors` of an earlier measurement: less than half the products while training.
        method: As for `hessian_operator`.
        chunk_size: As for `hessian_operator`.
        rng: Source of the first vector; None: a new generator seeded 0.

    Returns:
        The eigenvalue with its residual. Its size changes under reparametrisation (`dinh_rescale`),
        so compare it to a threshold or to itself over time rather than across architectures.

    Raises:
        ValueError: As for `hessian_eigenvalues`, or if lr <= 0.
    """
    if lr <= 0:
        raise ValueError(f"lr must be > 0, got {lr}")
    found = hessian_eigenvalues(
        model, loss_fn, data, tol=tol, start=start, method=method, chunk_size=chunk_size, rng=rng
    )
    return Sharpness(
        value=found.value,
        residual=found.residual,
        threshold=2 * (1 + momentum) / lr,
        vectors=found.vectors,
        num_hvps=found.num_hvps,
        cost=found.cost,
        converged=found.converged,
    )


def keskar_sharpness(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    epsilon: float = 1e-3,
    num_steps: int = 20,
    chunk_size: int | None = None,
) -> StepSharpness:
    """Measure Keskar's epsilon-sharpness: the highest loss in a box around the weights.

        100 (max_z L(w + z) - L(w)) / (1 + L(w)),    |z_i| <= epsilon (|w_i| + 1)

    The maximum is sought over all weights (the paper's full-space variant), from corner to
    corner: each step goes to the corner that the gradient at the last one points to. Where the
    loss is convex that never goes down.

    Args:
        model: An Objective, or a model in the mode to measure in.
        loss_fn: Mean loss.
        data: A batch or an iterable of batches.
        epsilon: Size of the box, 1e-3 or 5e-4 in the paper.
        num_steps: Gradients spent on the search.
        chunk_size: Examples per pass at most.

    Returns:
        Percent of 1 + loss: the best point found, so a lower bound. The 1 in |w_i| + 1 makes it
        depend on the scale of the weights (see `dinh_rescale`).

    Raises:
        ValueError: As for `landscape`, or if epsilon <= 0 or num_steps < 1.

    Source: Keskar et al. 2017, arXiv:1609.04836, Eq. 4.
    """
    _check_search(epsilon, "epsilon", num_steps)
    with landscape(model, loss_fn, data, chunk_size=chunk_size) as land:
        box = epsilon * (land.centre.abs() + 1)
        losses = climb(land, lambda gradient: box * gradient.sign(), num_steps)
        value = 100 * (max_or_nan(losses) - losses[0]) / (1 + losses[0])
        return StepSharpness(value, 0.0, losses[0], epsilon, land.cost)


def sam_sharpness(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    rho: float = 0.05,
    num_steps: int = 1,
    adaptive: bool = False,
    norm: str = "l2",
    chunk_size: int | None = None,
) -> StepSharpness:
    """Measure SAM's ascent sharpness: the rise of the loss within a ball around the weights.

        max_z L(w + z) - L(w),   ||z / t|| <= rho,   t = 1, or |w| if adaptive
        one step, l2:    z = rho t (t g) / ||t g||
        one step, linf:  z = rho t sign(g)

    Further steps apply the same rule to the gradient at the last point.

    Args:
        model: An Objective, or a model in the mode to measure in.
        loss_fn: Mean loss.
        data: A batch or an iterable of batches. SAM's training step takes one mini-batch here;
            the value grows as the batch shrinks.
        rho: Radius of the ball, in the weights' unit; a fraction of them if adaptive.
        num_steps: Gradients spent; 1 is SAM's own step.
        adaptive: Measure each weight's change relative to its size (ASAM with eta = 0); then
            rescaling a ReLU net (`dinh_rescale`) changes nothing.
        norm: "l2" or "linf".
        chunk_size: Examples per pass at most.

    Returns:
        The rise in the loss's unit, at the best point found: a lower bound of the maximum. Where
        the gradient is exactly 0 no direction is up, and the value is nan (l2) or 0 (linf).

    Raises:
        ValueError: As for `landscape`, or for another norm, rho <= 0 or num_steps < 1.

    Source: Foret et al. 2021, arXiv:2010.01412; Kwon et al. 2021, arXiv:2102.11600.
    """
    _check_search(rho, "rho", num_steps)
    if norm not in ("l2", "linf"):
        raise ValueError(f"norm must be 'l2' or 'linf', got {norm!r}")
    with landscape(model, loss_fn, data, chunk_size=chunk_size) as land:
        scale = land.centre.abs() if adaptive else torch.ones_like(land.centre)

        def furthest(gradient: Tensor) -> Tensor:
            slope = scale * gradient
            if norm == "linf":
                return rho * scale * slope.sign()
            return rho * scale * slope / slope.norm()  # 0/0 = nan: no direction is up

        losses = climb(land, furthest, num_steps)
        value = max_or_nan(losses[1:]) - losses[0]
        return StepSharpness(value, 0.0, losses[0], rho, land.cost)


def average_sharpness(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    sigma: float = 0.01,
    num_draws: int = 20,
    adaptive: bool = False,
    chunk_size: int | None = None,
    rng: torch.Generator | None = None,
) -> StepSharpness:
    """Measure the mean rise of the loss under Gaussian noise on the weights.

        E L(w + z) - L(w),   z_i ~ N(0, sigma^2 t_i^2),   t = 1, or |w| if adaptive
        to second order:  sigma^2 / 2 * sum_i t_i^2 H_ii  =  sigma^2 tr(H) / 2  for t = 1

    Draws come in pairs z, -z, which cancel the gradient's part.

    Args:
        model: An Objective, or a model in the mode to measure in.
        loss_fn: Mean loss.
        data: A batch or an iterable of batches.
        sigma: Size of the noise, in the weights' unit; a fraction of them if adaptive.
        num_draws: Pairs, at least 2.
        adaptive: Noise in proportion to each weight.
        chunk_size: Examples per pass at most.
        rng: Source of the noise; None: a new generator seeded 0.

    Returns:
        An unbiased estimate in the loss's unit, with its standard error over pairs and by the
        rounding of the loss at the weights themselves, which all pairs share: where sigma^2 tr(H)
        is smaller than that, nothing but a larger sigma or float64 helps.

    Raises:
        ValueError: As for `landscape`, or if sigma <= 0 or num_draws < 2.

    Source: Andriushchenko et al. 2023, arXiv:2302.07011.
    """
    _check_search(sigma, "sigma", num_draws)
    if num_draws < 2:
        raise ValueError(f"num_draws must be >= 2: one pair shows no spread, got {num_draws}")
    with landscape(model, loss_fn, data, chunk_size=chunk_size) as land:
        rng = generator_on(land.centre.device) if rng is None else rng
        scale = sigma * (land.centre.abs() if adaptive else torch.ones_like(land.centre))
        loss = land.loss()
        rises = []
        for _ in range(num_draws):
            noise = torch.randn(scale.shape, generator=rng, device=rng.device, dtype=scale.dtype)
            shift = scale * noise.to(scale.device)
            rises.append((land.loss(shift) + land.loss(-shift)) / 2 - loss)
        spread = torch.tensor(rises, dtype=torch.float64, device="cpu")
        stderr = math.hypot(spread.std().item() / math.sqrt(num_draws), land.rounding(loss))
        return StepSharpness(spread.mean().item(), stderr, loss, sigma, land.cost)


def _check_search(radius: float, name: str, num_steps: int) -> None:
    if not radius > 0:
        raise ValueError(f"{name} must be > 0, got {radius}")
    if num_steps < 1:
        raise ValueError(f"need at least 1 step, got {num_steps}")
