"""What autograd.Functions of others lack in a second derivative.

One whose backward is a kernel of its own, or returns what its forward computed (fused losses do),
leaves no graph. Torch then counts it as a constant, without a word.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from coursekit.curvature._differences import difference_on
from coursekit.curvature._twice import OWN
from coursekit.gradients._graph import graph_nodes
from coursekit.gradients.batches import Batch
from coursekit.gradients.objective import Objective

TOLERANCE = 0.05  # a missing part is no small one; kinks of ReLU are

# objective, batch, unit vector -> the product by differences, its relative error, the step
Differences = Callable[[Objective, Batch, Tensor], tuple[Tensor, float, float]]


@dataclass(frozen=True)
class Compared:
    """What products with a matrix are held against, and what to do where they are wrong."""

    differences: Differences
    remedy: str  # continues a sentence


HESSIAN = Compared(difference_on, ", or use hessian_operator(method='finite_difference')")


def check_custom(
    objective: Objective,
    batch: Batch,
    vector: Tensor,
    product: Tensor,
    compared: Compared = HESSIAN,
) -> None:
    """Raise ValueError if a product is not what differences give and Functions of others are there.

    Args:
        objective: Whose loss may hold such Functions.
        batch: A few examples.
        vector: What the matrix was multiplied by.
        product: What came out.
        compared: The same product by differences.
    """
    names = custom_functions(objective, batch)
    if not names:
        return
    norm = vector.norm()
    differences, error, _ = compared.differences(objective, batch, vector / norm)
    differences *= norm.item()
    gap = (differences - product.double()).norm().item()
    size = max(differences.norm().item(), product.norm().item())
    if gap > max(TOLERANCE, error) * size:
        raise ValueError(
            f"autograd's second derivative lacks a part: it differs from differences of gradients "
            f"by {gap / size:.2g} of |Hv|, and {', '.join(names)} (autograd.Function) may not be "
            f"differentiable twice; write its backward with operations of torch"
            f"{compared.remedy}"
        )


def custom_functions(objective: Objective, batch: Batch) -> list[str]:
    """Return the names of the Python autograd.Functions in a loss's graph, without our own."""
    with torch.enable_grad():
        loss = objective.loss(objective.model, batch)
    custom = torch.autograd.function.BackwardCFunction
    names = [
        type(n).__name__.removesuffix("Backward")
        for n in graph_nodes(loss)
        if isinstance(n, custom) and getattr(type(n), "_forward_cls", None) not in OWN
    ]
    return list(dict.fromkeys(names))
