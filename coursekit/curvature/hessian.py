"""Curvature of a model's loss in three lines: eigenvalues, trace and density of the Hessian.

Each function here joins an operator (`products`) to an algorithm (`lanczos`, `trace`, `spectrum`,
`_layer_trace`), all modules of this package. Use those to ask one operator several things.
"""

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from coursekit.curvature._custom import custom_functions
from coursekit.curvature._layer_trace import ggn_trace, per_example_trace
from coursekit.curvature._piecewise import why_not_piecewise_linear
from coursekit.curvature._rough import LEAST_TOL, by_way_of, has_tensor_cores, rough_operator
from coursekit.curvature._symmetry import check_symmetry
from coursekit.curvature._taps import NoLayerRoute
from coursekit.curvature._twice import named_failure
from coursekit.curvature.lanczos import Eigenpairs, lanczos_eigenvalues
from coursekit.curvature.products import gradient_and_product, hessian_operator
from coursekit.curvature.spectrum import SpectralDensity, spectral_density
from coursekit.curvature.trace import TraceEstimate, flagged, hutchinson_trace, hutchpp_trace
from coursekit.gradients.batches import (
    Batch,
    BatchLoss,
    Data,
    Loss,
    num_examples,
    slice_batch,
)
from coursekit.gradients.objective import Objective, opened

TRACE_METHODS = ("auto", "exact", "per_example", "hutchinson", "hutch++")
MAX_OUTPUTS = 100  # outputs per example up to which "auto" takes the exact route


def hessian_eigenvalues(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    k: int = 1,
    *,
    which: str = "LA",
    tol: float = 1e-4,
    start: Tensor | None = None,
    confirm_hvps: int = 0,
    max_hvps: int = 1000,
    method: str = "auto",
    chunk_size: int | None = None,
    rough_first: bool = True,
    rng: torch.Generator | None = None,
) -> Eigenpairs:
    """Find the k most extreme eigenvalues of the Hessian of the mean loss over the data.

    While training, pass the `vectors` of the last measurement as `start`: it takes less than half
    the products.

    Args:
        model: An Objective, or a model in the mode to measure in; it is not changed.
        loss_fn: Mean loss, `loss_fn(output, target)` or a BatchLoss.
        data: A batch or an iterable of batches. On a sub-sample the largest eigenvalue is biased
            upwards.
        k: Number of eigenvalues.
        which: "LA" largest, "SA" smallest, "LM" largest absolute value.
        tol: Residual to reach, as a fraction of the largest absolute eigenvalue.
        start: Vectors of a nearby point, shape (num_params,) or (num_params, j).
        confirm_hvps: As for `lanczos_eigenvalues`.
        max_hvps: Products with the Hessian at most.
        method: As for `hessian_operator`.
        chunk_size: As for `hessian_operator`.
        rough_first: On a GPU with tensor cores, for one eigenvalue to a tol of 5e-3 or more: come
            near by products that are rounded to TF32 (10 bits, a third of the time), and take
            value and residual from float32 products at the end. False: float32 from the start.
        rng: Source of the first vector; None: a new generator seeded 0.

    Returns:
        Values, residuals, vectors, products taken; see `lanczos_eigenvalues`.

    Raises:
        ValueError: As for `hessian_operator` and `lanczos_eigenvalues`.
    """
    op = hessian_operator(model, loss_fn, data, method=method, chunk_size=chunk_size)
    asked: dict[str, Any] = {"which": which, "tol": tol, "max_hvps": max_hvps}
    asked["confirm_hvps"] = confirm_hvps
    if rough_first and k == 1 and start is None and tol >= LEAST_TOL and has_tensor_cores(op):
        return by_way_of(rough_operator(op), op, rng=rng, **asked)
    return lanczos_eigenvalues(op, k, start=start, rng=rng, **asked)


def hessian_trace(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    method: str = "auto",
    num_probes: int | None = None,
    rel_stderr: float = 0.05,
    max_probes: int = 100,
    chunk_size: int | None = None,
    rng: torch.Generator | None = None,
) -> TraceEstimate:
    """Compute or estimate the trace of the Hessian of the mean loss by the best method there is.

    "exact" (`ggn_trace`): networks that are piecewise linear in each single weight; (1 + outputs)/3
        gradients, no random error.
    "per_example" (`per_example_trace`): any activation, layers of `gradients._layer_rules`; from
        about 2 gradients, error falling like 1/sqrt(num_examples).
    "hutchinson", "hutch++": any twice differentiable loss; tens of products.

    Args:
        model: An Objective, or a model in the mode to measure in; it is not changed.
        loss_fn: Mean loss, `loss_fn(output, target)` or a BatchLoss. Only the first form shows
            the output, which "exact" needs.
        data: A batch or an iterable of batches.
        method: One of these, or "auto": the first that applies ("exact" up to 100 outputs per
            example); `method` and `reason` of the result tell which and why.
        num_probes: Random probes; products in all for "hutch++" (default 30). None: as many as
            rel_stderr takes.
        rel_stderr: Standard error wanted, as a fraction of the trace.
        max_probes: At most so many where num_probes is None. Where more are needed it stops, often
            early, and `reason` says how many (see `hutchinson_trace`).
        chunk_size: Examples per pass; None: chosen by memory.
        rng: Source of the random signs; None: a new generator seeded 0.

    Returns:
        The trace for these very examples; stderr covers the random probes only, not the choice of
        examples. At the kinks of ReLU the second derivative counts as 0.

    Raises:
        ValueError: If the chosen method does not apply, or the loss has no Hessian of its own
            (see `hessian_operator`).
    """
    if method not in TRACE_METHODS:
        raise ValueError(f"method must be one of {', '.join(TRACE_METHODS)}, got {method!r}")
    with opened(model, loss_fn, data, chunk_size=chunk_size) as objective:
        objective.refuse_changing_data(ordered=False)
        with named_failure():
            found = _trace_by_layers(objective, method, num_probes, rel_stderr, max_probes, rng)
        if isinstance(found, TraceEstimate):
            return flagged(found, rel_stderr) if num_probes is None else found
        op = hessian_operator(objective)
    if method == "hutch++":
        return hutchpp_trace(op, num_hvps=30 if num_probes is None else num_probes, rng=rng)
    estimate = hutchinson_trace(
        op, num_probes=num_probes, rel_stderr=rel_stderr, max_probes=max_probes, rng=rng
    )
    return replace(estimate, reason="; ".join(filter(None, (found, estimate.reason))))


def _trace_by_layers(
    objective: Objective,
    method: str,
    num_probes: int | None,
    rel_stderr: float,
    max_probes: int,
    rng: torch.Generator | None,
) -> TraceEstimate | str:
    """Return the trace from layers' inputs and outputs, or why it can't be had so."""
    reason = ""
    model, loss_fn, data = objective.model, objective.loss_fn, objective.same_data
    chunk_size = objective.chunk_size
    if method in ("exact", "per_example") and objective.unit != "examples":
        raise ValueError(
            f"method={method!r} averages over examples, but the loss is a mean over "
            f"{objective.unit}; use method='hutchinson'"
        )
    if objective.unit != "examples":
        return f"the loss is a mean over {objective.unit}, and layers' traces average over examples"
    if method in ("auto", "exact", "per_example"):
        _check_custom_functions(objective)
    if method in ("auto", "exact"):
        first = next(objective.batches())
        params: list[Tensor] = list(objective.weights.values())
        reason = why_not_exact(model, loss_fn, first, params, any_size=method == "exact")
        if reason and method == "exact":
            raise ValueError(f"no exact trace: {reason}; use another method, or 'auto'")
        if not reason and not isinstance(loss_fn, BatchLoss):
            try:
                return ggn_trace(model, loss_fn, data, chunk_size=chunk_size)
            except NoLayerRoute as error:
                if method == "exact":
                    raise
                reason = str(error)
    if method in ("auto", "per_example"):
        try:
            found = per_example_trace(
                model,
                objective.loss,
                data,
                num_probes=num_probes,
                rel_stderr=rel_stderr,
                max_probes=max_probes,
                chunk_size=chunk_size,
                rng=rng,
            )
            return replace(found, reason="; ".join(filter(None, (reason, found.reason))))
        except NoLayerRoute as error:
            if method == "per_example":
                raise
            reason = str(error)
    return reason


def _check_custom_functions(objective: Objective) -> None:
    """Raise ValueError if autograd.Functions in the loss have no right second derivative.

    Where a matrix is not symmetric, or not that of differences, its diagonal is not right either.
    """
    first = next(objective.batches())
    few = slice_batch(first, 0, min(4, num_examples(first)))
    if custom_functions(objective, few):
        check_symmetry(
            objective, few, lambda batch: lambda v: gradient_and_product(objective, batch, v)[1]
        )


def why_not_exact(
    model: nn.Module, loss_fn: Loss, batch: Batch, params: list[Tensor], *, any_size: bool
) -> str:
    """Return why the trace of the Hessian does not follow from the network's output, or ""."""
    if isinstance(loss_fn, BatchLoss):
        return "a BatchLoss hides the network's output"
    with torch.enable_grad():
        output = model(slice_batch(batch, 0, 1)[0])
    if not isinstance(output, Tensor):
        return f"the model returns a {type(output).__name__}, not one tensor"
    if output.numel() > MAX_OUTPUTS and not any_size:
        return f"{output.numel()} outputs per example would take as many backward passes"
    return why_not_piecewise_linear(output, params)


def hessian_spectrum(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    num_probes: int = 8,
    num_steps: int = 60,
    rel_width: float = 0.01,
    method: str = "auto",
    chunk_size: int | None = None,
    rng: torch.Generator | None = None,
) -> SpectralDensity:
    """Estimate the density of the Hessian's eigenvalues; num_probes * num_steps products.

    Args:
        model: An Objective, or a model in the mode to measure in; it is not changed.
        loss_fn: Mean loss, `loss_fn(output, target)` or a BatchLoss.
        data: A batch or an iterable of batches.
        num_probes: Random start vectors.
        num_steps: Products per start vector.
        rel_width: Width of the smoothing, as a fraction of the eigenvalues' range.
        method: As for `hessian_operator`.
        chunk_size: As for `hessian_operator`.
        rng: Source of the start vectors; None: a new generator seeded 0.

    Returns:
        Density with its standard error; see `spectral_density`.

    Raises:
        ValueError: As for `hessian_operator` and `spectral_density`.
    """
    op = hessian_operator(model, loss_fn, data, method=method, chunk_size=chunk_size)
    return spectral_density(
        op, num_probes=num_probes, num_steps=num_steps, rel_width=rel_width, rng=rng
    )
