"""What a mean loss is the mean over: examples, tokens, or what a function counts."""

import math
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from coursekit.gradients.batches import Batch, BatchLoss, num_examples, slice_batch

Count = Callable[[Batch], float]


def target_count(batch: Batch, *, ignore_index: int = -100, shifted: bool = False) -> float:
    """Count the targets that a loss with `ignore_index` averages over (tokens without padding).

    Args:
        batch: A pair (inputs, targets), or a dict with "labels".
        ignore_index: As given to `cross_entropy`; -100 is torch's default.
        shifted: The loss predicts each label from those before it, and so does not count the
            first one: causal language models of `transformers`.

    Raises:
        ValueError: If the batch is neither.
    """
    targets: Any = None
    if isinstance(batch, Mapping):
        targets = batch.get("labels")
    elif isinstance(batch, tuple | list) and len(batch) == 2:
        targets = batch[1]
    if not isinstance(targets, Tensor):
        raise ValueError(
            f"batch must be (inputs, targets) or a dict with 'labels', got "
            f"{type(batch).__name__}; give count= a function of the batch"
        )
    counted = targets[:, 1:] if shifted else targets
    return float((counted != ignore_index).sum().item())


def checked_count(count: Count, batch: Batch) -> float:
    """Return a batch's count, or raise ValueError if it can't be one."""
    try:
        value = float(count(batch))
    except (TypeError, KeyError, IndexError, AttributeError) as error:
        raise ValueError(
            f"count gives no number for a batch ({type(error).__name__}: {error}); it is called as "
            f"count(batch), with batches as the data give them"
        ) from error
    if not 0 <= value < math.inf:
        raise ValueError(f"count must give a number >= 0 for every batch, got {value}")
    return value


def as_count(count: str | Count, model: nn.Module, loss: BatchLoss, batch: Batch) -> Count:
    """Return a count as a function; "tokens" finds out whether the model shifts its labels."""
    if callable(count):
        return count
    if count == "examples":
        return num_examples
    if count != "tokens":
        raise ValueError(
            f"count must be 'examples', 'tokens' or a function of the batch, got {count!r}"
        )
    target_count(batch)  # refuses what it can't count
    if not isinstance(batch, Mapping) or batch["labels"].dim() < 2:
        return target_count
    one = dict(slice_batch(batch, 0, 1))
    masked = {**one, "labels": one["labels"].clone()}
    masked["labels"][:, 0] = -100  # changes nothing where the first label is not predicted
    with torch.no_grad():
        shifted = bool(loss(model, one) == loss(model, masked))
    return lambda batch: target_count(batch, shifted=shifted)
