"""Answers for exercise 8: train_accumulated(model, optimizer, epochs, accum_steps)."""

import math

import numpy as np
import torch
from torch.nn.functional import cross_entropy


# ---------------------------------------------------------------- right
def right_windows(model, optimizer, epochs, accum_steps):
    for group in optimizer.param_groups:
        group["lr"] *= math.sqrt(accum_steps)
    for micro_batches in epochs:
        for start in range(0, len(micro_batches), accum_steps):
            window = micro_batches[start : start + accum_steps]
            n = sum(len(y) for _, y in window)
            optimizer.zero_grad()
            for x, y in window:
                (cross_entropy(model(x), y) * len(y) / n).backward()
            optimizer.step()


def right_zero_after_step(model, optimizer, epochs, accum_steps):
    for group in optimizer.param_groups:
        group["lr"] = group["lr"] * accum_steps**0.5
    for epoch in epochs:
        for s in range(0, len(epoch), accum_steps):
            window = epoch[s : s + accum_steps]
            total = sum(x.shape[0] for x, _ in window)
            for x, y in window:
                (cross_entropy(model(x), y, reduction="sum") / total).backward()
            optimizer.step()
            optimizer.zero_grad()


def right_cat_window(model, optimizer, epochs, accum_steps):
    factor = float(np.sqrt(accum_steps))
    for g in optimizer.param_groups:
        g["lr"] *= factor
    for epoch in epochs:
        for s in range(0, len(epoch), accum_steps):
            xs, ys = zip(*epoch[s : s + accum_steps], strict=False)
            optimizer.zero_grad()
            cross_entropy(model(torch.cat(xs)), torch.cat(ys)).backward()
            optimizer.step()


def right_counter_loop(model, optimizer, epochs, accum_steps):
    """Streaming: sums, counts, divides .grad at the step."""
    for group in optimizer.param_groups:
        group["lr"] *= accum_steps**0.5
    params = (
        [p for g in optimizer.param_groups for p in g["params"]]
        if all("params" in g for g in optimizer.param_groups)
        else list(model.parameters())
    )
    for epoch in epochs:
        optimizer.zero_grad()
        count = 0
        for i, (x, y) in enumerate(epoch):
            cross_entropy(model(x), y, reduction="sum").backward()
            count += len(y)
            if (i + 1) % accum_steps == 0 or i + 1 == len(epoch):
                for p in params:
                    if p.grad is not None:
                        p.grad /= count
                optimizer.step()
                optimizer.zero_grad()
                count = 0


def right_generator(model, optimizer, epochs, accum_steps):
    def windows():
        for epoch in epochs:
            rest = list(epoch)
            while rest:
                yield rest[:accum_steps]
                rest = rest[accum_steps:]

    for group in optimizer.param_groups:
        group.update(lr=group["lr"] * math.sqrt(accum_steps))
    for window in windows():
        model.zero_grad()
        losses = [cross_entropy(model(x), y, reduction="none") for x, y in window]
        torch.cat(losses).mean().backward()
        optimizer.step()


def right_autograd(model, optimizer, epochs, accum_steps):
    base = [g["lr"] for g in optimizer.param_groups]
    for g, lr in zip(optimizer.param_groups, base, strict=False):
        g["lr"] = lr * math.sqrt(accum_steps)
    params = [p for p in model.parameters() if p.requires_grad]
    for epoch in epochs:
        for s in range(0, len(epoch), accum_steps):
            window = epoch[s : s + accum_steps]
            sizes = np.array([len(y) for _, y in window], dtype=float)
            acc = [torch.zeros_like(p) for p in params]
            for w, (x, y) in zip(sizes / sizes.sum(), window, strict=False):
                for a, g in zip(
                    acc, torch.autograd.grad(cross_entropy(model(x), y), params), strict=False
                ):
                    a += float(w) * g
            for p, a in zip(params, acc, strict=False):
                p.grad = a
            optimizer.step()
            optimizer.zero_grad()


def right_recursive(model, optimizer, epochs, accum_steps):
    for g in optimizer.param_groups:
        g["lr"] *= math.sqrt(accum_steps)

    def run(rest):
        if not rest:
            return
        window = rest[:accum_steps]
        n = len(torch.cat([y for _, y in window]))
        optimizer.zero_grad()
        for x, y in window:
            loss = cross_entropy(model(x), y)
            loss.backward(torch.full_like(loss, len(y) / n))
        optimizer.step()
        run(rest[accum_steps:])

    for epoch in epochs:
        run(list(epoch))


# ---------------------------------------------------------------- wrong
def _loop(model, optimizer, epochs, accum_steps):
    """The right loop without the rate."""
    for epoch in epochs:
        for s in range(0, len(epoch), accum_steps):
            window = epoch[s : s + accum_steps]
            n = sum(len(y) for _, y in window)
            optimizer.zero_grad()
            for x, y in window:
                (cross_entropy(model(x), y) * len(y) / n).backward()
            optimizer.step()


def _sqrt_rate(optimizer, accum_steps):
    for g in optimizer.param_groups:
        g["lr"] *= math.sqrt(accum_steps)


def wrong_original(model, optimizer, epochs, accum_steps):
    """The loop as found: nothing mended."""
    optimizer.param_groups[0]["lr"] *= accum_steps
    for epoch in epochs:
        for i, (x, y) in enumerate(epoch):
            (cross_entropy(model(x), y) / accum_steps).backward()
            if (i + 1) % accum_steps == 0:
                optimizer.step()
                optimizer.zero_grad()


def wrong_linear_rate(model, optimizer, epochs, accum_steps):
    """The linear rule, for Adam too."""
    for g in optimizer.param_groups:
        g["lr"] *= accum_steps
    _loop(model, optimizer, epochs, accum_steps)


def wrong_rate_unchanged(model, optimizer, epochs, accum_steps):
    """Adam normalises the gradient, so its rate need not change."""
    _loop(model, optimizer, epochs, accum_steps)


def wrong_first_group_only(model, optimizer, epochs, accum_steps):
    """Only the first parameter group's rate."""
    optimizer.param_groups[0]["lr"] *= math.sqrt(accum_steps)
    _loop(model, optimizer, epochs, accum_steps)


def wrong_rate_down(model, optimizer, epochs, accum_steps):
    """Accumulated gradients are larger, so the rate goes down by sqrt K."""
    for g in optimizer.param_groups:
        g["lr"] /= math.sqrt(accum_steps)
    _loop(model, optimizer, epochs, accum_steps)


def wrong_rate_each_epoch(model, optimizer, epochs, accum_steps):
    """The rate is scaled at the beginning of every epoch."""
    for epoch in epochs:
        _sqrt_rate(optimizer, accum_steps)
        _loop(model, optimizer, [epoch], accum_steps)


def wrong_rate_by_window(model, optimizer, epochs, accum_steps):
    """The rate is the root of the window's own length: smaller for leftovers."""
    base = [g["lr"] for g in optimizer.param_groups]
    for epoch in epochs:
        for s in range(0, len(epoch), accum_steps):
            window = epoch[s : s + accum_steps]
            for g, lr in zip(optimizer.param_groups, base, strict=False):
                g["lr"] = lr * math.sqrt(len(window))
            _loop(model, optimizer, [window], accum_steps)


def wrong_rate_by_examples(model, optimizer, epochs, accum_steps):
    """The root of the number of examples of a full window."""
    n = sum(len(y) for _, y in epochs[0][:accum_steps])
    for g in optimizer.param_groups:
        g["lr"] *= math.sqrt(n)
    _loop(model, optimizer, epochs, accum_steps)


def wrong_rate_after_first_step(model, optimizer, epochs, accum_steps):
    """The rate is set after the first step (too late)."""
    done = False
    for epoch in epochs:
        for s in range(0, len(epoch), accum_steps):
            _loop(model, optimizer, [epoch[s : s + accum_steps]], accum_steps)
            if not done:
                _sqrt_rate(optimizer, accum_steps)
                done = True


def wrong_divide_by_K(model, optimizer, epochs, accum_steps):
    """Leftovers and rate mended, losses still divided by K."""
    _sqrt_rate(optimizer, accum_steps)
    for epoch in epochs:
        for s in range(0, len(epoch), accum_steps):
            optimizer.zero_grad()
            for x, y in epoch[s : s + accum_steps]:
                (cross_entropy(model(x), y) / accum_steps).backward()
            optimizer.step()


def wrong_divide_by_window(model, optimizer, epochs, accum_steps):
    """Divides by the window's number of micro-batches: mean of means."""
    _sqrt_rate(optimizer, accum_steps)
    for epoch in epochs:
        for s in range(0, len(epoch), accum_steps):
            window = epoch[s : s + accum_steps]
            optimizer.zero_grad()
            for x, y in window:
                (cross_entropy(model(x), y) / len(window)).backward()
            optimizer.step()


def wrong_drop_leftovers(model, optimizer, epochs, accum_steps):
    """Leftovers are thrown away."""
    _sqrt_rate(optimizer, accum_steps)
    _loop(model, optimizer, [e[: len(e) // accum_steps * accum_steps] for e in epochs], accum_steps)


def wrong_leak(model, optimizer, epochs, accum_steps):
    """Weights and rate mended; leftovers leak into the next epoch's first step."""
    _sqrt_rate(optimizer, accum_steps)
    for epoch in epochs:
        for i, (x, y) in enumerate(epoch):
            start = i // accum_steps * accum_steps
            n = sum(len(t) for _, t in epoch[start : start + accum_steps])
            (cross_entropy(model(x), y) * len(y) / n).backward()
            if (i + 1) % accum_steps == 0:
                optimizer.step()
                optimizer.zero_grad()


def wrong_windows_across_epochs(model, optimizer, epochs, accum_steps):
    """Windows run across the border of epochs."""
    _sqrt_rate(optimizer, accum_steps)
    _loop(model, optimizer, [[mb for epoch in epochs for mb in epoch]], accum_steps)


def wrong_never_cleared(model, optimizer, epochs, accum_steps):
    """zero_grad is forgotten: every step has all gradients since the start."""
    _sqrt_rate(optimizer, accum_steps)
    for epoch in epochs:
        for s in range(0, len(epoch), accum_steps):
            window = epoch[s : s + accum_steps]
            n = sum(len(y) for _, y in window)
            for x, y in window:
                (cross_entropy(model(x), y) * len(y) / n).backward()
            optimizer.step()


def wrong_cleared_before_each_backward(model, optimizer, epochs, accum_steps):
    """zero_grad before every backward: only the window's last micro-batch is left."""
    _sqrt_rate(optimizer, accum_steps)
    for epoch in epochs:
        for s in range(0, len(epoch), accum_steps):
            window = epoch[s : s + accum_steps]
            n = sum(len(y) for _, y in window)
            for x, y in window:
                optimizer.zero_grad()
                (cross_entropy(model(x), y) * len(y) / n).backward()
            optimizer.step()


def wrong_step_each_micro_batch(model, optimizer, epochs, accum_steps):
    """step() stands inside the inner loop."""
    _sqrt_rate(optimizer, accum_steps)
    for epoch in epochs:
        for s in range(0, len(epoch), accum_steps):
            window = epoch[s : s + accum_steps]
            n = sum(len(y) for _, y in window)
            optimizer.zero_grad()
            for x, y in window:
                (cross_entropy(model(x), y) * len(y) / n).backward()
                optimizer.step()


def wrong_epoch_divisor(model, optimizer, epochs, accum_steps):
    """Weights n_k / n with n the examples of the whole epoch."""
    _sqrt_rate(optimizer, accum_steps)
    for epoch in epochs:
        n = sum(len(y) for _, y in epoch)
        for s in range(0, len(epoch), accum_steps):
            optimizer.zero_grad()
            for x, y in epoch[s : s + accum_steps]:
                (cross_entropy(model(x), y) * len(y) / n).backward()
            optimizer.step()


def wrong_sum_loss(model, optimizer, epochs, accum_steps):
    """Sum over the window, never divided (Adam does not see it)."""
    _sqrt_rate(optimizer, accum_steps)
    for epoch in epochs:
        for s in range(0, len(epoch), accum_steps):
            optimizer.zero_grad()
            for x, y in epoch[s : s + accum_steps]:
                cross_entropy(model(x), y, reduction="sum").backward()
            optimizer.step()


def wrong_leftovers_joined(model, optimizer, epochs, accum_steps):
    """Leftovers join the last full window."""
    _sqrt_rate(optimizer, accum_steps)
    for epoch in epochs:
        W = max(len(epoch) // accum_steps, 1)
        for w in range(W):
            window = epoch[w * accum_steps : (w + 1) * accum_steps if w < W - 1 else len(epoch)]
            _loop(model, optimizer, [window], len(window))


def wrong_first_epoch_only(model, optimizer, epochs, accum_steps):
    """Treats `epochs` as one list of micro-batches: trains on the first epoch only."""
    _sqrt_rate(optimizer, accum_steps)
    _loop(model, optimizer, epochs[:1], accum_steps)


def wrong_flush_only_at_end(model, optimizer, epochs, accum_steps):
    """One flush after all epochs; between epochs leftovers are cleared."""
    _sqrt_rate(optimizer, accum_steps)
    full = [e[: len(e) // accum_steps * accum_steps] for e in epochs[:-1]]
    _loop(model, optimizer, [*full, epochs[-1]], accum_steps)


RIGHT = [
    right_windows,
    right_zero_after_step,
    right_cat_window,
    right_counter_loop,
    right_generator,
    right_autograd,
    right_recursive,
]
WRONG = [
    wrong_original,
    wrong_linear_rate,
    wrong_rate_unchanged,
    wrong_first_group_only,
    wrong_rate_down,
    wrong_rate_each_epoch,
    wrong_rate_by_window,
    wrong_rate_by_examples,
    wrong_rate_after_first_step,
    wrong_divide_by_K,
    wrong_divide_by_window,
    wrong_drop_leftovers,
    wrong_leak,
    wrong_windows_across_epochs,
    wrong_never_cleared,
    wrong_cleared_before_each_backward,
    wrong_step_each_micro_batch,
    wrong_epoch_divisor,
    wrong_sum_loss,
    wrong_leftovers_joined,
    wrong_first_epoch_only,
    wrong_flush_only_at_end,
]
