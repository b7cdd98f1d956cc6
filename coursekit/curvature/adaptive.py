"""Adaptive sharpness: curvature in units of each weight, which rescaling leaves as it is."""

import torch
from torch import nn

from coursekit.curvature.lanczos import Eigenpairs, lanczos_eigenvalues
from coursekit.curvature.operators import scaled_operator
from coursekit.curvature.products import hessian_operator
from coursekit.gradients.batches import Data, Loss
from coursekit.gradients.minibatch import flatten
from coursekit.gradients.objective import Objective, as_objective


def adaptive_eigenvalues(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    k: int = 1,
    *,
    tol: float = 1e-4,
    chunk_size: int | None = None,
    rng: torch.Generator | None = None,
) -> Eigenpairs:
    """Find the largest eigenvalues of |w| H |w|, which rescaling a ReLU net can't change.

        d^2 L / (d log|w_i| d log|w_j|) = |w_i| H_ij |w_j|   (+ gradient terms), signs aside

    Args:
        model: An Objective, or a model in the mode to measure in.
        loss_fn: Mean loss.
        data: A batch or an iterable of batches.
        k: Number of eigenvalues.
        tol: Residual to reach, as a fraction of the largest.
        chunk_size: As for `hessian_operator`.
        rng: Source of the first vector; None: a new generator seeded 0.

    Returns:
        Eigenvalues in the loss's unit: relative changes of weights have none.

    Raises:
        ValueError: As for `hessian_operator`.

    Source: the second-order form of adaptive sharpness; Kwon et al. 2021, arXiv:2102.11600.
    """
    objective = as_objective(model, loss_fn, data, chunk_size=chunk_size)
    op = hessian_operator(objective)
    scale = flatten([p.detach() for p in objective.weights.values()]).abs()
    return lanczos_eigenvalues(scaled_operator(op, scale), k, tol=tol, rng=rng)
