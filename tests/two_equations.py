"""The oracle of the tests of training loops: |G|^2 and tr(Sigma) of one step, by hand."""

import torch


def solve(rows, factors, sizes):
    """|G|^2 and tr(Sigma) of one step from mean gradients, their weights and sizes."""
    rows, f = torch.stack(rows), torch.tensor(factors, dtype=torch.float64)
    b, w = torch.tensor(sizes, dtype=torch.float64), f / f.sum()
    mean_sq, sum_sq = w @ rows.square().sum(1), (w @ rows).square().sum()
    tr_cov = (mean_sq - sum_sq) / ((w / b).sum() - (w**2 / b).sum())
    return torch.stack([sum_sq - (w**2 / b).sum() * tr_cov, tr_cov])
