import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def right_no_inner_loop(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    steps_per_epoch = num_examples // batch_size
    warmup_steps = warmup_epochs * steps_per_epoch
    return [
        peak_lr * min(1, (step + 1) / warmup_steps) for step in range(num_epochs * steps_per_epoch)
    ]


def right_mended_loop(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    warmup_steps = warmup_epochs * (num_examples // batch_size)
    accum_steps = batch_size // micro_batch_size
    step, used = 0, []
    for _epoch in range(num_epochs):
        for micro in range(num_examples // micro_batch_size):
            if (micro + 1) % accum_steps == 0:
                lr = peak_lr * min(1, (step + 1) / warmup_steps)
                used.append(lr)
                step += 1
    return used


def right_count_examples(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    warmup_steps = warmup_epochs * (num_examples // batch_size)
    used = []
    for _ in range(num_epochs):
        seen = 0
        while seen + batch_size <= num_examples:
            seen += batch_size
            used.append(min(peak_lr, peak_lr * (len(used) + 1) / warmup_steps))
    return used


def right_numpy(peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size):
    per_epoch = num_examples // batch_size
    ramp = np.linspace(0, peak_lr, warmup_epochs * per_epoch + 1)[1:]
    flat = np.full((num_epochs - warmup_epochs) * per_epoch, peak_lr, dtype=float)
    return np.concatenate([ramp, flat]).tolist()


def right_torch(peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size):
    per_epoch = num_examples // batch_size
    k = torch.arange(1, num_epochs * per_epoch + 1, dtype=torch.float64)
    return (peak_lr * (k / (warmup_epochs * per_epoch)).clamp(max=1)).tolist()


def right_lists(peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size):
    n = num_examples // batch_size
    w = warmup_epochs * n
    return [peak_lr * (k + 1) / w for k in range(w)] + [peak_lr] * (
        (num_epochs - warmup_epochs) * n
    )


def right_real_scheduler(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    w = warmup_epochs * (num_examples // batch_size)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=peak_lr)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: min(1.0, (s + 1) / w))
    used = []
    for _ in range(num_epochs):
        filled = 0
        for _ in range(num_examples // micro_batch_size):
            filled += micro_batch_size
            if filled == batch_size:
                used.append(optimizer.param_groups[0]["lr"])
                optimizer.step()
                scheduler.step()
                filled = 0
    return used


# ---------------------------------------------------------------- wrong
def wrong_unchanged(peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size):
    """The loop as it stands is right."""
    warmup_steps = warmup_epochs * (num_examples // batch_size)
    accum_steps = batch_size // micro_batch_size
    step, used = 0, []
    for _epoch in range(num_epochs):
        for micro in range(num_examples // micro_batch_size):
            lr = peak_lr * min(1, step / warmup_steps)
            step += 1
            if (micro + 1) % accum_steps == 0:
                used.append(lr)
    return used


def wrong_still_from_zero(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    """Only the unit was wrong: optimizer steps are counted, but the first has lr 0."""
    n = num_examples // batch_size
    w = warmup_epochs * n
    return [peak_lr * min(1, step / w) for step in range(num_epochs * n)]


def wrong_still_micro(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    """Only the zero at the start was wrong: step still counts micro-batches."""
    warmup_steps = warmup_epochs * (num_examples // batch_size)
    accum_steps = batch_size // micro_batch_size
    step, used = 0, []
    for _epoch in range(num_epochs):
        for micro in range(num_examples // micro_batch_size):
            lr = peak_lr * min(1, (step + 1) / warmup_steps)
            step += 1
            if (micro + 1) % accum_steps == 0:
                used.append(lr)
    return used


def wrong_warmup_in_micro(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    """The warmup counted in micro-batches too: both in the same unit, so all is well."""
    warmup_steps = warmup_epochs * (num_examples // micro_batch_size)
    accum_steps = batch_size // micro_batch_size
    step, used = 0, []
    for _epoch in range(num_epochs):
        for micro in range(num_examples // micro_batch_size):
            lr = peak_lr * min(1, step / warmup_steps)
            step += 1
            if (micro + 1) % accum_steps == 0:
                used.append(lr)
    return used


def wrong_first_micro_of_batch(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    """Both in micro-batches, plus one, and lr read at the first micro-batch of each batch."""
    warmup_micro = warmup_epochs * (num_examples // batch_size) * (batch_size // micro_batch_size)
    accum_steps = batch_size // micro_batch_size
    n = num_examples // batch_size
    return [peak_lr * min(1, (k * accum_steps + 1) / warmup_micro) for k in range(num_epochs * n)]


def wrong_keep_partial(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    """What is left at the end of an epoch makes a last, smaller batch."""
    n = math.ceil(num_examples / batch_size)
    w = warmup_epochs * n
    return [peak_lr * min(1, (step + 1) / w) for step in range(num_epochs * n)]


def wrong_carry_over(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    """The rest of an epoch is carried into the next."""
    w = warmup_epochs * num_examples // batch_size
    total = num_epochs * num_examples // batch_size
    return [peak_lr * min(1, (step + 1) / w) for step in range(total)]


def wrong_per_epoch(peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size):
    """The lr rises once an epoch."""
    n = num_examples // batch_size
    return [peak_lr * min(1, (e + 1) / warmup_epochs) for e in range(num_epochs) for _ in range(n)]


def wrong_every_micro(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    """One entry for each micro-batch."""
    n = num_examples // micro_batch_size
    w = warmup_epochs * n
    return [peak_lr * min(1, (step + 1) / w) for step in range(num_epochs * n)]


def wrong_scaled_peak(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    """Accumulated gradients are sums, so the lr has to be divided by the micro-batches."""
    n = num_examples // batch_size
    w = warmup_epochs * n
    scale = peak_lr / (batch_size // micro_batch_size)
    return [scale * min(1, (step + 1) / w) for step in range(num_epochs * n)]


def wrong_reset_each_epoch(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    """The counter begins anew in each epoch."""
    n = num_examples // batch_size
    w = warmup_epochs * n
    used = []
    for _ in range(num_epochs):
        for step in range(n):
            used.append(peak_lr * min(1, (step + 1) / w))
    return used


def wrong_endpoints(peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size):
    """From lr 0 at the first step to the peak at the last of the warmup."""
    n = num_examples // batch_size
    w = warmup_epochs * n
    return [peak_lr * min(1, step / max(1, w - 1)) for step in range(num_epochs * n)]


def wrong_no_clamp(peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size):
    """The rise goes on after the warmup."""
    n = num_examples // batch_size
    w = warmup_epochs * n
    return [peak_lr * (step + 1) / w for step in range(num_epochs * n)]


def wrong_peak_one_late(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    """The peak is reached one step after the warmup."""
    n = num_examples // batch_size
    w = warmup_epochs * n
    return [peak_lr * min(1, (step + 1) / (w + 1)) for step in range(num_epochs * n)]


def wrong_shorter_warmup(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    """warmup_steps has to be divided by accum_steps to turn it into optimizer steps."""
    n = num_examples // batch_size
    accum = batch_size // micro_batch_size
    w = max(1, warmup_epochs * n // accum)
    return [peak_lr * min(1, (step + 1) / w) for step in range(num_epochs * n)]


def wrong_leftover_counted(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    """Micro-batches counted in both places, those of the dropped rest too."""
    accum = batch_size // micro_batch_size
    warmup_micro = warmup_epochs * (num_examples // batch_size) * accum
    step, used = 0, []
    for _ in range(num_epochs):
        for micro in range(num_examples // micro_batch_size):
            step += 1
            if (micro + 1) % accum == 0:
                used.append(peak_lr * min(1, step / warmup_micro))
    return used


def wrong_warmup_rounded_once(
    peak_lr, warmup_epochs, num_epochs, num_examples, batch_size, micro_batch_size
):
    """warmup_steps is warmup_epochs * num_examples // batch_size, rounded once for all epochs."""
    n = num_examples // batch_size
    w = warmup_epochs * num_examples // batch_size
    return [peak_lr * min(1, (step + 1) / w) for step in range(num_epochs * n)]


RIGHT = [
    right_no_inner_loop,
    right_mended_loop,
    right_count_examples,
    right_numpy,
    right_torch,
    right_lists,
    right_real_scheduler,
]
WRONG = [
    wrong_unchanged,
    wrong_still_from_zero,
    wrong_still_micro,
    wrong_warmup_in_micro,
    wrong_first_micro_of_batch,
    wrong_keep_partial,
    wrong_carry_over,
    wrong_per_epoch,
    wrong_every_micro,
    wrong_scaled_peak,
    wrong_reset_each_epoch,
    wrong_endpoints,
    wrong_no_clamp,
    wrong_peak_one_late,
    wrong_shorter_warmup,
    wrong_leftover_counted,
    wrong_warmup_rounded_once,
]
