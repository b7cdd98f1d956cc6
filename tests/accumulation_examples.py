"""Small nets, ragged batches and padded sequences for the tests of accumulation and ranks."""

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.models.perceptrons import mlp

IGNORED = -100


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def net(seed=0):
    return mlp((10, 16, 5), generator=seeded(seed)).double()


def examples(count, seed=1):
    g = seeded(seed)
    return (
        torch.randn(count, 10, generator=g, dtype=torch.float64),
        torch.randint(5, (count,), generator=g),
    )


def padded(seed=2):
    """48 sequences of 6 tokens, most of the later ones padding; three rows are padding only."""
    g = seeded(seed)
    inputs = torch.randn(48, 6, 10, generator=g, dtype=torch.float64)
    targets = torch.randint(5, (48, 6), generator=g)
    lengths = torch.randint(1, 7, (48,), generator=g) // (1 + torch.arange(48) // 24)
    targets[torch.arange(6) >= lengths[:, None]] = IGNORED
    targets[8:11] = IGNORED
    return inputs, targets


def token_loss(logits, targets):
    return cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=IGNORED)


def relative_error(ours, truth):
    return ((ours - truth).norm() / truth.norm()).item()


def batch_norm_net(num_features=16):
    first, second = mlp((10, 16, 5), generator=seeded())[::2]
    return nn.Sequential(first, nn.BatchNorm1d(num_features), nn.ReLU(), second).double()
