"""From the arguments of a grid to its stacks: checks, initial weights, memory."""

import dataclasses
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.data.splits import Dataset
from coursekit.replicas._mlp import mlp_activation
from coursekit.replicas._stack import BY_VMAP, Stack, named_tensors
from coursekit.replicas._vmap import PRECISIONS, Loss, activation_bytes, refuse_unstackable
from coursekit.train._optim_stacked import stacked_state
from coursekit.train.optim import SGD, Settings, optimizer_settings
from coursekit.train.schedules import Schedule

MakeModel = Callable[..., nn.Module]
BACKENDS = ("auto", "mlp", "vmap", "kernels", "compiled", "loop")
EXACT_ONLY = ("auto", "mlp", "vmap", "loop")  # backends without other precisions
CACHE_BYTES = 2**21  # activations of a stack of MLPs on a CPU: what its caches hold
WEIGHT_BYTES = 2**23  # weights of a stack of MLPs on a CPU
VMAP_BYTES = 2**28  # activations of a stack of other models on a CPU
GPU_SHARE = 0.3  # of the free memory, for one stack


@dataclass(frozen=True)
class Planned:
    """A stack and where its replicas lie in the grid's flattened arrays."""

    stack: Stack
    positions: np.ndarray

    def halves(self) -> list["Planned"]:
        """Return two stacks of half the size."""
        where = np.array_split(self.positions, 2)
        return [Planned(*pair) for pair in zip(self.stack.split(2), where, strict=True)]


@dataclass(frozen=True)
class Arm:
    """One optimizer and schedule, and their places on the axes that exist."""

    place: tuple[int, ...]
    optimizer: Settings
    schedule: Callable[[int], Schedule] | None


def grid_axes(
    optimizer: Any, schedule: Any, seeds: Sequence, lrs: Sequence, batch_sizes: Sequence
) -> tuple[dict[str, tuple], list[Arm]]:
    """Return the axes by name, and every pair of optimizer and schedule.

    Raises:
        ValueError: For an empty axis, a value twice, or one that cannot be.
    """
    optimizers = optimizer if isinstance(optimizer, Mapping) else {"": optimizer}
    schedules = schedule if isinstance(schedule, Mapping) else {"": schedule}
    axes: dict[str, tuple] = {}
    if isinstance(optimizer, Mapping):
        axes["optimizer"] = tuple(optimizers)
    if isinstance(schedule, Mapping):
        axes["schedule"] = tuple(schedules)
    axes["seed"] = tuple(int(seed) for seed in seeds)
    axes["lr"] = tuple(float(lr) for lr in lrs)
    axes["batch_size"] = tuple(int(size) for size in batch_sizes)
    for name, values in axes.items():
        if not values:
            raise ValueError(f"the grid is empty: give at least one {name}")
        if len(set(values)) < len(values):
            raise ValueError(f"a {name} comes twice in {values}: every run would be made twice")
    for lr in axes["lr"]:
        if not (lr > 0 and math.isfinite(lr)):
            raise ValueError(f"every lr must be positive and finite, got {lr}")
    arms = []
    for i, one_optimizer in enumerate(optimizers.values()):
        for k, one_schedule in enumerate(schedules.values()):
            place = (i,) * isinstance(optimizer, Mapping) + (k,) * isinstance(schedule, Mapping)
            arms.append(Arm(place, optimizer_settings(one_optimizer), one_schedule))
    return axes, arms


def plan_stacks(
    template: Stack,
    data: Dataset,
    axes: dict[str, tuple],
    arms: list[Arm],
    steps: dict[int, np.ndarray],
    records: dict[int, np.ndarray],
    *,
    device: torch.device,
    max_stack: int | None,
) -> list[Planned]:
    """Return the stacks of a grid, those with most work first.

    Args:
        template: From `prepare`; it has the model and the seeds.
        data: Only its size matters here.
        axes: From `grid_axes`.
        arms: From `grid_axes`.
        steps: Batch size of the grid -> batch size of each step.
        records: Batch size of the grid -> steps to record.
        device: Where the stacks will train; its memory bounds them.
        max_stack: Replicas in one stack at most; None: chosen by memory.
    """
    shape = tuple(len(values) for values in axes.values())
    positions = np.arange(math.prod(shape)).reshape(shape)
    planned = []
    for j, batch_size in enumerate(axes["batch_size"]):
        sizes = steps[batch_size]
        for arm in arms:
            group = dataclasses.replace(
                template,
                seed_index=np.repeat(np.arange(len(axes["seed"])), len(axes["lr"])),
                lrs=np.tile(np.array(axes["lr"], dtype=np.float64), len(axes["seed"])),
                factors=schedule_factors(arm.schedule, len(sizes)),
                batch_sizes=sizes,
                optimizer=arm.optimizer,
                record_steps=tuple(records[batch_size].tolist()),
            )
            where = positions[arm.place][..., j].ravel()
            limit = max_stack or stack_limit(group, int(sizes.max()), device)
            parts = math.ceil(len(where) / limit)
            cut = np.array_split(where, parts)
            planned += [Planned(*pair) for pair in zip(group.split(parts), cut, strict=True)]
    return sorted(planned, key=lambda p: -p.stack.batch_sizes.sum() * len(p.positions))


def prepare(
    make: MakeModel,
    data: Dataset,
    seeds: Sequence[int],
    *,
    loss_fn: Loss,
    backend: str,
    device: torch.device,
    keep_weights: bool,
    keep_correct: bool = False,
    precision: str = "float32",
) -> Stack:
    """Make every seed's model, choose the backend; return a stack without runs.

    Raises:
        ValueError: If the model does not suit the backend, or does not draw its weights from the
            generator that it is given; for a precision that there is not, or not there.
    """
    if backend not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got {backend!r}")
    if precision not in PRECISIONS:
        raise ValueError(f"precision must be one of {', '.join(PRECISIONS)}, got {precision!r}")
    if precision != "float32" and backend in EXACT_ONLY:
        raise ValueError(
            f"precision={precision!r} goes with backend='kernels' or 'compiled', not {backend!r}"
        )
    if precision == "tf32" and device.type != "cuda":
        raise ValueError(f"precision='tf32' is a GPU's: on {device} take 'float32' or 'bf16'")
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    with torch.device("cpu"):  # whatever the default device: that is where the generators are
        models = [make(generator=g) for g in generators]
        again = named_tensors(make(generator=torch.Generator().manual_seed(seeds[0])))
    initial = [named_tensors(m) for m in models]
    if any(not torch.equal(t, again[name]) for name, t in initial[0].items()):
        raise ValueError(
            "the model's weights differ although its seed is the same: draw them from the "
            "generator given as make(generator=g)"
        )
    is_mlp = mlp_activation(models[0]) is not None and loss_fn is cross_entropy
    if backend == "auto":
        convolves = any(isinstance(m, nn.modules.conv._ConvNd) for m in models[0].modules())
        other = "loop" if convolves and device.type == "cpu" else "vmap"
        backend = "mlp" if is_mlp else other
    if backend == "mlp" and not is_mlp:
        raise ValueError(
            "backend='mlp' trains nn.Sequential(Linear, ReLU or Tanh, ..., Linear) on the "
            f"cross-entropy, not {type(models[0]).__name__} on "
            f"{getattr(loss_fn, '__name__', loss_fn)}: use backend='auto'"
        )
    if backend in BY_VMAP:
        refuse_unstackable(models[0])
    few = slice(0, 4)
    kept = activation_bytes(
        models[0], loss_fn, data.train_inputs[few].cpu(), data.train_targets[few].cpu()
    )
    none = np.zeros(0)
    return Stack(
        model=models[0],
        initial={n: torch.stack([i[n].detach() for i in initial]) for n in initial[0]},
        rng_states=[g.get_state() for g in generators],
        seed_index=none.astype(int),
        lrs=none,
        factors=none,
        batch_sizes=none.astype(int),
        optimizer=SGD(),
        backend=backend,
        loss_fn=loss_fn,
        bytes_per_example=max(1, kept // len(data.train_inputs[few])),
        keep_weights=keep_weights,
        keep_correct=keep_correct,
        precision=precision,
    )


def step_sizes(
    num_examples: int,
    batch_size: int,
    growth: Callable[[int], float] | None,
    num_epochs: int | None,
    num_steps: int | None,
) -> np.ndarray:
    """Return the batch size of every step of a run.

    Raises:
        ValueError: If a batch size does not lie between 1 and N, or the run has no length.
    """
    if (num_epochs is None) == (num_steps is None):
        raise ValueError("give num_epochs or num_steps, and only one of them")
    length = num_epochs if num_steps is None else num_steps
    assert length is not None
    if length < 1:
        raise ValueError(f"num_{'epochs' if num_steps is None else 'steps'} must be >= 1")
    sizes: list[int] = []
    epoch = 0
    while epoch < length if num_steps is None else len(sizes) < length:
        size = batch_size if growth is None else round(batch_size * growth(epoch))
        if not 1 <= size <= num_examples:
            raise ValueError(
                f"batch_size must lie between 1 and the {num_examples} examples, got {size}"
            )
        sizes += [size] * (num_examples // size)
        epoch += 1
    return np.array(sizes[:num_steps])


def schedule_factors(schedule: Callable[[int], Schedule] | None, num_steps: int) -> np.ndarray:
    """Return the schedule's factor on the learning rate at every step.

    Raises:
        ValueError: For a factor that is negative or not finite.
    """
    if schedule is None:
        return np.ones(num_steps)
    at = schedule(num_steps)
    factors = np.array([at(step) for step in range(num_steps)], dtype=np.float64)
    bad = np.flatnonzero(~(np.isfinite(factors) & (factors >= 0)))
    if len(bad):
        raise ValueError(
            f"a schedule's factor must be finite and not negative, got {factors[bad[0]]} at step "
            f"{bad[0]} of {num_steps}"
        )
    return factors


def stack_limit(stack: Stack, batch_size: int, device: torch.device) -> int:
    """Return how many replicas to train in one stack, by the memory they take."""
    params = sum(t[0].numel() * t.element_size() for t in stack.initial.values())
    copies = 2 + len(stacked_state(stack.optimizer, []))
    activations = stack.bytes_per_example * batch_size
    if stack.backend == "loop":
        return 1
    if device.type == "cuda":
        free = torch.cuda.mem_get_info(device)[0]
        return max(1, int(GPU_SHARE * free / (params * copies + 3 * activations)))
    if stack.backend in BY_VMAP:
        return max(1, VMAP_BYTES // (params * copies + 3 * activations))
    return max(1, min(CACHE_BYTES // activations, WEIGHT_BYTES // params))
