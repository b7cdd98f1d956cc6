import math

import numpy as np
import torch
import torch.nn.functional as F


# ---------------------------------------------------------------- right
def r_split(inputs, ghost_size, eps):
    parts = []
    for part in inputs.split(ghost_size):
        mean = part.mean(dim=0)
        v = ((part - mean) ** 2).mean(dim=0)
        parts.append((part - mean) / torch.sqrt(v + eps))
    return torch.cat(parts)


def r_batch_norm(inputs, ghost_size, eps):
    out = torch.empty_like(inputs)
    for start in range(0, len(inputs), ghost_size):
        part = inputs[start : start + ghost_size]
        if len(part) > 1:
            out[start : start + ghost_size] = F.batch_norm(part, None, None, training=True, eps=eps)
        else:
            out[start : start + ghost_size] = 0.0
    return out


def r_second_moment(inputs, ghost_size, eps):
    parts = [part.double() for part in inputs.split(ghost_size)]
    done = [
        (p - p.mean(0)) * (p.square().mean(0) - p.mean(0) ** 2).clamp(min=0).add(eps).rsqrt()
        for p in parts
    ]
    return torch.cat(done).to(inputs.dtype)


def r_loops(inputs, ghost_size, eps):
    rows = inputs.tolist()
    out = [[0.0] * len(rows[0]) for _ in rows]
    for start in range(0, len(rows), ghost_size):
        stop = min(start + ghost_size, len(rows))
        for f in range(len(rows[0])):
            column = [rows[i][f] for i in range(start, stop)]
            mean = sum(column) / len(column)
            v = sum((x - mean) ** 2 for x in column) / len(column)
            for i in range(start, stop):
                out[i][f] = (rows[i][f] - mean) / math.sqrt(v + eps)
    return torch.tensor(out, dtype=inputs.dtype)


def r_one_hot(inputs, ghost_size, eps):
    part = torch.arange(len(inputs)) // ghost_size
    member = F.one_hot(part).to(inputs.dtype)
    counts = member.sum(dim=0)[:, None]
    centred = inputs - (member.T @ inputs / counts)[part]
    spread = (member.T @ centred**2 / counts + eps).sqrt()
    return centred / spread[part]


def r_numpy(inputs, ghost_size, eps):
    x = np.asarray(inputs, dtype=float)
    parts = np.split(x, range(ghost_size, len(x), ghost_size))
    done = [(p - p.mean(0)) / np.sqrt(p.var(0) + eps) for p in parts]
    return torch.as_tensor(np.concatenate(done), dtype=inputs.dtype)


RIGHT = [r_split, r_batch_norm, r_second_moment, r_loops, r_one_hot, r_numpy]


# ---------------------------------------------------------------- wrong
def by_parts(inputs, ghost_size, normal):
    return torch.cat([normal(part) for part in inputs.split(ghost_size)])


def normal(part, eps):
    return (part - part.mean(0)) / (part.var(0, correction=0) + eps).sqrt()


def w_whole_batch(inputs, ghost_size, eps):
    """Statistics of the whole batch."""
    return normal(inputs, eps)


def w_bessel(inputs, ghost_size, eps):
    """Divisor rows - 1 (0 where a part has one row)."""
    return by_parts(
        inputs,
        ghost_size,
        lambda p: (
            (p - p.mean(0)) / ((p - p.mean(0)).square().sum(0) / max(1, len(p) - 1) + eps).sqrt()
        ),
    )


def w_bessel_nan(inputs, ghost_size, eps):
    """torch.var as it comes: divisor rows - 1, nan for one row."""
    return by_parts(
        inputs,
        ghost_size,
        lambda p: (
            (p - p.mean(0)) / ((p - p.mean(0)).square().sum(0) / (len(p) - 1) + eps).sqrt()
            if len(p) > 1
            else p * math.nan
        ),
    )


def w_divisor_ghost_size(inputs, ghost_size, eps):
    """Divides by ghost_size also in the smaller last part."""

    def one(p):
        mean = p.sum(0) / ghost_size
        return (p - mean) / ((p - mean).square().sum(0) / ghost_size + eps).sqrt()

    return by_parts(inputs, ghost_size, one)


def w_variance_ghost_size(inputs, ghost_size, eps):
    """Mean right, variance over ghost_size in the last part."""
    return by_parts(
        inputs,
        ghost_size,
        lambda p: (p - p.mean(0)) / ((p - p.mean(0)).square().sum(0) / ghost_size + eps).sqrt(),
    )


def w_eps_outside(inputs, ghost_size, eps):
    """eps added to the root."""
    return by_parts(
        inputs, ghost_size, lambda p: (p - p.mean(0)) / (p.var(0, correction=0).sqrt() + eps)
    )


def w_eps_as_floor(inputs, ghost_size, eps):
    """eps as the least variance."""
    return by_parts(
        inputs, ghost_size, lambda p: (p - p.mean(0)) / p.var(0, correction=0).clamp(min=eps).sqrt()
    )


def w_no_eps(inputs, ghost_size, eps):
    """eps forgotten."""
    return by_parts(inputs, ghost_size, lambda p: (p - p.mean(0)) / p.var(0, correction=0).sqrt())


def w_eps_fixed(inputs, ghost_size, eps):
    """1e-5, whatever eps."""
    return by_parts(inputs, ghost_size, lambda p: normal(p, 1e-5))


def w_eps_squared(inputs, ghost_size, eps):
    """Takes eps for a standard deviation: eps squared."""
    return by_parts(inputs, ghost_size, lambda p: normal(p, eps**2))


def w_no_root(inputs, ghost_size, eps):
    """Divides by the variance."""
    return by_parts(inputs, ghost_size, lambda p: (p - p.mean(0)) / (p.var(0, correction=0) + eps))


def w_multiplied(inputs, ghost_size, eps):
    """Times the root."""
    return by_parts(
        inputs, ghost_size, lambda p: (p - p.mean(0)) * (p.var(0, correction=0) + eps).sqrt()
    )


def w_only_centred(inputs, ghost_size, eps):
    """Subtracts the mean alone."""
    return by_parts(inputs, ghost_size, lambda p: p - p.mean(0))


def w_not_centred(inputs, ghost_size, eps):
    """Divides by the spread alone."""
    return by_parts(inputs, ghost_size, lambda p: p / (p.var(0, correction=0) + eps).sqrt())


def w_rms(inputs, ghost_size, eps):
    """The mean square for the variance."""
    return by_parts(
        inputs, ghost_size, lambda p: (p - p.mean(0)) / (p.square().mean(0) + eps).sqrt()
    )


def w_over_features(inputs, ghost_size, eps):
    """Means over the features: layer norm."""
    return (inputs - inputs.mean(1, keepdim=True)) / (
        inputs.var(1, correction=0, keepdim=True) + eps
    ).sqrt()


def w_one_for_all_features(inputs, ghost_size, eps):
    """One mean and one spread for all features of a part."""
    return by_parts(
        inputs, ghost_size, lambda p: (p - p.mean()) / (p.var(correction=0) + eps).sqrt()
    )


def w_shared_spread(inputs, ghost_size, eps):
    """A mean for each feature, one spread for all."""
    return by_parts(
        inputs,
        ghost_size,
        lambda p: (p - p.mean(0)) / (p.var(0, correction=0).mean() + eps).sqrt(),
    )


def w_mean_of_part_spread_of_batch(inputs, ghost_size, eps):
    """The part's mean, the batch's variance."""
    v = inputs.var(0, correction=0)
    return by_parts(inputs, ghost_size, lambda p: (p - p.mean(0)) / (v + eps).sqrt())


def w_mean_of_batch(inputs, ghost_size, eps):
    """The batch's mean, the part's variance about its own mean."""
    mean = inputs.mean(0)
    return by_parts(
        inputs, ghost_size, lambda p: (p - mean) / (p.var(0, correction=0) + eps).sqrt()
    )


def w_first_part(inputs, ghost_size, eps):
    """The first part's statistics for all rows."""
    p = inputs[:ghost_size]
    return (inputs - p.mean(0)) / (p.var(0, correction=0) + eps).sqrt()


def w_number_of_parts(inputs, ghost_size, eps):
    """Takes ghost_size for the number of parts."""
    return torch.cat([normal(part, eps) for part in inputs.chunk(ghost_size)])


def w_equal_parts(inputs, ghost_size, eps):
    """As many parts, made as equal as can be."""
    count = -(-len(inputs) // ghost_size)
    return torch.cat([normal(part, eps) for part in inputs.tensor_split(count)])


def w_interleaved(inputs, ghost_size, eps):
    """Every n-th row is a part."""
    count = -(-len(inputs) // ghost_size)
    out = torch.empty_like(inputs)
    for i in range(count):
        out[i::count] = normal(inputs[i::count], eps)
    return out


def w_last_dropped(inputs, ghost_size, eps):
    """Rows that do not fill a part are dropped."""
    full = len(inputs) // ghost_size * ghost_size
    return by_parts(inputs[:full], ghost_size, lambda p: normal(p, eps))


def w_last_as_it_was(inputs, ghost_size, eps):
    """The last, smaller part stays as it was."""
    return by_parts(inputs, ghost_size, lambda p: normal(p, eps) if len(p) == ghost_size else p)


def w_last_joined(inputs, ghost_size, eps):
    """Rows that do not fill a part join the one before."""
    full = len(inputs) // ghost_size
    cuts = [ghost_size * i for i in range(1, full)]
    return torch.cat([normal(p, eps) for p in inputs.tensor_split(cuts)])


def w_last_from_the_end(inputs, ghost_size, eps):
    """The last part is filled up with rows of the one before."""
    out = []
    for start in range(0, len(inputs), ghost_size):
        rows = inputs[start : start + ghost_size]
        filled = inputs[-ghost_size:] if len(rows) < ghost_size else rows
        out.append(normal(filled, eps)[-len(rows) :])
    return torch.cat(out)


def w_one_row_kept(inputs, ghost_size, eps):
    """A part of one row stays as it was: nothing to normalise by."""
    return by_parts(inputs, ghost_size, lambda p: normal(p, eps) if len(p) > 1 else p)


def w_stacked(inputs, ghost_size, eps):
    """Returns the parts stacked, (parts, rows, F), where they are equal."""
    parts = [normal(part, eps) for part in inputs.split(ghost_size)]
    return torch.stack(parts) if len({len(p) for p in parts}) == 1 else torch.cat(parts)


def w_in_place(inputs, ghost_size, eps):
    """Writes into the caller's tensor."""
    for part in inputs.split(ghost_size):
        v = part.var(0, correction=0)
        part.sub_(part.mean(0)).div_((v + eps).sqrt())
    return inputs


def w_transposed_split(inputs, ghost_size, eps):
    """Splits the features, not the rows."""
    parts = [normal(part, eps) for part in inputs.split(ghost_size, dim=1)]
    return torch.cat(parts, dim=1)


WRONG = [
    w_whole_batch,
    w_bessel,
    w_bessel_nan,
    w_divisor_ghost_size,
    w_variance_ghost_size,
    w_eps_outside,
    w_eps_as_floor,
    w_no_eps,
    w_eps_fixed,
    w_eps_squared,
    w_no_root,
    w_multiplied,
    w_only_centred,
    w_not_centred,
    w_rms,
    w_over_features,
    w_one_for_all_features,
    w_shared_spread,
    w_mean_of_part_spread_of_batch,
    w_mean_of_batch,
    w_first_part,
    w_number_of_parts,
    w_equal_parts,
    w_interleaved,
    w_last_dropped,
    w_last_as_it_was,
    w_last_joined,
    w_last_from_the_end,
    w_one_row_kept,
    w_stacked,
    w_in_place,
    w_transposed_split,
]
