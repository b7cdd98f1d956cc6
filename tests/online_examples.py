"""A small classifier, its data, and gradients by an oracle, for the tests of loops."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn


def classifier():
    with torch.random.fork_rng():
        torch.manual_seed(0)
        return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)).double()


def data(count=24):
    rng = torch.Generator().manual_seed(1)
    inputs = torch.randn(count, 4, generator=rng, dtype=torch.float64)
    return inputs, torch.randint(0, 3, (count,), generator=rng)


def micro_gradients(model, sizes):
    """Each micro-batch's mean gradient, by itself."""
    inputs, targets = data(sum(sizes))
    rows = []
    for x, y in zip(inputs.split(sizes), targets.split(sizes), strict=True):
        grads = torch.autograd.grad(F.cross_entropy(model(x), y), list(model.parameters()))
        rows.append(torch.cat([g.flatten() for g in grads]))
    return torch.stack(rows)


def close_to(one, other, rel=1e-9):
    for name in ("grad_sq_norm", "tr_cov", "cost"):
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=rel)
