"""Whose parameters are these? The modules behind them, and what those do to a gradient."""

import gc
from collections.abc import Iterable, Mapping, Sequence
from numbers import Integral
from typing import Any

from torch import Tensor, nn
from torch.utils._pytree import tree_map_only

ALONE = "alone"  # in place of a process group: this process trains by itself


def listed(params: Any) -> list[nn.Parameter]:
    """Return parameters as a list.

    Raises:
        ValueError: If they are none, such as an optimizer.
    """
    if not isinstance(params, Iterable) or isinstance(params, Tensor):
        raise ValueError(
            f"params must be a model or its parameters, got a {type(params).__name__}: pass the "
            f"model, or model.parameters()"
        )
    return list(params)


def watched(
    params: nn.Module | Iterable[nn.Parameter], *, only: set[int] | None = None
) -> tuple[list[nn.Parameter], list[str]]:
    """Return the parameters that require a gradient, each once, and their names.

    Args:
        params: A model, or parameters.
        only: Ids of the parameters that are wanted; None: all.

    Raises:
        ValueError: If there is none, something else is among them, or they lie on several devices.
    """
    given = params.named_parameters() if isinstance(params, nn.Module) else enumerate(params)
    found: dict[int, tuple[str, nn.Parameter]] = {}
    for name, param in given:
        if not hasattr(param, "requires_grad"):
            raise ValueError(
                f"params must be a model or its parameters, got {type(param).__name__} among "
                f"them: pass the model, or model.parameters()"
            )
        if param.requires_grad and (only is None or id(param) in only):
            found.setdefault(id(param), (str(name), param))
    if not found:
        raise ValueError("no parameter requires a gradient: there is no noise to measure")
    for name, param in found.values():
        if isinstance(param, nn.parameter.UninitializedParameter):
            raise ValueError(
                f"parameter {name} has no shape yet: run one batch through the model first, as "
                f"lazy modules want it"
            )
    if len({p.device for _, p in found.values()}) > 1:
        raise ValueError("the parameters lie on several devices: watch those of one")
    complex_ones = [name for name, p in found.values() if p.is_complex()]
    if complex_ones:
        raise ValueError(f"parameter {complex_ones[0]} is complex: noise is defined for real ones")
    return [p for _, p in found.values()], [name for name, _ in found.values()]


def modules_of(
    params: nn.Module | Iterable[nn.Parameter], watched: Sequence[nn.Parameter]
) -> list[nn.Module]:
    """Return the model's modules; for parameters alone, those of the smallest model that has all.

    Parameters do not know their module, so the modules alive are searched, once.
    """
    if isinstance(params, nn.Module):
        return list(params.modules())
    ids = {id(p) for p in watched}
    alive = [m for m in gc.get_objects() if issubclass(type(m), nn.Module)]
    alive = [m for m in alive if "_modules" in m.__dict__ and "_parameters" in m.__dict__]
    owners = [m for m in alive if any(id(p) in ids for p in m.__dict__["_parameters"].values())]
    parents: dict[int, list[nn.Module]] = {}
    for module in alive:
        for child in module.__dict__["_modules"].values():
            parents.setdefault(id(child), []).append(module)

    def above(module: nn.Module) -> dict[int, nn.Module]:
        """Return the module itself and all that it is part of."""
        found, to_do = {id(module): module}, [module]
        while to_do:
            for parent in parents.get(id(to_do.pop()), []):
                if id(parent) not in found:
                    found[id(parent)] = parent
                    to_do.append(parent)
        return found

    common: dict[int, nn.Module] | None = None
    for owner in owners:
        ancestors = above(owner)
        common = (
            ancestors if common is None else {k: m for k, m in common.items() if k in ancestors}
        )
    if not common:
        return owners
    return min((list(m.modules()) for m in common.values()), key=len)


def batch_norms(modules: Iterable[nn.Module]) -> list[nn.Module]:
    """Return those that normalise by the statistics of a batch when they are in train mode."""
    return [m for m in modules if isinstance(m, nn.modules.batchnorm._BatchNorm)]


def refuse_batch_statistics(norms: Iterable[nn.Module]) -> None:
    """Raise ValueError if one of them uses the statistics of the batch now."""
    for module in norms:
        if module.training or module.running_mean is None:
            raise ValueError(batch_norm_said(f"{type(module).__name__} in train mode"))


def batch_norm_said(what: str) -> str:
    """Say why the statistics of a batch spoil the measurement."""
    return (
        f"{what} normalises each micro-batch by itself: examples have no gradient of their own, "
        f"and the noise scale would depend on micro_batch_size. Put it in eval mode, or train "
        f"with GroupNorm or LayerNorm; allow_batch_norm=True measures the noise of micro-batches "
        f"of just this size"
    )


def uses_batch_statistics(output: Any) -> bool:
    """Tell whether a batch norm, also one called as a function, is in the graph of an output."""
    found: list[Tensor] = []
    tree_map_only(Tensor, found.append, dict(output) if isinstance(output, Mapping) else output)
    nodes = [t.grad_fn for t in found if t.grad_fn is not None]
    seen = set(nodes)
    while nodes:
        node = nodes.pop()
        if "BatchNorm" in node.name() and getattr(node, "_saved_training", False):
            given = getattr(node, "_saved_input", None)
            if given is None or len(given) > 1:  # instance norm is one over a batch of one
                return True
        for parent, _ in node.next_functions:
            if parent is not None and parent not in seen:
                seen.add(parent)
                nodes.append(parent)
    return False


def refuse_wrappers(modules: Iterable[nn.Module]) -> None:
    """Raise ValueError for sharding whose gradients never pass the parameters themselves."""
    for module in modules:
        name = type(module).__name__
        if name == "FullyShardedDataParallel":
            raise ValueError(
                "FullyShardedDataParallel (FSDP1) keeps its gradients in flat shards, which do "
                "not pass the parameters; shard with torch.distributed.fsdp.fully_shard (FSDP2)"
            )


def refuse_forgotten_group(group: object) -> None:
    """Raise ValueError if other workers run beside this one and nothing was said of them."""
    import torch.distributed as dist

    if group is not None or not (dist.is_available() and dist.is_initialized()):
        return
    if dist.get_world_size() > 1:
        raise ValueError(
            f"torch.distributed runs {dist.get_world_size()} workers, but group is None: the "
            f"accumulated gradient is their average, while the norms would be one worker's. Pass "
            f"group=ddp.process_group (or torch.distributed.group.WORLD), or group={ALONE!r} if "
            f"this worker trains by itself"
        )


def frozen_of(params: object) -> list[nn.Parameter]:
    """Return a model's parameters that require no gradient now, and so are not watched."""
    given = params.parameters() if isinstance(params, nn.Module) else []
    return [p for p in given if not p.requires_grad]


def refuse_changed(group: object, frozen: Iterable[nn.Parameter]) -> None:
    """Raise ValueError if workers were started, or parameters unfrozen, since the beginning."""
    refuse_forgotten_group(group)
    if any(p.requires_grad for p in frozen):
        raise ValueError(
            "a parameter that was frozen when NoiseScale was built requires a gradient now, and "
            "is not measured: close() this NoiseScale and build another for the model as it is"
        )


def refuse_coupled(batch_norms: Iterable[nn.Module], seen: bool) -> None:
    """Refuse BatchNorm in train mode: as a module, or called as a function in a forward pass."""
    refuse_batch_statistics(batch_norms)
    if seen:
        raise ValueError(batch_norm_said("a batch_norm of torch.nn.functional"))


def refuse_other_size(size: float, first: float) -> None:
    """Refuse micro-batches of two sizes where BatchNorm makes the noise depend on the size."""
    if size != first:
        raise ValueError(
            f"with BatchNorm the noise is that of micro-batches of one size, got "
            f"{first:g} and {size:g}: leave the last, smaller batch out"
        )


def check_settings(every: int, read: str | None, group: Any) -> None:
    """Refuse settings out of range."""
    if not isinstance(every, Integral) or every < 1:
        raise ValueError(f"every must be >= 1, a whole number of steps, got {every!r}")
    if read not in (None, "all", "ends"):
        raise ValueError(f"read must be 'all', 'ends' or None, got {read!r}")
    if isinstance(group, str) and group != ALONE:
        raise ValueError(f"group must be a process group, {ALONE!r} or None, got {group!r}")


def refuse_forgotten_pass(forgotten: bool) -> None:
    """Refuse a step after a backward pass that no micro_step() recorded."""
    if forgotten:
        raise ValueError(
            "a backward pass since the last micro_step(): call micro_step() after each, and "
            "put other measurements of this model into `with noise.paused():`"
        )


def refuse_without_spread(num_micro: int, num_workers: int, least: int) -> None:
    """Refuse a step from which no spread can be seen."""
    if num_micro * num_workers < least or not num_micro:
        raise ValueError(
            f"need >= 2 micro-batches before step() to see any spread, got {num_micro}; "
            f"split the batch, pass the process group of data-parallel workers, or see the "
            f"spread of examples inside one batch with NoiseScale(model, examples='norms')"
        )
