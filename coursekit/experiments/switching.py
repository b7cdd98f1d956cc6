"""One pass over fresh examples in which the batch is raised once: early, late, or never."""

import dataclasses
from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from coursekit.data.splits import Dataset
from coursekit.device import one_thread, pick_device
from coursekit.models.perceptrons import mlp
from coursekit.replicas._plan import prepare
from coursekit.replicas._run import denormals_flushed
from coursekit.replicas._stack import Replicas
from coursekit.train.loop import stream_blocks


@dataclasses.dataclass(frozen=True)
class Switch:
    """A batch size that is raised once, after a share of the examples.

    Attributes:
        small: Examples a step before it.
        large: Examples a step after it.
        share: Of the examples that are read by the small batch; 0: none, 1: all.
    """

    small: int
    large: int
    share: float

    def sizes(self, num_examples: int) -> list[int]:
        """Return the batch size of every step of a run over so many examples, whole steps alone."""
        before = round(self.share * num_examples) // self.small
        after = (num_examples - before * self.small) // self.large
        return [self.small] * before + [self.large] * after


def losses_through(
    sizes: Sequence[int],
    data: Dataset,
    *,
    seeds: Sequence[int],
    lrs: Sequence[float],
    batch_sizes: Sequence[int],
    at: Sequence[int],
    device: torch.device | str | None = None,
) -> dict[str, np.ndarray]:
    """Train by plain SGD through given batch sizes, no example twice; measure on other data.

    Args:
        sizes: Widths of an MLP.
        data: N must hold all batches together.
        seeds: Each draws its weights and its order of examples.
        lrs: Learning rates, constant.
        batch_sizes: B of every step.
        at: Numbers of updates after which to measure, ascending.
        device: Where to train; None: a GPU if there is one.

    Returns:
        "validation" and "test": mean cross-entropy on those splits, (seeds, lrs, len(at)); nan
        where a run has diverged.

    Raises:
        ValueError: If the examples do not suffice for one pass.
    """
    if sum(batch_sizes) > len(data.train_inputs):
        raise ValueError(
            f"one pass through these steps reads {sum(batch_sizes)} examples, there are "
            f"{len(data.train_inputs)}: make more, or take fewer steps"
        )
    device = pick_device() if device is None else torch.device(device)
    template = prepare(
        partial(mlp, tuple(sizes)),
        data,
        list(seeds),
        loss_fn=cross_entropy,
        backend="mlp",
        device=device,
        keep_weights=False,
    )
    stack = dataclasses.replace(
        template,
        seed_index=np.repeat(np.arange(len(seeds)), len(lrs)),
        lrs=np.tile(np.array(lrs, dtype=np.float64), len(seeds)),
        factors=np.ones(1),
        batch_sizes=np.array([1]),
    )
    data = data.to(device)
    found: dict[str, list[np.ndarray]] = {"validation": [], "test": []}
    with one_thread(device), denormals_flushed(), torch.no_grad():
        replicas = Replicas(stack, data, device)
        rates = torch.as_tensor(stack.lrs, dtype=replicas.dtype, device=device)
        generators = [torch.Generator() for _ in seeds]
        for generator, state in zip(generators, stack.rng_states, strict=True):
            generator.set_state(state)
        step = 0
        for block in stream_blocks(len(data.train_inputs), list(batch_sizes), generators):
            for indices in block.to(device):
                replicas.step(indices, rates, step + 1)
                step += 1
                if step in at:
                    splits = {
                        "validation": (data.validation_inputs, data.validation_targets),
                        "test": (data.test_inputs, data.test_targets),
                    }
                    for name, pair in splits.items():
                        found[name].append(replicas.score(*pair)[0])
    return {
        name: np.array(rows).T.reshape(len(seeds), len(lrs), len(rows))
        for name, rows in found.items()
    }
