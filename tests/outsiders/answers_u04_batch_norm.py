"""Answers for exercise 7: normalise(inputs, micro_batch_size, eps)."""

import math

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F


# ---------------------------------------------------------------- right
def right_split(inputs, micro_batch_size, eps):
    out = []
    for part in inputs.split(micro_batch_size):
        out.append((part - part.mean(dim=0)) / (part.var(dim=0, correction=0) + eps).sqrt())
    return torch.cat(out)


def right_functional(inputs, micro_batch_size, eps):
    return torch.cat(
        [
            F.batch_norm(p, None, None, training=True, eps=eps)
            for p in inputs.split(micro_batch_size)
        ]
    )


def right_module(inputs, micro_batch_size, eps):
    bn = (
        nn.BatchNorm1d(inputs.shape[1], eps=eps, affine=False)
        .to(inputs.device, inputs.dtype)
        .train()
    )
    return torch.cat([bn(p) for p in torch.split(inputs, micro_batch_size)])


def right_numpy(inputs, micro_batch_size, eps):
    a = inputs.detach().cpu().numpy()
    out = np.empty_like(a)
    for s in range(0, len(a), micro_batch_size):
        x = a[s : s + micro_batch_size]
        out[s : s + micro_batch_size] = (x - x.mean(0)) / np.sqrt(x.var(0) + eps)
    return torch.from_numpy(out)


def right_index_add(inputs, micro_batch_size, eps):
    n, C = inputs.shape
    group = torch.arange(n, device=inputs.device) // micro_batch_size
    G = int(group[-1]) + 1
    count = torch.bincount(group, minlength=G).to(inputs.dtype)[:, None]
    zero = torch.zeros(G, C, dtype=inputs.dtype, device=inputs.device)
    mean = zero.index_add(0, group, inputs) / count
    centred = inputs - mean[group]
    var = zero.index_add(0, group, centred**2) / count
    return centred * (var + eps)[group].rsqrt()


def right_scalar_loops(inputs, micro_batch_size, eps):
    n, C = inputs.shape
    out = torch.zeros_like(inputs)
    for start in range(0, n, micro_batch_size):
        stop = min(start + micro_batch_size, n)
        for c in range(C):
            column = [float(inputs[i, c]) for i in range(start, stop)]
            m = sum(column) / len(column)
            v = sum((x - m) ** 2 for x in column) / len(column)
            for i, x in zip(range(start, stop), column, strict=False):
                out[i, c] = (x - m) / math.sqrt(v + eps)
    return out


def right_recursive(inputs, micro_batch_size, eps):
    if len(inputs) == 0:
        return inputs
    head, tail = inputs[:micro_batch_size], inputs[micro_batch_size:]
    var, mean = torch.var_mean(head, dim=0, unbiased=False)
    return torch.cat(
        [(head - mean) * (var + eps) ** -0.5, right_recursive(tail, micro_batch_size, eps)]
    )


def right_averaging_matrix(inputs, micro_batch_size, eps):
    n = len(inputs)
    group = torch.arange(n) // micro_batch_size
    A = (group[:, None] == group[None, :]).to(inputs.device, inputs.dtype)
    A = A / A.sum(dim=1, keepdim=True)
    d = inputs - torch.einsum("ij,jc->ic", A, inputs)
    return d / torch.sqrt(torch.einsum("ij,jc->ic", A, d * d) + eps)


# ---------------------------------------------------------------- wrong
def wrong_whole_batch(inputs, micro_batch_size, eps):
    """Accumulation makes the large batch, so the large batch's statistics count."""
    return (inputs - inputs.mean(0)) / (inputs.var(0, correction=0) + eps).sqrt()


def wrong_unbiased(inputs, micro_batch_size, eps):
    """var() as torch has it: divisor b - 1."""
    return torch.cat(
        [(p - p.mean(0)) / (p.var(0) + eps).sqrt() for p in inputs.split(micro_batch_size)]
    )


def wrong_eps_outside_root(inputs, micro_batch_size, eps):
    """eps is added to the standard deviation."""
    return torch.cat(
        [(p - p.mean(0)) / (p.std(0, correction=0) + eps) for p in inputs.split(micro_batch_size)]
    )


def wrong_rows(inputs, micro_batch_size, eps):
    """Normalises each example over its features (LayerNorm)."""
    return torch.cat(
        [
            (p - p.mean(1, keepdim=True)) / (p.var(1, correction=0, keepdim=True) + eps).sqrt()
            for p in inputs.split(micro_batch_size)
        ]
    )


def wrong_one_number(inputs, micro_batch_size, eps):
    """One mean and one variance for all features together."""
    return torch.cat(
        [
            (p - p.mean()) / (p.var(correction=0) + eps).sqrt()
            for p in inputs.split(micro_batch_size)
        ]
    )


def wrong_no_mean(inputs, micro_batch_size, eps):
    """Only divides; forgets to subtract the mean."""
    return torch.cat(
        [p / (p.var(0, correction=0) + eps).sqrt() for p in inputs.split(micro_batch_size)]
    )


def wrong_no_root(inputs, micro_batch_size, eps):
    """Divides by the variance, not by its root."""
    return torch.cat(
        [(p - p.mean(0)) / (p.var(0, correction=0) + eps) for p in inputs.split(micro_batch_size)]
    )


def wrong_drop_last(inputs, micro_batch_size, eps):
    """The shorter last micro-batch is dropped."""
    full = len(inputs) // micro_batch_size * micro_batch_size
    x = inputs[:full]
    if full == 0:
        return x
    return torch.cat(
        [(p - p.mean(0)) / (p.var(0, correction=0) + eps).sqrt() for p in x.split(micro_batch_size)]
    )


def wrong_last_joined(inputs, micro_batch_size, eps):
    """The short rest joins the micro-batch before it."""
    starts = list(range(0, len(inputs), micro_batch_size))
    if len(starts) > 1 and len(inputs) - starts[-1] < micro_batch_size:
        starts.pop()
    ends = [*starts[1:], len(inputs)]
    parts = [inputs[a:b] for a, b in zip(starts, ends, strict=False)]
    return torch.cat([(p - p.mean(0)) / (p.var(0, correction=0) + eps).sqrt() for p in parts])


def wrong_first_for_all(inputs, micro_batch_size, eps):
    """Statistics are taken once, from the first micro-batch."""
    p = inputs[:micro_batch_size]
    return (inputs - p.mean(0)) / (p.var(0, correction=0) + eps).sqrt()


def wrong_var_of_whole(inputs, micro_batch_size, eps):
    """Mean of the micro-batch, but variance of the whole batch."""
    v = inputs.var(0, correction=0)
    return torch.cat([(p - p.mean(0)) / (v + eps).sqrt() for p in inputs.split(micro_batch_size)])


def wrong_mean_of_whole(inputs, micro_batch_size, eps):
    """Mean of the whole batch, variance of the micro-batch."""
    m = inputs.mean(0)
    return torch.cat(
        [(p - m) / (p.var(0, correction=0) + eps).sqrt() for p in inputs.split(micro_batch_size)]
    )


def wrong_averaged_stats(inputs, micro_batch_size, eps):
    """The micro-batches' statistics are averaged over the step (accumulated like gradients)."""
    parts = inputs.split(micro_batch_size)
    m = torch.stack([p.mean(0) for p in parts]).mean(0)
    v = torch.stack([p.var(0, correction=0) for p in parts]).mean(0)
    return (inputs - m) / (v + eps).sqrt()


def wrong_running_stats(inputs, micro_batch_size, eps):
    """Training mode uses the running statistics, momentum 0.1."""
    m, v = torch.zeros_like(inputs[0]), torch.ones_like(inputs[0])
    out = []
    for p in inputs.split(micro_batch_size):
        m = 0.9 * m + 0.1 * p.mean(0)
        v = 0.9 * v + 0.1 * p.var(0, correction=0)
        out.append((p - m) / (v + eps).sqrt())
    return torch.cat(out)


def wrong_eval_mode(inputs, micro_batch_size, eps):
    """Uses a fresh BatchNorm in evaluation mode: mean 0, variance 1."""
    return inputs / math.sqrt(1 + eps)


def wrong_split_is_count(inputs, micro_batch_size, eps):
    """micro_batch_size taken for the number of pieces (chunk in place of split)."""
    parts = inputs.chunk(micro_batch_size)
    return torch.cat([(p - p.mean(0)) / (p.var(0, correction=0) + eps).sqrt() for p in parts])


def wrong_strided(inputs, micro_batch_size, eps):
    """Micro-batches interleaved (every K-th example), not in order."""
    K = -(-len(inputs) // micro_batch_size)
    out = torch.empty_like(inputs)
    for k in range(K):
        p = inputs[k::K]
        out[k::K] = (p - p.mean(0)) / (p.var(0, correction=0) + eps).sqrt()
    return out


def wrong_raw_second_moment(inputs, micro_batch_size, eps):
    """Variance as the mean square, without subtracting the mean."""
    return torch.cat(
        [
            (p - p.mean(0)) / (p.square().mean(0) + eps).sqrt()
            for p in inputs.split(micro_batch_size)
        ]
    )


def wrong_sum_of_squares(inputs, micro_batch_size, eps):
    """Sum of squared deviations without a divisor."""
    return torch.cat(
        [
            (p - p.mean(0)) / ((p - p.mean(0)).square().sum(0) + eps).sqrt()
            for p in inputs.split(micro_batch_size)
        ]
    )


def wrong_divisor_b_for_rest(inputs, micro_batch_size, eps):
    """Divides the shorter last micro-batch's sums by the full b."""
    out = []
    for p in inputs.split(micro_batch_size):
        m = p.sum(0) / micro_batch_size
        v = (p - m).square().sum(0) / micro_batch_size
        out.append((p - m) / (v + eps).sqrt())
    return torch.cat(out)


def wrong_no_eps(inputs, micro_batch_size, eps):
    """eps only guards against division by zero and can be left out."""
    return torch.cat(
        [(p - p.mean(0)) / p.std(0, correction=0) for p in inputs.split(micro_batch_size)]
    )


RIGHT = [
    right_split,
    right_functional,
    right_module,
    right_numpy,
    right_index_add,
    right_scalar_loops,
    right_recursive,
    right_averaging_matrix,
]
WRONG = [
    wrong_whole_batch,
    wrong_unbiased,
    wrong_eps_outside_root,
    wrong_rows,
    wrong_one_number,
    wrong_no_mean,
    wrong_no_root,
    wrong_drop_last,
    wrong_last_joined,
    wrong_first_for_all,
    wrong_var_of_whole,
    wrong_mean_of_whole,
    wrong_averaged_stats,
    wrong_running_stats,
    wrong_eval_mode,
    wrong_split_is_count,
    wrong_strided,
    wrong_raw_second_moment,
    wrong_sum_of_squares,
    wrong_divisor_b_for_rest,
    wrong_no_eps,
]
