"""Hessian products from differences of gradients, where nothing can be differentiated twice."""

import math

import torch
from torch import Tensor

from coursekit.curvature._preserve import preserved, write_params
from coursekit.curvature.operators import CurvatureOperator
from coursekit.gradients._memory import examples_that_fit, weight_bytes_of
from coursekit.gradients.batches import Batch, num_examples, slice_batch
from coursekit.gradients.minibatch import flat_gradient, flatten
from coursekit.gradients.objective import Objective

GRADS_PER_PRODUCT = 2.0
FACTORS = (1 / 64, 1 / 16, 1 / 4, 1, 4)  # steps that are tried, times the one that theory gives
FEW = 64  # examples on which they are tried


def difference_operator(objective: Objective) -> CurvatureOperator:
    """Return the Hessian as an operator that takes two gradients a product.

        H v = (g(w + h v) - g(w - h v)) / (2 h) + O(h^2) + O(eps |g| / h)

    The step h is the one, out of five around eps^(1/3) (1 + |w|)/|v|, at which a quarter of it
    changes a product least; three times that change is the operator's `rel_error`.
    """
    params = list(objective.weights.values())
    with objective.held():
        first = next(objective.batches())
        few = slice_batch(first, 0, min(FEW, num_examples(first)))
        size = objective.chunk_size
        if size is None:
            bytes_each = _saved_bytes(objective, few) // num_examples(few)
            size = examples_that_fit(
                max(1, bytes_each), params[0].device, weight_bytes=weight_bytes_of(params)
            )
        rng = torch.Generator().manual_seed(0)
        vector = torch.randn(objective.num_params, generator=rng, dtype=objective.dtype)
        vector = (vector / vector.norm()).to(params[0].device)
        _, error, step = difference_on(objective, few, vector)

    def gradient(batch: Batch) -> Tensor:
        with torch.enable_grad():
            return flat_gradient(objective.loss(objective.model, batch), params)

    def mean_gradient() -> Tensor:
        total, count = torch.zeros(objective.num_params, dtype=torch.float64), 0.0
        total = total.to(params[0].device)
        for weight, found in objective.each(gradient, size):
            total += weight * found.double()
            count += weight
        return total / count

    def product(vector: Tensor) -> Tensor:
        norm = vector.norm().item()
        if norm == 0:
            return torch.zeros_like(vector)
        with objective.held(), preserved(objective.model):
            centre = flatten([p.detach() for p in params]).clone()
            ends = []
            for sign in (1, -1):
                write_params(params, centre + (sign * step / norm) * vector)
                ends.append(mean_gradient())
            return ((ends[0] - ends[1]) * (norm / (2 * step))).to(vector)

    return CurvatureOperator(
        product,
        objective.num_params,
        dtype=objective.dtype,
        device=params[0].device,
        method="finite_difference",
        grads_per_hvp=GRADS_PER_PRODUCT,
        rel_error=error,
    )


def difference_on(
    objective: Objective, batch: Batch, vector: Tensor
) -> tuple[Tensor, float, float]:
    """Return H v over one batch by differences, its relative error, and the step, for a unit v."""
    params = list(objective.weights.values())
    with preserved(objective.model):
        centre = flatten([p.detach() for p in params]).clone()
        base = objective.eps ** (1 / 3) * (1 + centre.double().norm().item())
        products = []
        for factor in (FACTORS[0] / 4, *FACTORS):
            ends = []
            for sign in (1, -1):
                write_params(params, centre + sign * base * factor * vector)
                with torch.enable_grad():
                    loss = objective.loss(objective.model, batch)
                    ends.append(flat_gradient(loss, params).double())
            products.append((ends[0] - ends[1]) / (2 * base * factor))
    found = (products[-2], math.inf, base)
    for factor, quarter, whole in zip(FACTORS, products, products[1:], strict=False):
        size = whole.norm().item()
        if size > 0 and (change := (whole - quarter).norm().item() / size) < found[1]:
            found = (whole, change, base * factor)
    product, error, step = found
    return product, 3 * error if math.isfinite(error) else 0.0, step  # 0: no curvature anywhere


def _saved_bytes(objective: Objective, batch: Batch) -> int:
    """Return the bytes that a forward pass keeps for its gradient."""
    seen: dict[int, int] = {}

    def note(t: Tensor) -> Tensor:
        seen[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes()
        return t

    with torch.enable_grad(), torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
        objective.loss(objective.model, batch)
    return sum(seen.values())
