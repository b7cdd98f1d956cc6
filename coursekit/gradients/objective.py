"""The one door: model, mean loss, data and all that is true of them, checked once.

    objective = Objective(model, loss_fn, data, params="*.attn.*", count="tokens")
    hessian_eigenvalues(objective, k=3)

Every estimator takes an Objective, or (model, loss_fn, data), from which it makes one.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import torch
from torch import nn

from coursekit.gradients._foreign import refuse_foreign
from coursekit.gradients._forms import chosen_params, told_apart
from coursekit.gradients._hooks import refuse_changing_hooks
from coursekit.gradients._leaves import refuse_written, versions
from coursekit.gradients._memory import work_through
from coursekit.gradients._still import StillModel, plain_model, weights_unmoved
from coursekit.gradients._users_loss import UsersLoss
from coursekit.gradients._walks import Walks
from coursekit.gradients.batches import (
    Batch,
    BatchLoss,
    Data,
    Loss,
    brought_to,
    check_chunk_size,
    cut_batch,
    map_tensors,
    num_examples,
    slice_batch,
)
from coursekit.gradients.checks import (
    check_mean_loss,
    refuse_batch_norm,
    refuse_dropout,
)
from coursekit.gradients.counts import Count, as_count, checked_count
from coursekit.gradients.precision import observed_eps

T = TypeVar("T")


@dataclass(frozen=True, eq=False)
class Objective:
    """The mean loss of a model over data, as a function of some of its parameters.

    Building one checks it: a ValueError names what can't be measured, and the remedy.

    Attributes:
        model: The plain module, also where torch.compile or DistributedDataParallel wrapped it;
            in the mode to measure in.
        loss_fn: Mean loss, `loss_fn(output, target)`, or a BatchLoss.
        data: A batch, or an iterable of batches that gives the same ones on every walk.
        params: Which parameters: a pattern such as "*.bias", several, or a function of the name;
            None: all that require gradients.
        count: What the mean is over: "examples", "tokens" (targets other than -100), or a function
            of the batch. Chunks weigh by it.
        device: Where batches are moved; None: the parameters' device.
        chunk_size: Examples per pass at most; None: each estimator measures how many fit.
        weights: The parameters by name, in the order of every flat vector.
        loss: The same loss as a BatchLoss that checks what it returns, leaves buffers alone and
            says in one sentence what went wrong in it.
        eps: Relative rounding of what it computes with: of the type, of TF32, or of autocast.
        layer_plans: How layers give per-example gradients, once `norms` has found that out.
    """

    model: nn.Module
    loss_fn: Loss
    data: Data
    params: str | Sequence[str] | Callable[[str], bool] | None = None
    count: str | Count = "examples"
    device: torch.device | None = None
    chunk_size: int | None = None
    weights: dict[str, nn.Parameter] = field(init=False, repr=False)
    loss: BatchLoss = field(init=False, repr=False)
    eps: float = field(init=False, repr=False)
    _still: StillModel = field(init=False, repr=False)
    _walks: Walks = field(init=False, repr=False)
    _counter: list[Count] = field(init=False, repr=False, default_factory=list)
    layer_plans: list[Any] = field(init=False, repr=False, default_factory=list)

    def __post_init__(self) -> None:
        set_field = lambda name, value: object.__setattr__(self, name, value)  # noqa: E731
        check_chunk_size(self.chunk_size)
        set_field("model", plain_model(self.model))
        refuse_foreign(self.model)
        set_field("weights", chosen_params(self.model, self.params))
        weights = list(self.weights.values())
        if len(devices := {p.device for p in weights}) > 1:
            raise ValueError(
                f"the measured parameters lie on several devices "
                f"({', '.join(sorted(map(str, devices)))}); bring the model to one, or choose "
                f"those of one device (params=)"
            )
        set_field("device", torch.device(self.device or weights[0].device))
        set_field("_still", StillModel(self.model, weights))
        set_field("loss", BatchLoss(UsersLoss(self.loss_fn, self._still)))
        with self.held(), weights_unmoved(self.model):
            self._check()

    def _check(self) -> None:
        """Look at the first batch: form, count, mean, randomness, precision."""
        object.__setattr__(self, "data", told_apart(self.data, self.model, self.loss, self.device))
        object.__setattr__(self, "_walks", Walks(self.data))
        first = brought_to(self.device, self._walks.first_batch())
        few = map_tensors(torch.clone, slice_batch(first, 0, min(2, num_examples(first))))
        before = versions(few)
        with torch.no_grad(), observed_eps(self.model) as eps:
            value = self.loss(self.model, few)
        refuse_written(few, before)
        # A float64 model may compute its loss in float32, as those of transformers do.
        object.__setattr__(self, "eps", max(eps(), float(torch.finfo(value.dtype).eps)))
        self._counter.append(as_count(self.count, self.model, self.loss, first))
        self._check_batch(first)
        with self._still.hooks_in_place():
            refuse_changing_hooks(self.model, self.loss, few, list(self.weights.values()))

    def _check_batch(self, batch: Batch) -> None:
        check_mean_loss(self.model, self.loss, batch, count=self._counter[0], eps=self.eps)

    @property
    def dtype(self) -> torch.dtype:
        """The first measured parameter's type."""
        return next(iter(self.weights.values())).dtype

    @property
    def num_params(self) -> int:
        """How many numbers are measured."""
        return sum(p.numel() for p in self.weights.values())

    @property
    def unit(self) -> str:
        """What the mean is over: "examples", "tokens", or the name of the counting function."""
        if isinstance(self.count, str):
            return self.count
        return getattr(self.count, "__name__", "counts")

    def count_of(self, batch: Batch) -> float:
        """Return how much a batch weighs; 0 is refused, since a mean over nothing is 0/0."""
        value = checked_count(self._counter[0], batch)
        if value == 0:
            raise ValueError(
                "a chunk counts 0 (an empty mask, or padding alone): its mean loss is 0/0; leave "
                "such examples out"
            )
        return value

    def weight_of(self, batch: Batch) -> float:
        """Return how much a batch weighs; 0 for an example that holds padding alone."""
        return checked_count(self._counter[0], batch)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the model still: buffers, modes, random state and flags come back bit for bit.

        Backward hooks do not run meanwhile.

        Raises:
            ValueError: If BatchNorm or dropout has been put into train mode.
        """
        refuse_batch_norm(self.model)
        refuse_dropout(self.model)
        with self._still.held():
            yield

    def after_pass(self) -> None:
        """Undo what a forward pass did to buffers; `loss` does it by itself."""
        self._still.after_pass()

    def batches(self, *, ordered: bool = True) -> Iterator[Batch]:
        """Walk the data, on the device; the first walk checks more batches, later ones compare.

        Args:
            ordered: Whether the batches must come in the order of the first walk; for sums over
                the data it is enough that the same examples come.

        Raises:
            ValueError: If a later walk is not what the first was.
        """
        first = not self._walks.finished
        index, batch = -1, None
        for index, raw in enumerate(self._walks.walk(ordered=ordered)):
            batch = brought_to(self.device, raw)
            looked_at = index & (index + 1) == 0  # 1, 3, 7, 15, ...; the door saw the first
            if first and index and looked_at:
                self._check_batch(batch)
            yield batch
        if first and index > 0:
            self._check_batch(batch)

    def as_given(self) -> Iterator[Batch]:
        """Walk the data where they lie, in whatever order they come.

        Raises:
            ValueError: If looking at the first batch has used it up.
        """
        yield from self._walks.walk(ordered=False)

    def chunks(self, chunk_size: int | None = None, *, ordered: bool = True) -> Iterator[Batch]:
        """Walk the data in chunks of at most so many examples, on the device."""
        for batch in self.batches(ordered=ordered):
            yield from cut_batch(batch, chunk_size or self.chunk_size)

    def each(
        self, work: Callable[[Batch], T], chunk_size: int | None = None
    ) -> Iterator[tuple[float, T]]:
        """Do some work on every chunk, for a sum; yield each chunk's weight and what it gave.

        Where memory runs out the chunk is halved, and so are those after it.
        """
        size = chunk_size or self.chunk_size
        for batch in self.batches(ordered=False):
            for chunk, found, fitted in work_through(work, batch, size):
                size = fitted if size is None or fitted < size else size
                yield self.count_of(chunk), found

    @property
    def same_data(self) -> Data:
        """The data, compared with the first walk on each later one, to be walked like it."""
        if self._walks.fixed:
            return self.data
        return _SameExamples(self)

    def refuse_changing_data(self, *, ordered: bool = True) -> None:
        """Raise ValueError for data that differ between walks; for whoever walks several times.

        Args:
            ordered: Whether a DataLoader that only shuffles is refused too.
        """
        with self.held():
            self._walks.refuse_changing(ordered=ordered)


@contextmanager
def opened(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    chunk_size: int | None = None,
) -> Iterator[Objective]:
    """Make (model, loss_fn, data) an Objective, or take one as it is, and hold its model still.

    Raises:
        ValueError: If an Objective comes with a loss or data of its own, or a model without.
    """
    objective = as_objective(model, loss_fn, data, chunk_size=chunk_size)
    with objective.held():
        yield objective


def as_objective(
    model: nn.Module | Objective,
    loss_fn: Loss | None = None,
    data: Data | None = None,
    *,
    chunk_size: int | None = None,
) -> Objective:
    """Return (model, loss_fn, data) as an Objective; one that is given comes back as it is."""
    check_chunk_size(chunk_size)
    if isinstance(model, Objective):
        if loss_fn is not None or data is not None:
            raise ValueError("an Objective has its own loss and data; give it alone")
        return model if chunk_size is None else _with_chunk_size(model, chunk_size)
    if loss_fn is None or data is None:
        raise ValueError("give a model, a loss_fn and data, or one Objective")
    return Objective(model, loss_fn, data, chunk_size=chunk_size)


def _with_chunk_size(objective: Objective, chunk_size: int) -> Objective:
    """Return the same objective with another chunk size, without checking it again."""
    other = object.__new__(Objective)
    other.__dict__.update(objective.__dict__)
    object.__setattr__(other, "chunk_size", chunk_size)
    return other


class _SameExamples:
    """The batches of an objective, whose examples are compared on each walk."""

    def __init__(self, objective: Objective) -> None:
        self._objective = objective

    def __iter__(self) -> Iterator[Batch]:
        return self._objective.batches(ordered=False)
