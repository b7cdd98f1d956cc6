"""Data and loss in the one form that every measurement uses.

A *batch* is a tensor, or a tuple, list or dict of tensors (nested freely). The first dimension of
its tensors counts examples; one whose first dimension is 1 beside others of N (a causal mask,
position numbers) is shared by all examples and never cut. *Data* is one batch (everything at
once) or an iterable of batches that can be walked more than once: a DataLoader, a list. A *loss*
is the mean over a batch: either `loss_fn(output, target)` for batches (inputs, targets), or
`BatchLoss(fn)` with `fn(model, batch)` for anything else (transformers, several inputs).

What must be refused is found in `coursekit.gradients.checks`.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from coursekit.gradients._leaves import batch_leaves, refuse_layout, refuse_uncuttable, told

Batch = Any  # Tensor, or a nest of tuples, lists and dicts of tensors, examples along dimension 0
Data = Any  # Batch | Iterable[Batch]


@dataclass(frozen=True)
class BatchLoss:
    """A loss in the general form: `fn(model, batch)` gives the MEAN loss over the batch."""

    fn: Callable[[nn.Module, Batch], Tensor]

    def __call__(self, model: nn.Module, batch: Batch) -> Tensor:
        """Return the mean loss of the batch, a scalar tensor."""
        return self.fn(model, batch)


@dataclass(frozen=True)
class OutputLoss(BatchLoss):
    """A loss in two steps: what the model gives for a batch, and the mean loss of that.

        OutputLoss(lambda model, batch: model(**batch).logits, lambda logits, batch: ...)

    It shows the output, which the Gauss-Newton matrix needs.
    """

    fn: Callable[[nn.Module, Batch], Tensor] = field(init=False, repr=False)
    output_of: Callable[[nn.Module, Batch], Any]
    loss_of: Callable[[Any, Batch], Tensor]

    def __post_init__(self) -> None:
        def fn(model: nn.Module, batch: Batch) -> Tensor:
            return self.loss_of(self.output_of(model, batch), batch)

        object.__setattr__(self, "fn", fn)


Loss = Callable[[Tensor, Tensor], Tensor] | BatchLoss


def as_batch_loss(loss_fn: Loss) -> BatchLoss:
    """Return `loss_fn` in the general form loss(model, batch); a BatchLoss comes back unchanged."""
    if isinstance(loss_fn, BatchLoss):
        return loss_fn
    if isinstance(loss_fn, type):
        raise ValueError(f"loss_fn is the class {loss_fn.__name__}; give an instance of it")
    if not callable(loss_fn):
        raise ValueError(f"loss_fn must be callable as loss_fn(output, target), got {loss_fn!r}")

    def loss_of_pair(model: nn.Module, batch: Batch) -> Tensor:
        if not isinstance(batch, tuple | list) or len(batch) != 2:
            raise ValueError(
                f"loss_fn(output, target) needs batches (inputs, targets), got "
                f"{type(batch).__name__}; wrap a loss(model, batch) as BatchLoss(loss)"
            )
        return loss_fn(model(batch[0]), batch[1])

    return BatchLoss(loss_of_pair)


def map_tensors(fn: Callable[[Tensor], Any], batch: Batch) -> Batch:
    """Apply `fn` to every tensor of a batch; what is not a tensor stays as it is."""
    if isinstance(batch, Tensor):
        return fn(batch)
    if isinstance(batch, Mapping):
        mapped = {key: map_tensors(fn, value) for key, value in batch.items()}
        return _same_mapping(batch, mapped)
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):  # a named tuple
        return type(batch)(*(map_tensors(fn, value) for value in batch))
    if isinstance(batch, tuple | list):
        return type(batch)(map_tensors(fn, value) for value in batch)
    return batch


def brought_to(device: torch.device | str | None, batch: Batch) -> Batch:
    """Return a batch on a device; tensors made under inference_mode as copies that graphs take."""

    def brought(t: Tensor) -> Tensor:
        moved = t.to(device)
        return moved.clone() if moved.is_inference() else moved

    return map_tensors(brought, batch)


def _same_mapping(original: Mapping, mapped: dict) -> Mapping:
    """Return `mapped` in the original's type, if that can be made from a dict."""
    if type(original) is dict:
        return mapped
    try:
        return type(original)(mapped)  # type: ignore[call-arg]
    except Exception:  # whatever a foreign type does not like about one dict
        return mapped


def batch_tensors(batch: Batch) -> list[Tensor]:
    """Return the tensors of a batch, in order."""
    return [leaf for _, leaf in batch_leaves(batch) if isinstance(leaf, Tensor)]


def num_examples(batch: Batch) -> int:
    """Return how many examples a batch holds: the first dimension that its tensors share.

    A first dimension of 1 beside others is shared by all examples and does not count.

    Raises:
        ValueError: If there is no tensor with a first dimension, or the tensors disagree.
    """
    tensors = {path: t for path, t in batch_leaves(batch) if isinstance(t, Tensor)}
    for path, t in tensors.items():
        refuse_layout(path, t)
    sizes = {path: len(t) for path, t in tensors.items() if t.dim()}
    if not sizes:
        raise ValueError(
            f"a batch must hold tensors of shape (num_examples, ...), got {told(batch)}; turn "
            f"arrays and lists into tensors (torch.as_tensor), other objects into tuples or dicts"
        )
    several = set(sizes.values()) - {1}
    if len(several) > 1:
        listed = ", ".join(f"{path}: {size}" for path, size in sizes.items())
        raise ValueError(
            f"every tensor of a batch must have one row per example, got first dimensions "
            f"{listed}; what all examples share gets a first dimension of 1, batches of different "
            f"lengths go into a list"
        )
    return several.pop() if several else 1


def slice_batch(batch: Batch, start: int, stop: int) -> Batch:
    """Return examples start to stop - 1 of a batch (views, not copies)."""
    total = num_examples(batch)
    return map_tensors(lambda t: t[start:stop] if _is_cut(t, total) else t, batch)


def select_examples(batch: Batch, index: Tensor) -> Batch:
    """Return the examples at the given positions of a batch (a copy)."""
    total = num_examples(batch)
    return map_tensors(lambda t: t[index.to(t.device)] if _is_cut(t, total) else t, batch)


def _is_cut(t: Tensor, total: int) -> bool:
    """Tell whether a tensor has a row for each of a batch's `total` examples."""
    return t.dim() > 0 and len(t) == total


def is_one_batch(data: Data) -> bool:
    """Tell whether `data` is one batch (tensors at once), as opposed to an iterable of batches.

    A tuple or list with a tensor in it is one batch, so is a tuple of dicts with different keys:
    (X, y), ({"x": X}, y), ({"x": X}, {"y": y}). `Objective` looks closer at a list of tensors.
    """
    if isinstance(data, Tensor | Mapping):
        return True
    if not isinstance(data, tuple | list):
        return False
    if any(isinstance(part, Tensor) for part in data):
        return True
    dicts = [part.keys() for part in data if isinstance(part, Mapping)]
    return isinstance(data, tuple) and len(dicts) == len(data) > 1 and dicts[0] != dicts[1]


def as_batches(data: Data) -> Iterable[Batch]:
    """Return data as an iterable of batches.

    Raises:
        ValueError: If data can be walked only once, is a Dataset without a DataLoader, or no data.
    """
    if isinstance(data, Dataset):
        raise ValueError(
            f"data is a {type(data).__name__} of single examples; wrap it in a DataLoader"
        )
    if is_one_batch(data):
        return [data]
    if not isinstance(data, Iterable) or isinstance(data, str):
        raise ValueError(f"data must be tensors or an iterable of batches, got {told(data)}")
    if isinstance(data, Iterator):
        raise ValueError(
            "data is an iterator, which can be walked only once; pass a list or a DataLoader"
        )
    return data


def check_chunk_size(chunk_size: int | None) -> None:
    """Raise ValueError unless chunk_size is None or a number of examples."""
    if chunk_size is not None and not (isinstance(chunk_size, Integral) and chunk_size >= 1):
        raise ValueError(
            f"chunk_size must be >= 1, a whole number of examples, or None, got {chunk_size!r}"
        )


def cut_batch(batch: Batch, chunk_size: int | None) -> Iterator[Batch]:
    """Cut one batch into chunks of at most `chunk_size` examples.

    Raises:
        ValueError: If chunk_size < 1, the batch's tensors disagree, or it holds what can't be cut.
    """
    check_chunk_size(chunk_size)
    total = num_examples(batch)
    refuse_uncuttable(batch, total)
    for start in range(0, total, chunk_size or max(total, 1)):
        stop = min(start + (chunk_size or total), total)
        yield batch if (start, stop) == (0, total) else slice_batch(batch, start, stop)


def iter_batches(
    data: Data,
    *,
    chunk_size: int | None = None,
    device: torch.device | str | None = None,
    if_empty: str = "data holds no examples",
) -> Iterator[Batch]:
    """Walk data batch by batch, in chunks of at most `chunk_size` examples.

    Weight what you compute per chunk by num_examples(chunk): the last one is often smaller.

    Args:
        data: One batch, or an iterable of batches.
        chunk_size: Examples per chunk at most; None keeps the batches as they come.
        device: Where to move each chunk; None leaves it.
        if_empty: What the error says where there is no batch.

    Yields:
        Batches with at least one example.

    Raises:
        ValueError: If data is empty, is an iterator that can be walked only once, or a Dataset
            that was not wrapped in a DataLoader, or if chunk_size < 1.
    """
    check_chunk_size(chunk_size)
    empty = True
    for batch in as_batches(data):
        for chunk in cut_batch(batch, chunk_size):
            empty = False
            yield chunk if device is None else brought_to(device, chunk)
    if empty:
        raise ValueError(if_empty)


def trainable_params(model: nn.Module) -> dict[str, nn.Parameter]:
    """Return the parameters that require gradients, by name, each tied one once.

    This order is the order of every flat gradient in the library.

    Raises:
        ValueError: If no parameter requires a gradient.
    """
    params = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if not params:
        raise ValueError(
            "no parameter of the model requires a gradient: nothing to measure; "
            "call requires_grad_() on those you train"
        )
    return params


def tied_params(model: nn.Module) -> list[tuple[str, ...]]:
    """Return groups of names that lead to one and the same trainable parameter."""
    names: dict[int, list[str]] = {}
    for name, param in model.named_parameters(remove_duplicate=False):
        if param.requires_grad:
            names.setdefault(id(param), []).append(name)
    return [tuple(group) for group in names.values() if len(group) > 1]


def model_device(model: nn.Module) -> torch.device:
    """Return the device of the model's first trainable parameter."""
    return next(iter(trainable_params(model).values())).device
