"""Is this step stable? Curvature along the steps that training takes, cheap for large models."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coursekit.curvature._assembly import GRADS_PER_HVP, known_size
from coursekit.curvature._symmetry import check_symmetry
from coursekit.curvature.landscape import Landscape, landscape
from coursekit.curvature.products import gradient_and_product
from coursekit.gradients.batches import (
    Batch,
    Data,
    Loss,
    is_one_batch,
    num_examples,
    select_examples,
    slice_batch,
)
from coursekit.gradients.objective import Objective, opened

MOST_DOUBLINGS = 60


@dataclass(frozen=True)
class CriticalSharpness:
    """Twice the inverse of the step at which the loss begins to rise along an update."""

    value: float  # 2/eta_c, loss/param^2 along a gradient; nan where reason says why
    low: float  # the loss has risen at the step 2/low
    high: float  # it has not at the step 2/high, so value lies between
    step: float  # eta_c, the factor on the update
    loss: float  # at the weights themselves
    num_passes: int  # forward passes over the data
    cost: float  # gradients over the data (a loss alone counts 1/3)
    reason: str = ""  # why value is nan


@dataclass(frozen=True)
class BatchSharpness:
    """The curvature of mini-batches' own losses along their own gradients."""

    value: float  # loss/param^2
    stderr: float  # over batches
    threshold: float  # 2/lr; nan without lr
    batch_size: int  # examples; the largest, where batches differ
    num_batches: int
    cost: float  # gradients over the data, about

    @property
    def ratio(self) -> float:
        """Value / threshold: SGD hovers at 1, the edge of stochastic stability."""
        return self.value / self.threshold


def critical_sharpness(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    update: Tensor | None = None,
    start: float | None = None,
    rel_tol: float = 0.05,
    chunk_size: int | None = None,
) -> CriticalSharpness:
    """Find the step along an update at which the loss stops falling, by forward passes alone.

        lambda_c = 2/eta_c,     eta_c: smallest eta with L(w - eta u) > L(w)
        on a quadratic:  lambda_c = u'Hu / g'u,  along the gradient  g'Hg / |g|^2

    The step is doubled or halved until the loss rises at its end and not at half of it; then that
    interval is halved. No second derivative is taken, so it works under fused attention and
    compiled code, about ten passes in all.

    Args:
        model: An Objective, or a model in the mode to measure in.
        loss_fn: Mean loss, `loss_fn(output, target)` or a BatchLoss.
        data: A batch or an iterable of batches.
        update: u, what the optimizer subtracts for lr = 1, shape (num_params,); None: the gradient
            of this data.
        start: First step tried, such as the lr or the last `step`; None: L / g'u, at which a line
            along the slope would reach 0.
        rel_tol: Width of the interval for value, as a fraction of it.
        chunk_size: Examples per pass at most.

    Returns:
        The value with the interval in which it was found. It is the curvature along ONE direction:
        far below lambda_max where the update does not point along the sharpest one, close to it
        at the edge of stability. A loss that falls, rises and falls again has several such steps.

    Raises:
        ValueError: As for `landscape`, or for impossible settings.

    Source: Kalra et al. 2026, arXiv:2601.16979.
    """
    if not rel_tol > 0:
        raise ValueError(f"rel_tol must be > 0, got {rel_tol}")
    if start is not None and not start > 0:
        raise ValueError(f"start must be > 0, got {start}")
    with landscape(model, loss_fn, data, chunk_size=chunk_size) as land:
        if update is not None and update.shape != land.centre.shape:
            raise ValueError(
                f"update must have shape {tuple(land.centre.shape)}, one entry per parameter, got "
                f"{tuple(update.shape)}"
            )
        if update is None or start is None:
            loss, gradient = land.loss_and_gradient()
            update = gradient if update is None else update.to(gradient)
            slope = torch.dot(gradient.double(), update.double()).item()
        else:
            loss, slope = land.loss(), math.nan
            update = update.to(land.centre)
        return _bisected(land, loss, slope, update, start, rel_tol)


def _bisected(
    land: Landscape, loss: float, slope: float, update: Tensor, start: float | None, rel_tol: float
) -> CriticalSharpness:
    """Bracket the step at which the loss rises, then halve the bracket."""
    passes = 1

    def rises(step: float) -> bool:
        nonlocal passes
        passes += 1
        return not land.loss(-step * update) <= loss  # nan counts as risen

    def unresolved(reason: str, high: float) -> CriticalSharpness:
        return CriticalSharpness(math.nan, 0.0, high, math.nan, loss, passes, land.cost, reason)

    if slope <= 0 or not update.any():
        return unresolved(
            f"the loss does not fall along the update at first (slope {-slope:.3g})", math.inf
        )
    step = start if start is not None else abs(loss) / slope or 1 / slope
    falls, above = 0.0, math.inf
    for _ in range(MOST_DOUBLINGS):
        if rises(step):
            above = step
            step = (falls + above) / 2 if falls else above / 2
        else:
            falls = step
            step = 2 * falls if math.isinf(above) else (falls + above) / 2
        if falls and above - falls <= rel_tol * falls:
            break
    if math.isinf(above):
        return unresolved(f"the loss has not risen up to {falls:.3g} times the update", 2 / falls)
    if not falls:
        return unresolved(
            f"the loss rises at {above:.3g} times the update already: below that it is rounding",
            math.inf,
        )
    middle = (falls + above) / 2
    return CriticalSharpness(2 / middle, 2 / above, 2 / falls, middle, loss, passes, land.cost)


def batch_sharpness(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    batch_size: int | None = None,
    num_batches: int = 32,
    lr: float = math.nan,
    rng: torch.Generator | None = None,
) -> BatchSharpness:
    """Measure the mean curvature of a mini-batch's loss along that mini-batch's gradient.

        E[g_B' H_B g_B] / E[g_B' g_B]      (g_B, H_B: gradient and Hessian of one batch's mean loss)

    Under mini-batch SGD it is this that settles at 2/lr, while lambda_max of the whole loss stays
    lower, the lower the smaller the batch.

    Args:
        model: An Objective, or a model in the mode it is trained in.
        loss_fn: Mean loss, `loss_fn(output, target)` or a BatchLoss.
        data: The training set as one batch, from which batches are drawn without replacement
            within each; or an iterable of batches, which are taken as they come.
        batch_size: Examples per batch; needed where data is one batch.
        num_batches: At least 2; of an iterable, at most so many.
        lr: Learning rate, for the threshold 2/lr.
        rng: Source of the batches; None: a new generator seeded 0.

    Returns:
        The ratio of means with its standard error over batches (delta method).

    Raises:
        ValueError: As for `hessian_operator`, or for impossible settings.

    Source: Andreyev and Beneventano 2024, arXiv:2412.20553.
    """
    if num_batches < 2:
        raise ValueError(f"num_batches must be >= 2: one shows no spread, got {num_batches}")
    if lr <= 0:
        raise ValueError(f"lr must be > 0, got {lr}")
    bent: list[float] = []
    squares: list[float] = []
    sizes: list[int] = []
    with opened(model, loss_fn, data) as objective:
        for batch in _drawn(objective, batch_size, num_batches, rng):
            if not sizes:
                few = slice_batch(batch, 0, min(8, num_examples(batch)))
                check_symmetry(
                    objective, few, lambda b: lambda v: gradient_and_product(objective, b, v)[1]
                )
            gradient, product = gradient_and_product(objective, batch)
            bent.append(torch.dot(gradient.double(), product.double()).item())
            squares.append(gradient.double().square().sum().item())
            sizes.append(num_examples(batch))
        total = known_size(objective) or sum(sizes)
    if len(bent) < 2:
        raise ValueError(f"data gave {len(bent)} batch: at least 2 are needed to see a spread")
    above = torch.tensor(bent, dtype=torch.float64, device="cpu")
    below = torch.tensor(squares, dtype=torch.float64, device="cpu")
    value = (above.mean() / below.mean()).item()
    spread = (above - value * below).std().item() / below.mean().item()
    return BatchSharpness(
        value=value,
        stderr=spread / math.sqrt(len(bent)),
        threshold=2 / lr,
        batch_size=max(sizes),
        num_batches=len(bent),
        cost=GRADS_PER_HVP["rebuilt"] * sum(sizes) / total,
    )


def _drawn(
    objective: Objective, batch_size: int | None, num_batches: int, rng: torch.Generator | None
) -> Iterator[Batch]:
    """Draw batches from one large one, or take those that come."""
    if not is_one_batch(objective.data):
        if batch_size is not None:
            raise ValueError("data comes in batches already; leave batch_size out")
        for index, batch in enumerate(objective.batches()):
            if index == num_batches:
                return
            yield batch
        return
    whole = next(objective.batches())
    total = num_examples(whole)
    if batch_size is None or not 1 <= batch_size <= total:
        raise ValueError(f"batch_size must be between 1 and the {total} examples, got {batch_size}")
    rng = torch.Generator().manual_seed(0) if rng is None else rng
    for _ in range(num_batches):
        order = torch.randperm(total, generator=rng, device=rng.device)
        yield select_examples(whole, order[:batch_size])
