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
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn

from coursekit.gradients._alone import check_independence, gradient_of, squared_norm, tolerance
from coursekit.gradients._layer_pass import LayerPass, Rerouted
from coursekit.gradients._layer_plan import full_precision, make_plan
from coursekit.gradients._memory import examples_that_fit, weight_bytes_of, work_through
from coursekit.gradients._pieces import Piece, bytes_of
from coursekit.gradients.batches import Batch, Data, Loss, cut_batch, num_examples, slice_batch
from coursekit.gradients.counts import Count
from coursekit.gradients.minibatch import flatten
from coursekit.gradients.objective import Objective, opened

CACHE_BYTES = 2**23  # layers' inputs and outputs of one chunk: a CPU wants them in its cache
KEEP_BYTES = {"cpu": 2**28, "cuda": 2**32}  # pieces of all data, kept for a second look


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
        if chunk_size is not None and chunk_size < 1:
            raise ValueError(f"chunk_size must be >= 1, got {chunk_size}")
        model = Objective(model, loss_fn, data, count=count, chunk_size=chunk_size)  # type: ignore[arg-type]
        loss_fn = data = None
    elif count != "examples":
        raise ValueError("an Objective has its own count; give it alone")
    with opened(model, loss_fn, data, chunk_size=chunk_size) as objective:
        yield objective


@dataclass(frozen=True)
class Measured:
    """Norms of all examples, with what a product of their gradients with a vector needs."""

    norms: PerExampleNorms
    kept: bool  # the layers' inputs and gradients are still there
    dots: Callable[[Tensor], Tensor]  # v -> g_n . v


@dataclass
class _Walk:
    """What one walk through the data has found so far."""

    ghost: LayerPass
    found: list[Tensor] = field(default_factory=list)
    counts: list[Tensor] = field(default_factory=list)
    sums: dict[str, Tensor] = field(default_factory=dict)
    pieces: list[dict[str, list[Piece]]] | None = None  # of each chunk, while there is room
    room: float = 0.0

    def keep(self, pieces: dict[str, list[Piece]]) -> None:
        """Hold on to a chunk's pieces, or give up all of them where they do not fit."""
        self.room -= sum(bytes_of(piece) for of_name in pieces.values() for piece in of_name)
        if self.room < 0:
            self.pieces = None
        if self.pieces is not None:
            self.pieces.append(pieces)


def measure(objective: Objective, *, keep: bool = False) -> Measured:
    """Measure norms as `per_example_norms` does, ready for products with a vector.

    With `keep` the pieces of all chunks stay in memory if they fit there, and a product then
    costs no second pass.
    """
    limit = KEEP_BYTES.get(next(iter(objective.weights.values())).device.type, KEEP_BYTES["cpu"])

    def of_chunk(walk: _Walk, chunk: Batch) -> Callable[[], Tensor]:
        norms, sums, pieces = walk.ghost.norms(chunk)

        def accept() -> Tensor:
            for name, total in sums.items():
                walk.sums[name] = walk.sums[name].add_(total) if name in walk.sums else total
            walk.keep(pieces)
            return norms

        return accept

    walk = _walk(objective, of_chunk, room=limit if keep else 0)
    plan = walk.ghost.plan
    counts = torch.cat(walk.counts)
    sq_norms = _shares(torch.cat(walk.found), counts.square())
    zeros = {name: _zeros_like(p) for name, p in objective.weights.items()}
    sums = [walk.sums.get(name, zero) for name, zero in zeros.items()]
    norms = PerExampleNorms(
        sq_norms,
        flatten([s.detach() for s in sums]) / counts.sum().item(),
        2.0 if plan.one_by_one or plan.by_layer else 1.0,
        tuple(objective.weights) if plan.one_by_one else tuple(plan.made),
        None if objective.unit == "examples" else counts,
        objective.unit,
        max(objective.eps, plan.eps),
    )

    def dots(direction: Tensor) -> Tensor:
        if walk.pieces is None:
            return _dots(objective, direction)
        vectors = _split(objective, direction)
        pairs = zip(walk.pieces, walk.counts, strict=True)
        found = [walk.ghost.dots_of(pieces, vectors, len(c)) for pieces, c in pairs]
        return _shares(torch.cat(found), counts)

    return Measured(norms, walk.pieces is not None, dots)


def _shares(values: Tensor, counts: Tensor) -> Tensor:
    """Divide by counts; what counts nothing has nothing."""
    return torch.where(counts > 0, values / counts.clamp(min=1e-300), 0.0)


def _zeros_like(p: Tensor) -> Tensor:
    """Return a sum to add to: in single precision at least."""
    half = p.dtype in (torch.float16, torch.bfloat16)
    return torch.zeros_like(p, dtype=torch.float32 if half else p.dtype)


def _split(objective: Objective, direction: Tensor) -> dict[str, Tensor]:
    """Cut a flat vector into the parameters' shapes."""
    if direction.shape != (objective.num_params,):
        raise ValueError(
            f"direction must have shape ({objective.num_params},), one entry per trainable "
            f"parameter, got {tuple(direction.shape)}"
        )
    params = objective.weights
    like = _zeros_like(next(iter(params.values())).flatten()[:0])
    pieces = direction.to(like).split([p.numel() for p in params.values()])
    return {n: v.view_as(p) for (n, p), v in zip(params.items(), pieces, strict=True)}


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


def _dots(objective: Objective, direction: Tensor) -> Tensor:
    vectors = _split(objective, direction)

    def of_chunk(walk: _Walk, chunk: Batch) -> Callable[[], Tensor]:
        dots = walk.ghost.dots(chunk, vectors)
        return lambda: dots

    walk = _walk(objective, of_chunk, verified=False)
    return _shares(torch.cat(walk.found), torch.cat(walk.counts))


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


def _walk(
    objective: Objective,
    of_chunk: Callable[[_Walk, Batch], Callable[[], Tensor]],
    *,
    verified: bool = True,
    room: float = 0.0,
) -> _Walk:
    """Plan on the first examples, and walk the data in chunks.

    `of_chunk` changes nothing; what it returns is called once the chunk has been accepted, and
    gives one number per example. A chunk that does not fit the plan starts the walk again with one
    backward pass per example; one that does not fit the memory is halved.
    """
    one_by_one = False
    while True:
        try:
            return _walked(objective, of_chunk, verified, room, one_by_one)
        except Rerouted:
            one_by_one = True


def _walked(
    objective: Objective,
    of_chunk: Callable[[_Walk, Batch], Callable[[], Tensor]],
    verified: bool,
    room: float,
    one_by_one: bool,
) -> _Walk:
    walk: _Walk | None = None
    size = objective.chunk_size
    for batch in objective.batches():
        if walk is None:
            walk = _Walk(_planned(objective, batch, one_by_one), room=room)
            if room and not walk.ghost.plan.one_by_one:
                walk.pieces = []
            size = size or examples_that_fit(
                walk.ghost.plan.bytes_per_example,
                next(iter(objective.weights.values())).device,
                weight_bytes=weight_bytes_of(objective.weights.values()),
                cache_bytes=CACHE_BYTES,
            )

        def work(chunk: Batch, walk: _Walk = walk) -> Callable[[], Tensor]:
            return of_chunk(walk, chunk)

        for chunk, accept, fitted in work_through(work, batch, size):
            size = min(size or fitted, fitted)
            norms = accept()
            walk.found.append(norms)
            walk.counts.append(_counts(objective, chunk).to(norms.device))
            if verified and len(walk.found) == 1:
                _verify_first(walk.ghost, chunk, norms)
            elif verified and len(walk.found).bit_count() == 1:  # the 2nd, 4th, 8th ...
                _verify(walk.ghost, chunk, norms, 0)
    assert walk is not None
    if verified and len(walk.found) > 1:
        _verify(walk.ghost, chunk, walk.found[-1], num_examples(chunk) - 1)
    return walk


def _planned(objective: Objective, batch: Batch, one_by_one: bool) -> LayerPass:
    """Return a pass by the plan that an earlier walk made, or by a new one."""
    model, loss, weigh = objective.model, objective.loss, objective.weight_of
    known = objective.layer_plans[-1:]
    if known and (known[0].one_by_one or not one_by_one):
        plan = known[0]
        example = slice_batch(batch, plan.first, plan.first + 1)
        with full_precision(model):
            grads = gradient_of(model, loss, example, weigh(example))
        plan = replace(plan, sq_norm=squared_norm(grads))
    else:
        plan = make_plan(model, loss, batch, weigh, one_by_one=one_by_one)
        objective.layer_plans.append(plan)
    return LayerPass(model, loss, plan, weigh, eps=max(plan.eps, objective.eps))


def _counts(objective: Objective, chunk: Batch) -> Tensor:
    """Return each example's weight in the mean, float64."""
    if objective.unit == "examples":
        return torch.ones(num_examples(chunk), dtype=torch.float64)
    each = [objective.weight_of(example) for example in cut_batch(chunk, 1)]
    return torch.tensor(each, dtype=torch.float64)


def _verify_first(ghost: LayerPass, chunk: Batch, sq_norms: Tensor) -> None:
    """Check the norm of the first example, which was measured alone when the plan was made.

    Where its gradient is too small to tell, the last example is measured alone too.
    """
    total, first = num_examples(chunk), ghost.plan.first
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
        expected = squared_norm(grads)
    noise = 10 * ghost.eps * sq_norms.max().item()
    if abs(sq_norms[i].item() - expected) <= tolerance(ghost.eps) * expected + noise:
        return
    check_independence(ghost.model, ghost.loss, chunk, ghost.weigh, ghost.eps)
    raise Rerouted(f"example {i} has another norm inside a batch")
