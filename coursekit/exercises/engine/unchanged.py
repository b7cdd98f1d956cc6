"""Did an answer leave what it was given as it was? Seen by comparing before and after.

A learner's function that writes into its argument returns the right result here, and spoils every
cell after it: the notebook hands over the tensors themselves.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

Looks = dict[str, list[Any]]  # aspect -> what was seen, in a fixed order

UNCHANGING = frozenset({int, float, bool, str, type(None)})
ASPECTS = ("values", "requires_grad", "mode", "grad")
SAID = {
    "values": "`{name}`",
    "weights": "the weights of `{name}`",
    "requires_grad": "whether `{name}` requires a gradient",
    "mode": "the mode of `{name}` (train or eval)",
    "grad": "the .grad of `{name}`",
}
ASKED = {
    "values": "Which line writes into it? `+=`, `x[...] = ...`, `.pop`, `.sort` and names that "
    "end in `_` do.",
    "weights": "Which line moves them, and where are they put back, bit for bit?",
    "requires_grad": "Which line switches that? Does a detached copy not serve as well?",
    "mode": "Which line switches it, and where is it put back?",
    "grad": "Which line calls backward() or writes there? Is it cleared afterwards?",
}


def look(value: Any) -> Looks:
    """Copy everything about an argument that an answer could change, aspect by aspect."""
    seen: Looks = {aspect: [] for aspect in ASPECTS}
    _look(value, seen)
    return seen


def _look(value: Any, seen: Looks) -> None:
    if type(value) in UNCHANGING:
        seen["values"].append(value)
    elif isinstance(value, torch.Tensor):
        seen["values"].append(value.detach().clone())
        seen["requires_grad"].append(value.requires_grad)
        grad = value.grad if value.is_leaf else None
        seen["grad"].append(None if grad is None else grad.detach().clone())
    elif isinstance(value, np.ndarray):
        seen["values"].append(torch.as_tensor(value.copy()))
    elif isinstance(value, nn.Module):
        seen["mode"].extend(module.training for module in value.modules())
        for name, tensor in [*value.named_parameters(), *value.named_buffers()]:
            seen["values"].append(name)
            _look(tensor, seen)
    elif isinstance(value, list | tuple):
        seen["values"].append((type(value).__name__, len(value)))
        if UNCHANGING.issuperset(map(type, value)):  # most lists: seen in one go
            seen["values"].extend(value)
            return
        for item in value:
            _look(item, seen)
    elif isinstance(value, dict):
        seen["values"].append(list(value))
        for item in value.values():
            _look(item, seen)
    elif hasattr(value, "param_groups"):  # an optimizer: its rates and other settings
        for group in value.param_groups:
            _look({key: item for key, item in group.items() if key != "params"}, seen)
    elif not callable(value):
        seen["values"].append(value)


def same_look(before: Sequence[Any], now: Sequence[Any]) -> bool:
    """Say whether two lists of what was seen are equal; nan equals nan."""
    return len(before) == len(now) and all(map(_same, before, now))


def _same(one: Any, other: Any) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, torch.Tensor):
        if one.shape != other.shape or one.dtype != other.dtype:
            return False
        return bool(((one == other) | ((one != one) & (other != other))).all())
    return bool(one == other or (one != one and other != other))


class Watched:
    """Stands for an answer, and notes which of its arguments it changed.

    Args:
        answer: The function to call.
        names: What its parameters are called in the exercise.
        may_change: Names that it may change ("model"), or one aspect of them ("model.grad").

    Attributes:
        said: What was changed first, in words ("`x`"); empty if nothing was.
        asked: The question that goes with it.
    """

    def __init__(
        self, answer: Callable[..., Any], names: Sequence[str], may_change: Sequence[str]
    ) -> None:
        self._answer, self._names, self._may_change = answer, names, frozenset(may_change)
        self.said = self.asked = ""

    def __call__(self, *args: Any) -> Any:
        """Call the answer, look at its arguments before and after."""
        before = [look(value) for value in args]
        result = self._answer(*args)
        for name, value, was in zip(self._names, args, before, strict=False):
            if name in self._may_change or self.said:
                continue
            now = look(value)
            for aspect in ASPECTS:
                allowed = f"{name}.{aspect}" in self._may_change
                if not allowed and not same_look(was[aspect], now[aspect]):
                    is_model = isinstance(value, nn.Module) and aspect == "values"
                    key = "weights" if is_model else aspect
                    self.said, self.asked = SAID[key].format(name=name), ASKED[key]
                    break
        return result
