"""Answers for exercise 1: accumulate(model, micro_batches)."""

import numpy as np
import torch
from torch import nn
from torch.nn.functional import cross_entropy, log_softmax, nll_loss, softmax


# ---------------------------------------------------------------- right
def right_weighted(model, micro_batches):
    total = sum(len(t) for _, t in micro_batches)
    for x, t in micro_batches:
        loss = cross_entropy(model(x), t) * len(t) / total
        loss.backward()


def right_sum_over_total(model, micro_batches):
    n = 0
    for inputs, _ in micro_batches:
        n += inputs.shape[0]
    for inputs, targets in micro_batches:
        (cross_entropy(model(inputs), targets, reduction="sum") / n).backward()


def right_cat(model, micro_batches):
    xs, ts = zip(*micro_batches, strict=False)
    cross_entropy(model(torch.cat(xs)), torch.cat(ts)).backward()


def right_autograd_grad(model, micro_batches):
    params = [p for p in model.parameters() if p.requires_grad]
    sizes = torch.tensor([len(t) for _, t in micro_batches], dtype=torch.float64)
    weights = (sizes / sizes.sum()).tolist()
    acc = [torch.zeros_like(p) for p in params]
    for w, (x, t) in zip(weights, micro_batches, strict=False):
        grads = torch.autograd.grad(cross_entropy(model(x), t), params, allow_unused=True)
        for a, g in zip(acc, grads, strict=False):
            if g is not None:
                a += w * g
    for p, a in zip(params, acc, strict=False):
        p.grad = a


def right_divide_grad_at_end(model, micro_batches):
    loss_fn = nn.CrossEntropyLoss(reduction="sum")
    count = 0
    for x, t in micro_batches:
        loss_fn(model(x), t).backward()
        count += t.numel()
    with torch.no_grad():
        for p in model.parameters():
            if p.grad is not None:
                p.grad.div_(count)


def right_single_backward(model, micro_batches):
    losses = torch.cat([cross_entropy(model(x), t, reduction="none") for x, t in micro_batches])
    losses.mean().backward()


def right_log_softmax_gather(model, micro_batches):
    n = int(np.sum([x.shape[0] for x, _ in micro_batches]))
    for x, t in micro_batches:
        logp = log_softmax(model(x), dim=-1)
        (-logp.gather(1, t[:, None]).sum() / n).backward()


def right_backward_argument(model, micro_batches):
    n = sum(map(lambda b: b[1].shape[0], micro_batches))
    for x, t in micro_batches:
        loss = cross_entropy(model(x), t)
        loss.backward(torch.full_like(loss, t.shape[0] / n))


def right_example_by_example(model, micro_batches):
    examples = [(x[i : i + 1], t[i : i + 1]) for x, t in micro_batches for i in range(len(t))]
    for x, t in examples:
        (cross_entropy(model(x), t) / len(examples)).backward()


def right_running_rescale(model, micro_batches):
    """Keeps .grad the exact mean of what has been seen so far."""
    seen = 0
    for x, t in micro_batches:
        new = seen + len(t)
        for p in model.parameters():
            if p.grad is not None:
                p.grad *= seen / new
        (cross_entropy(model(x), t) * (len(t) / new)).backward()
        seen = new


# ---------------------------------------------------------------- wrong
def wrong_divide_by_K(model, micro_batches):
    """The mean of the micro-batch means is the batch mean."""
    for x, t in micro_batches:
        (cross_entropy(model(x), t) / len(micro_batches)).backward()


def wrong_no_division(model, micro_batches):
    """backward() accumulates, so nothing has to be divided."""
    for x, t in micro_batches:
        cross_entropy(model(x), t).backward()


def wrong_sum_never_divided(model, micro_batches):
    """A sum over examples is exact whatever the sizes, so reduction='sum' is enough."""
    for x, t in micro_batches:
        cross_entropy(model(x), t, reduction="sum").backward()


def wrong_mean_over_total(model, micro_batches):
    """Divide by the number of examples (forgetting that cross_entropy is already a mean)."""
    n = sum(len(t) for _, t in micro_batches)
    for x, t in micro_batches:
        (cross_entropy(model(x), t) / n).backward()


def wrong_zero_grad_in_loop(model, micro_batches):
    """Gradients have to be cleared before every backward()."""
    n = sum(len(t) for _, t in micro_batches)
    for x, t in micro_batches:
        model.zero_grad()
        (cross_entropy(model(x), t) * len(t) / n).backward()


def wrong_first_size_for_all(model, micro_batches):
    """All micro-batches are as long as the first: n = K * len(first)."""
    n = len(micro_batches) * len(micro_batches[0][1])
    for x, t in micro_batches:
        (cross_entropy(model(x), t) * len(t) / n).backward()


def wrong_sum_times_weight(model, micro_batches):
    """Weight n_k/n applied to a sum loss: the size counted twice."""
    n = sum(len(t) for _, t in micro_batches)
    for x, t in micro_batches:
        (cross_entropy(model(x), t, reduction="sum") * len(t) / n).backward()


def wrong_weight_times_over_K(model, micro_batches):
    """Both corrections are needed: n_k/n and 1/K."""
    n = sum(len(t) for _, t in micro_batches)
    K = len(micro_batches)
    for x, t in micro_batches:
        (cross_entropy(model(x), t) * len(t) / n / K).backward()


def wrong_steps_in_between(model, micro_batches):
    """Each micro-batch moves the weights a little, as in a training loop."""
    n = sum(len(t) for _, t in micro_batches)
    for x, t in micro_batches:
        (cross_entropy(model(x), t) * len(t) / n).backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= 0.1 * p.grad


def wrong_seen_so_far(model, micro_batches):
    """A running mean: weight n_k / (examples seen so far), old part not rescaled."""
    seen = 0
    for x, t in micro_batches:
        seen += len(t)
        (cross_entropy(model(x), t) * len(t) / seen).backward()


def wrong_inverse_weight(model, micro_batches):
    """Short micro-batches must be lifted: weight n / (K n_k)."""
    n = sum(len(t) for _, t in micro_batches)
    K = len(micro_batches)
    for x, t in micro_batches:
        (cross_entropy(model(x), t) * n / (K * len(t)) / K).backward()


def wrong_no_backward(model, micro_batches):
    """Returning the mean loss is enough; someone else calls backward()."""
    n = sum(len(t) for _, t in micro_batches)
    return sum(cross_entropy(model(x), t) * len(t) / n for x, t in micro_batches)


def wrong_drop_short(model, micro_batches):
    """Micro-batches shorter than the longest are leftovers and may be dropped."""
    full = max(len(t) for _, t in micro_batches)
    kept = [(x, t) for x, t in micro_batches if len(t) == full]
    for x, t in kept:
        (cross_entropy(model(x), t) / len(kept)).backward()


def wrong_numel(model, micro_batches):
    """inputs.numel() is the number of examples (counts features too)."""
    n = sum(x.numel() for x, _ in micro_batches)
    for x, t in micro_batches:
        (cross_entropy(model(x), t) * len(t) / n).backward()


def wrong_double_softmax(model, micro_batches):
    """cross_entropy wants probabilities."""
    n = sum(len(t) for _, t in micro_batches)
    for x, t in micro_batches:
        (cross_entropy(softmax(model(x), dim=1), t) * len(t) / n).backward()


def wrong_nll_on_logits(model, micro_batches):
    """nll_loss on the outputs is the cross-entropy (no log-softmax)."""
    n = sum(len(t) for _, t in micro_batches)
    for x, t in micro_batches:
        (nll_loss(model(x), t, reduction="sum") / n).backward()


def wrong_divide_in_loop(model, micro_batches):
    """Divide .grad by n after each backward (earlier parts are divided again and again)."""
    n = sum(len(t) for _, t in micro_batches)
    for x, t in micro_batches:
        cross_entropy(model(x), t, reduction="sum").backward()
        for p in model.parameters():
            p.grad /= n


def wrong_halving(model, micro_batches):
    """Averaging pairwise, (old + new) / 2, gives the average of all."""
    first = True
    for x, t in micro_batches:
        if not first:
            for p in model.parameters():
                p.grad /= 2
        (cross_entropy(model(x), t) * (1.0 if first else 0.5)).backward()
        first = False


def wrong_sum_over_K(model, micro_batches):
    """Sum over examples, mean over micro-batches."""
    for x, t in micro_batches:
        (cross_entropy(model(x), t, reduction="sum") / len(micro_batches)).backward()


RIGHT = [
    right_weighted,
    right_sum_over_total,
    right_cat,
    right_autograd_grad,
    right_divide_grad_at_end,
    right_single_backward,
    right_log_softmax_gather,
    right_backward_argument,
    right_example_by_example,
    right_running_rescale,
]
WRONG = [
    wrong_divide_by_K,
    wrong_no_division,
    wrong_sum_never_divided,
    wrong_mean_over_total,
    wrong_zero_grad_in_loop,
    wrong_first_size_for_all,
    wrong_sum_times_weight,
    wrong_weight_times_over_K,
    wrong_steps_in_between,
    wrong_seen_so_far,
    wrong_inverse_weight,
    wrong_no_backward,
    wrong_drop_short,
    wrong_numel,
    wrong_double_softmax,
    wrong_nll_on_logits,
    wrong_divide_in_loop,
    wrong_halving,
    wrong_sum_over_K,
]
