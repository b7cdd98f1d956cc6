"""A regular loop is watched by one hook in place of one on every parameter.

Hooks on all parameters see each gradient come, and on a GPU the host spends more on their calls
than on anything else here. In a regular loop, whose passes are all alike, what they would see shows
in .grad where a pass ends:

    nothing was left over    every .grad was None before the first gradient of the step
    the fresh gradient       is .grad at the end of the first pass
    the sum of K passes      is .grad once that same tensor was changed in place K - 1 times more:
                             a backward pass does so once for each gradient that it adds

A pass that went unseen, broke off or touched some parameters alone, and gradients that were zeroed,
clipped, replaced or added to, all leave another count behind. Then the window is not measured, and
every parameter has its hook again until the loop has been regular for longer.
"""

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from coursekit.noise._grad_norms import norm_of, norms_of, places_by_dtype
from coursekit.noise._one_pass import Norm, Pass, is_nested

WAIT = 8  # windows alike before one hook is enough: another head in each eighth step is seen
LONGER = 8  # times as many after one that then was not: what returns less often costs few windows


class Window(Protocol):
    """The passes of one optimizer step, as noise._passes keeps them."""

    params: Sequence[nn.Parameter]
    on_cpu: bool
    norms_wanted: bool  # or else the examples inside a pass are, which needs all hooks
    open: Pass | None  # the pass under way
    closed: list[Pass]  # those over that micro_step() has not taken
    count: int  # of all that are over
    used: list[int]  # parameters that got a gradient, in that order
    leftovers: list[Norm]  # norms of .grad that the first gradients met

    def wants_sums(self) -> bool:
        """Tell whether the pass under way may be the last, or is the first."""

    def count_open(self) -> None:
        """Count the pass under way as over."""


@dataclass(frozen=True)
class Habit:
    """What all passes of a regular loop have in common."""

    first: int  # the parameter whose gradient comes first
    used: list[int]  # those that get one, in that order
    dtypes: list[torch.dtype | None]  # of their .grad; None where one is sparse


@dataclass(frozen=True)
class Snapshot:
    """Each .grad at the end of a first pass; weakly, so that zeroing frees it."""

    grads: list[Any]  # references
    versions: list[int]  # how often it was changed in place

    def has_grown(self, grads: Sequence[Any], times: int) -> bool:
        """Tell whether each is the same tensor, changed in place just so many times since."""
        then = zip(grads, self.grads, self.versions, strict=True)
        return all(g is not None and ref() is g and g._version == v + times for g, ref, v in then)


def snapshot_of(grads: Sequence[Any]) -> Snapshot:
    """Note which tensors they are."""
    return Snapshot([weakref.ref(g) for g in grads], [g._version for g in grads])


def dtypes_of(grads: Sequence[Any]) -> list[torch.dtype | None]:
    """Return the dtype of each that is dense."""
    return [g.dtype if g.layout is torch.strided else None for g in grads]


class OneHook:
    """Learns whether a loop is regular, and watches one that is.

    Args:
        passes: Where its passes are noted.
        possible: Whether .grad tells all: no other worker averages, nothing is sharded, and
            nothing is read but the first pass and the sum.
    """

    def __init__(self, passes: Window, *, possible: bool) -> None:
        self.passes, self.possible = passes, possible
        self.on = False  # whether there is but one hook in this window
        self.alike, self.wait = 0, float(WAIT)  # windows alike so far, and how many it takes
        self.habit = Habit(-1, [], [])
        self.clear()

    def clear(self) -> None:
        """Forget the passes of a window."""
        self.irregular = False
        self.seen: Habit | None = None
        self.snapshot: Snapshot | None = None
        self.grown = 0  # passes at whose end .grad held just their sum

    # With hooks on all parameters: is the loop regular?

    def look(self, this: Pass, grads: Sequence[Any], before: int) -> None:
        """At the ends that are read.

        Args:
            this: The pass that ends.
            grads: .grad of the parameters used so far, none of them None.
            before: Passes of the window before it.
        """
        if not self.possible or not self.passes.norms_wanted or self.irregular:
            return
        used, params = self.passes.used, self.passes.params
        if before == 0 and this.first is not None:
            self.seen = Habit(this.first[0], list(used), dtypes_of(grads))
            self.snapshot = snapshot_of(grads)
        elif self.snapshot is not None and len(used) == len(self.snapshot.grads):
            grown = self.snapshot.has_grown(grads, before) and is_none(rest_of(params, used))
            self.grown = before + 1 if grown else 0

    def saw(self, this: Pass) -> None:
        """Note a pass that is over."""
        plain = len(this.tasks) == 1 and this.outermost and not (this.twice or this.fault)
        same = self.seen is not None and this.first is not None
        same = same and this.first[0] == self.seen.first  # type: ignore[union-attr]
        self.irregular |= not (plain and same)

    def learn(self) -> None:
        """Judge a window that has been measured, if there were hooks on all parameters."""
        if self.on or not self.possible:
            return
        seen, passes = self.seen, self.passes
        fine = not self.irregular and not passes.leftovers and self.grown == passes.count > 1
        if not fine or seen is None or None in seen.dtypes:
            self.alike = 0
            return
        same = sorted(seen.used) == sorted(self.habit.used) and seen.first == self.habit.first
        self.alike = self.alike + 1 if same else 1
        self.habit = seen

    def next_window(self) -> bool:
        """Begin a window; return whether the hooks have to change."""
        was_on = self.on
        if self.on and self.irregular:
            self.on, self.alike, self.wait = False, 0, self.wait * LONGER
        elif not self.on and self.alike >= self.wait:
            self.on = True
            self.prepare()
        self.clear()
        return self.on is not was_on

    def prepare(self) -> None:
        """Look up once what every window needs."""
        params, used = self.passes.params, self.habit.used
        self.params = [params[i] for i in used]
        self.rest = rest_of(params, used)
        self.order = dict.fromkeys(used)
        self.small = min(used, key=lambda i: params[i].numel())
        self.places = places_by_dtype(d for d in self.habit.dtypes if d is not None)

    # With one hook.

    def begin(self, _grad: Tensor) -> None:
        """Be the hook: a pass begins, and nothing of it was added yet."""
        passes = self.passes
        if self.irregular:
            return
        first = passes.count == 0
        if is_nested() or (first and not is_none(passes.params)):
            self.give_up()
            return
        this = passes.open = Pass(met_none=first, quiet=not first)
        this.tasks.add(torch._C._current_graph_task_id())
        torch.autograd.Variable._execution_engine.queue_callback(partial(self.end, this))

    def end(self, this: Pass) -> None:
        """Read what is wanted where a pass ends."""
        passes = self.passes
        if this is not passes.open or self.irregular:
            return
        if passes.wants_sums():
            self.read(this, passes.count)
        else:
            grad = passes.params[self.small].grad
            if grad is not None:
                this.sentinel = self.small, norm_of(grad, on_cpu=passes.on_cpu)
        if not self.irregular:
            passes.count_open()

    def read(self, this: Pass, before: int) -> None:
        """Read .grad, which must hold the sum of a pass and of those before it in its window."""
        grads: list[Any] = [p.grad for p in self.params]
        if before == 0:
            as_ever = all(g is not None for g in grads) and dtypes_of(grads) == self.habit.dtypes
        else:
            as_ever = self.snapshot is not None and self.snapshot.has_grown(grads, before)
        if not as_ever or not is_none(self.rest):
            self.give_up()
            return
        if before == 0:
            self.snapshot = snapshot_of(grads)
            this.params, self.passes.used = self.order, self.habit.used
        this.listed = norms_of(grads, on_cpu=self.passes.on_cpu, places=self.places)

    def was_passed_by(self) -> bool:
        """Tell, where no pass was seen, whether one may have been: .grad is another one."""
        grads: list[Any] = [p.grad for p in self.params]
        if self.snapshot is None:
            touched = any(g is not None for g in grads)
        else:
            touched = not self.snapshot.has_grown(grads, self.passes.count - 1)
        touched = touched or not is_none(self.rest)
        if touched:
            self.give_up()
        return touched

    def give_up(self) -> None:
        """Measure nothing in this window."""
        self.irregular = True
        self.passes.open, self.passes.closed = None, []


def rest_of(params: Sequence[nn.Parameter], used: Sequence[int]) -> list[nn.Parameter]:
    """Return the other parameters."""
    rest = set(range(len(params))) - set(used)
    return [params[i] for i in sorted(rest)]


def is_none(params: Sequence[nn.Parameter]) -> bool:
    """Tell whether none of these parameters has a .grad."""
    return all(p.grad is None for p in params)


def hooked(param: nn.Parameter, hook: Callable[[Tensor], None]) -> RemovableHandle:
    """Put a hook on a parameter, also on one that is frozen now: it may be thawed."""
    frozen = not param.requires_grad
    if frozen:
        param.requires_grad_(True)
    handle = param.register_hook(hook)
    if frozen:
        param.requires_grad_(False)
    return handle
