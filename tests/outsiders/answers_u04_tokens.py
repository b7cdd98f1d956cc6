"""Answers for exercise 2: accumulate_tokens(model, micro_batches)."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, log_softmax


# ---------------------------------------------------------------- right
def right_sum_over_total(model, micro_batches):
    total = sum((t != -100).sum() for _, t in micro_batches)
    for x, t in micro_batches:
        loss = cross_entropy(model(x).flatten(0, 1), t.flatten(), reduction="sum")
        (loss / total).backward()


def right_mean_weighted_skip(model, micro_batches):
    counts = [int((t != -100).sum()) for _, t in micro_batches]
    total = sum(counts)
    for n_k, (x, t) in zip(counts, micro_batches, strict=False):
        if n_k == 0:
            continue
        loss = cross_entropy(model(x).flatten(0, 1), t.flatten())
        (loss * n_k / total).backward()


def right_transpose(model, micro_batches):
    """cross_entropy takes (n, classes, T)."""
    crit = nn.CrossEntropyLoss(ignore_index=-100, reduction="sum")
    total = int(np.sum([int(t.ne(-100).sum()) for _, t in micro_batches]))
    for x, t in micro_batches:
        crit(model(x).transpose(1, 2), t).div(total).backward()


def right_select(model, micro_batches):
    n = sum(int((t >= 0).sum()) for _, t in micro_batches)
    for x, t in micro_batches:
        real = t >= 0
        (cross_entropy(model(x)[real], t[real], reduction="sum") / n).backward()


def right_one_backward(model, micro_batches):
    logits = torch.cat([model(x).flatten(0, 1) for x, _ in micro_batches])
    targets = torch.cat([t.flatten() for _, t in micro_batches])
    cross_entropy(logits, targets).backward()


def right_masked_log_softmax(model, micro_batches):
    masks = [t != -100 for _, t in micro_batches]
    total = sum(m.sum().item() for m in masks)
    for (x, t), m in zip(micro_batches, masks, strict=False):
        logp = log_softmax(model(x), dim=-1)
        picked = logp.gather(-1, t.masked_fill(~m, 0).unsqueeze(-1)).squeeze(-1)
        loss = -torch.einsum("nt,nt->", picked, m.to(picked.dtype)) / total
        loss.backward()


def right_divide_at_end(model, micro_batches):
    total = 0
    for x, t in micro_batches:
        logits = model(x)
        loss = cross_entropy(logits.reshape(-1, logits.shape[-1]), t.reshape(-1), reduction="sum")
        loss.backward()
        total += (t != -100).sum().item()
    for p in model.parameters():
        if p.grad is not None:
            p.grad = p.grad / total


def right_autograd_grad(model, micro_batches):
    params = list(model.parameters())
    acc = [torch.zeros_like(p) for p in params]
    total = 0
    for x, t in micro_batches:
        total += int((t != -100).sum())
        loss = cross_entropy(model(x).flatten(0, 1), t.flatten(), reduction="sum")
        for a, g in zip(acc, torch.autograd.grad(loss, params, allow_unused=True), strict=False):
            if g is not None:
                a.add_(g)
    for p, a in zip(params, acc, strict=False):
        p.grad = a / total


def right_sequence_by_sequence(model, micro_batches):
    total = sum(1 for _, t in micro_batches for v in t.flatten().tolist() if v != -100)
    for x, t in micro_batches:
        for i in range(len(t)):
            if bool((t[i] != -100).any()):
                logits = model(x[i : i + 1])[0]
                (cross_entropy(logits, t[i], reduction="sum") / total).backward()


def right_mean_weighted_max1(model, micro_batches):
    """Own mean, whose divisor is never below one."""
    total = sum((t != -100).sum() for _, t in micro_batches)
    for x, t in micro_batches:
        mask = (t != -100).flatten()
        losses = cross_entropy(model(x).flatten(0, 1), t.flatten(), reduction="none")
        n_k = mask.sum()
        mean = (losses * mask).sum() / n_k.clamp(min=1)
        (mean * n_k / total).backward()


def right_mean_weighted_no_skip(model, micro_batches):
    """The loss of padding alone is nan, but backward leaves zeros in .grad (torch 2.13, CPU)."""
    total = sum(int((t != -100).sum()) for _, t in micro_batches)
    for x, t in micro_batches:
        n_k = int((t != -100).sum())
        (cross_entropy(model(x).flatten(0, 1), t.flatten()) * (n_k / total)).backward()


def right_mean_zero_over_zero(model, micro_batches):
    """Loss 0/0 = nan for padding alone; ignore_index keeps it out of .grad (torch 2.13, CPU)."""
    total = sum((t != -100).sum() for _, t in micro_batches)
    for x, t in micro_batches:
        m = (t != -100).flatten()
        losses = cross_entropy(model(x).flatten(0, 1), t.flatten(), reduction="none")
        ((losses * m).sum() / m.sum() * m.sum() / total).backward()


# ---------------------------------------------------------------- wrong
def wrong_divide_by_K(model, micro_batches):
    """The mean over micro-batches of the token means (padding-only ones count as a zero)."""
    for x, t in micro_batches:
        if (t != -100).any():
            (cross_entropy(model(x).flatten(0, 1), t.flatten()) / len(micro_batches)).backward()


def wrong_divide_by_nonempty_K(model, micro_batches):
    """The mean over the micro-batches that have tokens, all equal."""
    kept = [(x, t) for x, t in micro_batches if (t != -100).any()]
    for x, t in kept:
        (cross_entropy(model(x).flatten(0, 1), t.flatten()) / len(kept)).backward()


def wrong_all_positions(model, micro_batches):
    """Divides by all positions n*T; padding counted in the divisor."""
    total = sum(t.numel() for _, t in micro_batches)
    for x, t in micro_batches:
        (cross_entropy(model(x).flatten(0, 1), t.flatten(), reduction="sum") / total).backward()


def wrong_weight_positions(model, micro_batches):
    """Weights each token mean by the positions n_k*T_k, padding included."""
    total = sum(t.numel() for _, t in micro_batches)
    for x, t in micro_batches:
        if (t != -100).any():
            (cross_entropy(model(x).flatten(0, 1), t.flatten()) * t.numel() / total).backward()


def wrong_weight_sequences(model, micro_batches):
    """Weights by the number of sequences, as in exercise 1."""
    n = sum(len(t) for _, t in micro_batches)
    for x, t in micro_batches:
        if (t != -100).any():
            (cross_entropy(model(x).flatten(0, 1), t.flatten()) * len(t) / n).backward()


def wrong_sum_over_sequences(model, micro_batches):
    """Divides the sum by the number of sequences."""
    n = sum(len(t) for _, t in micro_batches)
    for x, t in micro_batches:
        (cross_entropy(model(x).flatten(0, 1), t.flatten(), reduction="sum") / n).backward()


def wrong_mean_of_sequence_means(model, micro_batches):
    """Each sequence is an example: mean over its tokens, then over sequences."""
    seqs = [
        (x[i : i + 1], t[i])
        for x, t in micro_batches
        for i in range(len(t))
        if bool((t[i] != -100).any())
    ]
    for x, t in seqs:
        (cross_entropy(model(x)[0], t) / len(seqs)).backward()


def wrong_greater_zero(model, micro_batches):
    """Real tokens are those with target > 0: class 0 is lost."""
    total = sum(int((t > 0).sum()) for _, t in micro_batches)
    for x, t in micro_batches:
        m = t > 0
        (cross_entropy(model(x)[m], t[m], reduction="sum") / total).backward()


def wrong_count_greater_zero(model, micro_batches):
    """Loss right, but class 0 is missing in the count."""
    total = sum(int((t > 0).sum()) for _, t in micro_batches)
    for x, t in micro_batches:
        (cross_entropy(model(x).flatten(0, 1), t.flatten(), reduction="sum") / total).backward()


def wrong_padding_is_class_zero(model, micro_batches):
    """Clamps -100 to class 0 and lets padding count as a token."""
    total = sum(t.numel() for _, t in micro_batches)
    for x, t in micro_batches:
        (
            cross_entropy(model(x).flatten(0, 1), t.clamp(min=0).flatten(), reduction="sum") / total
        ).backward()


def wrong_padding_class_zero_right_count(model, micro_batches):
    """Counts real tokens rightly, but padding still adds loss as class 0."""
    total = sum(int((t != -100).sum()) for _, t in micro_batches)
    for x, t in micro_batches:
        (
            cross_entropy(model(x).flatten(0, 1), t.clamp(min=0).flatten(), reduction="sum") / total
        ).backward()


def wrong_no_division(model, micro_batches):
    """A sum needs no divisor."""
    for x, t in micro_batches:
        cross_entropy(model(x).flatten(0, 1), t.flatten(), reduction="sum").backward()


def wrong_sum_over_K(model, micro_batches):
    """Sum over tokens, mean over micro-batches."""
    for x, t in micro_batches:
        loss = cross_entropy(model(x).flatten(0, 1), t.flatten(), reduction="sum")
        (loss / len(micro_batches)).backward()


def wrong_mean_over_total(model, micro_batches):
    """The mean is divided by the token count once more."""
    total = sum(int((t != -100).sum()) for _, t in micro_batches)
    for x, t in micro_batches:
        if (t != -100).any():
            (cross_entropy(model(x).flatten(0, 1), t.flatten()) / total).backward()


def wrong_nan_when_empty(model, micro_batches):
    """Right weights, but own masked mean 0/0: padding alone turns .grad into nan."""
    total = sum((t != -100).sum() for _, t in micro_batches)
    for x, t in micro_batches:
        m = t != -100
        logp = log_softmax(model(x), dim=-1)
        losses = -logp.gather(-1, t.clamp(min=0)[..., None])[..., 0]
        ((losses * m).sum() / m.sum() * (m.sum() / total)).backward()


def wrong_padding_minus_one(model, micro_batches):
    """Counts every target but -1, though cross_entropy leaves -100 out: means of n*T, over K."""
    for x, t in micro_batches:
        losses = cross_entropy(model(x).flatten(0, 1), t.flatten(), reduction="none")
        (losses[t.flatten() != -1].mean() / len(micro_batches)).backward()


def wrong_zero_grad_in_loop(model, micro_batches):
    """Clears .grad before each backward: only the last micro-batch is left."""
    total = sum(int((t != -100).sum()) for _, t in micro_batches)
    for x, t in micro_batches:
        model.zero_grad()
        (cross_entropy(model(x).flatten(0, 1), t.flatten(), reduction="sum") / total).backward()


def wrong_targets_transposed(model, micro_batches):
    """Flattens logits sequence by sequence but targets time step by time step."""
    total = sum(int((t != -100).sum()) for _, t in micro_batches)
    for x, t in micro_batches:
        (cross_entropy(model(x).flatten(0, 1), t.T.reshape(-1), reduction="sum") / total).backward()


def wrong_next_token(model, micro_batches):
    """A language model predicts the next token: shifts the targets once more."""
    total = sum(int((t[:, 1:] != -100).sum()) for _, t in micro_batches)
    for x, t in micro_batches:
        logits = model(x)[:, :-1]
        if (t[:, 1:] != -100).any():
            loss = cross_entropy(logits.flatten(0, 1), t[:, 1:].flatten(), reduction="sum")
            (loss / total).backward()


def wrong_skip_padded_sequences(model, micro_batches):
    """Sequences with any padding are left out altogether."""
    kept = [(x, t, (t != -100).all(dim=1)) for x, t in micro_batches]
    total = sum(int(full.sum()) * t.shape[1] for _, t, full in kept)
    for x, t, full in kept:
        if full.any():
            loss = cross_entropy(model(x[full]).flatten(0, 1), t[full].flatten(), reduction="sum")
            (loss / max(total, 1)).backward()


def wrong_stop_at_padding(model, micro_batches):
    """A micro-batch of padding alone ends the batch (break instead of continue)."""
    total = sum(int((t != -100).sum()) for _, t in micro_batches)
    for x, t in micro_batches:
        if not (t != -100).any():
            break
        (cross_entropy(model(x).flatten(0, 1), t.flatten(), reduction="sum") / total).backward()


def wrong_first_count_for_all(model, micro_batches):
    """Divides all sums by K times the first micro-batch's tokens."""
    total = len(micro_batches) * max(int((micro_batches[0][1] != -100).sum()), 1)
    for x, t in micro_batches:
        (cross_entropy(model(x).flatten(0, 1), t.flatten(), reduction="sum") / total).backward()


RIGHT = [
    right_sum_over_total,
    right_mean_weighted_skip,
    right_transpose,
    right_select,
    right_one_backward,
    right_masked_log_softmax,
    right_divide_at_end,
    right_autograd_grad,
    right_sequence_by_sequence,
    right_mean_weighted_max1,
    right_mean_weighted_no_skip,
    right_mean_zero_over_zero,
]
WRONG = [
    wrong_divide_by_K,
    wrong_divide_by_nonempty_K,
    wrong_all_positions,
    wrong_weight_positions,
    wrong_weight_sequences,
    wrong_sum_over_sequences,
    wrong_mean_of_sequence_means,
    wrong_greater_zero,
    wrong_count_greater_zero,
    wrong_padding_is_class_zero,
    wrong_padding_class_zero_right_count,
    wrong_no_division,
    wrong_sum_over_K,
    wrong_mean_over_total,
    wrong_nan_when_empty,
    wrong_padding_minus_one,
    wrong_zero_grad_in_loop,
    wrong_targets_transposed,
    wrong_next_token,
    wrong_skip_padded_sequences,
    wrong_stop_at_padding,
    wrong_first_count_for_all,
]
