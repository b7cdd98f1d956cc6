"""The noise scale weighted by the Hessian, tr(H Sigma)/(G'HG), which the theorem asks for."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coursekit.curvature.lanczos import lanczos_eigenvalues
from coursekit.curvature.operators import CurvatureOperator
from coursekit.curvature.products import hessian_operator
from coursekit.gradients._memory import work_through
from coursekit.gradients.batches import (
    Batch,
    Data,
    Loss,
    num_examples,
    select_examples,
)
from coursekit.gradients.minibatch import flat_gradient
from coursekit.gradients.norms import per_example_dots
from coursekit.gradients.objective import Objective, opened
from coursekit.noise._by_groups import draw_groups, estimates, group_products, variances
from coursekit.noise._ratio_intervals import Ratio, fieller_interval, ratio_stderr
from coursekit.noise.offline import TARGETS


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


def hessian_noise_scale(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
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
        model: An Objective, or a model, in eval mode if it has BatchNorm or Dropout.
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
    with opened(model, loss_fn, data, chunk_size=chunk_size) as objective:
        if objective.unit != "examples":
            raise ValueError(
                f"B_noise counts examples, but the loss is a mean over {objective.unit}; use "
                f"model_moments, or give the mean of one loss per example"
            )
        objective.refuse_changing_data()
        least = 6 if target == "population" else 2
        count = sum(num_examples(b) for b in objective.batches())
        if count < least:
            raise ValueError(f"need >= {least} examples to see any spread, got {count}")
        measure_of = _of_population if target == "population" else _of_training_set
        ratio, cost = measure_of(objective, count, num_probes, num_eigenvectors, rng)
    return _weighted(ratio, level, ratio.num_samples, cost, target)


def _of_training_set(
    objective: Objective, count: int, num_probes: int, num_vectors: int, rng: torch.Generator
) -> tuple[Ratio, float]:
    """Return tr(H Sigma) and G' H G of exactly the data, and the cost."""
    hessian = hessian_operator(objective)
    values, vectors, dots = _eigen_part(objective, hessian, count, num_vectors, rng)
    mean_grad = _gradient(objective, objective.batches())
    samples = []
    for _ in range(num_probes):
        probe = _signed_sum(objective, mean_grad, rng) / math.sqrt(count - 1)
        curved = probe @ (hessian @ probe).double() - (vectors.T @ probe).square() @ values
        samples.append(curved.item())
    rest = torch.tensor(samples, dtype=torch.float64, device="cpu")
    trace = (variances(dots) @ values).item() + rest.mean().item()
    along = (mean_grad @ (hessian @ mean_grad).double()).item()
    cost = len(values) + 1 + num_probes + hessian.num_hvps * hessian.grads_per_hvp
    error = rest.std().item() / math.sqrt(num_probes)
    return Ratio(trace, along, error, 0.0, 0.0, num_probes), cost


def _of_population(
    objective: Objective, count: int, num_probes: int, num_vectors: int, rng: torch.Generator
) -> tuple[Ratio, float]:
    """Return tr(H Sigma) and G' H G without its part tr(H Sigma)/N, and the cost."""
    hessian = hessian_operator(objective)
    values, vectors, dots = _eigen_part(objective, hessian, count, num_vectors, rng)
    groups = draw_groups(count, min(num_probes, count // 2), rng)
    cost = len(values) + 1.5 + (hessian.num_hvps + 2 * len(groups)) * hessian.grads_per_hvp
    del hessian  # it may hold the graphs of all the data

    def gradient_of(part: list[Batch]) -> Tensor:
        return _gradient(objective, part)

    def products_of(part: list[Batch], rows: Tensor) -> Tensor:
        of_part = Objective(
            objective.model,
            objective.loss_fn,
            part,
            params=objective.params,
            device=objective.device,
            chunk_size=objective.chunk_size,
        )
        op = hessian_operator(of_part)
        return torch.stack([(op @ v.to(op.torch_dtype)).double() for v in rows])

    found = group_products(list(objective.batches()), groups, gradient_of, products_of, rng)
    (trace, along), covariance = estimates(found, groups, values, vectors, dots)
    errors, between = covariance.diagonal().sqrt().tolist(), covariance[0, 1].item()
    return Ratio(trace.item(), along.item(), errors[0], errors[1], between, len(groups)), cost


def _gradient(objective: Objective, batches: Iterable[Batch]) -> Tensor:
    """Return the mean gradient over some batches, float64."""
    params = list(objective.weights.values())

    def of_chunk(chunk: Batch) -> Tensor:
        with torch.enable_grad():
            loss = objective.loss(objective.model, chunk)
        return num_examples(chunk) * flat_gradient(loss, params).double()

    count = 0
    total = torch.zeros(objective.num_params, dtype=torch.float64, device=params[0].device)
    for batch in batches:
        for chunk, gradient, _ in work_through(of_chunk, batch, objective.chunk_size):
            total += gradient
            count += num_examples(chunk)
    return total / count


def _eigen_part(
    objective: Objective, hessian: CurvatureOperator, count: int, num: int, rng: torch.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Return eigenvalues, eigenvectors as columns, and g_n . q_i for every example."""
    device, size = hessian.device, hessian.shape[0]
    if not num:
        empty = torch.zeros(0, dtype=torch.float64, device=device)
        return empty, empty.new_zeros(size, 0), empty.new_zeros(count, 0)
    pairs = lanczos_eigenvalues(hessian, min(num, size), which="LM", tol=0.1, rng=rng)
    vectors = pairs.vectors.double().to(device)
    dots = [per_example_dots(objective, direction=v) for v in vectors.T]
    return pairs.values.double().to(device), vectors, torch.stack(dots, dim=1).to(device)


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


def _signed_sum(objective: Objective, mean_grad: Tensor, rng: torch.Generator) -> Tensor:
    """Return sum_n e_n (g_n - G) with random signs, by the gradients of the two halves."""
    total = torch.zeros_like(mean_grad)
    for chunk in objective.chunks():
        signs = torch.randint(0, 2, (num_examples(chunk),), generator=rng, device=rng.device)
        for sign in (0, 1):
            chosen = (signs == sign).nonzero().squeeze(1)
            if len(chosen):
                half = _gradient(objective, [select_examples(chunk, chosen)])
                total += (2 * sign - 1) * len(chosen) * (half - mean_grad)
    return total
