"""Answers for exercise 5: step_grads(micro_grads, accum_steps)."""

import math

import numpy as np
import torch
from torch.nn import functional as F


# ---------------------------------------------------------------- right
def right_split(micro_grads, accum_steps):
    rows = []
    for epoch in micro_grads:
        for window in epoch.split(accum_steps):
            rows.append(window.mean(dim=0))
    return torch.stack(rows)


def right_index_loop(micro_grads, accum_steps):
    epochs, M, _P = micro_grads.shape
    rows = []
    for e in range(epochs):
        total, count = torch.zeros_like(micro_grads[0, 0]), 0
        for i in range(M):
            total = total + micro_grads[e, i]
            count += 1
            if count == accum_steps or i == M - 1:
                rows.append(total / count)
                total, count = torch.zeros_like(total), 0
    return torch.stack(rows)


def right_pad_reshape(micro_grads, accum_steps):
    E, M, P = micro_grads.shape
    W = math.ceil(M / accum_steps)
    padded = F.pad(micro_grads, (0, 0, 0, W * accum_steps - M))
    sums = padded.reshape(E, W, accum_steps, P).sum(dim=2)
    starts = torch.arange(W, device=micro_grads.device) * accum_steps
    counts = (M - starts).clamp(max=accum_steps).to(micro_grads.dtype)
    return (sums / counts[None, :, None]).reshape(E * W, P)


def right_averaging_matrix(micro_grads, accum_steps):
    _E, M, _P = micro_grads.shape
    window = torch.arange(M) // accum_steps
    A = F.one_hot(window).T.to(micro_grads.device, micro_grads.dtype)
    A = A / A.sum(dim=1, keepdim=True)
    return torch.einsum("wm,emp->ewp", A, micro_grads).flatten(0, 1)


def right_cumsum(micro_grads, accum_steps):
    _E, M, P = micro_grads.shape
    ends = [*list(range(accum_steps, M, accum_steps)), M]
    starts = [0, *ends[:-1]]
    c = torch.cat([torch.zeros_like(micro_grads[:, :1]), micro_grads.cumsum(dim=1)], dim=1)
    out = [(c[:, b] - c[:, a]) / (b - a) for a, b in zip(starts, ends, strict=False)]
    return torch.stack(out, dim=1).reshape(-1, P)


def right_numpy_reduceat(micro_grads, accum_steps):
    a = micro_grads.detach().cpu().numpy()
    M = a.shape[1]
    starts = np.arange(0, M, accum_steps)
    counts = np.diff(np.append(starts, M)).astype(a.dtype)
    means = np.add.reduceat(a, starts, axis=1) / counts[None, :, None]
    return torch.from_numpy(means.reshape(-1, a.shape[2]))


def right_recursive(micro_grads, accum_steps):
    def of_epoch(rows):
        if len(rows) == 0:
            return []
        return [rows[:accum_steps].mean(0), *of_epoch(rows[accum_steps:])]

    return torch.stack([g for epoch in micro_grads for g in of_epoch(epoch)])


def right_full_and_rest(micro_grads, accum_steps):
    E, M, P = micro_grads.shape
    full = M // accum_steps
    parts = micro_grads[:, : full * accum_steps].reshape(E, full, accum_steps, P).mean(2)
    if M % accum_steps:
        parts = torch.cat(
            [parts, micro_grads[:, full * accum_steps :].mean(1, keepdim=True)], dim=1
        )
    return parts.flatten(0, 1)


# ---------------------------------------------------------------- wrong
def wrong_drop(micro_grads, accum_steps):
    """Leftovers are thrown away."""
    E, M, P = micro_grads.shape
    W = M // accum_steps
    return micro_grads[:, : W * accum_steps].reshape(E, W, accum_steps, P).mean(2).flatten(0, 1)


def wrong_leak(micro_grads, accum_steps):
    """The usual loop: leftovers are added to the next epoch's first window."""
    rows, acc = [], torch.zeros_like(micro_grads[0, 0])
    for epoch in micro_grads:
        for i, g in enumerate(epoch):
            acc = acc + g / accum_steps
            if (i + 1) % accum_steps == 0:
                rows.append(acc)
                acc = torch.zeros_like(acc)
    return torch.stack(rows)


def wrong_leak_and_flush_at_end(micro_grads, accum_steps):
    """Leaks between epochs; only the very last leftovers get a step."""
    rows, acc, count = [], torch.zeros_like(micro_grads[0, 0]), 0
    for epoch in micro_grads:
        for i, g in enumerate(epoch):
            acc, count = acc + g, count + 1
            if (i + 1) % accum_steps == 0:
                rows.append(acc / count)
                acc, count = torch.zeros_like(acc), 0
    if count:
        rows.append(acc / count)
    return torch.stack(rows)


def wrong_across_epochs(micro_grads, accum_steps):
    """Windows run on through the epochs' border."""
    flat = micro_grads.flatten(0, 1)
    return torch.stack([w.mean(0) for w in flat.split(accum_steps)])


def wrong_rest_over_K(micro_grads, accum_steps):
    """The incomplete window is divided by K too."""
    return torch.stack([w.sum(0) / accum_steps for e in micro_grads for w in e.split(accum_steps)])


def wrong_sums(micro_grads, accum_steps):
    """A window's gradient is the sum."""
    return torch.stack([w.sum(0) for e in micro_grads for w in e.split(accum_steps)])


def wrong_rest_joined(micro_grads, accum_steps):
    """Leftovers join the last full window."""
    rows = []
    for e in micro_grads:
        W = len(e) // accum_steps
        for w in range(W):
            stop = (w + 1) * accum_steps if w < W - 1 else len(e)
            rows.append(e[w * accum_steps : stop].mean(0))
    return torch.stack(rows)


def wrong_incomplete_first(micro_grads, accum_steps):
    """The incomplete window comes first in each epoch."""
    rows = []
    for e in micro_grads:
        r = len(e) % accum_steps
        if r:
            rows.append(e[:r].mean(0))
        rows += [w.mean(0) for w in e[r:].split(accum_steps)]
    return torch.stack(rows)


def wrong_order_by_window(micro_grads, accum_steps):
    """All first windows, then all second windows: epochs run fastest."""
    parts = [
        micro_grads[:, s : s + accum_steps].mean(1)
        for s in range(0, micro_grads.shape[1], accum_steps)
    ]
    return torch.cat(parts)


def wrong_shape_kept(micro_grads, accum_steps):
    """Shape (epochs, steps, P): the epochs are not flattened."""
    parts = [
        micro_grads[:, s : s + accum_steps].mean(1)
        for s in range(0, micro_grads.shape[1], accum_steps)
    ]
    return torch.stack(parts, dim=1)


def wrong_epochs_averaged(micro_grads, accum_steps):
    """With weights held still epochs are alike, so one (averaged) epoch is enough."""
    return torch.stack([w.mean(0) for w in micro_grads.mean(0).split(accum_steps)])


def wrong_first_epoch_only(micro_grads, accum_steps):
    """return inside the loop over epochs."""
    for e in micro_grads:
        return torch.stack([w.mean(0) for w in e.split(accum_steps)])


def wrong_sliding(micro_grads, accum_steps):
    """A step after every micro-batch, with the mean of the last K."""
    rows = []
    for e in micro_grads:
        for i in range(len(e)):
            rows.append(e[max(0, i + 1 - accum_steps) : i + 1].mean(0))
    return torch.stack(rows)


def wrong_not_cleared(micro_grads, accum_steps):
    """Nothing is cleared after a step: each step has all gradients of the epoch so far."""
    rows = []
    for e in micro_grads:
        for s in range(0, len(e), accum_steps):
            rows.append(e[: s + accum_steps].mean(0))
    return torch.stack(rows)


def wrong_every_micro(micro_grads, accum_steps):
    """Each micro-batch is a step, divided by K."""
    return micro_grads.flatten(0, 1) / accum_steps


def wrong_K_pieces(micro_grads, accum_steps):
    """accum_steps taken for the number of windows (chunk)."""
    return torch.stack([w.mean(0) for e in micro_grads for w in e.chunk(accum_steps)])


def wrong_strided(micro_grads, accum_steps):
    """Windows of every W-th micro-batch, not of neighbours."""
    W = -(-micro_grads.shape[1] // accum_steps)
    return torch.stack([e[w::W].mean(0) for e in micro_grads for w in range(W)])


def wrong_boundary(micro_grads, accum_steps):
    """if i % K == 0: the first step comes after one micro-batch."""
    rows = []
    for e in micro_grads:
        acc, count = torch.zeros_like(e[0]), 0
        for i, g in enumerate(e):
            acc, count = acc + g, count + 1
            if i % accum_steps == 0:
                rows.append(acc / count)
                acc, count = torch.zeros_like(acc), 0
        if count:
            rows.append(acc / count)
    return torch.stack(rows)


def wrong_rest_last_micro(micro_grads, accum_steps):
    """The leftover step uses only the last micro-batch."""
    rows = []
    for e in micro_grads:
        for w in e.split(accum_steps):
            rows.append(w.mean(0) if len(w) == accum_steps else w[-1])
    return torch.stack(rows)


RIGHT = [
    right_split,
    right_index_loop,
    right_pad_reshape,
    right_averaging_matrix,
    right_cumsum,
    right_numpy_reduceat,
    right_recursive,
    right_full_and_rest,
]
WRONG = [
    wrong_drop,
    wrong_leak,
    wrong_leak_and_flush_at_end,
    wrong_across_epochs,
    wrong_rest_over_K,
    wrong_sums,
    wrong_rest_joined,
    wrong_incomplete_first,
    wrong_order_by_window,
    wrong_shape_kept,
    wrong_epochs_averaged,
    wrong_first_epoch_only,
    wrong_sliding,
    wrong_not_cleared,
    wrong_every_micro,
    wrong_K_pieces,
    wrong_strided,
    wrong_boundary,
    wrong_rest_last_micro,
]
