"""Train the replicas of one stack, together or one after another, and evaluate them."""

import copy
import dataclasses
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from torch import nn

from coursekit.data.splits import Dataset
from coursekit.replicas._stack import Replicas, Result, Stack, named_tensors
from coursekit.train.loop import TrainConfig, stream_blocks, train


def train_stack(
    stack: Stack,
    data: Dataset,
    *,
    device: torch.device | str = "cpu",
    on_examples: Callable[[int], None] | None = None,
) -> Result:
    """Train all replicas of a stack and evaluate them.

    Args:
        stack: The replicas.
        data: The data set, on any device.
        device: Where to train.
        on_examples: Called now and then with the number of examples processed since.

    Returns:
        Arrays over replicas: "train_loss", "validation_accuracy", "test_accuracy" (nan where the
        run diverged), "diverged_at" (step, or -1), the same under "recorded_..." with a second
        dimension over record_steps, and "weights" and "test_correct" if kept. "setup_seconds"
        and "seconds", shape (), are the time to capture CUDA graphs and that of all else.
    """
    device = torch.device(device)
    data = data.to(device)
    current = torch.cuda.device(device) if device.type == "cuda" else nullcontext()
    with current, denormals_flushed(), torch.no_grad():
        if stack.backend == "loop":
            return _train_loop(stack, data, on_examples)
        return _train_stacked(stack, data, device, on_examples)


def _train_stacked(
    stack: Stack, data: Dataset, device: torch.device, on_examples: Callable[[int], None] | None
) -> Result:
    start, setup = time.perf_counter(), 0.0
    replicas = Replicas(stack, data, device)
    take_step: Callable[..., Any] = replicas.step
    generators = []
    for state in stack.rng_states:
        generators.append(torch.Generator())
        generators[-1].set_state(state)
    lrs = torch.as_tensor(stack.lrs, dtype=replicas.dtype, device=device)
    records: list[Result] = []
    step, captured_size = 0, 0
    for block in stream_blocks(len(data.train_inputs), stack.batch_sizes.tolist(), generators):
        batch_size = block.shape[2]
        block = block.to(device)
        if device.type == "cuda" and captured_size != batch_size:
            from coursekit.replicas._graph import CapturedStep

            begin = time.perf_counter()
            take_step = CapturedStep(replicas, block[0], lrs)
            captured_size, setup = batch_size, setup + time.perf_counter() - begin
        for indices in block:
            if step in stack.record_steps:
                records.append(replicas.evaluate(with_test=False))
            step += 1
            take_step(indices, lrs * stack.factors[step - 1], step)
        if on_examples is not None:
            on_examples(len(block) * batch_size * len(lrs))
        if device.type == "cpu" and not replicas.alive.any():
            break
    if len(stack.batch_sizes) in stack.record_steps:
        records.append(replicas.evaluate(with_test=False))
    result = replicas.result(records, len(stack.record_steps))
    result["setup_seconds"] = np.array(setup)
    result["seconds"] = np.array(time.perf_counter() - start - setup)
    return result


def _train_loop(stack: Stack, data: Dataset, on_examples: Callable[[int], None] | None) -> Result:
    """Train one replica after another by `coursekit.train.train`."""
    results = []
    for alone in stack.split(len(stack.lrs)):
        start = time.perf_counter()
        model = copy.deepcopy(stack.model).to(data.train_inputs.device).train()
        for name, tensor in named_tensors(model).items():
            tensor.copy_(alone.initial[name][0])
        generator = torch.Generator()
        generator.set_state(alone.rng_states[0])
        records: list[Result] = []

        def snapshot(
            model: nn.Module, _: Dataset, alone: Stack = alone, into: Any = records
        ) -> dict:
            into.append(_replicas_of(model, alone, data).evaluate(with_test=False))
            return {}

        lrs = alone.lrs[0] * stack.factors
        config = TrainConfig(
            batch_size=stack.batch_sizes.tolist().__getitem__,
            num_steps=len(stack.batch_sizes),
            lr_schedule=lrs.tolist().__getitem__,
            optimizer=stack.optimizer,
            measures=(snapshot,) if stack.record_steps else (),
            record_steps=stack.record_steps,
        )
        with torch.enable_grad():
            history = train(model, data, config, rng=generator, loss_fn=stack.loss_fn)
        final = _replicas_of(model, alone, data)
        if history.diverged_at is not None:
            final.alive.fill_(False)
            final.finite_steps.fill_(history.diverged_at)
        results.append(final.result(records, len(stack.record_steps)))
        results[-1]["seconds"] = np.array(time.perf_counter() - start)
        if on_examples is not None:
            on_examples(int(stack.batch_sizes.sum()))
    joined = {
        name: np.concatenate([r[name] for r in results]) for name in results[0] if name != "seconds"
    }
    joined["seconds"] = np.array(sum(r["seconds"] for r in results))
    return {**joined, "setup_seconds": np.array(0.0)}


def _replicas_of(model: nn.Module, alone: Stack, data: Dataset) -> Replicas:
    """Return a stack of one with the model's weights, to evaluate it."""
    now = {name: t.detach().unsqueeze(0) for name, t in named_tensors(model).items()}
    return Replicas(dataclasses.replace(alone, initial=now), data, data.train_inputs.device)


@contextmanager
def denormals_flushed() -> Iterator[None]:
    """Count numbers below 1e-38 as 0 in this thread.

    Confident networks make them, and each costs a CPU a hundred ordinary operations.
    """
    was_on = (torch.full((1,), 1e-310, dtype=torch.float64, device="cpu") * 1.0).item() == 0
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(was_on)
