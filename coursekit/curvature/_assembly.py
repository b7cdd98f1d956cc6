"""Products with a matrix over all data from products over chunks: kept, or built anew each time."""

import gc
import weakref
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial

import torch
from torch import Tensor

from coursekit.curvature._custom import HESSIAN, Compared
from coursekit.curvature._symmetry import check_symmetry
from coursekit.curvature._twice import (
    Formulas,
    double_backward_kernels,
    formulas_for,
    named_failure,
)
from coursekit.curvature.operators import CurvatureOperator, Product
from coursekit.gradients._memory import (
    examples_that_fit,
    free_bytes,
    is_out_of_memory,
    weight_bytes_of,
)
from coursekit.gradients._saved import saved_bytes
from coursekit.gradients.batches import Batch, is_one_batch, num_examples, slice_batch
from coursekit.gradients.objective import Objective

CACHE_SHARE = {"cpu": 0.1, "cuda": 0.7}  # of the free memory, for graphs that "auto" keeps
LEAST_BYTES = 2**24  # of a CPU's graph, from where formulas save more than Python takes for them
# One product, counted in gradients over the same data: measured by benchmarks/bench_curvature.py.
GRADS_PER_HVP = {"cached": 1.7, "rebuilt": 2.9, "ggn cached": 1.3, "ggn rebuilt": 2.3}

Prepared = tuple[Tensor | None, Product]  # the chunk's gradient, if it was needed; its products
Prepare = Callable[[Batch], Prepared]


def assemble(
    objective: Objective,
    prepare: Prepare,
    method: str,
    *,
    prefix: str,
    compared: Compared = HESSIAN,
) -> CurvatureOperator:
    """Average the products of all chunks, each weighted by what the objective counts."""
    params = list(objective.weights.values())
    device = params[0].device

    objective.refuse_changing_data(ordered=False)
    # Few of torch's second derivatives are slow on a CPU, and none where J v is linear in v (GGN)
    formulas = {} if prefix or device.type == "cpu" else formulas_for(device)
    with objective.held(), _differentiable_twice(objective, formulas):
        first = next(objective.batches())
        few = slice_batch(first, 0, min(4, num_examples(first)))
        bytes_each, made = _graph_bytes(prepare, few)
    product_on_few: Product | None = made
    if device.type == "cpu" and not prefix and bytes_each * num_examples(first) >= LEAST_BYTES:
        formulas, product_on_few = formulas_for(device), None
    with objective.held(), _differentiable_twice(objective, formulas):
        check_symmetry(
            objective, few, lambda batch: prepare(batch)[1], product_on_few, compared=compared
        )
        del made, product_on_few  # with them its graph
        size = objective.chunk_size or _even(
            num_examples(first),
            examples_that_fit(bytes_each, device, weight_bytes=weight_bytes_of(params)),
        )
        kept = None
        if method != "rebuilt":
            limit = CACHE_SHARE.get(device.type, 0.1) * free_bytes(device)
            kept = _keep(objective, prepare, size, bytes_each, limit, always=method == "cached")
    gradient = _mean_gradient(kept or [])
    graphs = None if kept is None else [(weight, prepared[1]) for weight, prepared in kept]
    del kept  # with it the gradients of the chunks
    versions = [p._version for p in params]
    sizes = [size]  # the last one is what fits

    def built(batch: Batch, vector: Tensor) -> Tensor:
        try:
            return prepare(batch)[1](vector)
        except RuntimeError as error:
            if is_out_of_memory(error):
                sizes.append(min(sizes[-1], max(1, num_examples(batch) // 2)))
            raise

    def product(vector: Tensor) -> Tensor:
        nonlocal graphs
        if graphs is not None and versions != [p._version for p in params]:
            raise ValueError(
                "the weights have changed since this operator was built; build a new one, or use "
                "method='rebuilt'"
            )
        with objective.held(), _differentiable_twice(objective, formulas):
            if graphs is not None:
                try:
                    return _mean((n, pulled(vector)) for n, pulled in graphs)
                except RuntimeError as error:
                    if method == "cached" or not is_out_of_memory(error):
                        raise
                graphs = None  # no room for a product beside them
                if (operator := whole()) is not None:
                    operator.method = "rebuilt"
                _give_back()
            return _mean(objective.each(lambda batch: built(batch, vector), sizes[-1]))

    chosen = "rebuilt" if graphs is None else "cached"
    operator = CurvatureOperator(
        product,
        objective.num_params,
        dtype=objective.dtype,
        device=device,
        method=chosen,
        grads_per_hvp=GRADS_PER_HVP[prefix + chosen],
        gradient=gradient,
    )
    whole = weakref.ref(
        operator
    )  # or else the graphs would outlive it until Python looks for circles
    return operator


def _mean(found: Iterable[tuple[float, Tensor]]) -> Tensor:
    """Return the weighted mean, step by step; one chunk alone needs no arithmetic."""
    total, mean = 0.0, None
    for weight, part in found:
        total += weight
        mean = part if mean is None else torch.lerp(mean, part, weight / total)
    assert mean is not None
    return mean


def _mean_gradient(kept: list[tuple[float, Prepared]]) -> Tensor | None:
    parts = [(weight, prepared[0]) for weight, prepared in kept if prepared[0] is not None]
    return _mean(parts) if parts else None


def _give_back() -> None:
    """Return what is not used any more to the device."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


@contextmanager
def _differentiable_twice(objective: Objective, formulas: Formulas) -> Iterator[None]:
    with double_backward_kernels(objective.model, formulas), named_failure():
        yield


def _keep(
    objective: Objective,
    prepare: Prepare,
    size: int,
    bytes_each: int,
    limit: float,
    *,
    always: bool,
) -> list[tuple[float, Prepared]] | None:
    """Prepare every chunk and keep its graph; None if that would not fit."""
    known = known_size(objective)
    if not always and known is not None and known * bytes_each > limit:
        return None
    kept: list[tuple[float, Prepared]] = []
    used = 0
    try:
        for chunk in objective.chunks(size, ordered=False):
            kept.append((objective.count_of(chunk), prepare(chunk)))
            used += bytes_each * num_examples(chunk)
            if not always and used > limit:
                return None
    except (RuntimeError, MemoryError) as error:
        if not is_out_of_memory(error):
            raise
        if always:
            raise ValueError(
                f"the graphs of {num_examples(chunk)} examples a chunk do not fit into memory "
                f"({bytes_each / 2**20:.0f} MiB each); use method='rebuilt'"
            ) from None
    else:
        return kept
    kept.clear()  # outside the handler, whose error holds the graph
    _give_back()
    return None


def known_size(objective: Objective) -> int | None:
    """Return how many examples the data holds, if that can be told without walking it."""
    data = objective.data
    if is_one_batch(data):
        return num_examples(data)
    if isinstance(data, tuple | list):
        return sum(num_examples(batch) for batch in data)
    try:
        return len(data.dataset)
    except (AttributeError, TypeError):
        return None


def _even(total: int, size: int) -> int:
    """Return the chunk size that cuts `total` into as many, but nearly equal chunks."""
    return -(-total // -(-total // min(size, max(total, 1))))


def _graph_bytes(prepare: Prepare, batch: Batch) -> tuple[int, Product]:
    """Return the bytes of graph that one further example adds, and products over the batch."""
    total = num_examples(batch)
    sizes = [0]
    for count in (total // 2, total):
        if count:
            kept, (_, product) = saved_bytes(partial(prepare, slice_batch(batch, 0, count)))
            sizes.append(kept)
    return max(1, (sizes[-1] - sizes[-2]) // (total - total // 2)), product
