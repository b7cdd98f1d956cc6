"""Hessian products from differences of gradients, where nothing can be differentiated twice."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from coursekit.curvature._padding import padding_rows_held
from coursekit.curvature._preserve import preserved, write_params
from coursekit.curvature.operators import CurvatureOperator
from coursekit.gradients._memory import examples_that_fit, weight_bytes_of
from coursekit.gradients._random_state import generator_on
from coursekit.gradients._rows import flat_gradient, flatten
from coursekit.gradients._saved import saved_bytes
from coursekit.gradients.batches import Batch, num_examples, slice_batch
from coursekit.gradients.objective import Objective

GRADS_PER_PRODUCT = 2.0
WORST = 0.3  # relative error of a product, from which it tells nothing
FACTORS = (
    1 / 1024,
    1 / 256,
    1 / 64,
    1 / 16,
    1 / 4,
    1,
    4,
)  # steps that are tried, times the one that theory gives
FEW = 16  # examples on which they are tried


def difference_operator(objective: Objective) -> CurvatureOperator:
    """Return the Hessian as an operator that takes two gradients a product.

        H v = (g(w + h v) - g(w - h v)) / (2 h) + O(h^2) + O(eps |g| / h)

    The step h is the one, out of seven below eps^(1/3) (1 + |w|)/|v|, at which a quarter of it
    changes a product least; three times that change is the operator's `rel_error`. Where an
    embedding looks a padding token up, its row is a constant, as to autograd.

    Raises:
        ValueError: If the products are not symmetric: a kernel gives gradients that are not those
            of the loss.
    """
    params = list(objective.weights.values())
    objective.refuse_changing_data(ordered=False)
    with objective.held():
        first = next(objective.batches())
        few = slice_batch(first, 0, min(FEW, num_examples(first)))
        size = objective.chunk_size
        if size is None:
            with torch.enable_grad():
                kept, _ = saved_bytes(lambda: objective.loss(objective.model, few))
            bytes_each = kept // num_examples(few)
            size = examples_that_fit(
                max(1, bytes_each), params[0].device, weight_bytes=weight_bytes_of(params)
            )
        u, v = (_unit_vector(objective, seed) for seed in (0, 1))
        along_u, error, step = difference_on(objective, few, u)
        if error > WORST:
            raise ValueError(
                f"differences of gradients can't tell this curvature: a product would be off by "
                f"{100 * error:.0f} % (rounding of {objective.eps:.1e}); use float64, or "
                f"critical_sharpness"
            )
        along_v = _central_difference(objective, few, v, step)
        gap = abs(v.double() @ along_u - u.double() @ along_v).item()
        scale = max(along_u.norm().item(), along_v.norm().item()) / math.sqrt(objective.num_params)
        if gap > 30 * max(error, 1e-9) * scale:
            raise ValueError(
                f"differences of gradients are not symmetric ({gap / scale:.2g} of |Hv|, error "
                f"{error:.2g}): a kernel's backward gives gradients that are not those of the "
                f"loss; torch.autograd.gradcheck shows which"
            )

    def gradient(batch: Batch) -> Tensor:
        with torch.enable_grad():
            return flat_gradient(objective.loss(objective.model, batch), params)

    def mean_gradient() -> Tensor:
        total = torch.zeros(objective.num_params, dtype=torch.float64, device=params[0].device)
        count = 0.0
        for weight, found in objective.each(gradient, size):
            total += weight * found.double()
            count += weight
        return total / count

    def product(vector: Tensor) -> Tensor:
        norm = vector.norm().item()
        if norm == 0:
            return torch.zeros_like(vector)
        with objective.held(), preserved(objective.model), padding_rows_held(params):
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


def _unit_vector(objective: Objective, seed: int) -> Tensor:
    device = next(iter(objective.weights.values())).device
    rng = generator_on(device, seed)
    vector = torch.randn(objective.num_params, generator=rng, device=device, dtype=objective.dtype)
    return vector / vector.norm()


def _central_difference(objective: Objective, batch: Batch, vector: Tensor, step: float) -> Tensor:
    """Return (g(w + step v) - g(w - step v)) / (2 step) over one batch, float64."""
    params = list(objective.weights.values())
    ends = []
    with preserved(objective.model), padding_rows_held(params):
        centre = flatten([p.detach() for p in params]).clone()
        for sign in (1, -1):
            write_params(params, centre + sign * step * vector)
            with torch.enable_grad():
                loss = objective.loss(objective.model, batch)
                ends.append(flat_gradient(loss, params).double())
    return (ends[0] - ends[1]) / (2 * step)


def difference_on(
    objective: Objective, batch: Batch, vector: Tensor
) -> tuple[Tensor, float, float]:
    """Return H v over one batch by differences, its relative error, and the step, for a unit v."""
    return best_difference(
        objective, lambda step: _central_difference(objective, batch, vector, step)
    )


def best_difference(
    objective: Objective, product_at: Callable[[float], Tensor]
) -> tuple[Tensor, float, float]:
    """Return a product by differences at the best of seven steps, its relative error, the step."""
    norm = flatten([p.detach() for p in objective.weights.values()]).double().norm().item()
    base = objective.eps ** (1 / 3) * (1 + norm)
    products = [product_at(base * factor) for factor in (FACTORS[0] / 4, *FACTORS)]
    found = (products[-2], math.inf, base)
    for factor, quarter, whole in zip(FACTORS, products, products[1:], strict=False):
        size = whole.norm().item()
        if size > 0 and (change := (whole - quarter).norm().item() / size) < found[1]:
            found = (whole, change, base * factor)
    product, error, step = found
    return product, 3 * error if math.isfinite(error) else 0.0, step  # 0: no curvature anywhere
