"""Hold a model still while it is measured: what a forward pass moves, it finds as it was."""

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from coursekit.gradients._hooks import backward_hooks, without
from coursekit.gradients._modules import copies_of, modules_of, params_of
from coursekit.gradients._random_state import random_state_kept

Buffer = tuple[nn.Module, str]


class StillModel:
    """Buffers, modes, random state and flags of a model, put back bit for bit.

    Every pass starts from the same buffers (spectral norm moves its vectors at each forward pass,
    InstanceNorm its statistics), so two passes see one and the same function.
    """

    def __init__(self, model: nn.Module, measured: list[nn.Parameter]) -> None:
        self._model = model
        self._measured = {id(p) for p in measured}
        self._device = measured[0].device
        self._kept: dict[Buffer, tuple[Tensor, Tensor, int]] = {}  # own, a copy, its version
        self._depth = 0
        self._hooks = ExitStack()  # leaving it puts the backward hooks in place

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the model; only the measured parameters require gradients meanwhile."""
        if self._depth:  # a measurement inside a measurement
            yield
            return
        modules = modules_of(self._model)
        modes = [(module, module.training) for module in modules]
        flags = [(p, p.requires_grad) for p in params_of(modules)]
        sparse = [m for m in modules if getattr(m, "sparse", None) is True]
        own = {
            (module, name): buffer
            for module in modules
            for name, buffer in module._buffers.items()
            if buffer is not None
        }
        self._kept = {
            key: (buffer, copy, buffer._version)
            for (key, buffer), copy in zip(own.items(), copies_of([*own.values()]), strict=True)
        }
        with ExitStack() as stack:
            stack.enter_context(random_state_kept(self._device))
            stack.enter_context(uncompiled())
            stack.callback(self._hooks.close)
            self._hooks.enter_context(without(backward_hooks(self._model)))
            self._depth = 1
            try:
                for param, flag in flags:  # also of those that were frozen since
                    if flag != (wanted := id(param) in self._measured):
                        param.requires_grad_(wanted)
                for module in sparse:  # a sparse gradient has no flat form; dense ones are equal
                    module.sparse = False  # type: ignore[assignment]
                yield
            finally:
                self._depth = 0
                for param, flag in flags:
                    if param.requires_grad != flag:
                        param.requires_grad_(flag)
                for module in sparse:
                    module.sparse = True  # type: ignore[assignment]
                for module, mode in modes:
                    if module.training != mode:
                        module.training = mode
                self._put_back()

    @contextmanager
    def hooks_in_place(self) -> Iterator[None]:
        """Let the user's backward hooks run for a moment, while the model is held."""
        self._hooks.close()
        try:
            yield
        finally:
            self._hooks.enter_context(without(backward_hooks(self._model)))

    def _put_back(self) -> None:
        for (module, name), (own, copy, version) in self._kept.items():
            if own._version != version:
                own.data.copy_(copy)
            module._buffers[name] = own
        self._kept = {}

    def after_pass(self) -> None:
        """Undo what a forward pass did to the buffers, without touching a graph that holds them.

        Inside somebody's torch.autocast the copies of the weights in its type are dropped too: they
        outlive a change of the weights, so every later pass would see the old ones.
        """
        torch.clear_autocast_cache()
        for (module, name), (own, copy, version) in self._kept.items():
            now = module._buffers.get(name)
            if now is not own or own._version != version:
                # The graph may hold what the pass left: give the next pass a copy, not that.
                module._buffers[name] = copy.clone()


@contextmanager
def weights_unmoved(model: nn.Module) -> Iterator[None]:
    """Raise ValueError, and put them back, if what runs inside has changed the model's weights."""
    kept = {name: p.detach().clone() for name, p in model.named_parameters()}
    try:
        yield
    finally:
        moved = []
        for name, param in model.named_parameters():
            if not torch.equal(param.detach(), kept[name]) and not kept[name].isnan().any():
                param.data.copy_(kept[name])
                moved.append(name)
    if moved:
        raise ValueError(
            f"the forward pass changes the parameter {moved[0]!r}, so looking at the model would "
            f"change it; do that after optimizer.step(), or by torch.nn.utils.parametrize (an "
            f"embedding's max_norm does it: leave that out)"
        )


@contextmanager
def unconverted(module: nn.Module) -> Iterator[None]:
    """Make module.to() and its kin raise RuntimeError: under torch.func they end the process.

    A router that sets its own type in the forward pass calls it there.
    """

    def refuse(*args: Any, **kwargs: Any) -> None:
        raise RuntimeError("the forward pass converts weights, as by module.to()")

    kept = [(part, part.__dict__.get("_apply")) for part in module.modules()]
    for part, _ in kept:
        part.__dict__["_apply"] = refuse
    try:
        yield
    finally:
        for part, own in kept:
            if own is None:
                del part.__dict__["_apply"]
            else:
                part.__dict__["_apply"] = own


@contextmanager
def uncompiled() -> Iterator[None]:
    """Run what torch.compile made as plain Python: compiled code can't be differentiated twice."""
    compiler: Any = torch.compiler
    if "torch._dynamo" in sys.modules and hasattr(compiler, "set_stance"):
        with compiler.set_stance("force_eager"):
            yield
    else:
        yield


def plain_model(model: Any) -> Any:
    """Return the module behind torch.compile, DataParallel and DistributedDataParallel."""
    wrappers = (nn.DataParallel, nn.parallel.DistributedDataParallel)
    while True:
        if isinstance(model, wrappers):
            model = model.module
        elif isinstance(getattr(model, "_orig_mod", None), nn.Module):
            model = model._orig_mod
        else:
            return model
