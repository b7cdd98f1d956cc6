"""Populations of runs: every seed at every learning rate and batch size, many at once.

    plane = run_grid((40, 64, 64, 10), load("mnist1d"), seeds=range(4),
                     batch_sizes=(16, 256), lrs=(0.1, 0.5), num_epochs=30)

Runs of equal batch size, optimizer and schedule train in one stack: their weights lie in one
tensor, and one batched product per layer moves all of them. `coursekit.replicas._stack` is the
core; `replicas_mlp` and `replicas_vmap` compute its gradients.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from coursekit.data.splits import Dataset
from coursekit.device import pick_device
from coursekit.models.perceptrons import mlp
from coursekit.replicas._execute import run_stacks
from coursekit.replicas._plan import MakeModel, grid_axes, plan_stacks, prepare, step_sizes
from coursekit.replicas._vmap import Loss
from coursekit.replicas.population import Population
from coursekit.train.optim import Settings
from coursekit.train.schedules import Schedule

Device = torch.device | str


def run_grid(
    model: Sequence[int] | MakeModel,
    data: Dataset,
    *,
    seeds: Sequence[int],
    batch_sizes: Sequence[int],
    lrs: Sequence[float],
    num_epochs: int | None = None,
    num_steps: int | None = None,
    optimizer: str | Settings | Mapping[str, str | Settings] = "sgd",
    schedule: Callable[[int], Schedule] | Mapping[str, Callable[[int], Schedule]] | None = None,
    batch_growth: Callable[[int], float] | None = None,
    loss_fn: Loss = cross_entropy,
    num_records: int = 0,
    keep_weights: bool = False,
    keep_correct: bool = False,
    backend: str = "auto",
    precision: str = "float32",
    device: Device | Sequence[Device] | None = None,
    executor: Executor | None = None,
    resume: Path | str | None = None,
    max_stack: int | None = None,
    progress: bool = True,
) -> Population:
    """Train every seed at every learning rate and batch size.

    Each run equals, up to rounding, the single run

        g = torch.Generator().manual_seed(seed)
        model = mlp(sizes, generator=g)
        train(model, data, TrainConfig(batch_size, num_steps, lambda step: lr), rng=g)

    so runs of one seed start from the same weights and read the same stream of examples: arms are
    paired. (float32 rounding grows over hundreds of steps; then populations agree, not runs.)

    Args:
        model: Widths of an MLP, or a function ``make(generator=g)`` that draws its weights from g.
        data: Its three splits are used: train on the first, choose on the second, report the third.
        seeds: Integers.
        batch_sizes: B, examples per optimizer step.
        lrs: Learning rates; the schedule's factor multiplies them.
        num_epochs: Length of every run in passes over the data: larger batches take fewer steps.
        num_steps: Length of every run in steps. Give one of the two.
        optimizer: A name or settings of `coursekit.train.optim`; or several, as {label: optimizer},
            which adds an axis "optimizer".
        schedule: num_steps -> (step -> factor on lr), such as
            ``lambda n: warmup_cosine(1.0, warmup_steps=n // 10, num_steps=n)``; or several, as
            {label: schedule}, which adds an axis "schedule". None: a constant rate.
        batch_growth: 0-based epoch -> factor on the batch size. None: 1.
        loss_fn: Mean loss of (outputs, targets).
        num_records: Evaluations at equal distances during each run, the last at its end.
        keep_weights: Whether to return all final parameters.
        keep_correct: Whether to return which test examples each run has right at its end: what an
            interval over test examples needs (`coursekit.intervals.crossed`).
        backend: "mlp" (hand-written products, for `coursekit.models.mlp` with cross-entropy),
            "vmap" (any model), "loop" (one after another), or "auto": the first of these that
            applies. "kernels" is vmap with attention and convolutions as kernels of our own, for
            a GPU with Triton. "compiled" has torch's compiler fuse the rest as well: two to eight
            times as fast a step as vmap's for a small transformer or convnet, after 10 to 25 s for
            each shape of a stack, and for eight shapes in a process at most: beyond them torch
            falls back to vmap. On a CPU vmap is slower than the loop for convolutions, so there
            "auto" takes the loop.
        precision: Of the products of "kernels" and "compiled"; weights, updates, norms and losses
            are float32.
            "float32"; "tf32": factors rounded to 10 bits, on a GPU; "bf16": inputs and weights of
            linear layers, convolutions and attention in bfloat16 (7 bits). Faster in this order.
            Error of a gradient against float64, norm over norm: 9e-7, 6e-4, 5e-3 for a transformer
            of width 64 with 4 blocks; 4e-7, 5e-3, 1e-2 for a convnet, where rounding switches ReLU.
        device: Where to train; several: stacks take them in turn. None: the CUDA device if there
            is one, else the CPU.
        executor: What runs the stacks: any `concurrent.futures` executor, for processes or a
            cluster. None: a thread for each of torch's threads on a CPU, one a GPU.
        resume: A folder: finished stacks are kept there, and not trained again by an equal call.
        max_stack: Replicas in one stack at most. None: chosen by memory.
        progress: Whether to show a bar on stderr, for what takes longer than two seconds.

    Returns:
        Losses and accuracies with named axes. A run that diverged is nan there, noted in
        ``diverged_at``, and harms no other.

    Raises:
        ValueError: For an empty grid, a batch larger than the data, a learning rate that is not
            positive, or a model that cannot be stacked.
        MemoryError: If not even one replica fits.
    """
    axes, arms = grid_axes(optimizer, schedule, seeds, lrs, batch_sizes)
    if num_records < 0:
        raise ValueError(f"num_records must be >= 0, got {num_records}")
    if max_stack is not None and max_stack < 1:
        raise ValueError(f"max_stack must be >= 1, got {max_stack}")
    if device is None:
        device = pick_device()
    chosen = [device] if isinstance(device, str | torch.device) else device
    devices = [torch.device(d) for d in chosen]
    steps = {
        size: step_sizes(len(data.train_inputs), size, batch_growth, num_epochs, num_steps)
        for size in axes["batch_size"]
    }
    records = {
        size: np.linspace(0, len(steps[size]), num_records + 1).round()[1:].astype(int)
        for size in steps
    }
    template = prepare(
        model if callable(model) else partial(mlp, tuple(model)),
        data,
        axes["seed"],
        loss_fn=loss_fn,
        backend=backend,
        device=devices[0],
        keep_weights=keep_weights,
        keep_correct=keep_correct,
        precision=precision,
    )
    planned = plan_stacks(
        template, data, axes, arms, steps, records, device=devices[0], max_stack=max_stack
    )
    folder = None if resume is None else Path(resume)
    finished = run_stacks(
        planned, data, devices=devices, executor=executor, resume=folder, progress=progress
    )

    shape = tuple(len(values) for values in axes.values())
    arrays: dict[str, np.ndarray] = {}
    stack_sizes = np.zeros(shape, dtype=int)
    times = {"seconds": 0.0, "setup_seconds": 0.0}
    for work, result in finished:
        stack_sizes.flat[work.positions] = len(work.positions)
        for name, values in result.items():
            if name in times:
                times[name] += float(values)
                continue
            rest = values.shape[1:]
            if name not in arrays:
                arrays[name] = np.empty((*shape, *rest), dtype=values.dtype)
            arrays[name].reshape(stack_sizes.size, *rest)[work.positions] = values
    return Population(
        axes=axes,
        train_loss=arrays["train_loss"],
        validation_accuracy=arrays["validation_accuracy"],
        test_accuracy=arrays["test_accuracy"],
        diverged_at=arrays["diverged_at"],
        num_steps=np.array([len(sizes) for sizes in steps.values()]),
        record_steps=np.array(list(records.values())),
        recorded={
            name: arrays[f"recorded_{name}"] for name in ("train_loss", "validation_accuracy")
        },
        weights=arrays.get("weights"),
        test_correct=arrays.get("test_correct"),
        backend=template.backend,
        stack_sizes=stack_sizes.reshape(-1, shape[-1]).max(axis=0),
        **times,
    )
