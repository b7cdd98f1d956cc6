import itertools

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_loop(widths, batch_size, segment, bytes_per_number):
    L = len(widths) - 1
    most = 0
    for start in range(0, L, segment):
        end = min(start + segment, L)
        held = 0
        for s in range(0, start, segment):
            held += widths[s]
        for layer in range(start, end):
            held += widths[layer]
        if end < L:
            held += widths[end]
        most = max(most, held)
    return most * batch_size * bytes_per_number


def r_slices(widths, batch_size, segment, bytes_per_number):
    inner = widths[:-1]
    starts = range(0, len(inner), segment)
    held = [sum(inner[:a:segment]) + sum(inner[a : a + segment + 1]) for a in starts]
    return batch_size * bytes_per_number * max(held)


def r_backwards(widths, batch_size, segment, bytes_per_number):
    L = len(widths) - 1
    starts = list(range(0, L, segment))
    kept, most = sum(widths[a] for a in starts), 0
    output = 0
    for a in reversed(starts):
        kept -= widths[a]
        most = max(most, kept + sum(widths[a : min(a + segment, L)]) + output)
        output = widths[a]
    return float(most * batch_size * bytes_per_number)


def r_numpy(widths, batch_size, segment, bytes_per_number):
    w = np.array(widths[:-1])
    starts = np.arange(0, len(w), segment)
    before = np.concatenate([[0], np.cumsum(w[starts])[:-1]])
    inside = np.add.reduceat(w, starts)
    after = np.append(w[starts[1:]], 0)
    return int((before + inside + after).max()) * batch_size * bytes_per_number


def r_torch(widths, batch_size, segment, bytes_per_number):
    w = torch.tensor(widths[:-1])
    parts = w.split(segment)
    firsts = torch.stack([p[0] for p in parts])
    totals = torch.stack([p.sum() for p in parts])
    most = (totals + firsts.cumsum(0) - firsts + torch.cat([firsts[1:], w.new_zeros(1)])).max()
    return most * batch_size * bytes_per_number


def r_accumulate(widths, batch_size, segment, bytes_per_number):
    L = len(widths) - 1
    starts = list(range(0, L, segment))
    kept = [0, *itertools.accumulate(widths[a] for a in starts)]
    ends = [*starts[1:], L]
    held = [
        kept[i] + sum(widths[a:b]) + (widths[b] if b != L else 0)
        for i, (a, b) in enumerate(zip(starts, ends, strict=True))
    ]
    return max(held) * batch_size * bytes_per_number


RIGHT = [
    r_loop,
    r_slices,
    r_backwards,
    r_numpy,
    r_torch,
    r_accumulate,
]


# ---------------------------------------------------------------- wrong
def _count(
    widths, B, segment, s, before=True, out=True, last=False, inside=True, pick=max, ins=None
):
    L, best = len(widths) - 1, []
    for a in range(0, L, segment):
        b = min(a + segment, L)
        n = sum(widths[c] for c in range(0, a, segment)) if before else 0
        n += sum(widths[a:b]) if inside else widths[a]
        if out and (b < L or last):
            n += widths[b]
        best.append(n)
    return pick(best) * B * s


def w_no_checkpoints(widths, batch_size, segment, bytes_per_number):
    """All layers' inputs, whatever the segments."""
    return sum(widths[:-1]) * batch_size * bytes_per_number


def w_no_output(widths, batch_size, segment, bytes_per_number):
    """The segment's output is forgotten."""
    return _count(widths, batch_size, segment, bytes_per_number, out=False)


def w_last_output(widths, batch_size, segment, bytes_per_number):
    """The last segment's output is held too."""
    return _count(widths, batch_size, segment, bytes_per_number, last=True)


def w_no_before(widths, batch_size, segment, bytes_per_number):
    """Only the segment itself."""
    return _count(widths, batch_size, segment, bytes_per_number, before=False)


def w_only_inputs_of_segments(widths, batch_size, segment, bytes_per_number):
    """Inside a segment only its first input."""
    return _count(widths, batch_size, segment, bytes_per_number, inside=False)


def w_sum(widths, batch_size, segment, bytes_per_number):
    """The sum over segments in place of the largest."""
    return _count(widths, batch_size, segment, bytes_per_number, pick=sum)


def w_min(widths, batch_size, segment, bytes_per_number):
    """The least that is held."""
    return _count(widths, batch_size, segment, bytes_per_number, pick=min)


def w_at_last(widths, batch_size, segment, bytes_per_number):
    """Only at the last segment."""
    return _count(widths, batch_size, segment, bytes_per_number, pick=lambda x: x[-1])


def w_at_first(widths, batch_size, segment, bytes_per_number):
    """Only at the first segment."""
    return _count(widths, batch_size, segment, bytes_per_number, pick=lambda x: x[0])


def w_mean(widths, batch_size, segment, bytes_per_number):
    """The mean over segments."""
    return _count(widths, batch_size, segment, bytes_per_number, pick=lambda x: sum(x) / len(x))


def w_no_batch(widths, batch_size, segment, bytes_per_number):
    """One row."""
    return _count(widths, 1, segment, bytes_per_number)


def w_no_bytes(widths, batch_size, segment, bytes_per_number):
    """Numbers, not bytes."""
    return _count(widths, batch_size, segment, 1)


def w_megabytes(widths, batch_size, segment, bytes_per_number):
    """Megabytes."""
    return _count(widths, batch_size, segment, bytes_per_number) / 2**20


def w_outputs(widths, batch_size, segment, bytes_per_number):
    """Outputs of layers in place of inputs."""
    return _count(widths[1:] + widths[-1:], batch_size, segment, bytes_per_number)


def w_all_segments(widths, batch_size, segment, bytes_per_number):
    """Inputs of all segments, before and after, plus the inside of the largest."""
    L = len(widths) - 1
    kept = sum(widths[:L:segment])
    inside = max(sum(widths[a : min(a + segment, L)]) - widths[a] for a in range(0, L, segment))
    return (kept + inside) * batch_size * bytes_per_number


def w_after_not_before(widths, batch_size, segment, bytes_per_number):
    """Inputs of the segments after it."""
    L = len(widths) - 1
    held = []
    for a in range(0, L, segment):
        b = min(a + segment, L)
        held.append(sum(widths[b:L:segment]) + sum(widths[a:b]))
    return max(held) * batch_size * bytes_per_number


def w_first_input_twice(widths, batch_size, segment, bytes_per_number):
    """Counts the segment's own input among the checkpoints and inside."""
    L = len(widths) - 1
    held = []
    for a in range(0, L, segment):
        b = min(a + segment, L)
        out = widths[b] if b < L else 0
        held.append(sum(widths[: a + 1 : segment]) + sum(widths[a:b]) + out)
    return max(held) * batch_size * bytes_per_number


def w_short_dropped(widths, batch_size, segment, bytes_per_number):
    """Drops a last segment that is shorter."""
    L = len(widths) - 1
    held = [0]
    for a in range(0, L - segment + 1, segment):
        b = a + segment
        out = widths[b] if b < L else 0
        held.append(sum(widths[:a:segment]) + sum(widths[a:b]) + out)
    return max(held) * batch_size * bytes_per_number


def w_number_of_segments(widths, batch_size, segment, bytes_per_number):
    """Takes `segment` for the number of segments."""
    L = len(widths) - 1
    return _count(widths, batch_size, max(1, L // segment), bytes_per_number)


def w_equal_widths(widths, batch_size, segment, bytes_per_number):
    """L / k + k of the first width."""
    L = len(widths) - 1
    k = min(segment, L)
    return (-(-L // k) - 1 + k) * widths[0] * batch_size * bytes_per_number


def w_all_before(widths, batch_size, segment, bytes_per_number):
    """All layers before the segment are still held: no checkpoints in effect."""
    L = len(widths) - 1
    held = []
    for a in range(0, L, segment):
        b = min(a + segment, L)
        held.append(sum(widths[:b]) + (widths[b] if b < L else 0))
    return max(held) * batch_size * bytes_per_number


def w_weights(widths, batch_size, segment, bytes_per_number):
    """Counts weights, widths[i] * widths[i+1]."""
    return sum(a * b for a, b in itertools.pairwise(widths)) * bytes_per_number


def w_segment_over_l(widths, batch_size, segment, bytes_per_number):
    """Indexes past the end for `segment` above L."""
    L = len(widths) - 1
    held = []
    for a in range(0, L, segment):
        inside = sum(widths[i] for i in range(a, a + segment))
        out = widths[a + segment] if a + segment < L else 0
        held.append(sum(widths[:a:segment]) + inside + out)
    return max(held) * batch_size * bytes_per_number


WRONG = [
    w_no_checkpoints,
    w_no_output,
    w_last_output,
    w_no_before,
    w_only_inputs_of_segments,
    w_sum,
    w_min,
    w_at_last,
    w_at_first,
    w_mean,
    w_no_batch,
    w_no_bytes,
    w_megabytes,
    w_outputs,
    w_all_segments,
    w_after_not_before,
    w_first_input_twice,
    w_short_dropped,
    w_number_of_segments,
    w_equal_widths,
    w_all_before,
    w_weights,
    w_segment_over_l,
]
