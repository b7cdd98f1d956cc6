"""The Hessian and the Gauss-Newton matrix of a loss, known by their products with vectors."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from coursekit.curvature.operators import CurvatureOperator, Product
from coursekit.gradients.batches import (
    Batch,
    BatchLoss,
    Data,
    Loss,
    as_batch_loss,
    iter_batches,
    model_device,
    num_examples,
    slice_batch,
    trainable_params,
)
from coursekit.gradients.checks import check_mean_loss, refuse_batch_norm, refuse_dropout
from coursekit.gradients.minibatch import flatten

METHODS = ("auto", "cached", "rebuilt")
CHUNK_BYTES = {"cpu": 2**24, "cuda": 2**30}  # graph of one chunk: a CPU wants it in its cache
CACHE_BYTES = {"cpu": 2**30, "cuda": 2**34}  # graphs that "auto" keeps, of all chunks together
# One product, counted in gradients over the same data: measured by benchmarks/bench_curvature.py.
GRADS_PER_HVP = {"cached": 1.7, "rebuilt": 2.9, "ggn cached": 1.3, "ggn rebuilt": 2.3}

Prepared = tuple[Tensor | None, Product]  # the chunk's gradient, if it was needed; its products


def hessian_operator(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    *,
    method: str = "auto",
    chunk_size: int | None = None,
) -> CurvatureOperator:
    """Return the Hessian of the mean loss over the data as an operator.

        H v = d/dtheta (g(theta)' v),   g = (1/N) sum_n grad loss_n      (Pearlmutter 1994)

    Batches weigh by their number of examples, so an unequal last batch is right. Parameters come
    in the order of `trainable_params(model)`. Weight decay that the optimizer adds is not part
    of the loss: it would add its coefficient to every eigenvalue.

    Args:
        model: In the mode to measure in (train or eval); it is not changed.
        loss_fn: Mean loss: `loss_fn(output, target)` or a BatchLoss.
        data: A batch or an iterable of batches.
        method: "cached" keeps the graph of every chunk's gradient, so that a product is one
            backward pass through it (about 1.7 gradients), at the price of memory that grows
            with the data. "rebuilt" builds it anew for each product (about 3 gradients) and holds
            one chunk at a time. "auto" caches up to 1 GiB of graphs (16 GiB on a GPU), and the
            operator's `method` tells what it chose.
        chunk_size: Examples per chunk at most; None: as many as make 16 MiB of graph (1 GiB on a
            GPU).

    Returns:
        The operator. "cached" holds the Hessian at the weights of this moment and refuses to work
        once they have been changed in place; "rebuilt" follows them. At kinks (ReLU) the second
        derivative counts as 0.

    Raises:
        ValueError: If the loss is not a finite, deterministic mean over examples, a BatchNorm
            uses batch statistics, dropout is on, or no parameter requires a gradient.
    """
    loss = as_batch_loss(loss_fn)
    params = _checked_params(model, loss, data, method)

    def product_of(batch: Batch) -> Prepared:
        with torch.enable_grad(), double_backward_kernels(model):
            grads = torch.autograd.grad(
                loss(model, batch), params, create_graph=True, materialize_grads=True
            )
        gradient = flatten([g.detach() for g in grads])
        return gradient, lambda vector: flatten(pull(grads, params, split_like(vector, params)))

    return _operator(product_of, params, data, method, chunk_size, prefix="")


def ggn_operator(
    model: nn.Module,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    data: Data,
    *,
    method: str = "auto",
    chunk_size: int | None = None,
) -> CurvatureOperator:
    """Return the generalised Gauss-Newton matrix of the mean loss as an operator.

        GGN = (1/N) sum_n J_n' (d^2 loss_n / d output^2) J_n,    J_n = d output_n / d theta

    It is the Hessian without the curvature of the network itself: positive semidefinite wherever
    the loss is convex in the output, and equal to the Fisher matrix for cross-entropy. Its
    largest eigenvalue can lie on either side of the Hessian's.

    Args:
        model: In the mode to measure in; its output must be one tensor.
        loss_fn: Mean loss `loss_fn(output, target)`. A BatchLoss hides the output, so it can't be
            used here.
        data: A batch (inputs, targets) or an iterable of such batches.
        method: As for `hessian_operator`.
        chunk_size: As for `hessian_operator`.

    Returns:
        The operator, as for `hessian_operator`.

    Raises:
        ValueError: As for `hessian_operator`, and for a BatchLoss.

    Source: Schraudolph 2002, Neural Computation 14(7); J v by two reverse passes.
    """
    if isinstance(loss_fn, BatchLoss):
        raise ValueError("the GGN needs loss_fn(output, target); a BatchLoss hides the output")
    params = _checked_params(model, as_batch_loss(loss_fn), data, method)

    def product_of(batch: Batch) -> Prepared:
        inputs, target = batch
        with torch.enable_grad(), double_backward_kernels(model):
            output = model(inputs)
            cotangent = torch.zeros_like(output, requires_grad=True)
            pulled = torch.autograd.grad(  # J' u, linear in u: differentiate it to get J v
                output, params, cotangent, create_graph=True, materialize_grads=True
            )
            leaf = output.detach().requires_grad_()
            slope = torch.autograd.grad(loss_fn(leaf, target), leaf, create_graph=True)

        def product(vector: Tensor) -> Tensor:
            pushed = pull(pulled, [cotangent], split_like(vector, params))
            bent = pull(slope, [leaf], pushed)
            return flatten(pull([output], params, bent))

        return None, product

    return _operator(product_of, params, data, method, chunk_size, prefix="ggn ")


@contextmanager
def double_backward_kernels(model: nn.Module) -> Iterator[None]:
    """Use kernels that can be differentiated twice: plain attention, no cuDNN recurrent nets."""
    with ExitStack() as stack:
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        if any(isinstance(module, nn.RNNBase) for module in model.modules()):
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        yield


def pull(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], vectors: Sequence[Tensor]
) -> list[Tensor]:
    """Return J' v and keep the graph; outputs that depend on no input count as constants."""
    pairs = [(y, v) for y, v in zip(outputs, vectors, strict=True) if y.requires_grad]
    if not pairs:
        return [torch.zeros_like(x) for x in inputs]
    kept, cotangents = zip(*pairs, strict=True)
    return list(
        torch.autograd.grad(kept, inputs, cotangents, retain_graph=True, materialize_grads=True)
    )


def split_like(vector: Tensor, params: Sequence[Tensor]) -> list[Tensor]:
    """Cut a flat vector into views with the parameters' shapes."""
    pieces = vector.split([p.numel() for p in params])
    return [piece.view_as(p) for piece, p in zip(pieces, params, strict=True)]


def _checked_params(
    model: nn.Module, loss: BatchLoss, data: Data, method: str
) -> list[nn.Parameter]:
    """Refuse what has no Hessian of its own, then return the trainable parameters."""
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(METHODS)}, got {method!r}")
    params = list(trainable_params(model).values())
    kinds = {(p.dtype, p.device) for p in params}
    if len(kinds) > 1 or params[0].dtype not in (torch.float32, torch.float64):
        raise ValueError(
            f"the trainable parameters must all be float32 or all float64 on one device, got "
            f"{', '.join(sorted(f'{dtype} on {device}' for dtype, device in kinds))}"
        )
    refuse_batch_norm(model)
    refuse_dropout(model)
    check_mean_loss(model, loss, next(iter_batches(data, device=model_device(model))))
    return params


def _operator(
    product_of: Callable[[Batch], Prepared],
    params: list[nn.Parameter],
    data: Data,
    method: str,
    chunk_size: int | None,
    *,
    prefix: str,
) -> CurvatureOperator:
    """Average the products of all chunks, each weighted by its number of examples."""
    device = params[0].device
    first = next(iter_batches(data, device=device))
    bytes_each = max(1, _graph_bytes(product_of, first))
    if chunk_size is None:
        chunk_size = max(1, _limit(CHUNK_BYTES, device) // bytes_each)
    kept: list[tuple[int, Tensor | None, Product]] | None = None
    gradient = None

    def products() -> Iterator[tuple[int, Tensor | None, Product]]:
        for chunk in iter_batches(data, chunk_size=chunk_size, device=device):
            yield num_examples(chunk), *product_of(chunk)

    if method != "rebuilt":
        kept = []
        for prepared in products():
            kept.append(prepared)
            size = bytes_each * sum(num for num, _, _ in kept)
            if method == "auto" and size > _limit(CACHE_BYTES, device):
                kept = None
                break

    if kept:
        total = sum(num for num, _, _ in kept)
        parts = [g * (num / total) for num, g, _ in kept if g is not None]
        gradient = torch.stack(parts).sum(dim=0) if parts else None
    versions = [p._version for p in params]

    def product(vector: Tensor) -> Tensor:
        if kept is not None and versions != [p._version for p in params]:
            raise ValueError(
                "the weights have changed since this operator was built; build a new one, or use "
                "method='rebuilt'"
            )
        total, weighted = 0, torch.zeros_like(vector)
        for num, _, chunk_product in products() if kept is None else kept:
            weighted.add_(chunk_product(vector), alpha=num)
            total += num
        return weighted / total

    method = "rebuilt" if kept is None else "cached"
    return CurvatureOperator(
        product,
        sum(p.numel() for p in params),
        dtype=params[0].dtype,
        device=device,
        method=method,
        grads_per_hvp=GRADS_PER_HVP[prefix + method],
        gradient=gradient,
    )


def _limit(limits: dict[str, int], device: torch.device) -> int:
    return limits.get(device.type, limits["cpu"])


def _graph_bytes(product_of: Callable[[Batch], Prepared], batch: Batch) -> int:
    """Measure the bytes of graph that one further example adds, on four examples at most."""
    sizes = []
    total = min(4, num_examples(batch))
    for count in (total // 2, total):
        seen: dict[int, int] = {}

        def note(t: Tensor, seen: dict[int, int] = seen) -> Tensor:
            seen[t.untyped_storage().data_ptr()] = t.untyped_storage().nbytes()
            return t

        if count:
            with torch.autograd.graph.saved_tensors_hooks(note, lambda t: t):
                product_of(slice_batch(batch, 0, count))
        sizes.append(sum(seen.values()))
    return (sizes[1] - sizes[0]) // (total - total // 2)
