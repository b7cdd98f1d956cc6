"""The noise of a model's gradient on given data: plain, and weighted by the Hessian."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coursekit.curvature.lanczos import lanczos_eigenvalues
from coursekit.curvature.products import hessian_operator
from coursekit.gradients.batches import (
    Data,
    Loss,
    iter_batches,
    model_device,
    num_examples,
    select_examples,
)
from coursekit.gradients.checks import refuse_shuffling
from coursekit.gradients.minibatch import mean_gradient, minibatch_gradient
from coursekit.gradients.norms import per_example_dots, per_example_norms
from coursekit.noise._ratios import t_quantile
from coursekit.noise.scale import GradMoments, moments_of_groups


@dataclass(frozen=True)
class HessianNoiseScale:
    """B_noise = tr(H Sigma)/(G' H G), with the standard error of its numerator carried over."""

    value: float  # examples; nan where G' H G is not above 0
    stderr: float  # of the probes; the data itself counts as exact
    low: float
    high: float
    level: float
    tr_hess_cov: float  # tr(H Sigma), loss^3/param^4
    tr_hess_cov_stderr: float
    grad_curvature: float  # G' H G, the same unit
    num_probes: int
    cost: float  # gradients over the data: products counted, about
    reason: str = ""  # why value is nan


def model_moments(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    *,
    target: str = "population",
    chunk_size: int | None = None,
) -> GradMoments:
    """Compute |G|^2 and tr(Sigma) of a model on all its data from per-example norms.

        tr Sigma = 1/(N-1) sum_n |g_n - g|^2,   |G|^2 = |g|^2 - tr Sigma/N  or  |g|^2

    Args:
        model: In eval mode if it has BatchNorm or Dropout.
        loss_fn: Mean loss, `loss_fn(output, target)`, or a BatchLoss.
        data: Tensors (inputs, targets), or an iterable of batches in a fixed order.
        target: "population": the data is a sample, and G the gradient of what it was drawn from.
            "training set": G is the gradient of exactly this data; then nothing is estimated and
            the standard errors are 0.
        chunk_size: Examples per pass; None chooses by memory.

    Returns:
        Moments; the costs are two gradients over the data (one for the training set).

    Raises:
        ValueError: For another target, fewer than two examples, or what per_example_norms refuses.
    """
    if target not in ("population", "training set"):
        raise ValueError(f"target must be 'population' or 'training set', got {target!r}")
    if target == "population":
        refuse_shuffling(data)
    norms = per_example_norms(model, loss_fn, data, chunk_size=chunk_size)
    count = len(norms.sq_norms)
    grad_sq_norm = norms.mean_grad.double().square().sum().item()
    if target == "training set":
        if count < 2:
            raise ValueError(f"need >= 2 examples to see any spread, got {count}")
        tr_cov = (norms.sq_norms.sum().item() - count * grad_sq_norm) / (count - 1)
        cost = norms.cost * count
        return GradMoments(grad_sq_norm, tr_cov, 0.0, 0.0, 0.0, count, cost, target)
    dots = per_example_dots(model, loss_fn, data, norms.mean_grad, chunk_size=chunk_size)
    deviations = norms.sq_norms - 2 * dots + grad_sq_norm
    return moments_of_groups(
        grad_sq_norm, deviations, dots - grad_sq_norm, 1, None, cost=2 * norms.cost * count
    )


def hessian_noise_scale(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    *,
    num_probes: int = 20,
    num_eigenvectors: int = 10,
    level: float = 0.95,
    rng: torch.Generator,
    chunk_size: int | None = None,
) -> HessianNoiseScale:
    """Estimate B_noise = tr(H Sigma)/(G' H G), the noise scale that weighs noise by curvature.

        z = N^(-1/2) sum_n e_n (g_n - G), e_n = +-1:   E z' H z = tr(H Sigma_N)
        C = sum_i l_i q_i q_i':   tr(H Sigma) = E z' (H - C) z + sum_i l_i q_i' Sigma q_i

    It is the batch size at which noise costs half of the best step's progress; B_simple is the
    same with H replaced by the identity. H has a few large eigenvalues, and single probes spread
    by about 60 % mostly because of them. So their part C is computed exactly, and probes measure
    the rest. Unbiased however rough the eigenvectors q_i are.

    Args:
        model: In eval mode if it has BatchNorm or Dropout; G, H and Sigma (divisor N - 1) are
            those of exactly this data.
        loss_fn: Mean loss, `loss_fn(output, target)`, or a BatchLoss.
        data: Tensors (inputs, targets), or an iterable of batches in a fixed order.
        num_probes: At least 3.
        num_eigenvectors: Eigenvectors of H that are treated exactly; 0: none.
        level: Coverage of the interval (over probes).
        rng: Source of the signs and of Lanczos' start.
        chunk_size: Examples per pass; None chooses by memory.

    Returns:
        The estimate; nan where G' H G is not positive: then no step along G has an optimum.

    Raises:
        ValueError: For fewer than 3 probes or 2 examples, or what mean_gradient refuses.

    Source: McCandlish et al. 2018, arXiv:1812.06162, Eq. 2.8.
    """
    if num_probes < 3 or num_eigenvectors < 0:
        raise ValueError(
            f"need num_probes >= 3 and num_eigenvectors >= 0, got {num_probes}, {num_eigenvectors}"
        )
    refuse_shuffling(data)
    mean_grad = mean_gradient(model, loss_fn, data, chunk_size=chunk_size).double()
    hessian = hessian_operator(model, loss_fn, data, chunk_size=chunk_size)
    count = sum(num_examples(b) for b in iter_batches(data))
    if count < 2:
        raise ValueError(f"need >= 2 examples to see any spread, got {count}")
    bessel = count / (count - 1)
    cost = 1.0

    values = torch.zeros(0, dtype=torch.float64)
    vectors = torch.zeros(len(mean_grad), 0, dtype=mean_grad.dtype)
    exact = 0.0
    if num_eigenvectors:
        pairs = lanczos_eigenvalues(
            hessian, min(num_eigenvectors, len(mean_grad)), which="LM", tol=0.1, rng=rng
        )
        values, vectors = pairs.values, pairs.vectors.double()
        for value, vector in zip(values.tolist(), vectors.T, strict=True):
            dots = per_example_dots(model, loss_fn, data, vector, chunk_size=chunk_size)
            exact += value * bessel * dots.var(correction=0).item()
        cost += len(values)

    samples = []
    for _ in range(num_probes):
        probe = _signed_sum(model, loss_fn, data, mean_grad, rng, chunk_size) / math.sqrt(count)
        curved = probe @ (hessian @ probe).double()
        deflated = values.to(probe.device) @ (vectors.to(probe.device).T @ probe).square()
        samples.append(bessel * (curved - deflated).item())
    rest = torch.tensor(samples, dtype=torch.float64)
    tr_hess_cov = exact + rest.mean().item()
    stderr = rest.std().item() / math.sqrt(num_probes)
    grad_curvature = (mean_grad @ (hessian @ mean_grad).double()).item()
    cost += num_probes + hessian.num_hvps * hessian.grads_per_hvp

    value = error = low = high = math.nan
    reason = f"G' H G is {grad_curvature:.3g}, not above 0"
    if grad_curvature > 0:
        value, error, reason = tr_hess_cov / grad_curvature, stderr / grad_curvature, ""
        half = t_quantile(level, num_probes) * error
        low, high = value - half, value + half
    return HessianNoiseScale(
        value,
        error,
        low,
        high,
        level,
        tr_hess_cov,
        stderr,
        grad_curvature,
        num_probes,
        cost,
        reason,
    )


def _signed_sum(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    mean_grad: Tensor,
    rng: torch.Generator,
    chunk_size: int | None,
) -> Tensor:
    """Return sum_n e_n (g_n - G) with random signs, by the gradients of the two halves."""
    device = model_device(model)
    total = torch.zeros_like(mean_grad)
    for chunk in iter_batches(data, chunk_size=chunk_size, device=device):
        signs = torch.randint(0, 2, (num_examples(chunk),), generator=rng, device=rng.device)
        for sign in (0, 1):
            chosen = (signs == sign).nonzero().squeeze(1).to(device)
            if len(chosen):
                half = select_examples(chunk, chosen)
                gradient = minibatch_gradient(model, loss_fn, half).double()
                total += (2 * sign - 1) * len(chosen) * (gradient - mean_grad)
    return total
