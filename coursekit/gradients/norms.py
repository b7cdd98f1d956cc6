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
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor, nn

from coursekit.gradients._layer_walk import PerExampleNorms, _dots, measure
from coursekit.gradients.batches import Data, Loss
from coursekit.gradients.counts import Count
from coursekit.gradients.objective import Objective, opened


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
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    chunk_size: int | None = None,
    count: str | Count = "examples",
) -> PerExampleNorms:
    """Compute |g_n|^2 for every example and the mean gradient, without per-example gradients.

        |g_n|^2 = sum over layers of |sum_t b_nt a_nt^T|^2    (a: layer input, b: output gradient)

    How each parameter is measured is chosen and checked on the first three examples; the first and
    last example and one in the 2nd, 4th, 8th ... chunk are also measured alone, and the shapes of
    every chunk are held against the choice. Where a layer sees a varying number of rows (a mixture
    of experts), or none sees one row per example, each example gets a backward pass of its own,
    and the sum over a chunk has to be the chunk's gradient.

    Args:
        model: An Objective, or a model, in eval mode if it has BatchNorm or Dropout.
        loss_fn: Mean loss, `loss_fn(output, target)`, or a BatchLoss.
        data: Tensors (inputs, targets), or an iterable of batches.
        chunk_size: Examples per pass; None: as many as keep the activations in a CPU's cache
            (8 MB, or twice the weights), or in the free memory of a GPU.
        count: What the loss of a batch is the mean over: "examples", "tokens" or a function of the
            batch, as for an Objective.

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
    with opened_with_count(model, loss_fn, data, chunk_size, count) as objective:
        return measure(objective).norms


@contextmanager
def opened_with_count(
    model: nn.Module | Objective,
    loss_fn: Loss | None,
    data: Data | None,
    chunk_size: int | None,
    count: str | Count,
) -> Iterator[Objective]:
    """Make (model, loss_fn, data) an Objective whose mean is over `count`, and hold its model."""
    if count != "examples" and not isinstance(model, Objective):
        model = Objective(model, loss_fn, data, count=count, chunk_size=chunk_size)  # type: ignore[arg-type]
        loss_fn = data = None
    elif count != "examples":
        raise ValueError("an Objective has its own count; give it alone")
    with opened(model, loss_fn, data, chunk_size=chunk_size) as objective:
        yield objective


def per_example_dots(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    direction: Tensor | None = None,
    *,
    chunk_size: int | None = None,
    count: str | Count = "examples",
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
    with opened_with_count(model, loss_fn, data, chunk_size, count) as objective:
        if direction is None:
            raise ValueError(f"direction is missing: a vector of {objective.num_params} numbers")
        return _dots(objective, direction)


def covariance_trace(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
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
        with_stderr: Also compute the standard error from g_n . G, at the price of a second pass
            where what the layers gave does not fit into memory.

    Returns:
        `value` is exact for these examples up to rounding; `stderr` is that of the same number as
        an estimate for the population they were drawn from, sd(|g_n - G|^2)/sqrt(N), and too
        small where few examples dominate. Sums are in float64, but norms carry the rounding of
        the parameters' type: where tr Sigma is smaller than that, `value` is nan; use a model in
        float64 then.

    Raises:
        ValueError: As for per_example_norms, or if there are not more than `ddof` examples.
    """
    with opened(model, loss_fn, data, chunk_size=chunk_size) as objective:
        if objective.unit != "examples":
            raise ValueError(f"the loss is a mean over {objective.unit}; use model_moments")
        if with_stderr:
            objective.refuse_changing_data()
        measured = measure(objective, keep=with_stderr)
        norms = measured.norms
        count = len(norms.sq_norms)
        if ddof not in (0, 1) or count <= ddof:
            raise ValueError(
                f"need ddof 0 or 1 and more than ddof examples, got ddof={ddof} and {count} "
                f"examples"
            )
        dots = measured.dots(norms.mean_grad) if with_stderr else None
    mean_grad = norms.mean_grad.double()
    grad_sq_norm = mean_grad.square().sum().item()
    total = norms.sq_norms.sum().item()
    spread = total - count * grad_sq_norm
    cost, stderr = norms.cost, math.nan
    if dots is not None:
        deviations = norms.sq_norms - 2 * dots + grad_sq_norm
        stderr = deviations.std().item() / math.sqrt(count) if count > 1 else math.nan
        cost *= 4 / 3 if measured.kept else 2  # a product with what was kept is a third
    rounding = 8 * norms.eps * total
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
