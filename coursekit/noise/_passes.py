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

from coursekit.noise._one_pass import Norm, Pass, is_nested
from coursekit.noise._shards import is_sharded, local, values
from coursekit.noise._sum_watch import HALF, SumWatch

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
        self.owners = [
            (module, name, shards[id(p)])
            for module in modules
            for name, p in module._parameters.items()
            if id(p) in shards
        ]
        if len({i for _, _, i in self.owners}) < len(shards):
            raise ValueError(
                "some parameters are sharded, and their modules were not found: pass the model "
                "that was given to fully_shard, not its parameters"
            )
        self.lengths: deque[int] = deque(maxlen=WINDOWS)
        self.handles: list[RemovableHandle] = []
        self.norms_wanted = True
        self.split = False  # whether a parameter was sharded while its module computed
        self.sums = SumWatch(params, on=alone and not shards)
        self.keep: set[int] = set()  # parameters whose fresh gradients are kept, for a check
        self.start_window()

    def start_window(self) -> None:
        """Forget all passes: the next is the first of an optimizer step."""
        self.sums.start_window()
        self.open: Pass | None = None
        self.closed: list[Pass] = []  # and not yet taken
        self.last: Pass | None = None
        self.count = 0  # closed in this window
        self.used: list[int] = []  # parameters that got a gradient in this window
        self.is_used = [False] * len(self.params)
        self.leftovers: list[Norm] = []  # norms of .grad that the first gradients met

    def listen(self) -> None:
        """Put the hooks in place."""
        self.handles = [self.params[i].register_hook(self.hook_of(i)) for i in self.whole]
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
                    self.leftovers.append(self.norm(local(old)))
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
                    this.fresh[index] = self.norm(grad)
                else:
                    this.waiting[index] = grad
                    if len(this.waiting) >= MOST_WAITING:
                        self.read_waiting(this)

        return note

    def norm(self, grad: Tensor) -> Norm:
        """Return a gradient's norm: on a CPU a number.

        There a small tensor that outlives the backward pass among its large ones makes the
        allocator hand pages back and forth, at 5 % of a step.
        """
        if grad.layout != torch.strided or grad.dtype in HALF:
            wide = torch.float32 if grad.dtype in HALF else None
            norm = vector_norm(values(grad), dtype=wide)
        else:
            norm = vector_norm(grad)
        return norm.item() if self.on_cpu else norm

    def current(self) -> Pass:
        """Return the pass under way, begun by its first gradient."""
        task = torch._C._current_graph_task_id()
        if self.open is not None and task in self.open.tasks:
            return self.open
        nested = is_nested()
        if self.open is None or not (nested or self.open.ended):  # or one that broke off
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
            self.closed.append(self.open)
            self.last, self.open = self.open, None
            self.count += 1

    def read_waiting(self, this: Pass) -> None:
        """Take the norms of the fresh gradients that wait, and let go of them."""
        if this.waiting:
            norms = self.norms(list(this.waiting.values()))
            this.fresh.update(zip(this.waiting, norms, strict=True))
            this.waiting.clear()

    def read(self, this: Pass, *, certainly: bool = False) -> None:
        """Read the sums, if this pass may be the last of its window or the first."""
        grads: list[Any] = [self.params[i].grad for i in self.used]
        if self.owners:
            grads = [local(g) for g in grads]
        this.missing = any(g is None for g in grads)
        if this.missing:
            return
        wanted = self.count + 1 >= min(self.lengths, default=0) or (
            self.count == 0 and self.alone and not self.every and self.norms_wanted
        )
        if wanted or certainly:
            this.summed = dict(zip(self.used, self.norms(grads), strict=True))
        else:
            small = self.sums.small(self.used)
            this.sentinel = small, self.norm(local(self.params[small].grad))

    def norms(self, grads: Sequence[Any]) -> list[Norm]:
        """Return the norms of many gradients, one fused call for each dtype."""
        kinds: dict[torch.dtype, list[int]] = {}
        for i, grad in enumerate(grads):
            kinds.setdefault(grad.dtype, []).append(i)
        found: list[Norm] = [0.0] * len(grads)
        for dtype, places in kinds.items():
            same = [values(grads[i]) for i in places]
            wide = (torch.float32,) if dtype in HALF else ()
            norms = torch._foreach_norm(same, 2, *wide)
            for i, norm in zip(places, norms, strict=True):
                found[i] = norm.item() if self.on_cpu else norm
        return found

    def take(self) -> Pass:
        """Return the one pass since the last call.

        Raises:
            ValueError: If there was none, or more than one, or it can't be told apart.
        """
        if self.open is not None and self.open.ended:
            self.close()  # all its gradients came from nested passes
        closed, self.closed = self.closed, []
        if self.split:
            raise ValueError(
                "parameters stay sharded (DTensor) in the forward pass, as in tensor parallelism: "
                "no worker ever has its own gradient. Noise is measured for data-parallel workers, "
                "also sharded by fully_shard"
            )
        if not closed:
            raise ValueError("no gradient since the last micro_step(): call it after backward()")
        if len(closed) > 1:
            raise ValueError(
                "several backward passes since the last micro_step(): call it after each, and "
                "put other measurements of this model into `with noise.paused():`"
            )
        (this,) = closed
        if fault := this.said():
            raise ValueError(fault)
        return this

    def finish(self) -> tuple[list[int], list[Norm], list[Norm]]:
        """End the window; return its parameters, the norms of what was accumulated, and leftovers.

        The norms are nan where they can't be known any more.

        Raises:
            ValueError: If gradients were never accumulated.
        """
        last, used, count = self.last, self.used, self.count
        if last is not None and last.summed is None and self.is_unchanged(last):
            self.read(last, certainly=True)  # this window is shorter than those before
        leftovers = self.leftovers
        self.lengths.append(count)
        self.start_window()
        if last is None or last.missing:
            raise ValueError(
                "parameters had no .grad when the last backward pass of this step ended: workers "
                "must average in it (no_sync and set_requires_gradient_sync(False) are for the "
                "passes before), and no hook may take a gradient away"
            )
        if last.summed is None:
            nan = math.nan if self.on_cpu else local(self.params[0].detach()).new_full((), math.nan)
            return used, [nan] * len(used), leftovers
        return used, [last.summed[i] for i in used], leftovers

    def is_unchanged(self, this: Pass) -> bool:
        """Tell whether nobody touched the accumulated gradient since the end of the pass."""
        if this.sentinel is None:
            return False
        index, before = this.sentinel
        grad = local(self.params[index].grad)
        return grad is not None and bool(before > 0) and bool(self.norm(grad) == before)
