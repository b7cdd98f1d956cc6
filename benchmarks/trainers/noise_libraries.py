"""Noise-scale libraries where the gradients of all examples are known; ours beside them.

The model is one weight per feature at zero, the loss of an example is -x.w, so its gradient is -x.
"""

import math
import random
import warnings

import torch
from backpack import backpack, extend
from backpack.extensions import Variance
from gns_pytorch import compute_gns
from probe import say
from torch import nn

from coursekit.noise import grad_moments, grad_noise_scale, model_moments

warnings.filterwarnings("ignore")


class Minus(nn.Module):
    """Weights at zero; returns -x.w."""

    def __init__(self, features):
        super().__init__()
        self.layer = nn.Linear(features, 1, bias=False)
        nn.init.zeros_(self.layer.weight)

    def forward(self, x):
        return -self.layer(x)


def mean_output(out, target):
    return (out - target).mean()


def of_model(x):
    """Return (tr Sigma, noise scale) by per-example norms of the layer."""
    moments = model_moments(Minus(x.shape[1]), mean_output, (x, torch.zeros(len(x), 1)))
    return moments.tr_cov, grad_noise_scale(moments).value


def of_micro_batches(x):
    """Return the same from micro-batches of one."""
    moments = grad_moments(-x, 1)
    return moments.tr_cov, grad_noise_scale(moments).value


def of_backpack(x):
    """Return the summed Variance, and what it gives over the squared mean gradient."""
    model = extend(nn.Linear(x.shape[1], 1, bias=False))
    nn.init.zeros_(model.weight)
    loss_fn = extend(nn.MSELoss())
    loss = loss_fn(model(x), torch.full((len(x), 1), 0.5))  # gradient -x at zero weights
    with backpack(Variance()):
        loss.backward()
    trace = model.weight.variance.sum().item()
    return trace, trace / model.weight.grad.square().sum().item()


def of_gns(x):
    """Return its noise scale; it returns no trace."""
    model = Minus(x.shape[1])
    random.seed(0)
    return None, compute_gns(model(x).flatten(), model)


ROWS = {
    "coursekit model_moments": (of_model, "torch"),
    "coursekit grad_moments": (of_micro_batches, "torch"),
    "BackPACK Variance": (of_backpack, "backpack-for-pytorch"),
    "gns-pytorch compute_gns": (of_gns, "gns-pytorch"),
}


def right_scale(x):
    """Return tr Sigma / |G|^2 of the sample, unbiased in numerator and denominator."""
    trace = x.double().var(dim=0).sum()
    return (trace / (x.double().mean(dim=0).square().sum() - trace / len(x))).item()


def answers(estimate):
    """Say what a library returns for forty batches of pure noise: numbers, zeros, nan."""
    found = [
        estimate(torch.randn(64, 8, generator=torch.Generator().manual_seed(seed)))[1]
        for seed in range(40)
    ]
    nans = sum(math.isnan(f) for f in found)
    zeros = sum(f == 0 for f in found)
    return f"{nans} nan, {zeros} zero, {sum(f > 0 for f in found)} positive"


def main():
    g = torch.Generator().manual_seed(1)
    x = torch.randn(64, 8, generator=g) + 0.5
    for row, (estimate, package) in ROWS.items():
        trace, _ = estimate(torch.tensor([[0.0], [2.0], [4.0], [6.0]]))
        if trace is not None:
            say(row, "trace", f"{trace:.4g}", "gradients 0, 2, 4, 6", package)
        found = estimate(x)[1] / right_scale(x)
        say(row, "scale", f"{found:.3g}", "64 examples, over the right value", package)
        ordered = x[x.sum(dim=1).argsort()]
        found = estimate(ordered)[1] / right_scale(x)
        say(row, "sorted", f"{found:.3g}", "the same examples, sorted", package)
        say(row, "noise", answers(estimate), "40 batches of 64 without a signal", package)


if __name__ == "__main__":
    main()
