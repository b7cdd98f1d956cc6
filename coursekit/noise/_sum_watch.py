"""Does .grad hold the sum of a step's passes? Looked at where each pass begins and ends."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from coursekit.noise._grad_norms import norm_of
from coursekit.noise._one_pass import Norm, Pass

State = tuple[int, int]  # where a .grad lies, and how often it was changed in place


def state_of(grad: Tensor | None) -> State | None:
    """Return what is another one once somebody changed or replaced a .grad; None without one."""
    if grad is None:
        return None
    return (grad.data_ptr() if grad.layout is torch.strided else id(grad)), grad._version


def norm_if_dense(grad: Tensor | None) -> Norm | None:
    """Return a dense gradient's norm, where it lies."""
    if grad is None or grad.layout is not torch.strided:
        return None
    return norm_of(grad, on_cpu=False)


@dataclass(frozen=True)
class Left:
    """A small .grad at the end of a pass."""

    index: int  # of its parameter
    state: State | None
    norm: Norm | None


class SumWatch:
    """Follows a small parameter's .grad through the passes of a step.

    Args:
        params: The watched parameters.
        on: Whether nobody else may touch .grad: no other worker averages, nothing is sharded.
    """

    def __init__(self, params: Sequence[nn.Parameter], *, on: bool) -> None:
        self.params, self.on = params, on
        self.sizes = [p.numel() for p in params]
        self.start_window()

    def start_window(self) -> None:
        """Forget what the last step left."""
        self.seen: Left | None = None  # at the end of the last pass
        self.left: Left | None = None  # and of the last that was recorded
        self.smallest = 0, -1  # of how many used parameters, and which it is

    def begin(self, this: Pass, index: int) -> None:
        """At the first gradient of a pass, before it is added."""
        if self.left is not None and self.is_changed(self.left):
            this.fault = (
                "gradients were zeroed, clipped or added to between two micro-batches of one "
                "step, so .grad does not hold their sum: do that after the last of them (or call "
                "step() before: in each closure of an optimizer, say)"
            )
        this.first = index, state_of(self.params[index].grad)

    def is_changed(self, left: Left) -> bool:
        """Tell whether a .grad holds something else; clipping that did not bind changes nothing."""
        grad = self.params[left.index].grad
        if state_of(grad) == left.state:
            return False
        return grad is None or left.norm is None or not bool(norm_if_dense(grad) == left.norm)

    def small(self, used: Sequence[int]) -> int:
        """Return the smallest of the parameters that this step has used so far."""
        if self.smallest[0] != len(used):
            self.smallest = len(used), min(used, key=self.sizes.__getitem__)
        return self.smallest[1]

    def accept(self) -> None:
        """Count the last pass as recorded: the next must find .grad as this one left it."""
        self.left = self.seen

    def end(self, this: Pass, used: Sequence[int]) -> None:
        """At the end of a pass; `used` are the parameters that the step has used so far."""
        if this.first is None:
            return
        small = self.small(used)
        grad = self.params[small].grad
        noted = this.sentinel is not None and this.sentinel[0] == small
        norm = this.sentinel[1] if noted and this.sentinel else norm_if_dense(grad)
        self.seen = Left(small, state_of(grad), norm)
        index, before = this.first
        if state_of(self.params[index].grad) == before:
            this.fault = (
                "a backward pass added nothing to .grad: torch.autograd.grad does not, and a hook "
                "may take it away at once; call loss.backward() and keep .grad until the "
                "optimizer steps"
            )
