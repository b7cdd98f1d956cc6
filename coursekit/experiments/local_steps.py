"""Workers that train on their own for some steps, then meet: a plain mean, or an outer optimizer.

Every worker holds a fixed part of the data: a random one, or the examples of some classes alone.
Runs of all seeds and workers are trained at once, as stacked weights.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from coursekit.data.splits import Dataset
from coursekit.models.perceptrons import mlp

SIZES = (40, 64, 64, 10)


@dataclass(frozen=True)
class Outer:
    """How the workers' meeting moves the shared weights x.

        d = x - mean of the workers' weights       an outer gradient
        m <- mu m + d,   x <- x - eta (mu m + d)   Nesterov's momentum

    Attributes:
        lr: eta; 1 with mu = 0 is the plain mean.
        momentum: mu.

    Source: Douillard et al. 2023, arXiv:2311.08105 (DiLoCo: eta 0.7, mu 0.9).
    """

    lr: float = 1.0
    momentum: float = 0.0

    def move(self, shared: Tensor, met: Tensor, memory: Tensor) -> Tensor:
        """Return the new shared weights; ``memory`` (m) is changed in place."""
        way = shared - met
        memory.mul_(self.momentum).add_(way)
        return shared - self.lr * (self.momentum * memory + way)


def own_parts(
    targets: Tensor, num_workers: int, skewed: bool, generator: torch.Generator
) -> Tensor:
    """Cut the data into one part a worker, shape (num_workers, N // num_workers).

    Args:
        targets: Class of each example.
        num_workers: Parts.
        skewed: Sort by class first, so that each worker sees some classes alone.
        generator: Shuffles.
    """
    index = torch.randperm(len(targets), generator=generator)
    if skewed:
        index = index[targets[index].argsort(stable=True)]
    size = len(index) // num_workers
    return index[: size * num_workers].view(num_workers, size)


def train_locally(
    data: Dataset,
    *,
    seeds: Sequence[int],
    num_workers: int = 4,
    batch_size: int = 16,
    lr: float = 0.2,
    local_steps: int = 16,
    rounds: int = 20,
    skewed: bool = False,
    outer: Outer | None = None,
    each_example: bool = False,
) -> np.ndarray:
    """Return each seed's test accuracy in % after rounds of local steps and a meeting.

    Args:
        data: Where it lies is where the runs are trained.
        seeds: One run each: weights, parts and order.
        num_workers: Workers of a run.
        batch_size: Examples of one worker's step.
        lr: Of the workers' SGD.
        local_steps: Steps between two meetings; 1 with a plain mean is ordinary data parallel.
        rounds: Meetings.
        skewed: Each worker holds some classes alone.
        outer: How a meeting moves the weights; None: the plain mean.
        each_example: Return which test examples are right instead, 100 or 0, (seeds, examples).
    """
    outer = outer or Outer()
    device = data.train_inputs.device
    shared = [
        torch.stack(ps).detach().to(device)
        for ps in zip(
            *(mlp(SIZES, generator=torch.Generator().manual_seed(s)).parameters() for s in seeds),
            strict=True,
        )
    ]  # (seeds, ...), one tensor a layer's weights or bias
    memory = [torch.zeros_like(p) for p in shared]
    generators = [torch.Generator().manual_seed(500 + s) for s in seeds]
    targets = data.train_targets.cpu()
    parts = torch.cat([own_parts(targets, num_workers, skewed, g) for g in generators])
    for _ in range(rounds):
        local = [p.repeat_interleave(num_workers, dim=0).requires_grad_() for p in shared]
        for _ in range(local_steps):
            drawn = torch.cat(
                [
                    torch.randint(parts.shape[1], (num_workers, batch_size), generator=g)
                    for g in generators
                ]
            )
            index = parts.gather(1, drawn).to(device)
            out = outputs(local, data.train_inputs[index])
            loss = cross_entropy(out.flatten(0, 1), data.train_targets[index].flatten())
            grads = torch.autograd.grad(loss * len(index), local)
            with torch.no_grad():
                for p, grad in zip(local, grads, strict=True):
                    p.sub_(lr * grad)
        with torch.no_grad():
            met = [p.unflatten(0, (len(seeds), num_workers)).mean(dim=1) for p in local]
            shared = [outer.move(x, y, m) for x, y, m in zip(shared, met, memory, strict=True)]
    with torch.no_grad():
        test = data.test_inputs.expand(len(seeds), *data.test_inputs.shape)
        right = 100 * (outputs(shared, test).argmax(dim=2) == data.test_targets).double()
    return (right if each_example else right.mean(dim=1)).cpu().numpy()


def outputs(params: Sequence[Tensor], inputs: Tensor) -> Tensor:
    """Apply stacked ReLU networks, each to its own inputs: (R, b, n) -> (R, b, classes)."""
    for i in range(0, len(params), 2):
        weight, bias = params[i], params[i + 1]
        inputs = torch.baddbmm(bias[:, None], inputs, weight.transpose(1, 2))
        inputs = inputs if i == len(params) - 2 else inputs.relu()
    return inputs
