"""The noise of a model's gradient on given data: plain, and weighted by the Hessian."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from coursekit.curvature.lanczos import lanczos_eigenvalues
from coursekit.curvature.operators import CurvatureOperator
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
from coursekit.gradients.norms import (
    Count,
    PerExampleNorms,
    measure,
    per_example_dots,
)
from coursekit.noise._by_groups import draw_groups, estimates, group_products, variances
from coursekit.noise._ratios import Ratio, fieller_interval, ratio_stderr
from coursekit.noise.scale import GradMoments, moments_of_groups

TARGETS = ("population", "training set")


@dataclass(frozen=True)
class HessianNoiseScale:
    """B_noise = tr(H Sigma)/(G' H G) with its interval."""

    value: float  # examples; nan where G' H G can't be told from 0
    stderr: float  # over examples and probes; for the training set over probes alone
    low: float
    high: float  # inf where unresolved
    level: float
    tr_hess_cov: float  # tr(H Sigma), loss^3/param^4
    tr_hess_cov_stderr: float
    grad_curvature: float  # G' H G, the same unit; of the population: less tr(H Sigma)/N
    num_probes: int
    cost: float  # gradients over the data: products counted, about
    reason: str = ""  # why value is nan
    grad_curvature_stderr: float = 0.0
    target: str = "population"  # whose gradient G is: "population" or "training set"


def model_moments(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    *,
    target: str = "population",
    chunk_size: int | None = None,
    count: Count | None = None,
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
        count: What the loss of a batch is the mean over, if not its examples: a function from a
            batch to, say, its number c of tokens without padding. Then g = sum_n c_n g_n / C, and
            tr Sigma is per token, with whole examples drawn at random:
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
    if sampled:
        refuse_shuffling(data)
    measured = measure(model, loss_fn, data, chunk_size=chunk_size, count=count, keep=True)
    norms = measured.norms
    total = len(norms.sq_norms)
    if total < 2:
        raise ValueError(f"need >= 2 examples to see any spread, got {total}")
    counts = torch.ones_like(norms.sq_norms) if norms.counts is None else norms.counts
    mean_count = counts.mean().item()
    grad_sq_norm = norms.mean_grad.double().square().sum().item()
    cost = norms.cost * total
    if sampled or count is not None:
        dots = measured.dots(norms.mean_grad)
        cost *= 2 if measured.kept is None else 4 / 3  # a product is a third of a gradient
        share = counts / mean_count  # c_n (g_n - g) / mean c: the pull of example n on the mean
        deviations = share.square() * (norms.sq_norms - 2 * dots + grad_sq_norm)
        projections = share * (dots - grad_sq_norm)
        found = moments_of_groups(grad_sq_norm, deviations, projections, 1, None, cost=cost)
    if not sampled:
        spread = norms.sq_norms.sum().item() - total * grad_sq_norm
        tr_cov = spread / (total - 1) if count is None else found.tr_cov
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


def hessian_noise_scale(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    *,
    num_probes: int = 20,
    num_eigenvectors: int = 10,
    target: str = "population",
    level: float = 0.95,
    rng: torch.Generator,
    chunk_size: int | None = None,
) -> HessianNoiseScale:
    """Estimate B_noise = tr(H Sigma)/(G' H G), the noise scale that weighs noise by curvature.

        z = (N-1)^(-1/2) sum_n e_n (g_n - G), e_n = +-1:   E z' H z = tr(H Sigma)
        C = sum_i l_i q_i q_i':   tr(H Sigma) = E z' (H - C) z + sum_i l_i q_i' Sigma q_i
        G' H G = g' H g - tr(H Sigma)/N  or  g' H g          (g: mean gradient of the data)

    It is the batch size at which noise costs half of the best step's progress; B_simple is the
    same with H replaced by the identity. H has a few large eigenvalues, and single probes spread
    by about 60 % mostly because of them. So their part C is computed exactly, and probes measure
    the rest, however rough the eigenvectors q_i are.

    Args:
        model: In eval mode if it has BatchNorm or Dropout.
        loss_fn: Mean loss, `loss_fn(output, target)`, or a BatchLoss.
        data: Tensors (inputs, targets), or an iterable of batches in a fixed order.
        num_probes: At least 3. Of the population: the examples are dealt into as many groups of
            two or more, with one probe each; the data is copied once.
        num_eigenvectors: Eigenvectors of H that are treated exactly; 0: none.
        target: "population": the data is a sample, and G is the gradient of what it was drawn
            from; g' H g is too large by tr(H Sigma)/N, and without subtracting it the estimate
            would never exceed a few N. The interval covers examples and probes.
            "training set": G, H and Sigma (divisor N - 1) are those of exactly this data; the
            interval covers the probes.
        level: Coverage of the interval.
        rng: Source of the signs, the groups and of Lanczos' start.
        chunk_size: Examples per pass; None chooses by memory.

    Returns:
        The estimate; nan where G' H G can't be told from 0: then only `low` means something.

    Raises:
        ValueError: For fewer than 3 probes, 2 examples (6 for the population), another target, or
            what mean_gradient refuses.

    Left over is a bias of the order of 1/N of the value, since H is measured on the same examples.
    Source: McCandlish et al. 2018, arXiv:1812.06162, Eq. 2.8.
    """
    if num_probes < 3 or num_eigenvectors < 0:
        raise ValueError(
            f"need num_probes >= 3 and num_eigenvectors >= 0, got {num_probes}, {num_eigenvectors}"
        )
    if target not in TARGETS:
        raise ValueError(f"target must be 'population' or 'training set', got {target!r}")
    refuse_shuffling(data)
    count = sum(num_examples(b) for b in iter_batches(data))
    least = 6 if target == "population" else 2
    if count < least:
        raise ValueError(f"need >= {least} examples to see any spread, got {count}")
    hessian = hessian_operator(model, loss_fn, data, chunk_size=chunk_size)
    values, vectors, dots = _eigen_part(
        model, loss_fn, data, hessian, num_eigenvectors, rng, chunk_size
    )
    cost = len(values) + hessian.num_hvps * hessian.grads_per_hvp
    if target == "training set":
        mean_grad = mean_gradient(model, loss_fn, data, chunk_size=chunk_size).double()
        bessel, samples = count / (count - 1), []
        for _ in range(num_probes):
            probe = _signed_sum(model, loss_fn, data, mean_grad, rng, chunk_size) / count**0.5
            curved = probe @ (hessian @ probe).double() - (vectors.T @ probe).square() @ values
            samples.append(bessel * curved.item())
        rest = torch.tensor(samples, dtype=torch.float64)
        trace = (variances(dots) @ values).item() + rest.mean().item()
        error = rest.std().item() / math.sqrt(num_probes)
        along = (mean_grad @ (hessian @ mean_grad).double()).item()
        ratio = Ratio(trace, along, error, 0.0, 0.0, num_probes)
        cost += 1 + num_probes + (num_probes + 1) * hessian.grads_per_hvp
        return _weighted(ratio, level, num_probes, cost, target)

    def gradient_of(part: Data) -> Tensor:
        return mean_gradient(model, loss_fn, part, chunk_size=chunk_size).double()

    def products_of(part: Data, rows: Tensor) -> Tensor:
        op = hessian_operator(model, loss_fn, part, chunk_size=chunk_size)
        return torch.stack([(op @ v.to(op.torch_dtype)).double() for v in rows])

    groups = draw_groups(count, min(num_probes, count // 2), rng)
    per_hvp = hessian.grads_per_hvp
    del hessian  # it may hold the graphs of all the data
    products = group_products(data, groups, gradient_of, products_of, rng)
    (trace, along), covariance = estimates(products, groups, values, vectors, dots)
    errors = covariance.diagonal().sqrt().tolist()
    between = covariance[0, 1].item()
    ratio = Ratio(trace.item(), along.item(), errors[0], errors[1], between, len(groups))
    cost += 1 + 2 * len(groups) * per_hvp
    return _weighted(ratio, level, len(groups), cost, target)


def _eigen_part(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    hessian: CurvatureOperator,
    num: int,
    rng: torch.Generator,
    chunk_size: int | None,
) -> tuple[Tensor, Tensor, Tensor]:
    """Return eigenvalues, eigenvectors as columns, and g_n . q_i for every example."""
    device = model_device(model)
    size = hessian.shape[0]
    count = sum(num_examples(b) for b in iter_batches(data))
    if not num:
        empty = torch.zeros(0, dtype=torch.float64, device=device)
        return empty, empty.new_zeros(size, 0), empty.new_zeros(count, 0)
    pairs = lanczos_eigenvalues(hessian, min(num, size), which="LM", tol=0.1, rng=rng)
    vectors = pairs.vectors.double().to(device)
    dots = [per_example_dots(model, loss_fn, data, v, chunk_size=chunk_size) for v in vectors.T]
    return pairs.values.double().to(device), vectors, torch.stack(dots, dim=1)


def _weighted(
    ratio: Ratio, level: float, num_probes: int, cost: float, target: str
) -> HessianNoiseScale:
    """Divide, unless the denominator can't be told from 0."""
    low, high = fieller_interval(ratio, level=level)
    value, error, reason = ratio.value, ratio_stderr(ratio), ""
    if not ratio.denominator > 0:
        reason = f"G' H G is {ratio.denominator:.3g}, not above 0"
    elif not math.isfinite(high):
        reason = (
            f"G' H G, {ratio.denominator:.3g} ± {ratio.denominator_stderr:.2g}, can't be told from "
            f"0 at this level: measure more examples"
        )
    if reason:
        value = error = math.nan
        high = math.inf if target == "population" else math.nan
        low = low if target == "population" else math.nan
    return HessianNoiseScale(
        value,
        error,
        low,
        high,
        level,
        ratio.numerator,
        ratio.numerator_stderr,
        ratio.denominator,
        num_probes,
        cost,
        reason,
        ratio.denominator_stderr,
        target,
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
