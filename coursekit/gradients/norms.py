"""Squared gradient norms of every example, the exact mean gradient and tr(Sigma), in one pass.

One forward pass records each layer's input; one backward pass stops at the layers' outputs. The
two give the norms of all examples' gradients (`_layer_rules`, `_pieces`) and their mean, so
per-example gradients are never stored. A weight that is used several times (tied embeddings) gets
the sum over its uses. Layers without a rule get their own small per-example gradients; where no
layer sees one row per example, every example gets a backward pass of its own, and its gradient is
dropped once its norm is known. Source: Goodfellow 2015, arXiv:1510.01799 (Linear); Rochette et al.
2019, arXiv:1912.06015 (convolutions); Li et al. 2021, arXiv:2110.05679 (sequences).
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import RandomSampler

from coursekit.gradients._alone import Weigh, check_independence, gradient_of, tolerance
from coursekit.gradients._layer_pass import LayerPass, Rerouted
from coursekit.gradients._layer_plan import make_plan
from coursekit.gradients._pieces import Piece, bytes_of
from coursekit.gradients.batches import (
    Batch,
    Data,
    Loss,
    as_batch_loss,
    check_mean_loss,
    iter_batches,
    model_device,
    num_examples,
    refuse_batch_norm,
    refuse_dropout,
    slice_batch,
    trainable_params,
)
from coursekit.gradients.minibatch import flatten

CHUNK_BYTES = {"cpu": 2**23, "cuda": 2**29}  # activations of one chunk: a CPU wants its cache
KEEP_BYTES = {"cpu": 2**28, "cuda": 2**32}  # pieces of all data, kept for a second look
Count = Callable[[Batch], float]


@dataclass(frozen=True)
class PerExampleNorms:
    """What one pass over the layers gives."""

    sq_norms: Tensor  # |g_n|^2, shape (num_examples,), float64
    mean_grad: Tensor  # G, shape (num_params,)
    cost: float  # gradients over the data: passes counted, not timed
    fallbacks: tuple[str, ...] = ()  # parameters whose per-example gradients had to be made
    counts: Tensor | None = None  # weight of each example in the mean, where `count` was given
    unit: str = "examples"  # what the mean is over: "examples" or "tokens"
    eps: float = 0.0  # relative rounding of what the layers computed


@dataclass(frozen=True)
class CovarianceTrace:
    """tr(Sigma) of per-example gradients, with the norms it was made of."""

    value: float  # tr Sigma, loss^2/param^2, per example; nan where rounding hides it
    stderr: float  # as an estimate for the population; nan unless asked for
    cost: float  # gradients over the data
    grad_sq_norm: float  # |G|^2 of the mean gradient, NOT corrected for its noise
    num_examples: int
    ddof: int
    reason: str = ""  # why value is nan


@dataclass(frozen=True)
class Measured:
    """Norms of all examples, with what a product of their gradients with a vector needs."""

    norms: PerExampleNorms
    kept: list[dict[str, list[Piece]]] | None  # of each chunk, if there was room
    dots: Callable[[Tensor], Tensor]  # v -> g_n . v


def per_example_norms(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    *,
    chunk_size: int | None = None,
    count: Count | None = None,
) -> PerExampleNorms:
    """Compute |g_n|^2 for every example and the mean gradient, without per-example gradients.

        |g_n|^2 = sum over layers of |sum_t b_nt a_nt^T|^2    (a: layer input, b: output gradient)

    How each parameter is measured is chosen and checked on the first three examples; the first and
    last example and one in the 2nd, 4th, 8th ... chunk are also measured alone, and the shapes of
    every chunk are held against the choice. Where a layer sees a varying number of rows (a mixture
    of experts), or none sees one row per example, each example gets a backward pass of its own,
    and the sum over a chunk has to be the chunk's gradient.

    Args:
        model: In eval mode if it has BatchNorm or Dropout.
        loss_fn: Mean loss, `loss_fn(output, target)`, or a BatchLoss.
        data: Tensors (inputs, targets), or an iterable of batches.
        chunk_size: Examples per pass; None: as many as keep the activations in a CPU's cache
            (8 MB), or in 512 MB on a GPU.
        count: What the loss of a batch is the mean over, if not its examples: a function from a
            batch to, say, its number of tokens without padding.

    Returns:
        Norms in the data's order. Linear (also on sequences), Conv1d, Conv2d, Embedding,
        EmbeddingBag, LayerNorm, GroupNorm, RMSNorm, BatchNorm in eval mode and tied weights cost
        about one gradient in all; others fall back to per-example gradients of that layer or to
        one backward pass per example, so their cost is higher. An example is a row of the batch:
        for sequences it is the whole sequence, not a token. With `count` g_n is still the
        gradient of the n-th example's own mean loss, and G weighs it by its count.

    Raises:
        ValueError: If BatchNorm or Dropout is in train mode, the loss is no deterministic mean
            over independent examples, or data is empty.
    """
    return measure(model, loss_fn, data, chunk_size=chunk_size, count=count).norms


def measure(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    *,
    chunk_size: int | None,
    count: Count | None = None,
    keep: bool = False,
) -> Measured:
    """Measure norms as `per_example_norms` does, ready for products with a vector.

    With `keep` the pieces of all chunks stay in memory if they fit there, and a product then
    costs no second pass.
    """
    weigh: Weigh = num_examples if count is None else count
    params = trainable_params(model)
    device = model_device(model)
    room = KEEP_BYTES.get(device.type, KEEP_BYTES["cpu"]) if keep else 0

    def of_chunk(ghost: LayerPass, chunk: Batch, state: dict[str, Any]) -> Tensor:
        if not state:
            state["sums"] = {name: _zeros_like(p) for name, p in params.items()}
            state["kept"], state["bytes"] = [], 0
        norms, pieces = ghost.norms(chunk, state["sums"])
        state["bytes"] += sum(bytes_of(p) for of in pieces.values() for p in of)
        if state["bytes"] > room or ghost.plan.one_by_one:
            state["kept"] = None
        if state["kept"] is not None:
            state["kept"].append(pieces)
        return norms

    found, ghost, state = _walk(model, loss_fn, data, chunk_size, weigh, of_chunk)
    sq_norms = torch.cat([norms for _, norms in found])
    counts = torch.cat([c for c, _ in found])
    sq_norms = torch.where(counts > 0, sq_norms / counts.clamp(min=1e-300).square(), 0.0)
    total = counts.sum().item()
    mean_grad = flatten([s.detach() for s in state["sums"].values()]) / total
    fallbacks = tuple(params) if ghost.plan.one_by_one else tuple(ghost.plan.made)
    cost = 2.0 if ghost.plan.one_by_one or ghost.plan.by_layer else 1.0
    norms = PerExampleNorms(
        sq_norms,
        mean_grad,
        cost,
        fallbacks,
        None if count is None else counts,
        "examples" if count is None else "tokens",
        ghost.plan.eps,
    )
    kept = state["kept"] if keep else None

    def dots(direction: Tensor) -> Tensor:
        if kept is None:
            return per_example_dots(
                model, loss_fn, data, direction, chunk_size=chunk_size, count=count
            )
        vectors = _split(params, direction)
        parts = [ghost.dots_of(p, vectors, len(c)) for p, (c, _) in zip(kept, found, strict=True)]
        return torch.where(counts > 0, torch.cat(parts) / counts.clamp(min=1e-300), 0.0)

    return Measured(norms, kept, dots)


def _zeros_like(p: Tensor) -> Tensor:
    """Return a sum to add to: in single precision at least."""
    half = p.dtype in (torch.float16, torch.bfloat16)
    return torch.zeros_like(p, dtype=torch.float32 if half else p.dtype)


def _split(params: dict[str, nn.Parameter], direction: Tensor) -> dict[str, Tensor]:
    """Cut a flat vector into the parameters' shapes."""
    sizes = [p.numel() for p in params.values()]
    if direction.shape != (sum(sizes),):
        raise ValueError(
            f"direction must have shape ({sum(sizes)},), one entry per trainable parameter, got "
            f"{tuple(direction.shape)}"
        )
    like = _zeros_like(next(iter(params.values())).flatten()[:0])
    pieces = direction.to(like).split(sizes)
    return {n: v.view_as(p) for (n, p), v in zip(params.items(), pieces, strict=True)}


def per_example_dots(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    direction: Tensor,
    *,
    chunk_size: int | None = None,
    count: Count | None = None,
) -> Tensor:
    """Compute g_n . v for every example, without per-example gradients, at about one gradient.

        g_n . v = sum over layers of b_n . J v    (J v: the layer's output with v as its weights)

    Args:
        model: As for per_example_norms.
        loss_fn: As for per_example_norms.
        data: As for per_example_norms.
        direction: v, shape (num_params,), in the order of trainable_params.
        chunk_size: As for per_example_norms.
        count: As for per_example_norms.

    Returns:
        Shape (num_examples,), float64.

    Raises:
        ValueError: As for per_example_norms, or if direction has another length.
    """
    weigh: Weigh = num_examples if count is None else count
    vectors = _split(trainable_params(model), direction)

    def of_chunk(ghost: LayerPass, chunk: Batch, state: dict[str, Any]) -> Tensor:
        return ghost.dots(chunk, vectors)

    found, _, _ = _walk(model, loss_fn, data, chunk_size, weigh, of_chunk, verified=False)
    counts, dots = (torch.cat(parts) for parts in zip(*found, strict=True))
    return torch.where(counts > 0, dots / counts.clamp(min=1e-300), 0.0)


def covariance_trace(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    *,
    ddof: int = 1,
    chunk_size: int | None = None,
    with_stderr: bool = False,
) -> CovarianceTrace:
    """Compute tr(Sigma) of per-example gradients from a model and data, in about one gradient.

        tr Sigma = (sum_n |g_n|^2 - N |G|^2) / (N - ddof)

    Args:
        model: As for per_example_norms.
        loss_fn: As for per_example_norms.
        data: As for per_example_norms.
        ddof: 1 for the unbiased estimate of the population's trace; 0 for the trace of exactly
            these examples.
        chunk_size: As for per_example_norms.
        with_stderr: Also compute the standard error, at the price of a second pass (g_n . G).

    Returns:
        `value` is exact for these examples up to rounding; `stderr` is that of the same number as
        an estimate for the population they were drawn from, sd(|g_n - G|^2)/sqrt(N), and too
        small where few examples dominate. Sums are in float64, but norms carry the rounding of
        the parameters' type: where tr Sigma is smaller than that, `value` is nan; use a model in
        float64 then.

    Raises:
        ValueError: As for per_example_norms, or if there are not more than `ddof` examples.
    """
    if with_stderr:
        refuse_shuffling(data)
    norms = per_example_norms(model, loss_fn, data, chunk_size=chunk_size)
    count = len(norms.sq_norms)
    if ddof not in (0, 1) or count <= ddof:
        raise ValueError(
            f"need ddof 0 or 1 and more than ddof examples, got ddof={ddof} and {count} examples"
        )
    mean_grad = norms.mean_grad.double()
    grad_sq_norm = mean_grad.square().sum().item()
    total = norms.sq_norms.sum().item()
    spread = total - count * grad_sq_norm
    cost, stderr = norms.cost, math.nan
    if with_stderr:
        dots = per_example_dots(model, loss_fn, data, norms.mean_grad, chunk_size=chunk_size)
        deviations = norms.sq_norms - 2 * dots + grad_sq_norm
        stderr = deviations.std().item() / math.sqrt(count) if count > 1 else math.nan
        cost += norms.cost
    rounding = 8 * torch.finfo(norms.mean_grad.dtype).eps * total
    value, reason = spread / (count - ddof), ""
    if total > 0 and abs(spread) <= rounding and count > 1:
        value, stderr = math.nan, math.nan
        reason = (
            f"the spread of the gradients is below the rounding of {norms.mean_grad.dtype}, "
            f"{rounding / count:.1e} per example"
        )
    elif not math.isfinite(total):
        reason = "gradients are not finite"
    return CovarianceTrace(value, stderr, cost, grad_sq_norm, count, ddof, reason)


def refuse_shuffling(data: Data) -> None:
    """Raise ValueError if data comes in another order on each walk, so that passes do not pair."""
    if isinstance(getattr(data, "sampler", None), RandomSampler):
        raise ValueError(
            "the DataLoader shuffles, so two passes do not see the examples in one order; "
            "use shuffle=False"
        )


def _walk(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    chunk_size: int | None,
    weigh: Weigh,
    of_chunk: Callable[[LayerPass, Batch, dict[str, Any]], Tensor],
    *,
    verified: bool = True,
) -> tuple[list[tuple[Tensor, Tensor]], LayerPass, dict[str, Any]]:
    """Check the model, plan on the first examples, and walk the data in chunks.

    Returns:
        For each chunk its examples' counts and what `of_chunk` gave; the pass; and the state that
        `of_chunk` filled. A chunk that does not fit the plan starts the walk again, from an empty
        state, with one backward pass per example.
    """
    trainable_params(model)
    refuse_batch_norm(model)
    refuse_dropout(model)
    loss, device = as_batch_loss(loss_fn), model_device(model)
    one_by_one = False
    while True:
        ghost: LayerPass | None = None
        found: list[tuple[Tensor, Tensor]] = []
        state: dict[str, Any] = {}
        size = chunk_size
        try:
            for batch in iter_batches(data, device=device):
                if ghost is None:
                    plan = make_plan(model, loss, batch, weigh, one_by_one=one_by_one)
                    ghost = LayerPass(model, loss, plan, weigh)
                    if size is None:
                        budget = CHUNK_BYTES.get(device.type, CHUNK_BYTES["cpu"])
                        size = max(1, budget // max(1, plan.bytes_per_example))
                for chunk in iter_batches(batch, chunk_size=size):
                    found.append((_counts(chunk, weigh, device), of_chunk(ghost, chunk, state)))
                    if verified and len(found) == 1:
                        _verify_first(ghost, chunk, found[0][1])
                    elif verified and len(found).bit_count() == 1:  # the 2nd, 4th, 8th ...
                        _verify(ghost, chunk, found[-1][1], 0)
            assert ghost is not None
            if verified and len(found) > 1:
                _verify(ghost, chunk, found[-1][1], num_examples(chunk) - 1)
            return found, ghost, state
        except Rerouted:
            one_by_one = True


def _counts(chunk: Batch, weigh: Weigh, device: torch.device) -> Tensor:
    """Return each example's weight in the mean, float64."""
    total = num_examples(chunk)
    if weigh is num_examples:
        return torch.ones(total, dtype=torch.float64, device=device)
    each = [float(weigh(slice_batch(chunk, i, i + 1))) for i in range(total)]
    return torch.tensor(each, dtype=torch.float64, device=device)


def _verify_first(ghost: LayerPass, chunk: Batch, sq_norms: Tensor) -> None:
    """Check the norm of the first example, which was measured alone when the plan was made.

    Where its gradient is too small to tell, the last example is measured alone too.
    """
    total, first = num_examples(chunk), ghost.plan.first
    if total == 1 and ghost.weigh is num_examples:  # a sum of one loss is its mean
        check_mean_loss(ghost.model, ghost.loss, chunk)
    if first < total:
        _verify(ghost, chunk, sq_norms, first, ghost.plan.sq_norm)
    if ghost.plan.sq_norm < 1e-3 * sq_norms.mean().item():
        _verify(ghost, chunk, sq_norms, total - 1)


def _verify(
    ghost: LayerPass, chunk: Batch, sq_norms: Tensor, i: int, expected: float | None = None
) -> None:
    """Raise unless an example, measured alone, has the norm found in its chunk.

    Raises:
        ValueError: If the examples are not independent.
        Rerouted: If they are, so that the layers were misread.
    """
    if ghost.plan.one_by_one:
        return
    example = slice_batch(chunk, i, i + 1)
    weight = ghost.weigh(example)
    if expected is None:
        grads = gradient_of(ghost.model, ghost.loss, example, weight) if weight else {}
        expected = sum(g.double().square().sum().item() for g in grads.values())
    eps = max(ghost.plan.eps, 2.0**-11 if _tf32(sq_norms.device) else 0.0)
    noise = 10 * eps * sq_norms.max().item()
    if abs(sq_norms[i].item() - expected) <= tolerance(eps) * expected + noise:
        return
    check_independence(ghost.model, ghost.loss, chunk, ghost.weigh, eps)
    raise Rerouted(f"example {i} has another norm inside a batch")


def _tf32(device: torch.device) -> bool:
    """Tell whether float32 products may be rounded to TF32."""
    if device.type != "cuda":
        return False
    return torch.backends.cudnn.allow_tf32 or torch.get_float32_matmul_precision() != "highest"
