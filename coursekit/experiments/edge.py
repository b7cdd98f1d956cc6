"""Gradient descent on squared errors, followed by its sharpness beside 2 / lr."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import one_hot

from coursekit.curvature.hessian import hessian_eigenvalues
from coursekit.data.splits import Dataset
from coursekit.device import pick_device
from coursekit.experiments.equal_loss import mlp_with
from coursekit.models.perceptrons import mlp
from coursekit.replicas._mlp import mlp_logits
from coursekit.train.loop import stream_blocks


@dataclass(frozen=True)
class EdgeRuns:
    """Loss and sharpness along runs of gradient descent; arrays (lrs, seeds, records).

    Attributes:
        steps: Updates done at each record, (records,).
        train_loss: Half the mean squared error of the training split; nan once a run diverged.
        sharpness: lambda_max of that loss.
        ratio: lambda_max * lr / 2: 1 at the edge of stability.
        lrs: Learning rates, (lrs,).
    """

    steps: np.ndarray
    train_loss: np.ndarray
    sharpness: np.ndarray
    ratio: np.ndarray
    lrs: np.ndarray

    @property
    def diverged(self) -> np.ndarray:
        """Which runs ended with a loss that is not finite, (lrs, seeds)."""
        return ~np.isfinite(self.train_loss[..., -1])


def half_squares(outputs: Tensor, targets: Tensor) -> Tensor:
    """Return (1/N) sum_n 1/2 |output_n - onehot_n|^2 for outputs (N, classes)."""
    wanted = one_hot(targets, outputs.shape[1]).to(outputs.dtype)
    return 0.5 * (outputs - wanted).square().sum(dim=1).mean()


def follow_edge(
    sizes: Sequence[int],
    data: Dataset,
    *,
    lrs: Sequence[float],
    seeds: Sequence[int],
    record_steps: Sequence[int],
    batch_size: int | None = None,
    activation: str = "tanh",
    init_scale: float = 1.0,
    tol: float = 1e-2,
    device: torch.device | str | None = None,
) -> EdgeRuns:
    """Train MLPs on squared errors, all learning rates and seeds at once; measure lambda_max.

    With the full batch (batch_size None) this is gradient descent: the loss's curvature rises
    until it meets 2 / lr, and then hovers there (Cohen et al. 2021, arXiv:2103.00065).

    Args:
        sizes: Widths, the last the number of classes.
        data: Its training split is used.
        lrs: Learning rates, constant.
        seeds: Each draws its weights, and the order of examples.
        record_steps: Numbers of updates after which to measure, ascending; the last ends the run.
        batch_size: B; None: all examples at each step.
        activation: "tanh" or "relu". The edge is clean where the loss is smooth.
        init_scale: Factor on the initial weights; below 1 a run begins further below the edge.
        tol: As for `hessian_eigenvalues`; the value's own error is of the order of its square.
        device: Where to train; None: the CUDA device if there is one. Sharpness is measured on the
            processor.

    Returns:
        The records. A run that diverges is nan from then on and harms no other.

    Raises:
        ValueError: If record_steps do not ascend to a step after the first.
    """
    device = pick_device() if device is None else torch.device(device)
    data = data.to(device)
    # a product of so small a network is over before a GPU has launched it
    inputs, targets = data.train_inputs.cpu(), data.train_targets.cpu()
    losses, tops = [], []
    for _, rows in weights_along(
        sizes,
        data,
        lrs=lrs,
        seeds=seeds,
        record_steps=record_steps,
        batch_size=batch_size,
        activation=activation,
        init_scale=init_scale,
    ):
        for row in rows.cpu():
            if not row.isfinite().all():
                losses.append(float("nan"))
                tops.append(float("nan"))
                continue
            model = mlp_with(sizes, row, activation=activation)
            with torch.no_grad():
                losses.append(half_squares(model(inputs), targets).item())
            # no start from the last record: eigenvalues cross between records that lie far apart
            found = hessian_eigenvalues(model, half_squares, (inputs, targets), tol=tol)
            tops.append(found.value)
    shape = (len(record_steps), len(lrs), len(seeds))
    sharpness = np.array(tops).reshape(shape).transpose(1, 2, 0)
    return EdgeRuns(
        steps=np.array(record_steps),
        train_loss=np.array(losses).reshape(shape).transpose(1, 2, 0),
        sharpness=sharpness,
        ratio=sharpness * np.array(lrs)[:, None, None] / 2,
        lrs=np.array(lrs),
    )


def weights_along(
    sizes: Sequence[int],
    data: Dataset,
    *,
    lrs: Sequence[float],
    seeds: Sequence[int],
    record_steps: Sequence[int],
    batch_size: int | None = None,
    momentum: float = 0.0,
    activation: str = "tanh",
    init_scale: float = 1.0,
) -> Iterator[tuple[int, Tensor]]:
    """Train MLPs on half squares, every learning rate and seed at once; yield weights on the way.

        v <- momentum v + g,    w <- w - lr v

    Args:
        sizes: As for `follow_edge`.
        data: Its training split is used, where it lies.
        lrs: As for `follow_edge`.
        seeds: As for `follow_edge`.
        record_steps: As for `follow_edge`.
        batch_size: As for `follow_edge`.
        momentum: Factor on the last step's velocity, 0 to below 1.
        activation: As for `follow_edge`.
        init_scale: As for `follow_edge`.

    Yields:
        Updates done and weights (lrs * seeds, P), the seeds of the first learning rate first.

    Raises:
        ValueError: If record_steps do not ascend to a step after the first, or for a momentum
            outside its range.
    """
    if (
        not len(record_steps)
        or record_steps[-1] < 1
        or sorted(set(record_steps)) != [*record_steps]
    ):
        raise ValueError(f"record_steps must ascend to at least 1, got {list(record_steps)}")
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum must lie in [0, 1), got {momentum}")
    inputs, targets, device = data.train_inputs, data.train_targets, data.train_inputs.device
    wanted = one_hot(targets, sizes[-1]).to(inputs.dtype)
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    models = [
        mlp(sizes, generator=g, activation=activation, init_scale=init_scale) for g in generators
    ]
    count = len(lrs) * len(models)
    weights = [
        torch.stack([p.detach() for p in layer]).repeat(len(lrs), *[1] * layer[0].dim()).to(device)
        for layer in zip(*[m.parameters() for m in models], strict=True)
    ]
    rates = torch.tensor(lrs, dtype=inputs.dtype, device=device).repeat_interleave(len(models))
    velocities = [torch.zeros_like(w) for w in weights] if momentum else []
    count_each = len(inputs) if batch_size is None else batch_size
    step = 0
    for block in stream_blocks(len(inputs), [count_each] * record_steps[-1], generators):
        for indices in block.to(device):
            if step in record_steps:
                yield step, torch.cat([w.detach().flatten(1) for w in weights], dim=1)
            if batch_size is None:
                x, y = inputs.expand(count, *inputs.shape), wanted.expand(count, *wanted.shape)
            else:
                chosen = indices.repeat(len(lrs), 1)
                x, y = inputs[chosen], wanted[chosen]
            _descend(weights, velocities, x, y, activation, rates, momentum)
            step += 1
    yield step, torch.cat([w.detach().flatten(1) for w in weights], dim=1)


def _descend(
    weights: list[Tensor],
    velocities: list[Tensor],
    inputs: Tensor,
    wanted: Tensor,
    activation: str,
    lr: Tensor,
    momentum: float,
) -> None:
    """Take one step in place on every replica's own mean of half squares."""
    leaves = [w.requires_grad_() for w in weights]
    with torch.enable_grad():
        errors = mlp_logits(leaves, inputs, activation) - wanted.transpose(1, 2)
        loss = 0.5 * errors.square().sum(dim=1).mean(dim=1).sum()  # replicas do not mix
        grads = list(torch.autograd.grad(loss, leaves))
    with torch.no_grad():
        if momentum:
            grads = [v.mul_(momentum).add_(g) for v, g in zip(velocities, grads, strict=True)]
        for weight, grad in zip(weights, grads, strict=True):
            weight.requires_grad_(False).sub_(lr.view(-1, *[1] * (grad.dim() - 1)) * grad)
