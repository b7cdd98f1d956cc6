"""Data and loss in the one form that every measurement uses, and what must be refused first.

A *batch* is a tensor, or a tuple, list or dict of tensors (nested freely), whose first dimension
counts examples. *Data* is one batch (everything at once) or an iterable of batches that can be
walked more than once: a DataLoader, a list. A *loss* is the mean over a batch's examples: either
`loss_fn(output, target)` for batches (inputs, targets), or `BatchLoss(fn)` with
`fn(model, batch)` for anything else (transformers, several inputs).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

Batch = Any  # Tensor, or a nest of tuples, lists and dicts of tensors, examples along dimension 0
Data = Any  # Batch | Iterable[Batch]


@dataclass(frozen=True)
class BatchLoss:
    """A loss in the general form: `fn(model, batch)` gives the MEAN loss over the batch."""

    fn: Callable[[nn.Module, Batch], Tensor]

    def __call__(self, model: nn.Module, batch: Batch) -> Tensor:
        """Return the mean loss of the batch, a scalar tensor."""
        return self.fn(model, batch)


Loss = Callable[[Tensor, Tensor], Tensor] | BatchLoss


def as_batch_loss(loss_fn: Loss) -> BatchLoss:
    """Return `loss_fn` in the general form loss(model, batch); a BatchLoss comes back unchanged."""
    if isinstance(loss_fn, BatchLoss):
        return loss_fn
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
        return {key: map_tensors(fn, value) for key, value in batch.items()}
    if isinstance(batch, tuple) and hasattr(batch, "_fields"):  # a named tuple
        return type(batch)(*(map_tensors(fn, value) for value in batch))
    if isinstance(batch, tuple | list):
        return type(batch)(map_tensors(fn, value) for value in batch)
    return batch


def batch_tensors(batch: Batch) -> list[Tensor]:
    """Return the tensors of a batch, in order."""
    found: list[Tensor] = []
    map_tensors(found.append, batch)
    return found


def num_examples(batch: Batch) -> int:
    """Return how many examples a batch holds: the first dimension that all its tensors share.

    Raises:
        ValueError: If there is no tensor with a first dimension, or the tensors disagree.
    """
    sizes = [len(t) for t in batch_tensors(batch) if t.dim()]
    if not sizes:
        raise ValueError(f"a batch must hold tensors of shape (num_examples, ...), got {batch!r}")
    if len(set(sizes)) > 1:
        raise ValueError(
            f"every tensor of a batch must have one row per example, got first dimensions {sizes}"
        )
    return sizes[0]


def slice_batch(batch: Batch, start: int, stop: int) -> Batch:
    """Return examples start to stop - 1 of a batch (views, not copies)."""
    return map_tensors(lambda t: t[start:stop] if t.dim() else t, batch)


def select_examples(batch: Batch, index: Tensor) -> Batch:
    """Return the examples at the given positions of a batch (a copy)."""
    return map_tensors(lambda t: t[index] if t.dim() else t, batch)


def is_one_batch(data: Data) -> bool:
    """Tell whether `data` is one batch (tensors at once), as opposed to an iterable of batches."""
    if isinstance(data, Tensor | Mapping):
        return True
    return isinstance(data, tuple | list) and len(data) > 0 and isinstance(data[0], Tensor)


def iter_batches(
    data: Data, *, chunk_size: int | None = None, device: torch.device | str | None = None
) -> Iterator[Batch]:
    """Walk data batch by batch, in chunks of at most `chunk_size` examples.

    Weight what you compute per chunk by num_examples(chunk): the last one is often smaller.

    Args:
        data: One batch, or an iterable of batches.
        chunk_size: Examples per chunk at most; None keeps the batches as they come.
        device: Where to move each chunk; None leaves it.

    Yields:
        Batches with at least one example.

    Raises:
        ValueError: If data is empty, is an iterator that can be walked only once, or a Dataset
            that was not wrapped in a DataLoader, or if chunk_size < 1.
    """
    if chunk_size is not None and chunk_size < 1:
        raise ValueError(f"chunk_size must be >= 1, got {chunk_size}")
    if isinstance(data, Dataset):
        raise ValueError(
            f"data is a {type(data).__name__} of single examples; wrap it in a DataLoader"
        )
    if is_one_batch(data):
        batches: Iterable[Batch] = [data]
    elif not isinstance(data, Iterable):
        raise ValueError(f"data must be tensors or an iterable of batches, got {data!r}")
    elif isinstance(data, Iterator):
        raise ValueError(
            "data is an iterator, which can be walked only once; pass a list or a DataLoader"
        )
    else:
        batches = data
    empty = True
    for batch in batches:
        total = num_examples(batch)
        for start in range(0, total, chunk_size or max(total, 1)):
            empty = False
            stop = min(start + (chunk_size or total), total)
            chunk = batch if (start, stop) == (0, total) else slice_batch(batch, start, stop)
            yield chunk if device is None else map_tensors(lambda t: t.to(device), chunk)
    if empty:
        raise ValueError("data holds no examples")


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


def refuse_batch_norm(model: nn.Module) -> None:
    """Raise ValueError if a BatchNorm uses the statistics of the batch.

    Then the loss of one example depends on the others: it has no gradient of its own, and the
    loss over the data depends on how they are cut into batches.
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and (
            module.training or module.running_mean is None
        ):
            raise ValueError(
                f"BatchNorm {name!r} uses batch statistics, so examples have no loss of their "
                f"own; call model.eval(), or use GroupNorm or LayerNorm"
            )


def refuse_dropout(model: nn.Module) -> None:
    """Raise ValueError if a layer draws random numbers in its forward pass (dropout, RReLU)."""
    for name, module in model.named_modules():
        rate = 0.0
        if isinstance(module, nn.modules.dropout._DropoutNd):
            rate = module.p
        elif isinstance(module, nn.RNNBase | nn.MultiheadAttention):
            rate = module.dropout
        elif isinstance(module, nn.RReLU):
            rate = 1.0
        if module.training and rate > 0:
            raise ValueError(
                f"{type(module).__name__} {name!r} is random in train mode, so every pass sees "
                f"another loss; call model.eval() or set its rate to 0"
            )


def check_mean_loss(
    model: nn.Module, loss_fn: Loss, batch: Batch, *, max_examples: int = 8
) -> None:
    """Raise ValueError unless the loss is a deterministic, finite mean over examples.

    Compares the loss of a few examples with the weighted mean of the losses of two unequal parts
    of them (one example: with the loss of two copies of it). So it finds a sum instead of a mean,
    class weights or padding that change a mean's denominator, randomness and NaN; it cannot see
    them where all these losses are 0.

    Args:
        model: In the mode in which it will be measured.
        loss_fn: `loss_fn(output, target)` or a BatchLoss.
        batch: Any batch of the data; at most `max_examples` are used, in about three passes.
        max_examples: At least 2.
    """
    loss = as_batch_loss(loss_fn)
    batch = slice_batch(batch, 0, min(num_examples(batch), max_examples))
    total = num_examples(batch)
    if total == 0:
        raise ValueError("data holds no examples")
    if total == 1:
        batch, total = map_tensors(lambda t: torch.cat([t, t]) if t.dim() else t, batch), 2
    cut = min(-(-2 * total // 3), total - 1)  # unequal parts where there are three or more
    devices = [model_device(model)] if model_device(model).type == "cuda" else []
    with torch.no_grad(), torch.random.fork_rng(devices=devices):
        parts = [slice_batch(batch, 0, cut), slice_batch(batch, cut, total)]
        whole, again, first, second = (loss(model, b) for b in (batch, batch, *parts))
    if whole.numel() != 1:
        raise ValueError(
            f"the loss must be one number, the mean over the batch, got shape "
            f"{tuple(whole.shape)}; use reduction='mean'"
        )
    if not torch.isfinite(torch.stack([whole, first, second])).all():
        raise ValueError(f"the loss of the first examples is {whole.item()}: nothing to measure")
    values = [t.double().item() for t in (whole, again, first, second)]
    scale = max(abs(v) for v in values)
    tolerance = scale * min(0.1, 100 * float(torch.finfo(whole.dtype).eps) ** 0.75)
    if abs(values[0] - values[1]) > tolerance:
        raise ValueError(
            f"the same batch gave the losses {values[0]:.6g} and {values[1]:.6g}: the model is "
            f"random; turn its dropout or noise off"
        )
    mean = (cut * values[2] + (total - cut) * values[3]) / total
    if abs(values[0] - mean) <= tolerance:
        return
    if abs(values[0] - values[2] - values[3]) <= tolerance:
        raise ValueError(
            f"the loss of {total} examples ({values[0]:.6g}) is the sum of its parts' losses: "
            f"it sums over examples; use reduction='mean'"
        )
    raise ValueError(
        f"the loss of {total} examples ({values[0]:.6g}) is not the mean of its parts' losses "
        f"({mean:.6g}): class weights, padding or batch statistics couple the examples; "
        f"give a loss that is the mean of one loss per example"
    )
