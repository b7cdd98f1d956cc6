"""A Hessian is symmetric: where its products are not, an operation's second derivative is wrong."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from coursekit.curvature._custom import HESSIAN, Compared, check_custom
from coursekit.curvature._twice import split_like
from coursekit.gradients._random_state import generator_on
from coursekit.gradients.batches import Batch
from coursekit.gradients.minibatch import flatten
from coursekit.gradients.objective import Objective
from coursekit.gradients.precision import last_digits_moved

ProductOf = Callable[[Batch], Callable[[Tensor], Tensor]]  # a batch -> v -> H v
MOST_LAYERS = 200  # looked at one by one for a fault


def check_symmetry(
    objective: Objective,
    batch: Batch,
    product_of: ProductOf,
    product: Callable[[Tensor], Tensor] | None = None,
    compared: Compared = HESSIAN,
) -> None:
    """Raise ValueError unless u'Hv = v'Hu for random u, v, also where H is built a second time.

    `product` is what product_of(batch) gave before, if it is there already; `compared` is what
    products with the matrix are held against where autograd.Functions of others are in the loss.

    Error bounds of eigenvalues hold for a fixed and symmetric matrix alone, and autograd gives a
    matrix that is not, without a word, where a kernel's second derivative is wrong. On a few
    examples this costs little, and a fault of a kernel shows on any.
    """
    like = flatten([p.detach() for p in objective.weights.values()])
    rng = generator_on(like.device)
    vectors = [torch.empty_like(like).normal_(generator=rng) for _ in range(3)]
    product, again = product or product_of(batch), product_of(batch)
    # Of two symmetric matrices u'H_1 v = v'H_2 u says that they are one
    products = [product(vectors[0]), product(vectors[1]), again(vectors[2])]
    scale = max(p.norm().item() for p in products)
    tolerance = min(0.3, 20 * objective.eps**0.75)
    if not all(math.isfinite(p.double().sum().item()) for p in products):
        raise ValueError(
            "a second derivative of this loss is not finite: something in it has an infinite slope "
            "at these weights (a root, a norm or a power at exactly 0), or the data hold nan or "
            "inf; keep it away from 0, as by (x.square().sum() + 1e-12).sqrt()"
        )
    gap = max(
        abs(
            (vectors[i].double() @ products[j].double()).item()
            - (vectors[j].double() @ products[i].double()).item()
        )
        for i, j in ((0, 1), (0, 2), (1, 2))
    )
    if gap <= tolerance * scale:
        check_custom(objective, batch, vectors[0], products[0], compared)
        return
    if (again(vectors[0]) - products[0]).norm().item() > tolerance * scale:
        raise ValueError(
            "the same product with the Hessian came out differently twice: the model or loss "
            "keeps a state that its forward pass changes; make it the same on every pass"
        )
    if gap <= 10 * _rounding(objective, batch, product_of, vectors[0], products[0]):
        return
    layer = _faulty_layer(objective, batch, product_of, vectors, tolerance)
    where = f", in layer {layer}" if layer else ""
    raise ValueError(
        f"autograd's second derivative of this loss is not symmetric{where}: u'Hv and v'Hu differ "
        f"by {gap / scale:.2g} of |Hv|, so a kernel's double backward is wrong; write that "
        f"operation with plain ones{compared.remedy}"
    )


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
