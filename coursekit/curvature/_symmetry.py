"""A Hessian is symmetric: where its products are not, an operation's second derivative is wrong."""

from collections.abc import Callable

import torch
from torch import Tensor

from coursekit.curvature._differences import difference_on, moved_entries
from coursekit.curvature._twice import OWN, split_like
from coursekit.gradients._graph import graph_nodes
from coursekit.gradients._random_state import generator_on
from coursekit.gradients.batches import Batch
from coursekit.gradients.minibatch import flatten
from coursekit.gradients.objective import Objective
from coursekit.gradients.precision import last_digits_moved

ProductOf = Callable[[Batch], Callable[[Tensor], Tensor]]  # a batch -> v -> H v
CUSTOM_TOLERANCE = 0.05  # a missing part is no small one; kinks of ReLU are
MOST_LAYERS = 200  # looked at one by one for a fault


def check_symmetry(
    objective: Objective,
    batch: Batch,
    product_of: ProductOf,
    product: Callable[[Tensor], Tensor] | None = None,
) -> None:
    """Raise ValueError unless u'Hv = v'Hu for random u, v, and one product is the same twice.

    `product` is what product_of(batch) gave before, if it is there already.

    Error bounds of eigenvalues hold for a fixed and symmetric matrix alone, and autograd gives a
    matrix that is not, without a word, where a kernel's second derivative is wrong. On a few
    examples this costs little, and a fault of a kernel shows on any.
    """
    moved = moved_entries(objective)
    rng = generator_on(moved.device)
    vectors = [torch.empty_like(moved).normal_(generator=rng) * moved for _ in range(3)]
    product = product or product_of(batch)
    products = [product(v) for v in vectors]
    scale = max(p.norm().item() for p in products)
    tolerance = min(0.3, 20 * objective.eps**0.75)
    again = product_of(batch)(vectors[0])
    if (again - products[0]).norm().item() > tolerance * scale:
        raise ValueError(
            "the same product with the Hessian came out differently twice: the model or loss "
            "keeps a state that its forward pass changes; make it the same on every pass"
        )
    gap = max(
        abs(
            (vectors[i].double() @ products[j].double()).item()
            - (vectors[j].double() @ products[i].double()).item()
        )
        for i, j in ((0, 1), (0, 2), (1, 2))
    )
    if gap <= tolerance * scale:
        _check_custom(objective, batch, vectors[0], products[0])
        return
    if gap <= 10 * _rounding(objective, batch, product_of, vectors[0], products[0]):
        return
    layer = _faulty_layer(objective, batch, product_of, vectors, tolerance)
    where = f", in layer {layer}" if layer else ""
    raise ValueError(
        f"autograd's second derivative of this loss is not symmetric{where}: u'Hv and v'Hu differ "
        f"by {gap / scale:.2g} of |Hv|, so a kernel's double backward is wrong; use "
        f"method='finite_difference', or write that operation with plain ones"
    )


def _check_custom(objective: Objective, batch: Batch, vector: Tensor, product: Tensor) -> None:
    """Compare a product with differences of gradients, if the loss has autograd.Functions in it.

    One whose backward is a kernel of its own leaves no graph, and torch then counts it as a
    constant, without a word: the product would lack a part.
    """
    with torch.enable_grad():
        names = _custom_functions(objective.loss(objective.model, batch))
    if not names:
        return
    norm = vector.norm()
    differences, error, _ = difference_on(objective, batch, vector / norm)
    differences *= norm.item()
    gap = (differences - product.double()).norm().item()
    size = max(differences.norm().item(), product.norm().item())
    if gap > max(CUSTOM_TOLERANCE, error) * size:
        raise ValueError(
            f"autograd's second derivative lacks a part: it differs from differences of gradients "
            f"by {gap / size:.2g} of |Hv|, and {', '.join(names)} (autograd.Function) may not be "
            f"differentiable twice; use method='finite_difference'"
        )


def _custom_functions(loss: Tensor) -> list[str]:
    """Return the names of the Python autograd.Functions in a graph, without our own."""
    custom = torch.autograd.function.BackwardCFunction
    names = [
        type(n).__name__.removesuffix("Backward")
        for n in graph_nodes(loss)
        if isinstance(n, custom) and getattr(type(n), "_forward_cls", None) not in OWN
    ]
    return list(dict.fromkeys(names))


def _rounding(
    objective: Objective, batch: Batch, product_of: ProductOf, vector: Tensor, product: Tensor
) -> float:
    """Return how far a product moves when the weights move in their last digits."""
    params = list(objective.weights.values())
    with last_digits_moved(params, objective.eps):
        return (product_of(batch)(vector) - product).norm().item()


def _faulty_layer(
    objective: Objective,
    batch: Batch,
    product_of: ProductOf,
    vectors: list[Tensor],
    tolerance: float,
) -> str:
    """Return the name and type of a layer whose own block of the matrix is not symmetric, or ""."""
    modules = dict(objective.model.named_modules())
    product = product_of(batch)
    layers = dict.fromkeys(_layer_of(name) for name in objective.weights)
    for layer in list(layers)[:MOST_LAYERS]:
        inside = [_layer_of(name) == layer for name in objective.weights]
        u, v = (_restricted(vector, objective, inside) for vector in vectors[:2])
        hu, hv = product(u), product(v)
        gap = abs((u.double() @ hv.double()).item() - (v.double() @ hu.double()).item())
        own = max(_restricted(p, objective, inside).norm().item() for p in (hu, hv))
        if gap > tolerance * own:
            kind = type(modules[layer]).__name__ if layer in modules else "module"
            return f"{layer!r} ({kind})"
    return ""


def _layer_of(name: str) -> str:
    """Return the module that owns a parameter, for a parametrized one the module around it."""
    if ".parametrizations." in name:
        return name.partition(".parametrizations.")[0]
    return name.rpartition(".")[0]


def _restricted(vector: Tensor, objective: Objective, inside: list[bool]) -> Tensor:
    pieces = split_like(vector, list(objective.weights.values()))
    kept = [p if keep else torch.zeros_like(p) for p, keep in zip(pieces, inside, strict=True)]
    return flatten(kept)
