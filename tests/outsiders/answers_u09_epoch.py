import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_divmod(num_examples, batch_size, floor, rate, drop_last):
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)

    steps, seconds, weight = full, full * max(t0, B / r), 1
    if left:
        weight = 0
        if not drop_last:
            steps, seconds, weight = full + 1, seconds + max(t0, left / r), B / left
    return [steps, seconds, weight]


def r_loop(num_examples, batch_size, floor, rate, drop_last):
    sizes, start = [], 0
    while start < num_examples:
        size = min(batch_size, num_examples - start)
        sizes.append(size)
        start += size
    last = sizes[-1]
    weight = (1 / last) / (1 / batch_size)
    if last < batch_size and drop_last:
        sizes.pop()
        weight = 0.0
    return [len(sizes), sum(max(floor, b / rate) for b in sizes), weight]


def r_numpy(num_examples, batch_size, floor, rate, drop_last):
    sizes = np.diff(np.append(np.arange(0, num_examples, batch_size), num_examples))
    weight = batch_size / sizes[-1]
    if drop_last:
        sizes = sizes[sizes == batch_size]
        weight = float(weight == 1)
    return np.array([len(sizes), np.maximum(floor, sizes / rate).sum(), weight])


def r_torch(num_examples, batch_size, floor, rate, drop_last):
    parts = torch.arange(num_examples).split(batch_size)
    kept = [len(p) for p in parts if len(p) == batch_size or not drop_last]
    seconds = torch.tensor(kept, dtype=torch.float64).div(rate).clamp(min=floor).sum()
    weight = batch_size / len(parts[-1])
    if len(kept) < len(parts):
        weight = 0
    return [len(kept), seconds.item(), weight]


def r_ceil(num_examples, batch_size, floor, rate, drop_last):
    N, B = num_examples, batch_size
    steps = N // B if drop_last else math.ceil(N / B)
    whole = N % B == 0
    rest = N - B * (N // B)
    seconds = (N // B) * max(floor, B / rate)
    if steps > N // B:
        seconds += max(floor, rest / rate)
    return [steps, seconds, 1 if whole else 0 if drop_last else B / rest]


RIGHT = [
    r_divmod,
    r_loop,
    r_numpy,
    r_torch,
    r_ceil,
]


# ---------------------------------------------------------------- wrong
def w_ignores_drop(num_examples, batch_size, floor, rate, drop_last):
    """Never drops."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if not left:
        return [full, full * full_time, 1]
    return [full + 1, full * full_time + max(t0, left / r), B / left]


def w_always_drops(num_examples, batch_size, floor, rate, drop_last):
    """Always drops."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    return [full, full * full_time, 0 if left else 1]


def w_drop_reversed(num_examples, batch_size, floor, rate, drop_last):
    """drop_last the wrong way round."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if not left:
        return [full, full * full_time, 1]
    if not drop_last:
        return [full, full * full_time, 0]
    return [full + 1, full * full_time + max(t0, left / r), B / left]


def w_last_as_full(num_examples, batch_size, floor, rate, drop_last):
    """The partial batch takes as long as a full one."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    steps = full + (left > 0 and not drop_last)
    return [steps, steps * full_time, 1 if not left else 0 if drop_last else B / left]


def w_last_no_floor(num_examples, batch_size, floor, rate, drop_last):
    """The partial batch takes left / r, below the floor."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if not left:
        return [full, full * full_time, 1]
    if drop_last:
        return [full, full * full_time, 0]
    return [full + 1, full * full_time + left / r, B / left]


def w_last_floor_only(num_examples, batch_size, floor, rate, drop_last):
    """The partial batch takes the floor."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if not left:
        return [full, full * full_time, 1]
    if drop_last:
        return [full, full * full_time, 0]
    return [full + 1, full * full_time + t0, B / left]


def w_no_floor(num_examples, batch_size, floor, rate, drop_last):
    """No floor at all: examples over rate."""
    N, B, _t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    if not left:
        return [full, N / r, 1]
    if drop_last:
        return [full, full * B / r, 0]
    return [full + 1, N / r, B / left]


def w_floor_of_epoch(num_examples, batch_size, floor, rate, drop_last):
    """The floor once for the epoch."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    if not left:
        return [full, max(t0, N / r), 1]
    if drop_last:
        return [full, max(t0, full * B / r), 0]
    return [full + 1, max(t0, N / r), B / left]


def w_sum_law(num_examples, batch_size, floor, rate, drop_last):
    """t0 + b/r in place of the longer one."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    if not left:
        return [full, full * (t0 + B / r), 1]
    if drop_last:
        return [full, full * (t0 + B / r), 0]
    return [full + 1, full * (t0 + B / r) + t0 + left / r, B / left]


def w_min_law(num_examples, batch_size, floor, rate, drop_last):
    """The shorter of the two."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    if not left:
        return [full, full * min(t0, B / r), 1]
    if drop_last:
        return [full, full * min(t0, B / r), 0]
    return [full + 1, full * min(t0, B / r) + min(t0, left / r), B / left]


def w_weight_inverted(num_examples, batch_size, floor, rate, drop_last):
    """Left / B."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if not left:
        return [full, full * full_time, 1]
    if drop_last:
        return [full, full * full_time, 0]
    return [full + 1, full * full_time + max(t0, left / r), left / B]


def w_weight_one(num_examples, batch_size, floor, rate, drop_last):
    """Every example counts the same."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if not left or drop_last:
        return [full, full * full_time, 1 if not left else 0]
    return [full + 1, full * full_time + max(t0, left / r), 1]


def w_weight_per_example(num_examples, batch_size, floor, rate, drop_last):
    """1 / left, not compared with 1 / B."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if not left or drop_last:
        return [full, full * full_time, 1 if not left else 0]
    return [full + 1, full * full_time + max(t0, left / r), 1 / left]


def w_weight_batch_share(num_examples, batch_size, floor, rate, drop_last):
    """Left / N, the share of the last batch."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if not left or drop_last:
        return [full, full * full_time, 1 if not left else 0]
    return [full + 1, full * full_time + max(t0, left / r), left / N]


def w_dropped_one(num_examples, batch_size, floor, rate, drop_last):
    """Weight 1 when dropped."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if not left or drop_last:
        return [full, full * full_time, 1]
    return [full + 1, full * full_time + max(t0, left / r), B / left]


def w_dropped_weight_kept(num_examples, batch_size, floor, rate, drop_last):
    """Drops the batch, but its weight is still B / left."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if not left:
        return [full, full * full_time, 1]
    if drop_last:
        return [full, full * full_time, B / left]
    return [full + 1, full * full_time + max(t0, left / r), B / left]


def w_exact_zero(num_examples, batch_size, floor, rate, drop_last):
    """Nothing left over: weight 0."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if not left or drop_last:
        return [full, full * full_time, 0]
    return [full + 1, full * full_time + max(t0, left / r), B / left]


def w_exact_drop_zero(num_examples, batch_size, floor, rate, drop_last):
    """With drop_last the weight is 0 even if nothing is left over."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if drop_last:
        return [full, full * full_time, 0]
    if not left:
        return [full, full * full_time, 1]
    return [full + 1, full * full_time + max(t0, left / r), B / left]


def w_exact_extra_step(num_examples, batch_size, floor, rate, drop_last):
    """A further, empty step where nothing is left over."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if drop_last:
        return [full, full * full_time, 0 if left else 1]
    return [full + 1, full * full_time + max(t0, left / r), B / left if left else 1]


def w_exact_drops_full(num_examples, batch_size, floor, rate, drop_last):
    """Drops the last batch even if it is full."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if drop_last:
        f = full if left else full - 1
        return [f, f * full_time, 0 if left else 1]
    if not left:
        return [full, full * full_time, 1]
    return [full + 1, full * full_time + max(t0, left / r), B / left]


def w_fractional(num_examples, batch_size, floor, rate, drop_last):
    """N / B steps."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    if not left:
        return [full, full * full_time, 1]
    if drop_last:
        return [full, full * full_time, 0]
    return [N / B, full * full_time + max(t0, left / r), B / left]


def w_rounded(num_examples, batch_size, floor, rate, drop_last):
    """round(N / B) steps, all full."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    steps = full if drop_last else round(N / B)
    return [steps, steps * full_time, 1 if not left else 0 if drop_last else B / left]


def w_times_rate(num_examples, batch_size, floor, rate, drop_last):
    """B * r in place of b / r."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    if not left:
        return [full, full * max(t0, B * r), 1]
    if drop_last:
        return [full, full * max(t0, B * r), 0]
    return [full + 1, full * max(t0, B * r) + max(t0, left * r), B / left]


def w_step_time(num_examples, batch_size, floor, rate, drop_last):
    """Seconds of one step, not of the epoch."""
    N, B, t0, r = num_examples, batch_size, floor, rate
    full, left = divmod(N, B)
    full_time = max(t0, B / r)
    steps = full + (left > 0 and not drop_last)
    return [steps, full_time, 1 if not left else 0 if drop_last else B / left]


WRONG = [
    w_ignores_drop,
    w_always_drops,
    w_drop_reversed,
    w_last_as_full,
    w_last_no_floor,
    w_last_floor_only,
    w_no_floor,
    w_floor_of_epoch,
    w_sum_law,
    w_min_law,
    w_weight_inverted,
    w_weight_one,
    w_weight_per_example,
    w_weight_batch_share,
    w_dropped_one,
    w_dropped_weight_kept,
    w_exact_zero,
    w_exact_drop_zero,
    w_exact_extra_step,
    w_exact_drops_full,
    w_fractional,
    w_rounded,
    w_times_rate,
    w_step_time,
]
