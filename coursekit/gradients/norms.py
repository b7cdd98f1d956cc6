"""Squared gradient norms of every example, the exact mean gradient and tr(Sigma), in one pass.

One forward pass records each layer's input; one backward pass stops at the layers' outputs. The
two give the norms of all examples' gradients (`_layer_rules`) and their mean, so
per-example gradients are never stored. Layers without a rule get their own small per-example
gradients; nothing else does. Source: Goodfellow 2015, arXiv:1510.01799 (Linear); Rochette et al.
2019, arXiv:1912.06015 (convolutions); Li et al. 2021, arXiv:2110.05679 (sequences).
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coursekit.gradients._layer_pass import GhostPass, make_plan, squared_gradient
from coursekit.gradients.batches import (
    Batch,
    Data,
    Loss,
    as_batch_loss,
    iter_batches,
    model_device,
    num_examples,
    slice_batch,
    tied_params,
    trainable_params,
)
from coursekit.gradients.checks import (
    check_mean_loss,
    refuse_batch_norm,
    refuse_dropout,
    refuse_shuffling,
)
from coursekit.gradients.minibatch import flatten

CHUNK_BYTES = {"cpu": 2**23, "cuda": 2**29}  # activations of one chunk: a CPU wants its cache


@dataclass(frozen=True)
class PerExampleNorms:
    """What one ghost pass gives."""

    sq_norms: Tensor  # |g_n|^2, shape (num_examples,), float64
    mean_grad: Tensor  # G, shape (num_params,)
    cost: float  # gradients over the data: passes counted, not timed
    fallbacks: tuple[str, ...] = ()  # parameters whose per-example gradients had to be made


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


def per_example_norms(
    model: nn.Module, loss_fn: Loss, data: Data, *, chunk_size: int | None = None
) -> PerExampleNorms:
    """Compute |g_n|^2 for every example and the mean gradient, without per-example gradients.

        |g_n|^2 = sum over layers of |sum_t b_nt a_nt^T|^2    (a: layer input, b: output gradient)

    The first example is also measured alone; where that differs, the examples are not
    independent and the call fails.

    Args:
        model: In eval mode if it has BatchNorm or Dropout.
        loss_fn: Mean loss, `loss_fn(output, target)`, or a BatchLoss.
        data: Tensors (inputs, targets), or an iterable of batches.
        chunk_size: Examples per pass; None: as many as keep the activations in a CPU's cache
            (8 MB), or in 512 MB on a GPU.

    Returns:
        Norms in the data's order. Linear (also on sequences), Conv1d, Conv2d, Embedding,
        LayerNorm, GroupNorm and BatchNorm in eval mode cost about one gradient in all; others
        fall back to per-example gradients of that layer, so their cost is higher. An example is
        a row of the batch: for sequences it is the whole sequence, not a token.

    Raises:
        ValueError: If weights are shared, BatchNorm or Dropout is in train mode, the loss is no
            deterministic mean over independent examples, or data is empty.
    """
    norms: list[Tensor] = []
    sums = {name: torch.zeros_like(p) for name, p in trainable_params(model).items()}
    fallbacks: list[str] = []
    for chunk, ghost in _chunks(model, loss_fn, data, chunk_size):
        is_first = not norms
        norms.append(ghost.norms(chunk, sums))
        if is_first:
            fallbacks = sum(ghost.plan.by_layer.values(), ghost.plan.by_loss)
            _verify(ghost, chunk, norms[0])
    sq_norms = torch.cat(norms)
    mean_grad = flatten([s.detach() for s in sums.values()]) / len(sq_norms)
    cost = 2.0 if fallbacks else 1.0
    return PerExampleNorms(sq_norms, mean_grad, cost, tuple(fallbacks))


def per_example_dots(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    direction: Tensor,
    *,
    chunk_size: int | None = None,
) -> Tensor:
    """Compute g_n . v for every example, without per-example gradients, at about one gradient.

        g_n . v = sum over layers of b_n . J v    (J v: the layer's output with v as its weights)

    Args:
        model: As for per_example_norms.
        loss_fn: As for per_example_norms.
        data: As for per_example_norms.
        direction: v, shape (num_params,), in the order of trainable_params.
        chunk_size: As for per_example_norms.

    Returns:
        Shape (num_examples,), float64.

    Raises:
        ValueError: As for per_example_norms, or if direction has another length.
    """
    params = trainable_params(model)
    sizes = [p.numel() for p in params.values()]
    if direction.shape != (sum(sizes),):
        raise ValueError(
            f"direction must have shape ({sum(sizes)},), one entry per trainable parameter, got "
            f"{tuple(direction.shape)}"
        )
    pieces = direction.to(next(iter(params.values()))).split(sizes)
    along = {n: v.view_as(p) for (n, p), v in zip(params.items(), pieces, strict=True)}
    dots = [ghost.dots(c, along) for c, ghost in _chunks(model, loss_fn, data, chunk_size)]
    return torch.cat(dots)


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


def _chunks(
    model: nn.Module, loss_fn: Loss, data: Data, chunk_size: int | None
) -> Iterator[tuple[Batch, GhostPass]]:
    """Check the model, plan on the first example, and walk the data in chunks."""
    trainable_params(model)
    refuse_batch_norm(model)
    refuse_dropout(model)
    if tied := tied_params(model):
        raise ValueError(
            f"weights are shared: {' = '.join(tied[0])}; norms of layers do not add up for them, "
            f"since the uses interfere; use per_example_gradients"
        )
    loss = as_batch_loss(loss_fn)
    ghost = None
    device = model_device(model)
    for batch in iter_batches(data, device=device):
        if ghost is None:
            plan, first = make_plan(model, loss, slice_batch(batch, 0, 1))
            ghost = GhostPass(model, loss, plan, first)
            if chunk_size is None:
                budget = CHUNK_BYTES.get(device.type, CHUNK_BYTES["cpu"])
                chunk_size = max(1, budget // max(1, plan.bytes_per_example))
        for chunk in iter_batches(batch, chunk_size=chunk_size):
            yield chunk, ghost


def _verify(ghost: GhostPass, chunk: Batch, sq_norms: Tensor) -> None:
    """Raise ValueError unless the first example, measured alone, has the norm found in a batch.

    Where its gradient is too small to tell, the last example is measured alone too.
    """
    count = num_examples(chunk)
    if count == 1:  # a sum of one loss is its mean
        check_mean_loss(ghost.model, ghost.loss, chunk)
    alone = {0: ghost.first_sq_norm}
    if ghost.first_sq_norm < 1e-3 * sq_norms.mean().item():
        with torch.enable_grad():
            loss = ghost.loss(ghost.model, slice_batch(chunk, count - 1, count))
        alone[count - 1] = squared_gradient(loss, ghost.params)
    eps = torch.finfo(next(iter(ghost.params.values())).dtype).eps
    noise = 10 * eps * sq_norms.max().item()
    for i, expected in alone.items():
        inside = sq_norms[i].item()
        if not abs(inside - expected) <= 100 * eps**0.75 * expected + noise:
            check_mean_loss(ghost.model, ghost.loss, chunk)  # names the usual causes
            raise ValueError(
                f"example {i} has the squared gradient norm {expected:.6g} alone, but {inside:.6g} "
                f"inside a batch: a layer mixes examples, or uses another layer's weights; use "
                f"per_example_gradients"
            )
