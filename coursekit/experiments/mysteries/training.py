"""Small real runs whose loop can do what its author did not mean: the runs behind the mysteries.

Several runs of one setup train at once (a seed and a learning rate each), and the micro-batches of
a step lie side by side too: weights (runs, 1, in, out), examples (runs, micro-batches, b, in).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from coursekit.data.splits import load
from coursekit.experiments.mysteries.network import (
    batch_statistics,
    fresh_statistics,
    fresh_weights,
    outputs,
    remember,
)

FIRST = 40  # steps whose true loss is kept
Rates = Sequence[float] | None


@dataclass(frozen=True)
class Setup:
    """What a run's author wrote, and below it what the code does behind their back.

    Attributes:
        num_train: Rows of the training set, copies counted.
        batch_size: B, examples per optimizer step, as the author believes.
        micro_batch_size: b, examples per backward pass.
        lr: Learning rate after warmup.
        num_epochs: Passes over the training rows.
        warmup_share: Share of the run over which the rate should rise linearly.
        clip_norm: Largest length of the gradient; inf: no clipping.
        batch_norm: Whether the network has BatchNorm.
        init_scale: Factor on He's initial weights.
        log_every: Steps between two lines of the log.
        refresh_every: Steps between two updates of the loss that the log prints.
        copies: How often each example stands in the training set.
        sums: Whether micro-batch gradients are added up without dividing.
        clips_each: Whether every micro-batch is clipped, in place of their mean.
        counts_micro: Whether the length of the warmup was computed from micro-batches.
        last_window: What becomes of the micro-batches left over at the end of an epoch:
            "dropped", "scaled" (a mean of fewer) or "unscaled" (a sum).
        stops_after: Step after which somebody stopped the run; None: nobody did.
    """

    num_train: int = 1024
    batch_size: int = 64
    micro_batch_size: int = 64
    lr: float = 0.1
    num_epochs: int = 10
    warmup_share: float = 0.0
    clip_norm: float = math.inf
    batch_norm: bool = False
    init_scale: float = 1.0
    log_every: int = 8
    refresh_every: int = 1
    copies: int = 1
    sums: bool = False
    clips_each: bool = False
    counts_micro: bool = False
    last_window: str = "dropped"
    stops_after: int | None = None

    @property
    def num_micro(self) -> int:
        """K, micro-batches in a step."""
        return self.batch_size // self.micro_batch_size

    @property
    def num_steps(self) -> int:
        """Whole optimizer steps of the run."""
        return self.num_epochs * (self.num_train // self.batch_size)

    @property
    def warmup_steps(self) -> int:
        """Steps that the warmup takes, as the code counts them."""
        counted = self.num_steps * (self.num_micro if self.counts_micro else 1)
        return round(self.warmup_share * counted)


@dataclass(frozen=True)
class Trained:
    """What R runs of one setup logged; every array has a row for each run.

    Attributes:
        steps: Step of each line of the log, shape (lines,).
        loss: What the log printed as the loss, (R, lines).
        grad_norm: Length of the accumulated gradient before it is clipped, (R, lines).
        lr: Learning rate, (R, lines).
        epoch_ends: Steps done at the end of each epoch, (epochs,).
        validation: Validation accuracy in % after each epoch, (R, epochs).
        train: Training accuracy in % at the end, (R,).
        train_loss: Training loss at the end, over all rows, as at evaluation, (R,).
        first_losses: The true loss of every one of the first steps, (R, 40 at most).
        first_norm: Length of the first step's gradient, (R,).
        one_micro_norm: The same from one micro-batch alone, (R,).
    """

    steps: np.ndarray
    loss: np.ndarray
    grad_norm: np.ndarray
    lr: np.ndarray
    epoch_ends: np.ndarray
    validation: np.ndarray
    train: np.ndarray
    train_loss: np.ndarray
    first_losses: np.ndarray
    first_norm: np.ndarray
    one_micro_norm: np.ndarray


def training_set(setup: Setup) -> tuple[Tensor, Tensor]:
    """Return the rows that a run trains on: digits, each as often as the setup says."""
    data = load("digits", num_train=setup.num_train // setup.copies)
    repeats = (setup.copies, 1)
    return data.train_inputs.repeat(*repeats), data.train_targets.repeat(setup.copies)


def rate_at(setup: Setup, step: int) -> float:
    """Return the factor on the learning rate at a 0-based step, as the code counts steps."""
    return min(1.0, (step + 1) / max(1, setup.warmup_steps))


def shortened(grads: list[Tensor], norms: Tensor, most: float) -> list[Tensor]:
    """Scale gradients down to a length; norms are (runs, K or 1)."""
    factor = (most / norms.clamp(min=1e-12)).clamp(max=1.0)[..., None, None]
    return [g * factor for g in grads]


def lengths(grads: list[Tensor]) -> Tensor:
    """Return the length of each gradient over all layers, (runs, K or 1)."""
    return torch.stack([g.square().sum(dim=(2, 3)) for g in grads]).sum(dim=0).sqrt()


def train_setup(setup: Setup, seeds: Sequence[int], *, lrs: Rates = None) -> Trained:
    """Train one run for each seed, as the setup's code does it, and keep what was logged.

    Args:
        setup: Settings and faults.
        seeds: One run each: initial weights and order of the examples.
        lrs: A learning rate for each run, in place of the setup's.

    Returns:
        The logs. A run whose weights are not finite any more is at chance from there on.
    """
    seeds = list(seeds)
    data = load("digits", num_train=setup.num_train // setup.copies)
    inputs, targets = training_set(setup)
    weights = fresh_weights(seeds, inputs.shape[1], data.num_classes, setup.init_scale)
    running = fresh_statistics(len(seeds)) if setup.batch_norm else None
    rates = torch.tensor([setup.lr] * len(seeds) if lrs is None else list(lrs)).view(-1, 1, 1, 1)
    generators = [torch.Generator().manual_seed(1000 + seed) for seed in seeds]
    lines: list[tuple[int, Tensor, Tensor, Tensor]] = []
    firsts: list[Tensor] = []
    ends: list[int] = []
    validation: list[Tensor] = []
    step, shown = 0, torch.zeros(len(seeds))
    for _ in range(setup.num_epochs):
        order = torch.stack([torch.randperm(len(inputs), generator=g) for g in generators])
        for window in windows(order, setup):
            x, y = inputs[window], targets[window]
            grads, losses = micro_gradients(weights, x, y, running)
            whole = accumulated(grads, setup)
            norm = lengths(whole)
            if not setup.clips_each and math.isfinite(setup.clip_norm):
                whole = shortened(whole, norm, setup.clip_norm)
            if step == 0:
                first_norm, one_norm = norm[:, 0], lengths([g[:, :1] for g in grads])[:, 0]
            if len(firsts) < FIRST:
                firsts.append(losses.mean(dim=1))
            if step % setup.refresh_every == 0:
                shown = losses.mean(dim=1)
            rate = rates * rate_at(setup, step)
            if step % setup.log_every == 0:
                lines.append((step, shown, norm[:, 0], rate.flatten()))
            weights = [w - rate * g for w, g in zip(weights, whole, strict=True)]
            step += 1
        ends.append(step)
        held_out = (data.validation_inputs, data.validation_targets)
        validation.append(evaluated(weights, *held_out, running)[0])
    return Trained(
        steps=np.array([line[0] for line in lines]),
        loss=columns([line[1] for line in lines]),
        grad_norm=columns([line[2] for line in lines]),
        lr=columns([line[3] for line in lines]),
        epoch_ends=np.array(ends),
        validation=columns(validation),
        train=evaluated(weights, inputs, targets, running)[0].numpy(),
        train_loss=evaluated(weights, inputs, targets, running)[1].numpy(),
        first_losses=columns(firsts),
        first_norm=first_norm.numpy(),
        one_micro_norm=one_norm.numpy(),
    )


def columns(rows: list[Tensor]) -> np.ndarray:
    """Return the rows as (runs, rows) in float64; what is not finite becomes nan."""
    stacked = torch.stack(rows, dim=1).double()
    return torch.where(stacked.isfinite(), stacked, math.nan).numpy()


def windows(order: Tensor, setup: Setup) -> list[Tensor]:
    """Cut an epoch's order into windows of micro-batches, each (runs, K, b); the last may have few.

    Examples that fill no micro-batch are dropped.
    """
    b = setup.micro_batch_size
    micro = order[:, : order.shape[1] // b * b].view(len(order), -1, b)
    parts = list(micro.split(setup.num_micro, dim=1))
    if parts[-1].shape[1] < setup.num_micro and setup.last_window == "dropped":
        parts.pop()
    return parts


def micro_gradients(
    weights: list[Tensor], x: Tensor, y: Tensor, running: tuple[Tensor, Tensor] | None
) -> tuple[list[Tensor], Tensor]:
    """Return the mean gradient of each micro-batch, (runs, K, in, out) a layer, and its loss."""
    num_micro = x.shape[1]
    leaves = [w.expand(-1, num_micro, -1, -1).clone().requires_grad_() for w in weights]
    seen = None
    if running is not None:
        seen = batch_statistics(leaves, x)
        remember(running, seen, x.shape[2])
    logits = outputs(leaves, x, seen)
    losses = cross_entropy(logits.flatten(0, 2), y.flatten(), reduction="none")
    losses = losses.view(y.shape).mean(dim=2)
    return list(torch.autograd.grad(losses.sum(), leaves)), losses.detach()


def accumulated(grads: list[Tensor], setup: Setup) -> list[Tensor]:
    """Return what the setup's code makes of a window's micro-batch gradients, (runs, 1, ...)."""
    if setup.clips_each:
        grads = shortened(grads, lengths(grads), setup.clip_norm)
    num_micro = grads[0].shape[1]
    leftover = num_micro < setup.num_micro
    if setup.sums or (leftover and setup.last_window == "unscaled"):
        return [g.sum(dim=1, keepdim=True) for g in grads]
    return [g.mean(dim=1, keepdim=True) for g in grads]


@torch.no_grad()
def evaluated(
    weights: list[Tensor], x: Tensor, y: Tensor, running: tuple[Tensor, Tensor] | None
) -> tuple[Tensor, Tensor]:
    """Return each run's accuracy in % and mean loss over one split, as at evaluation."""
    logits = outputs(weights, x.expand(len(weights[0]), 1, *x.shape), running)[:, 0]
    right = 100 * (logits.argmax(dim=2) == y).double().mean(dim=1)
    losses = [cross_entropy(of_run, y) for of_run in logits]
    return right, torch.stack(losses).double()
