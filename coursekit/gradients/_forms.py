"""What a caller may have meant: parameters by name, a list of tensors as one batch or several."""

import fnmatch
from collections.abc import Callable, Iterator, Sequence

import torch
from torch import Tensor, nn

from coursekit.gradients.batches import (
    BatchLoss,
    Data,
    map_tensors,
    num_examples,
    slice_batch,
    trainable_params,
)


def chosen_params(
    model: nn.Module, params: str | Sequence[str] | Callable[[str], bool] | None
) -> dict[str, nn.Parameter]:
    """Return the trainable parameters whose names fit, in the model's order."""
    found = trainable_params(model)
    if params is None:
        return found
    patterns = [params] if isinstance(params, str) else params

    def fits(name: str) -> bool:
        if callable(patterns):
            return bool(patterns(name))
        return any(fnmatch.fnmatchcase(name, pattern) for pattern in patterns)

    chosen = {name: p for name, p in found.items() if fits(name)}
    if not chosen:
        raise ValueError(
            f"params={params!r} fits none of the {len(found)} trainable parameters, such as "
            f"{', '.join(list(found)[:3])}"
        )
    return chosen


def told_apart(data: Data, model: nn.Module, loss: BatchLoss, device: torch.device | None) -> Data:
    """Tell a list of tensors that is one batch from a list of batches of one tensor each.

    [X, y] and [ids, ids] look alike. It is one batch where the loss takes it so; else a list of
    batches, if the loss takes its first one.
    """
    if not (isinstance(data, list) and data and all(isinstance(t, Tensor) for t in data)):
        return data
    try:
        few = slice_batch(data, 0, min(2, num_examples(data)))
        with torch.no_grad():
            loss(model, map_tensors(lambda t: t.clone().to(device), few))
        return data
    except Exception as error:  # whatever the user's loss says to a wrong form
        try:
            with torch.no_grad():
                loss(model, data[0][:2].clone().to(device))
        except Exception:
            raise error from None
        return _Batches(data)


class _Batches:
    """A list whose tensors are batches."""

    def __init__(self, batches: list[Tensor]) -> None:
        self._batches = batches

    def __iter__(self) -> Iterator[Tensor]:
        return iter(self._batches)

    def __len__(self) -> int:
        return len(self._batches)
