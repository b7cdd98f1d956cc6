"""The noise of a model's gradient on given data: plain, and weighted by the Hessian."""

import math
from dataclasses import replace

import torch
from torch import Tensor, nn

from coursekit.gradients._layer_walk import measure
from coursekit.gradients.batches import (
    Data,
    Loss,
)
from coursekit.gradients.counts import Count
from coursekit.gradients.norms import PerExampleNorms, opened_with_count
from coursekit.gradients.objective import Objective
from coursekit.noise.scale import GradMoments, moments_of_groups

TARGETS = ("population", "training set")


def model_moments(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    target: str = "population",
    chunk_size: int | None = None,
    count: str | Count = "examples",
) -> GradMoments:
    """Compute |G|^2 and tr(Sigma) of a model on all its data from per-example norms.

        tr Sigma = 1/(N-1) sum_n |g_n - g|^2,   |G|^2 = |g|^2 - tr Sigma/N  or  |g|^2

    Args:
        model: An Objective, or a model, in eval mode if it has BatchNorm or Dropout.
        loss_fn: Mean loss, `loss_fn(output, target)`, or a BatchLoss.
        data: Tensors (inputs, targets), or an iterable of batches in a fixed order.
        target: "population": the data is a sample, and G the gradient of what it was drawn from.
            "training set": G is the gradient of exactly this data; then nothing is estimated and
            the standard errors are 0.
        chunk_size: Examples per pass; None chooses by memory.
        count: What the loss of a batch is the mean over: "examples", "tokens" or a function c of
            the batch. For the latter g = sum_n c_n g_n / C, and tr Sigma is per token, with whole
            examples drawn at random:
            tr Sigma = (N/C) 1/(N-1) sum_n c_n^2 |g_n - g|^2,   |G|^2 = |g|^2 - tr Sigma/C

    Returns:
        Moments, `unit` "examples" or "tokens"; at most two gradients over the data (one for the
        training set, or where what the layers gave fits into memory). Where the spread of the
        gradients is below the rounding of their type, tr_cov is nan, with a reason.

    Raises:
        ValueError: For another target, fewer than two examples, or what per_example_norms refuses.
    """
    if target not in TARGETS:
        raise ValueError(f"target must be 'population' or 'training set', got {target!r}")
    sampled = target == "population"
    with opened_with_count(model, loss_fn, data, chunk_size, count) as objective:
        if sampled:
            objective.refuse_changing_data()
        needs_dots = sampled or objective.unit != "examples"
        measured = measure(objective, keep=needs_dots)
        norms = measured.norms
        total = len(norms.sq_norms)
        if total < 2:
            raise ValueError(f"need >= 2 examples to see any spread, got {total}")
        dots = measured.dots(norms.mean_grad) if needs_dots else None
    counts = torch.ones_like(norms.sq_norms) if norms.counts is None else norms.counts
    mean_count = counts.mean().item()
    grad_sq_norm = norms.mean_grad.double().square().sum().item()
    cost = norms.cost * total
    if dots is None:
        tr_cov = (norms.sq_norms.sum().item() - total * grad_sq_norm) / (total - 1)
    else:
        cost *= 4 / 3 if measured.kept else 2  # a product with what was kept is a third
        share = counts / mean_count  # c_n (g_n - g) / mean c: the pull of example n on the mean
        deviations = share.square() * (norms.sq_norms - 2 * dots + grad_sq_norm)
        projections = share * (dots - grad_sq_norm)
        found = moments_of_groups(grad_sq_norm, deviations, projections, 1, None, cost=cost)
        tr_cov = found.tr_cov
    if not sampled:
        found = GradMoments(grad_sq_norm, tr_cov, 0.0, 0.0, 0.0, total, cost, target)
    found = _beyond_rounding(found, norms, counts / mean_count, grad_sq_norm)
    return replace(
        found,
        tr_cov=mean_count * found.tr_cov,
        tr_cov_stderr=mean_count * found.tr_cov_stderr,
        covariance=mean_count * found.covariance,
        unit=norms.unit,
    )


def _beyond_rounding(
    found: GradMoments, norms: PerExampleNorms, share: Tensor, grad_sq_norm: float
) -> GradMoments:
    """Add the rounding of squared norms to the error of tr(Sigma), or give the trace up for it."""
    total = len(share)
    eps = max(norms.eps, torch.finfo(norms.mean_grad.dtype).eps)
    rounding = eps * (share.square() * norms.sq_norms).sum().item() / (total - 1)
    if not math.isfinite(rounding):
        return replace(found, tr_cov=math.nan, reason="gradients are not finite")
    if rounding > 0 and abs(found.tr_cov) <= 8 * rounding:
        return replace(
            found,
            grad_sq_norm=grad_sq_norm,
            tr_cov=math.nan,
            tr_cov_stderr=math.nan,
            covariance=math.nan,
            reason=f"the spread of the gradients is below the rounding of their type "
            f"(relative {eps:.0e}), {8 * rounding:.1e} per example: use a model in float64",
        )
    if found.target == "training set":
        return found
    return replace(found, tr_cov_stderr=math.hypot(found.tr_cov_stderr, rounding))
