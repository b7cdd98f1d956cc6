"""Walk the data through a planned layer pass: norms, sums and pieces, chunk by chunk.

Every chunk is held to the plan; a misfit starts the walk again with one backward pass an example.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from coursekit.gradients._alone import check_independence, gradient_of, squared_norm, tolerance
from coursekit.gradients._layer_pass import LayerPass, Rerouted
from coursekit.gradients._layer_plan import full_precision, make_plan
from coursekit.gradients._memory import examples_that_fit, weight_bytes_of, work_through
from coursekit.gradients._pieces import Piece, bytes_of
from coursekit.gradients.batches import Batch, cut_batch, num_examples, slice_batch
from coursekit.gradients.minibatch import flatten
from coursekit.gradients.objective import Objective

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
    if not isinstance(direction, Tensor):
        raise ValueError(f"direction must be a tensor, got a {type(direction).__name__}")
    if direction.shape != (objective.num_params,):
        raise ValueError(
            f"direction must have shape ({objective.num_params},), one entry per trainable "
            f"parameter, got {tuple(direction.shape)}"
        )
    params = objective.weights
    pieces = direction.split([p.numel() for p in params.values()])
    pairs = zip(params.items(), pieces, strict=True)
    return {n: v.to(_zeros_like(p.flatten()[:0])).view_as(p) for (n, p), v in pairs}


def _dots(objective: Objective, direction: Tensor) -> Tensor:
    vectors = _split(objective, direction)

    def of_chunk(walk: _Walk, chunk: Batch) -> Callable[[], Tensor]:
        dots = walk.ghost.dots(chunk, vectors)
        return lambda: dots

    walk = _walk(objective, of_chunk, verified=False)
    return _shares(torch.cat(walk.found), torch.cat(walk.counts))


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
            ghost = _planned(objective, batch, one_by_one, verified=verified)
            walk = _Walk(ghost, room=room)
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


def _planned(objective: Objective, batch: Batch, one_by_one: bool, *, verified: bool) -> LayerPass:
    """Return a pass by the plan that an earlier walk made, or by a new one.

    A walk that will be verified needs the norm of one example as the model now stands.
    """
    model, loss, weigh = objective.model, objective.loss, objective.weight_of
    known = objective.layer_plans[-1:]
    if known and (known[0].one_by_one or not one_by_one):
        plan = known[0]
        if verified:
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
        return torch.ones(num_examples(chunk), dtype=torch.float64, device="cpu")
    each = [objective.weight_of(example) for example in cut_batch(chunk, 1)]
    return torch.tensor(each, dtype=torch.float64, device="cpu")


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
