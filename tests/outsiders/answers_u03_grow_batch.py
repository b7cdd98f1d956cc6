import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def right_loop(lrs, batch_size, max_batch_size):
    plan = []
    for lr in lrs:
        factor = round(lrs[0] / lr)
        batch = min(batch_size * factor, max_batch_size)
        plan.append([batch, lr * batch / batch_size])
    return plan


def right_if(lrs, batch_size, max_batch_size):
    out = []
    for lr in lrs:
        wanted = round(batch_size * lrs[0] / lr)
        if wanted <= max_batch_size:
            out.append([wanted, lrs[0]])
        else:
            out.append([max_batch_size, lrs[0] * max_batch_size / wanted])
    return out


def right_numpy(lrs, batch_size, max_batch_size):
    old = np.asarray(lrs, dtype=float)
    batch = np.minimum(np.rint(batch_size * old[0] / old), max_batch_size)
    return np.stack([batch, old / batch_size * batch], axis=1).tolist()


def right_torch(lrs, batch_size, max_batch_size):
    old = torch.tensor(lrs, dtype=torch.float64)
    batch = (batch_size * old[0] / old).round().clamp(max=max_batch_size)
    return [[int(b), float(lr)] for b, lr in zip(batch, old * batch / batch_size, strict=False)]


def right_comprehension_float(lrs, batch_size, max_batch_size):
    sizes = [min(batch_size * lrs[0] / lr, max_batch_size) for lr in lrs]
    return [[b, b * (lr / batch_size)] for b, lr in zip(sizes, lrs, strict=False)]


def right_running(lrs, batch_size, max_batch_size):
    # factor from epoch to epoch, kept as a wanted size that may pass the largest
    wanted, previous, plan = float(batch_size), lrs[0], []
    for lr in lrs:
        wanted *= previous / lr
        previous = lr
        size = min(round(wanted), max_batch_size)
        plan.append([size, lrs[0] * size / wanted])
    return plan


def right_by_noise_knob(lrs, batch_size, max_batch_size):
    # eta / B of the old run is given; B is the largest allowed with lr <= lrs[0]
    plan = []
    for lr in lrs:
        knob = lr / batch_size
        size = round(lrs[0] / knob)
        if size > max_batch_size:
            size = max_batch_size
        plan.append([size, size * knob])
    return plan


# ---------------------------------------------------------------- wrong
def wrong_lr_stays(lrs, batch_size, max_batch_size):
    """lr is held at its first value always, at the largest batch too."""
    return [[min(round(batch_size * lrs[0] / lr), max_batch_size), lrs[0]] for lr in lrs]


def wrong_both(lrs, batch_size, max_batch_size):
    """The batch grows and lr falls as before."""
    return [[min(round(batch_size * lrs[0] / lr), max_batch_size), lr] for lr in lrs]


def wrong_order(lrs, batch_size, max_batch_size):
    """Pairs are (lr, batch size)."""
    plan = []
    for lr in lrs:
        batch = min(batch_size * round(lrs[0] / lr), max_batch_size)
        plan.append([lr * batch / batch_size, batch])
    return plan


def wrong_square(lrs, batch_size, max_batch_size):
    """lr / sqrt(B) is the knob: the batch grows by the square of the factor."""
    plan = []
    for lr in lrs:
        batch = min(round(batch_size * (lrs[0] / lr) ** 2), max_batch_size)
        plan.append([batch, lr * math.sqrt(batch / batch_size)])
    return plan


def wrong_shrinks(lrs, batch_size, max_batch_size):
    """The batch falls with lr."""
    return [[max(1, round(batch_size * lr / lrs[0])), lrs[0]] for lr in lrs]


def wrong_no_cap(lrs, batch_size, max_batch_size):
    """The largest batch is only a warning."""
    return [[batch_size * round(lrs[0] / lr), lrs[0]] for lr in lrs]


def wrong_old_lr_after_cap(lrs, batch_size, max_batch_size):
    """Once the batch is at its largest, lr is that of the old run."""
    plan = []
    for lr in lrs:
        wanted = batch_size * round(lrs[0] / lr)
        plan.append([wanted, lrs[0]] if wanted <= max_batch_size else [max_batch_size, lr])
    return plan


def wrong_last_that_fits(lrs, batch_size, max_batch_size):
    """A batch that would pass the largest is not taken: it stays at the last size that fitted."""
    batch, plan = batch_size, []
    for lr in lrs:
        wanted = batch_size * round(lrs[0] / lr)
        if wanted <= max_batch_size:
            batch = wanted
        plan.append([batch, lr * batch / batch_size])
    return plan


def wrong_truncated(lrs, batch_size, max_batch_size):
    """int() rounds: lrs[0] / lr is whole anyway (0.3 / 0.1 gives 2)."""
    plan = []
    for lr in lrs:
        batch = min(batch_size * int(lrs[0] / lr), max_batch_size)
        plan.append([batch, lr * batch / batch_size])
    return plan


def wrong_previous_epoch(lrs, batch_size, max_batch_size):
    """The factor is that since the last epoch, applied to the first batch size."""
    plan, previous = [], lrs[0]
    for lr in lrs:
        batch = min(batch_size * round(previous / lr), max_batch_size)
        plan.append([batch, lr * batch / batch_size])
        previous = lr
    return plan


def wrong_compounded(lrs, batch_size, max_batch_size):
    """In each epoch the batch is multiplied by the whole factor since epoch 0."""
    plan, batch = [], batch_size
    for lr in lrs:
        batch = min(batch * round(lrs[0] / lr), max_batch_size)
        plan.append([batch, lr * batch / batch_size])
    return plan


def wrong_delayed(lrs, batch_size, max_batch_size):
    """The change takes effect in the epoch after."""
    shifted = [lrs[0], *list(lrs[:-1])]
    plan = []
    for lr in shifted:
        batch = min(batch_size * round(lrs[0] / lr), max_batch_size)
        plan.append([batch, lr * batch / batch_size])
    return plan


def wrong_first_capped_epoch_keeps_lr(lrs, batch_size, max_batch_size):
    """At the first capped lr the run keeps lrs[0]; only later falls of the old lr are followed."""
    plan, anchor = [], None
    for lr in lrs:
        wanted = batch_size * round(lrs[0] / lr)
        if wanted <= max_batch_size:
            plan.append([wanted, lrs[0]])
        else:
            if anchor is None:
                anchor = lr
            plan.append([max_batch_size, lrs[0] * lr / anchor])
    return plan


def wrong_only_changes(lrs, batch_size, max_batch_size):
    """One pair for each different lr."""
    plan = []
    for k, lr in enumerate(lrs):
        if k and lr == lrs[k - 1]:
            continue
        batch = min(batch_size * round(lrs[0] / lr), max_batch_size)
        plan.append([batch, lr * batch / batch_size])
    return plan


def wrong_linear_scaling(lrs, batch_size, max_batch_size):
    """The linear rule: lr grows with the batch, from its first value."""
    plan = []
    for lr in lrs:
        batch = min(batch_size * round(lrs[0] / lr), max_batch_size)
        plan.append([batch, lrs[0] * batch / batch_size])
    return plan


def wrong_back_to_start(lrs, batch_size, max_batch_size):
    """When the batch cannot grow any more, the old run (old batch, old lr) goes on."""
    plan = []
    for lr in lrs:
        wanted = batch_size * round(lrs[0] / lr)
        plan.append([wanted, lrs[0]] if wanted <= max_batch_size else [batch_size, lr])
    return plan


def wrong_additive(lrs, batch_size, max_batch_size):
    """The batch grows by batch_size at each fall of lr."""
    plan, batch, previous = [], batch_size, lrs[0]
    for lr in lrs:
        if lr < previous:
            batch = min(batch + batch_size, max_batch_size)
        previous = lr
        plan.append([batch, lrs[0] if batch < max_batch_size else lr * batch / batch_size])
    return plan


RIGHT = [
    right_loop,
    right_if,
    right_numpy,
    right_torch,
    right_comprehension_float,
    right_running,
    right_by_noise_knob,
]
WRONG = [
    wrong_lr_stays,
    wrong_both,
    wrong_order,
    wrong_square,
    wrong_shrinks,
    wrong_no_cap,
    wrong_old_lr_after_cap,
    wrong_last_that_fits,
    wrong_truncated,
    wrong_previous_epoch,
    wrong_compounded,
    wrong_delayed,
    wrong_first_capped_epoch_keeps_lr,
    wrong_only_changes,
    wrong_linear_scaling,
    wrong_back_to_start,
    wrong_additive,
]
