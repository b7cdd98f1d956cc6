"""What each backward pass leaves behind, noted while it runs.

Two things are read, both before anybody can clip, unscale or zero a gradient:

    the fresh gradient g_k     by a hook on each parameter, before it is added to .grad
    the sum so far, A_k        by a callback of autograd's engine at the end of the pass,
                               after data-parallel workers have averaged
"""

import math
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.linalg import vector_norm
from torch.utils.hooks import RemovableHandle

from coursekit.noise._grad_norms import HALF, norm_of, norms_of
from coursekit.noise._one_hook import OneHook, hooked
from coursekit.noise._one_pass import Norm, Pass, is_nested
from coursekit.noise._shards import is_sharded, local, owners_of, refuse_missing, refuse_split
from coursekit.noise._sum_watch import SumWatch

WINDOWS = 8  # remembered lengths of steps: before the shortest of them no sum is read
MOST_WAITING = 32  # fresh gradients whose norms a GPU takes in one call: a call each costs more


class Passes:
    """Listens to the backward passes of one optimizer step after the other.

    Args:
        params: The parameters; shards (FSDP2) are met in the forward pass of their modules, where
            they are whole for a while.
        modules: The modules that may own them.
        every: Read the fresh gradient of every pass; else of the first pass of a step alone.
        alone: No other worker averages with this one. Then a first sum is a fresh gradient.
    """

    def __init__(
        self,
        params: Sequence[nn.Parameter],
        modules: Sequence[nn.Module],
        *,
        every: bool,
        alone: bool,
    ) -> None:
        self.params, self.every, self.alone = params, every, alone
        self.on_cpu = params[0].device.type == "cpu"
        self.together = not self.on_cpu  # whether norms are taken of several gradients at once
        shards = {id(p): i for i, p in enumerate(params) if is_sharded(p)}
        self.whole = [i for i, p in enumerate(params) if id(p) not in shards]
        self.owners = owners_of(shards, modules)
        self.lengths: deque[int] = deque(maxlen=WINDOWS)
        self.handles: list[RemovableHandle] = []
        self.norms_wanted = True
        self.split = False  # whether a parameter was sharded while its module computed
        self.sums = SumWatch(params, on=alone and not shards)
        self.one = OneHook(self, possible=alone and not shards and not every)
        self.keep: set[int] = set()  # parameters whose fresh gradients are kept, for a check
        self.start_window()

    def start_window(self) -> None:
        """Forget all passes: the next is the first of an optimizer step."""
        self.sums.start_window()
        self.open: Pass | None = None
        self.closed: list[Pass] = []  # and not yet taken
        self.last: Pass | None = None
        self.count = 0  # closed in this window
        self.forget_gradients()
        if self.one.next_window() and self.handles:
            self.unlisten()
            self.listen()

    def forget_gradients(self) -> None:
        """Take the next gradient of each parameter for the first of its window."""
        self.used: list[int] = []  # those that got one
        self.is_used = [False] * len(self.params)
        self.leftovers: list[Norm] = []  # norms of .grad that the first gradients met

    def listen(self) -> None:
        """Put the hooks in place."""
        if self.one.on:
            self.handles = [hooked(self.params[self.one.habit.first], self.one.begin)]
            return
        self.handles = [hooked(self.params[i], self.hook_of(i)) for i in self.whole]
        met: dict[int, Tensor] = {}
        for module, name, index in self.owners:
            meet = partial(self.meet, name, index, met)
            self.handles.append(module.register_forward_pre_hook(meet))

    def meet(
        self, name: str, index: int, met: dict[int, Tensor], module: nn.Module, _: Any
    ) -> None:
        """Put the hook on the parameter that stands in for a shard while it is whole."""
        param = module._parameters[name]
        if param is not None and is_sharded(param):
            self.split = True
        if param is None or is_sharded(param) or not param.requires_grad:
            return
        if met.get(index) is not param:
            met[index] = param
            self.handles.append(param.register_hook(self.hook_of(index)))

    def unlisten(self) -> None:
        """Remove the hooks."""
        for handle in self.handles:
            handle.remove()
        self.handles, self.open = [], None

    def hook_of(self, index: int) -> Callable[[Tensor], None]:
        """Return the hook of one parameter."""
        param, graph_task = self.params[index], torch._C._current_graph_task_id
        plain = self.on_cpu and param.dtype not in HALF

        def note(grad: Tensor) -> None:
            this = self.open
            if this is None or graph_task() not in this.tasks:
                this = self.current()
            if this.first is None and self.sums.on:
                self.sums.begin(this, index)
            if this.quiet and self.is_used[index]:
                return
            old = None
            if not self.is_used[index]:
                self.is_used[index] = True
                self.used.append(index)
                old = param.grad
                if old is not None:
                    self.leftovers.append(norm_of(local(old), on_cpu=self.on_cpu))
            this.twice |= index in this.params
            this.params[index] = None
            if index in self.keep:
                this.grads[index] = grad.clone()
            if not self.norms_wanted:
                return
            if self.every or (self.count == 0 and (old is not None or not self.alone)):
                if plain and grad.layout is torch.strided:
                    this.fresh[index] = vector_norm(grad).item()
                elif not self.together or param.grad is None:  # or else .grad would be a copy
                    this.fresh[index] = norm_of(grad, on_cpu=self.on_cpu)
                else:
                    this.waiting[index] = grad
                    if len(this.waiting) >= MOST_WAITING:
                        self.read_waiting(this)

        return note

    def current(self) -> Pass:
        """Return the pass under way, begun by its first gradient."""
        task = torch._C._current_graph_task_id()
        if self.open is not None and task in self.open.tasks:
            return self.open
        nested = is_nested()
        if self.open is None or not (nested or self.open.ended):
            if self.open is not None and self.count == 0:  # it broke off, and may have left some
                self.forget_gradients()
            self.open = Pass(
                met_none=self.count == 0 and self.alone,
                quiet=self.count > 0 and not self.every and self.norms_wanted,
            )
        self.open.tasks.add(task)
        self.open.outermost |= not nested
        queue = torch.autograd.Variable._execution_engine.queue_callback
        end = partial(self.end, self.open, nested)
        # Once more round where workers average: they do so in a callback queued after this one.
        queue(end if self.alone else partial(queue, end))
        return self.open

    def end(self, this: Pass, nested: bool) -> None:
        """Note the sums at the end of a pass."""
        if this is not self.open:
            return
        self.read_waiting(this)
        if nested:  # a reentrant checkpoint's; the pass around it goes on
            this.ended += 1
            if not this.outermost:
                self.read(this)
            return
        self.read(this)
        self.close()

    def close(self) -> None:
        """Count the pass under way as over."""
        if self.open is not None:
            self.read_waiting(self.open)
            self.sums.end(self.open, self.used)
            self.one.saw(self.open)
            self.count_open()

    def count_open(self) -> None:
        """Count the pass under way as over, and wait for micro_step()."""
        if self.open is not None:
            self.closed.append(self.open)
            self.last, self.open = self.open, None
            self.count += 1

    def read_waiting(self, this: Pass) -> None:
        """Take the norms of the fresh gradients that wait, and let go of them."""
        if this.waiting:
            norms = norms_of(list(this.waiting.values()), on_cpu=self.on_cpu)
            this.fresh.update(zip(this.waiting, norms, strict=True))
            this.waiting.clear()

    def wants_sums(self) -> bool:
        """Tell whether the pass under way may be the last of its window, or is the first."""
        return self.count + 1 >= min(self.lengths, default=0) or (
            self.count == 0 and self.alone and not self.every and self.norms_wanted
        )

    def read(self, this: Pass) -> None:
        """Read the sums at the end of a pass if they are wanted, else the norm of a small one."""
        if self.wants_sums():
            this.missing = not self.read_sums(this, self.count)
            return
        small = self.sums.small(self.used)
        grad = local(self.params[small].grad)
        this.missing = grad is None or (
            bool(self.owners) and any(self.params[i].grad is None for i in self.used)
        )
        if not this.missing:
            this.sentinel = small, norm_of(grad, on_cpu=self.on_cpu)

    def read_sums(self, this: Pass, before: int) -> bool:
        """Read .grad after a pass and those before it; return False where there is none."""
        grads: list[Any] = [self.params[i].grad for i in self.used]
        if self.owners:
            grads = [local(g) for g in grads]
        if any(g is None for g in grads):
            return False
        this.summed = dict(zip(self.used, norms_of(grads, on_cpu=self.on_cpu), strict=True))
        self.one.look(this, grads, before)
        return True

    def take(self) -> Pass:
        """Return the one pass since the last call.

        Raises:
            ValueError: If there was none, or more than one, or it can't be told apart.
        """
        if self.open is not None and self.open.ended:
            self.close()  # all its gradients came from nested passes
        if self.one.on and (self.one.irregular or (not self.closed and self.one.was_passed_by())):
            self.closed = []
            return Pass(met_none=False, quiet=True)
        closed, self.closed = self.closed, []
        refuse_split(self.split)
        if not closed:
            raise ValueError("no gradient since the last micro_step(): call it after backward()")
        if len(closed) > 1:
            self.one.irregular = True
            raise ValueError(
                "several backward passes since the last micro_step(): call it after each, and "
                "put other measurements of this model into `with noise.paused():`"
            )
        (this,) = closed
        if fault := this.said():
            raise ValueError(fault)
        return this

    def finish(self) -> tuple[list[int], list[Norm] | None, list[Norm]]:
        """End the window; return its parameters, norms of what was accumulated, and leftovers.

        None in place of norms that can't be known any more.

        Raises:
            ValueError: If gradients were never accumulated.
        """
        last, used, leftovers = self.last, self.used, self.leftovers
        self.read_late(last)
        if self.one.on and self.one.irregular:
            self.start_window()
            return used, None, []
        self.one.learn()
        self.lengths.append(self.count)
        self.start_window()
        refuse_missing(last is None or last.missing)
        if last is not None and last.listed is not None:
            return used, last.listed, leftovers
        if last is None or last.summed is None:
            nan = math.nan if self.on_cpu else local(self.params[0].detach()).new_full((), math.nan)
            return used, None if self.alone else [nan] * len(used), leftovers
        return used, [last.summed[i] for i in used], leftovers

    def read_late(self, last: Pass | None) -> None:
        """Read the sums of a window shorter than those before, if nobody touched .grad since."""
        if last is None or last.sentinel is None:  # there is none where sums were read
            return
        index, before = last.sentinel
        grad = local(self.params[index].grad)
        if (
            grad is not None
            and bool(before > 0)
            and bool(norm_of(grad, on_cpu=self.on_cpu) == before)
        ):
            read = self.one.read if self.one.on else self.read_sums
            read(last, self.count - 1)
