"""One backward pass as the online noise scale sees it."""

import sys
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor
from torch.autograd.function import BackwardCFunction

Norm = float | Tensor  # a number on a CPU, a scalar on the device elsewhere


@dataclass(slots=True)
class Pass:
    """One backward pass."""

    met_none: bool  # the first of a step, without other workers: its sums are fresh gradients
    quiet: bool = False  # no fresh gradient is wanted of it: its hooks, hundreds, return at once
    tasks: set[int] = field(default_factory=set)  # of autograd's engine; nested ones share a pass
    outermost: bool = False  # whether the outermost of them was met, so that its end will come
    ended: int = 0  # nested ones that are over
    params: dict[int, None] = field(default_factory=dict)  # in the order of their gradients
    twice: bool = False  # whether a parameter got two gradients
    fresh: dict[int, Norm] = field(default_factory=dict)  # norms of fresh gradients
    waiting: dict[int, Tensor] = field(default_factory=dict)  # fresh ones, their norms not read yet
    grads: dict[int, Tensor] = field(default_factory=dict)  # fresh ones themselves, on request
    summed: dict[int, Norm] | None = None  # norms of .grad at the end
    listed: list[Norm] | None = None  # or these, in the order in which parameters were used
    missing: bool = False  # whether a parameter had no .grad at the end
    sentinel: tuple[int, Norm] | None = None  # norm of a small .grad at the end, if none was read
    first: Any = None  # the parameter whose gradient came first, and the state of its .grad
    fault: str = ""  # why .grad will not hold the sum of the passes

    def norms(self) -> list[Norm] | None:
        """Return the norm of each fresh gradient; None where they were not read."""
        if self.quiet or self.listed is not None:
            return self.listed if self.met_none else None
        both = self.fresh
        if self.met_none and self.summed:
            both = {**self.summed, **self.fresh} if self.fresh else self.summed
        return [both[i] for i in self.params] if all(i in both for i in self.params) else None

    def said(self) -> str:
        """Return why this pass can't be used, or ""."""
        if not self.fault and self.twice and self.norms() is not None and self.fresh:
            return (
                "a parameter got two gradients in one backward pass, so the norm of their sum is "
                "not seen: its layer is used twice under torch.utils.checkpoint with "
                "use_reentrant=True; checkpoint with use_reentrant=False"
            )
        return self.fault


def is_nested() -> bool:
    """Tell whether this backward pass was begun inside another, as reentrant checkpoints do."""
    frame, inside = sys._getframe(), BackwardCFunction.apply.__code__
    while frame is not None:
        if frame.f_code is inside:
            return True
        frame = frame.f_back  # type: ignore[assignment]
    return False
