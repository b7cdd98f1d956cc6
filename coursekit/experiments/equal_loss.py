"""Runs that stop at the same training loss, so that what they found can be compared."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from coursekit.data.splits import Dataset
from coursekit.device import one_thread, pick_device
from coursekit.models.perceptrons import mlp
from coursekit.replicas._plan import prepare
from coursekit.replicas._run import denormals_flushed
from coursekit.replicas._stack import Replicas
from coursekit.train.loop import stream_blocks


@dataclass(frozen=True)
class Stopped:
    """Where each run's training loss was first seen below the target; one entry a seed.

    Attributes:
        weights: Parameters in the order of ``model.parameters()``, (seeds, num_params); nan where
            the target was not reached.
        steps: Updates done by then; -1 where it was not reached.
        train_loss: Loss of the whole training split there, a little below the target.
    """

    weights: Tensor
    steps: np.ndarray
    train_loss: np.ndarray

    @property
    def reached(self) -> np.ndarray:
        """Which seeds reached the target."""
        return self.steps >= 0


def train_to_loss(
    sizes: Sequence[int],
    data: Dataset,
    *,
    seeds: Sequence[int],
    batch_size: int,
    lr: float,
    target: float,
    check_every: int = 20,
    max_steps: int = 12_000,
    device: torch.device | str | None = None,
) -> Stopped:
    """Train an MLP from every seed by plain SGD until its training loss falls below a target.

    The cross-entropy's curvature falls with the loss itself: a run that has trained further looks
    flatter. Two settings are compared fairly at one training loss, not after equal epochs.

    Args:
        sizes: Widths of the MLP.
        data: Its training split is used.
        seeds: Each draws its own weights and order of examples, as `coursekit.train.train` would.
        batch_size: B.
        lr: Learning rate, constant.
        target: Mean cross-entropy of the training split to fall below, > 0.
        check_every: Steps between two looks at that loss.
        max_steps: Where to give up.
        device: Where to train; None: the CUDA device if there is one.

    Returns:
        Weights at the first look below the target. Looks come every few steps and the loss is
        noisy, so it lies below by up to a third at small B: report it beside the sharpness.

    Raises:
        ValueError: For a target that is not above 0, or check_every < 1.
    """
    if not target > 0 or check_every < 1:
        raise ValueError(
            f"need target > 0 and check_every >= 1, got target={target}, check_every={check_every}"
        )
    device = pick_device() if device is None else torch.device(device)
    template = prepare(
        partial(mlp, tuple(sizes)),
        data,
        list(seeds),
        loss_fn=cross_entropy,
        backend="mlp",
        device=device,
        keep_weights=True,
    )
    stack = dataclasses.replace(
        template,
        seed_index=np.arange(len(seeds)),
        lrs=np.full(len(seeds), float(lr)),
        factors=np.ones(1),
        batch_sizes=np.array([batch_size]),
    )
    data = data.to(device)
    generators = []
    for state in stack.rng_states:
        generators.append(torch.Generator())
        generators[-1].set_state(state)
    with one_thread(device), denormals_flushed(), torch.no_grad():
        replicas = Replicas(stack, data, device)
        rates = torch.as_tensor(stack.lrs, dtype=replicas.dtype, device=device)
        kept = torch.full_like(torch.cat([w.flatten(1) for w in replicas.weights], dim=1), np.nan)
        steps, losses = np.full(len(seeds), -1), np.full(len(seeds), np.nan)
        step = 0
        for block in stream_blocks(len(data.train_inputs), [batch_size] * max_steps, generators):
            for indices in block.to(device):
                if step % check_every == 0:
                    now = replicas.evaluate(with_test=False)["train_loss"]
                    new = np.flatnonzero((now < target) & (steps < 0))
                    flat = torch.cat([w.flatten(1) for w in replicas.weights], dim=1)
                    kept[new], steps[new], losses[new] = flat[new], step, now[new]
                    if ((steps >= 0) | np.isnan(now)).all():
                        return Stopped(kept, steps, losses)
                replicas.step(indices, rates, step + 1)
                step += 1
    return Stopped(kept, steps, losses)


def mlp_with(sizes: Sequence[int], weights: Tensor, *, activation: str = "relu") -> nn.Sequential:
    """Return an MLP that holds the given flat weights, where they live.

    Raises:
        ValueError: If their number does not fit the widths.
    """
    model = mlp(sizes, generator=torch.Generator(), activation=activation)
    count = sum(p.numel() for p in model.parameters())
    if weights.shape != (count,):
        raise ValueError(f"an MLP {tuple(sizes)} has {count} weights, got {tuple(weights.shape)}")
    model = model.to(weights.device)
    nn.utils.vector_to_parameters(weights.clone(), model.parameters())
    return model
