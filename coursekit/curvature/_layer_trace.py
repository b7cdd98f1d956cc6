"""Traces from layers: exact for the Gauss-Newton matrix, one probe per example for the Hessian."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coursekit.curvature._output_hessian import output_hessian_factors
from coursekit.curvature._taps import (
    Tap,
    check_rows,
    check_tappable,
    draw_output_change,
    frozen,
    squares_and_sums,
    tapped,
)
from coursekit.curvature._twice import double_backward_kernels, formulas_for, pull
from coursekit.curvature.trace import TraceEstimate, probes_missing
from coursekit.gradients._memory import CACHE_BYTES, examples_that_fit, weight_bytes_of
from coursekit.gradients._pieces import squared_rows
from coursekit.gradients._random_state import generator_on
from coursekit.gradients.batches import (
    Batch,
    BatchLoss,
    Data,
    Loss,
    as_batch_loss,
    is_one_batch,
    iter_batches,
    map_tensors,
    model_device,
    num_examples,
    trainable_params,
)
from coursekit.gradients.checks import check_mean_loss, refuse_batch_norm, refuse_dropout

GRAPH_TIMES = 3  # what the graph of a second derivative keeps, in layers' inputs and outputs
FIRST_EXAMPLES = 512  # enough to judge the spread
MIN_FREEDOM = 29  # with fewer degrees of freedom a spread is no reason to stop
GRADS_PER_WALK, GRADS_PER_PROBE = 0.7, 1.2  # gradients: building the graph; one product with it


def ggn_trace(
    model: nn.Module,
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    data: Data,
    *,
    chunk_size: int | None = None,
) -> TraceEstimate:
    """Compute the trace of the Gauss-Newton matrix exactly, without random probes.

        tr GGN = (1/N) sum_n sum_c s_nc |J_n' f_nc|^2,
        d^2 l_n / d output_n^2 = sum_c s_nc f_nc f_nc'

    |J_n' f|^2 is the squared norm of one example's gradient with f as the output's gradient, so
    the rules of `gradients._layer_rules` give it for all examples in one backward pass per factor,
    that is per number in the output. For networks that are piecewise linear in each single weight
    (ReLU, no smooth activation) it is the trace of the Hessian too.

    Args:
        model: In the mode to measure in; its output must be one tensor.
        loss_fn: Mean loss `loss_fn(output, target)`.
        data: A batch (inputs, targets) or an iterable of such batches.
        chunk_size: Examples per pass; None: as many as make 8 MB of layer outputs (512 MB on a
            GPU).

    Returns:
        The trace up to rounding, stderr 0. cost = (1 + outputs)/3 gradients.

    Raises:
        ValueError: If a layer with trainable weights has no rule, shares its weights or runs
            twice, or the loss couples examples.
    """
    if isinstance(loss_fn, BatchLoss):
        raise ValueError("the GGN needs loss_fn(output, target); a BatchLoss hides the output")
    total, count, num_factors = 0.0, 0, 0
    chunk_size = _checked_chunk_size(model, loss_fn, data, chunk_size)
    for inputs, target in iter_batches(data, chunk_size=chunk_size, device=model_device(model)):
        with torch.enable_grad(), tapped(model) as taps:
            output = model(inputs)
        check_rows(taps, num_examples((inputs, target)))
        factors, signs = output_hessian_factors(loss_fn, output, target)
        num_factors = len(factors)
        shifts = [tap.shift for tap in taps.values()]
        scales = {name: _input_square(tap) for name, tap in taps.items()}
        squares = torch.zeros(len(output), dtype=torch.float64, device=output.device)
        for factor, sign in zip(factors, signs, strict=True):
            slopes = pull([output], shifts, [factor.view_as(output)])
            with torch.no_grad():
                for (name, tap), slope in zip(taps.items(), slopes, strict=True):
                    squares += sign * _squared_gradient(tap, slope, scales[name])
        total += squares.sum().item()
        count += len(output)
    return TraceEstimate(total / count, 0.0, (1 + num_factors) / 3, "exact", 0)


def _input_square(tap: Tap) -> Tensor | None:
    """Return |a_n|^2 (+ 1 for a bias) where a layer sees one position per example."""
    if not isinstance(tap.module, nn.Linear) or tap.inputs.dim() != 2:
        return None
    weight = squared_rows(tap.inputs) if "weight" in tap.wanted else 0.0
    return weight + torch.full_like(tap.inputs[:, 0], float("bias" in tap.wanted))


def _squared_gradient(tap: Tap, slope: Tensor, input_square: Tensor | None) -> Tensor:
    """Return each example's squared gradient norm over one layer's weights."""
    if input_square is not None:
        return input_square * squared_rows(slope)
    found = squares_and_sums(tap, slope)
    return torch.stack([squares for squares, _ in found.values()]).sum(dim=0)


def per_example_trace(
    model: nn.Module,
    loss_fn: Loss,
    data: Data,
    *,
    num_probes: int | None = None,
    rel_stderr: float = 0.05,
    max_probes: int = 100,
    chunk_size: int | None = None,
    rng: torch.Generator | None = None,
) -> TraceEstimate:
    """Estimate the trace of the Hessian with an independent random probe for EVERY example.

        tr H = (1/N) sum_n tr H_n = (1/N) sum_n E[v_n' H_n v_n]

    Hutchinson's estimator draws one v for all examples, so its error does not fall with N; here
    it falls like 1/sqrt(N). Probes enter at the layers' outputs as u_n = V_n a_n, where one
    product with the Hessian handles all of them:

        sum_layers tr(d^2 l_n / dW^2) = E[u_n' (d^2 l_n / d outputs^2) u_n]

    The terms that V_n adds through later inputs are linear in an independent V_n and vanish in
    the mean. This holds for any activation, but needs layers that are linear in their weights
    and run once.

    Args:
        model: In the mode to measure in.
        loss_fn: Mean loss, `loss_fn(output, target)` or a BatchLoss.
        data: A batch or an iterable of batches.
        num_probes: Probes per example, for all examples. None: as few as bring the standard
            error to rel_stderr. Where data is one batch, that starts with one probe for 512
            examples drawn without replacement; an iterable is walked to its end.
        rel_stderr: Standard error wanted, as a fraction of |tr H|.
        max_probes: At most so many where num_probes is None.
        chunk_size: Examples per pass; None: as for `ggn_trace`.
        rng: Source of the signs; None: a new generator seeded 0.

    Returns:
        An unbiased estimate for these very examples. With one probe the standard error also
        contains the spread BETWEEN examples, so for all of them it is too large rather than too
        small; from two on it is that of the probes alone. `num_examples` tells how many were
        drawn. Where few examples dominate, the standard error is itself uncertain.

    Raises:
        ValueError: As for `ggn_trace`, or if num_probes < 1 or rel_stderr <= 0.
    """
    if num_probes is not None and num_probes < 1:
        raise ValueError(f"num_probes must be >= 1, got {num_probes}")
    if not rel_stderr > 0:
        raise ValueError(f"rel_stderr must be > 0, got {rel_stderr}")
    rng = generator_on(model_device(model)) if rng is None else rng
    chunk_size = _checked_chunk_size(model, loss_fn, data, chunk_size)
    walks: list[_Walk] = []
    if num_probes is None and is_one_batch(data):
        walk = _sampled_walk(model, loss_fn, data, rel_stderr, chunk_size, rng)
        total = num_examples(data)
        if walk.num_examples < total:
            stderr = math.sqrt(walk.between / walk.num_examples)
            cost = (GRADS_PER_WALK + GRADS_PER_PROBE) * walk.num_examples / total
            return TraceEstimate(walk.mean, stderr, cost, "per_example", 1, walk.num_examples)
        walks.append(walk)
    more = (num_probes or 1) - len(walks)
    while True:
        if more:
            chunks = iter_batches(data, chunk_size=chunk_size, device=model_device(model))
            walks.append(_Walk.of(_probe_products(model, loss_fn, chunks, more, rng)))
        value, stderr, drawn, freedom = _pooled(walks)
        trusted = stderr if freedom >= MIN_FREEDOM else math.nan
        more = probes_missing(drawn, trusted, rel_stderr * abs(value), max_probes)
        if num_probes is not None or more == 0:
            break
    cost = GRADS_PER_WALK * len(walks) + GRADS_PER_PROBE * drawn
    return TraceEstimate(value, stderr, cost, "per_example", drawn)


@dataclass(frozen=True)
class _Walk:
    """Sums of x = u_n' H_n u_n over one walk through the data with fresh probes."""

    num_probes: int
    num_examples: int
    mean: float
    within: float  # sum over examples of squared deviations from the example's own mean
    between: float  # variance over examples; used where one probe shows nothing within

    @staticmethod
    def of(products: Tensor) -> "_Walk":
        """Sum up products of shape (num_probes, num_examples)."""
        if not torch.isfinite(products).all():
            raise ValueError("a product with the Hessian is not finite: is the loss NaN or inf?")
        num_probes, count = products.shape
        return _Walk(
            num_probes=num_probes,
            num_examples=count,
            mean=products.mean().item(),
            within=(products - products.mean(dim=0)).square().sum().item(),
            between=products[0].var().item() if count > 1 else math.nan,
        )


def _select(batch: Batch, index: Tensor) -> Batch:
    return map_tensors(lambda t: t[index.to(t.device)] if t.dim() else t, batch)


def _sampled_walk(
    model: nn.Module,
    loss_fn: Loss,
    batch: Batch,
    rel_stderr: float,
    chunk_size: int,
    rng: torch.Generator,
) -> _Walk:
    """Give one probe each to as many examples, in random order, as bring the error down."""
    total = num_examples(batch)
    order = torch.randperm(total, generator=rng, device=rng.device)
    columns: list[Tensor] = []
    used, wanted = 0, min(total, FIRST_EXAMPLES)
    while True:
        part = _select(batch, order[used:wanted])
        chunks = iter_batches(part, chunk_size=chunk_size, device=model_device(model))
        columns.append(_probe_products(model, loss_fn, chunks, 1, rng))
        walk, used = _Walk.of(torch.cat(columns, dim=1)), wanted
        target = rel_stderr * abs(walk.mean)
        missing = probes_missing(used, math.sqrt(walk.between / used), target, total)
        if used == total or missing == 0:
            return walk
        wanted = min(total, used + math.ceil(1.1 * missing))  # so that one more look is enough


def _pooled(walks: list[_Walk]) -> tuple[float, float, int, int]:
    """Return the mean over all walks, its standard error, the probes and degrees of freedom."""
    count = walks[0].num_examples
    drawn = sum(walk.num_probes for walk in walks)
    value = math.fsum(walk.num_probes * walk.mean for walk in walks) / drawn
    repeats = sum(walk.num_probes - 1 for walk in walks)
    if repeats:
        variance = sum(walk.within for walk in walks) / repeats / drawn / count**2
        return value, math.sqrt(variance), drawn, repeats * count
    variance = sum(walk.between for walk in walks) / len(walks) / drawn / count
    return value, math.sqrt(variance), drawn, count - 1


def _probe_products(
    model: nn.Module, loss_fn: Loss, chunks: Iterator[Batch], num_probes: int, rng: torch.Generator
) -> Tensor:
    """Return u_n' H_n u_n for fresh probes, shape (num_probes, num_examples), float64."""
    loss, formulas = as_batch_loss(loss_fn), formulas_for(model_device(model))
    columns = []
    for chunk in chunks:
        twice = double_backward_kernels(model, formulas)
        with torch.enable_grad(), twice, tapped(model) as taps, frozen(model):
            value = loss(model, chunk)
            check_rows(taps, num_examples(chunk))
            shifts = [tap.shift for tap in taps.values()]
            scale = torch.full_like(value, num_examples(chunk))
            slopes = torch.autograd.grad(
                value, shifts, scale, create_graph=True, materialize_grads=True
            )
        rows = value.new_zeros(num_probes, num_examples(chunk), dtype=torch.float64)
        for row in rows:
            changes = [draw_output_change(tap, rng) for tap in taps.values()]
            for u, h in zip(changes, pull(slopes, shifts, changes), strict=True):
                row += (u * h).flatten(1).sum(dim=1, dtype=torch.float64)
        columns.append(rows)
    return torch.cat(columns, dim=1)


def _checked_chunk_size(model: nn.Module, loss_fn: Loss, data: Data, chunk_size: int | None) -> int:
    """Check model and data on the first batch; return examples per chunk."""
    trainable_params(model)
    refuse_batch_norm(model)
    refuse_dropout(model)
    device = model_device(model)
    first = next(iter_batches(data, chunk_size=chunk_size, device=device))
    check_mean_loss(model, loss_fn, first)
    bytes_each = check_tappable(model, as_batch_loss(loss_fn), first)
    if chunk_size is not None:
        return chunk_size
    weight_bytes = weight_bytes_of(trainable_params(model).values())
    return examples_that_fit(
        GRAPH_TIMES * bytes_each,
        device,
        weight_bytes=weight_bytes,
        cache_bytes=GRAPH_TIMES * CACHE_BYTES,
    )
