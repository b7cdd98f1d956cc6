"""The Hessian and the Gauss-Newton matrix of a loss, known by their products with vectors."""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor, nn

from coursekit.curvature._assembly import Prepared, assemble
from coursekit.curvature._custom import Compared
from coursekit.curvature._differences import difference_operator
from coursekit.curvature._outputs import (
    ggn_difference_on,
    output_and_loss,
    output_and_tensors,
    slopes_at,
)
from coursekit.curvature._twice import (
    double_backward_kernels,
    formulas_for,
    named_failure,
    pull,
    split_like,
)
from coursekit.curvature.operators import CurvatureOperator
from coursekit.gradients._foreign import refuse_foreign
from coursekit.gradients._still import plain_model
from coursekit.gradients.batches import (
    Batch,
    BatchLoss,
    Data,
    Loss,
    OutputLoss,
    trainable_params,
)
from coursekit.gradients.minibatch import flatten
from coursekit.gradients.objective import Objective, as_objective

METHODS = ("auto", "cached", "rebuilt", "finite_difference")


def hessian_operator(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    method: str = "auto",
    chunk_size: int | None = None,
) -> CurvatureOperator:
    """Return the Hessian of the mean loss over the data as an operator.

        H v = d/dtheta (g(theta)' v),   g = (1/N) sum_n grad loss_n      (Pearlmutter 1994)

    Batches weigh by what the objective counts, so an unequal last batch is right. Parameters come
    in the order of `trainable_params(model)`. Weight decay that the optimizer adds is not part
    of the loss: it would add its coefficient to every eigenvalue.

    Args:
        model: An Objective, or a model in the mode to measure in (train or eval); not changed.
        loss_fn: Mean loss: `loss_fn(output, target)` or a BatchLoss.
        data: A batch or an iterable of batches.
        method: "cached" keeps the graph of every chunk's gradient, so that a product is one
            backward pass through it (about 1.7 gradients), at the price of memory that grows
            with the data. "rebuilt" builds it anew for each product (about 3 gradients) and holds
            one chunk at a time. "auto" caches what fits into a tenth of the free memory (half of
            a GPU's), and the operator's `method` tells what it chose. "finite_difference" takes
            differences of gradients: for what torch can't differentiate twice (EmbeddingBag,
            kernels of one's own); `rel_error` tells how exact it is.
        chunk_size: Examples per chunk at most; None: as many as stay in a CPU's cache or outweigh
            the weights, or as fit into a GPU.

    Returns:
        The operator. "cached" holds the Hessian at the weights of this moment and refuses to work
        once they have been changed in place; the others follow them. At kinks (ReLU) the second
        derivative counts as 0. Building it checks on a few examples that the matrix is symmetric
        and the same twice.

    Raises:
        ValueError: If the loss is not a finite, deterministic mean over examples, a BatchNorm
            uses batch statistics, dropout is on, no parameter requires a gradient, or the loss
            can't be differentiated twice, or wrongly.
    """
    objective = checked_objective(model, loss_fn, data, method, chunk_size)
    if method == "finite_difference":
        return difference_operator(objective)
    params = list(objective.weights.values())
    even = all(p.numel() % 2 == 0 for p in params)  # else torch's own cut may be an odd one

    def product_of(batch: Batch) -> Prepared:
        with torch.enable_grad():
            grads = torch.autograd.grad(
                objective.loss(objective.model, batch),
                params,
                create_graph=True,
                materialize_grads=True,
            )
            gradient = flatten(list(grads))
        if even:
            return gradient.detach(), lambda vector: flatten(pull([gradient], params, [vector]))
        split = partial(split_like, params=params)
        return gradient.detach(), lambda vector: flatten(pull(grads, params, split(vector)))

    return assemble(objective, product_of, method, prefix="")


def ggn_operator(
    model: nn.Module | Objective,
    loss_fn: Callable[[Tensor, Tensor], Tensor] | OutputLoss | None = None,
    data: Data | None = None,
    *,
    method: str = "auto",
    chunk_size: int | None = None,
) -> CurvatureOperator:
    """Return the generalised Gauss-Newton matrix of the mean loss as an operator.

        GGN = (1/N) sum_n J_n' (d^2 loss_n / d output_n^2) J_n,    J_n = d output_n / d theta

    It is the Hessian without the curvature of the network itself: positive semidefinite wherever
    the loss is convex in the output, and equal to the Fisher matrix for cross-entropy. Its
    largest eigenvalue can lie on either side of the Hessian's.

    Args:
        model: An Objective, or a model in the mode to measure in.
        loss_fn: Mean loss `loss_fn(output, target)`, or, where the output is not `model(inputs)`,
            `OutputLoss(output_of, loss_of)`: output_of(model, batch) gives a tensor, or a tuple,
            list or dict of them, and loss_of(output, batch) their mean loss. A BatchLoss hides the
            output, so it can't be used here.
        data: A batch (inputs, targets) or an iterable of such batches.
        method: As for `hessian_operator`, without "finite_difference".
        chunk_size: As for `hessian_operator`.

    Returns:
        The operator, as for `hessian_operator`.

    Raises:
        ValueError: As for `hessian_operator`, and for a BatchLoss.

    Source: Schraudolph 2002, Neural Computation 14(7); J v by two reverse passes.
    """
    given = model.loss_fn if isinstance(model, Objective) else loss_fn
    if isinstance(given, BatchLoss) and not isinstance(given, OutputLoss):
        raise ValueError(
            "the GGN needs loss_fn(output, target); a BatchLoss hides the output: use "
            "OutputLoss(output_of, loss_of)"
        )
    if method == "finite_difference":
        raise ValueError("the GGN has no finite differences: it is no derivative of a gradient")
    objective = checked_objective(model, loss_fn, data, method, chunk_size)
    params = list(objective.weights.values())
    parts = output_and_loss(objective.loss_fn)

    def product_of(batch: Batch) -> Prepared:
        output_of, loss_of = parts
        with torch.enable_grad():
            output, tensors = output_and_tensors(objective, output_of, batch)
            cotangents = [torch.zeros_like(t, requires_grad=True) for t in tensors]
            pulled = torch.autograd.grad(  # J' u, linear in u: differentiate it to get J v
                tensors, params, cotangents, create_graph=True, materialize_grads=True
            )
            leaves, slopes = slopes_at(loss_of, output, tensors, batch)

        def product(vector: Tensor) -> Tensor:
            pushed = pull(pulled, cotangents, split_like(vector, params))
            bent = pull(slopes, leaves, pushed)
            return flatten(pull(tensors, params, bent))

        return None, product

    compared = Compared(partial(ggn_difference_on, *parts), remedy="")
    return assemble(objective, product_of, method, prefix="ggn ", compared=compared)


def gradient_and_product(
    objective: Objective, batch: Batch, vector: Tensor | None = None
) -> tuple[Tensor, Tensor]:
    """Return the gradient of a batch and its Hessian's product with a vector, or with that."""
    params = list(objective.weights.values())
    twice = double_backward_kernels(objective.model, formulas_for(params[0].device))
    with torch.enable_grad(), twice, named_failure():
        loss = objective.loss(objective.model, batch)
        grads = torch.autograd.grad(loss, params, create_graph=True, materialize_grads=True)
        gradient = flatten([g.detach() for g in grads])
        pieces = split_like(gradient if vector is None else vector, params)
        return gradient, flatten(pull(grads, params, pieces))


def checked_objective(
    model: nn.Module | Objective,
    loss_fn: Loss | None,
    data: Data | None,
    method: str,
    chunk_size: int | None,
) -> Objective:
    """Refuse what has no Hessian of its own, then open the door."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    if not isinstance(model, Objective):
        refuse_foreign(plain_model(model))
    named = model.weights if isinstance(model, Objective) else trainable_params(model)
    params = list(named.values())
    kinds = {(p.dtype, p.device) for p in params}
    real = [p.dtype in (torch.float32, torch.float64) for p in params]
    if not any(p.is_complex() for p in params) and (len(kinds) > 1 or not all(real)):
        raise ValueError(
            f"the trainable parameters must all be float32 or all float64 on one device, got "
            f"{', '.join(sorted(f'{dtype} on {device}' for dtype, device in kinds))}; measure "
            f"model.float()"
        )
    return as_objective(model, loss_fn, data, chunk_size=chunk_size)
