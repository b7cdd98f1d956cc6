"""Mini-batch and per-example gradients, their covariance, and the variance of a batch's gradient.

One gradient per example is a row of a matrix (num_examples, num_params). Where that matrix does
not fit, `coursekit.gradients.norms` gives the same trace without it.
"""

import math

import torch
from torch import Tensor, nn
from torch.func import functional_call

from coursekit.gradients._foreign import refuse_inference_mode
from coursekit.gradients._graph import refuse_reentrant_checkpoint
from coursekit.gradients._rows import LossModule, OneBatch, flat_gradient, rows_of
from coursekit.gradients._rows import flatten as flatten
from coursekit.gradients._still import plain_model, uncompiled
from coursekit.gradients.batches import (
    Batch,
    Data,
    Loss,
    as_batch_loss,
    num_examples,
    trainable_params,
)
from coursekit.gradients.checks import scalar_loss
from coursekit.gradients.objective import Objective, opened

CHUNK_BYTES = 2**25  # per-example gradients made by one vmap call; larger ones leave the cache


def minibatch_gradient(
    model: nn.Module, loss_fn: Loss, inputs: Batch, targets: Batch | None = None
) -> Tensor:
    """Compute the mean gradient of one mini-batch as a vector.

        g_B = (1/B) sum_n grad l_n

    Neither `.grad` nor the buffers (BatchNorm's running statistics) of the model change.

    Args:
        model: In the mode in which it is to be measured.
        loss_fn: Mean loss, `loss_fn(output, target)`, or a BatchLoss.
        inputs: Shape (batch_size, ...). With a BatchLoss and no targets: any batch.
        targets: Shape (batch_size, ...).

    Returns:
        Shape (num_params,), the trainable parameters in the order of named_parameters; zeros for
        those that the loss does not use. With reduction="sum" it grows with the batch.

    Raises:
        ValueError: If no parameter requires a gradient.
    """
    model = plain_model(model)
    refuse_inference_mode()
    params = trainable_params(model)
    batch = inputs if targets is None else (inputs, targets)
    of_batch = LossModule(model, as_batch_loss(loss_fn))
    buffers = {name: b.clone() for name, b in of_batch.named_buffers()}
    with torch.enable_grad(), uncompiled():
        loss = scalar_loss(functional_call(of_batch, buffers, (batch,)))
        refuse_reentrant_checkpoint(loss)
        return flat_gradient(loss, list(params.values()))


def mean_gradient(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    chunk_size: int | None = None,
) -> Tensor:
    """Compute the gradient of the mean loss over all data, chunk by chunk.

        G = (1/N) sum_chunks n_chunk g_chunk      (n: what the objective counts)

    Args:
        model: An Objective, or a model in the mode in which it is to be measured; BatchNorm in
            train mode is refused.
        loss_fn: Mean loss, `loss_fn(output, target)`, or a BatchLoss.
        data: Tensors (inputs, targets), or an iterable of batches; unequal sizes are weighted.
        chunk_size: Examples per backward pass at most; None keeps the batches as they come.

    Returns:
        Shape (num_params,), summed in float64 and rounded to the parameters' type.

    Raises:
        ValueError: If the loss is no mean over independent examples, or data is empty.
    """
    with opened(model, loss_fn, data, chunk_size=chunk_size) as objective:
        params = list(objective.weights.values())

        def gradient(chunk: Batch) -> Tensor:
            with torch.enable_grad():
                return flat_gradient(objective.loss(objective.model, chunk), params)

        total = torch.zeros(objective.num_params, dtype=torch.float64, device=params[0].device)
        count = 0.0
        for weight, found in objective.each(gradient):
            total += weight * found.double()
            count += weight
        return (total / count).to(objective.dtype)


def per_example_gradients(
    model: nn.Module,
    loss_fn: Loss,
    inputs: Batch,
    targets: Batch | None = None,
    *,
    chunk_size: int | None = None,
) -> Tensor:
    """Compute one gradient per example by torch.func's vmap over grad.

        row n = grad l_n,   mean of the rows = minibatch_gradient

    Args:
        model: In the mode in which it is to be measured.
        loss_fn: Mean loss, `loss_fn(output, target)`, or a BatchLoss.
        inputs: Shape (num_examples, ...). With a BatchLoss and no targets: any batch.
        targets: Shape (num_examples, ...).
        chunk_size: Examples per vmap call; None: as many as make 32 MB of gradients.

    Returns:
        Shape (num_examples, num_params): it holds num_examples times the model's weights, so use
        `coursekit.gradients.norms` for large ones.

    Raises:
        ValueError: If the loss is no deterministic mean over examples (sum reduction, class
            weights, dropout, BatchNorm in train mode), or no parameter requires a gradient.
    """
    batch = inputs if targets is None else (inputs, targets)
    with opened(model, loss_fn, OneBatch(batch), chunk_size=chunk_size) as objective:
        chunk = objective.chunk_size
        if chunk is None:
            size = objective.num_params * torch.finfo(objective.dtype).bits // 8
            chunk = max(1, CHUNK_BYTES // size)
        params = next(iter(objective.weights.values()))
        rows = params.new_empty(num_examples(batch), objective.num_params)
        start = 0
        for _, found in objective.each(rows_of(objective), chunk):
            rows[start : start + len(found)] = found
            start += len(found)
        return rows


def gradient_covariance(per_example_grads: Tensor, *, ddof: int = 1) -> Tensor:
    """Compute the full covariance matrix of per-example gradients (small models only).

        Sigma = 1/(N - ddof) sum_n (g_n - mean g)(g_n - mean g)^T

    Args:
        per_example_grads: Shape (num_examples, num_params).
        ddof: 1 for the unbiased estimate of the population's covariance; 0 for the covariance of
            exactly these examples.

    Returns:
        Shape (num_params, num_params), float64, loss^2/param^2. Its rank is at most N - 1.

    Raises:
        ValueError: If there are not more than `ddof` examples.
    """
    divisor = _divisor(per_example_grads, ddof)
    grads = per_example_grads.double()
    centred = grads - grads.mean(dim=0)
    return centred.T @ centred / divisor


def gradient_covariance_trace(per_example_grads: Tensor, *, ddof: int = 1) -> float:
    """Compute tr(Sigma), the variance of one example's gradient summed over parameters.

        tr Sigma = 1/(N - ddof) sum_n |g_n - mean g|^2

    `coursekit.gradients.covariance_trace` gives the same from a model and data without the rows.

    Args:
        per_example_grads: Shape (num_examples, num_params).
        ddof: 1 for the unbiased estimate of the population's trace; 0 for the trace of exactly
            these examples.

    Returns:
        Loss^2/param^2, computed in float64. The mean is subtracted before squaring: the
        difference mean g^2 - (mean g)^2 loses all digits where the mean dominates.

    Raises:
        ValueError: If there are not more than `ddof` examples.
    """
    divisor = _divisor(per_example_grads, ddof)
    mean = per_example_grads.mean(dim=0, dtype=torch.float64)
    blocks = per_example_grads.split(64)  # a float64 copy of all rows would leave the cache
    return math.fsum((block - mean).square().sum().item() for block in blocks) / divisor


def _divisor(per_example_grads: Tensor, ddof: int) -> int:
    if per_example_grads.dim() != 2:
        raise ValueError(
            f"per_example_grads must be (num_examples, num_params), got shape "
            f"{tuple(per_example_grads.shape)}"
        )
    divisor = len(per_example_grads) - ddof
    if ddof not in (0, 1) or divisor < 1:
        raise ValueError(
            f"need ddof 0 or 1 and more than ddof examples, got ddof={ddof} and "
            f"{len(per_example_grads)} examples"
        )
    return divisor


def minibatch_gradient_variance(
    tr_cov: float,
    batch_size: int,
    *,
    num_examples: int | None = None,
    replacement: bool = True,
    ddof: int = 1,
) -> float:
    """Predict E|g_B - G|^2, the variance of a mini-batch gradient summed over parameters.

        with replacement:     sigma^2/B                        sigma^2 = tr Sigma with divisor N
        without replacement:  sigma^2/B (N-B)/(N-1) = S^2/B (1 - B/N)   S^2: with divisor N - 1

    Args:
        tr_cov: tr(Sigma) per example, loss^2/param^2.
        batch_size: B, examples per gradient.
        num_examples: N, the size of the training set that batches are drawn from and that G is the
            gradient of. None: draws from a population without end, where tr_cov/B needs no
            correction.
        replacement: Whether an example can be drawn twice into one batch.
        ddof: The one that the given tr_cov was computed with; it matters only with num_examples.

    Returns:
        Loss^2/param^2. Batches of one epoch are drawn without replacement: the full batch, B = N,
        has variance 0.

    Raises:
        ValueError: If batch_size < 1, tr_cov < 0, or without replacement num_examples is missing
            or smaller than batch_size.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be >= 1, got {batch_size}")
    if tr_cov < 0:
        raise ValueError(f"tr_cov must be >= 0, got {tr_cov}")
    if num_examples is None:
        if not replacement:
            raise ValueError("drawing without replacement needs num_examples, the training set's")
        return tr_cov / batch_size
    if ddof not in (0, 1) or num_examples <= ddof:
        raise ValueError(f"need ddof 0 or 1 and num_examples > ddof, got {ddof}, {num_examples}")
    population = tr_cov * (num_examples - ddof) / num_examples
    if replacement:
        return population / batch_size
    if batch_size > num_examples:
        raise ValueError(
            f"cannot draw batch_size={batch_size} of num_examples={num_examples} without "
            f"replacement"
        )
    if batch_size == num_examples:
        return 0.0 if not math.isnan(tr_cov) else math.nan
    return population / batch_size * (num_examples - batch_size) / (num_examples - 1)
