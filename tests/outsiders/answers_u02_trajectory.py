import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_slice(small, large, k):
    return (small[k - 1 :: k][: len(large)] - large).abs().max()


def r_loop(small, large, k):
    gap = 0.0
    for i in range(len(large)):
        d = abs(float(small[(i + 1) * k - 1]) - float(large[i]))
        if d > gap:
            gap = d
    return gap


def r_index(small, large, k):
    at = k * torch.arange(1, large.shape[0] + 1) - 1
    return torch.max(torch.abs(torch.as_tensor(small)[at] - large)).item()


def r_reshape(small, large, k):
    L = len(large)
    ends = small[: k * L].reshape(L, k)[:, -1]
    return torch.linalg.vector_norm(ends - large, ord=float("inf"))


def r_numpy(small, large, k):
    s, la = np.asarray(small, dtype=float), np.asarray(large, dtype=float)
    return float(np.abs(s[np.arange(k - 1, k * len(la), k)] - la).max())


def r_zip(small, large, k):
    return max(abs(float(a) - float(b)) for a, b in zip(small[k - 1 :: k], large, strict=False))


def r_examples_counter(small, large, k):
    seen = {step: float(loss) for step, loss in enumerate(small, start=1)}  # in units of B
    return max(abs(seen[k * step] - float(loss)) for step, loss in enumerate(large, start=1))


def r_repeat_mask(small, large, k):
    steps = torch.arange(1, len(small) + 1)
    matched = small[(steps % k == 0) & (steps <= k * len(large))]
    d = matched - large
    return torch.maximum(d.max(), -d.min())


def r_recursive(small, large, k):
    if len(large) == 1:
        return abs(float(small[k - 1]) - float(large[0]))
    return max(r_recursive(small[:k], large[:1], k), r_recursive(small[k:], large[1:], k))


# ---------------------------------------------------------------- wrong
def w_from_zero(small, large, k):
    """Entry 0 is the start, so take every k-th from 0."""
    return (small[::k][: len(large)] - large).abs().max()


def w_entry_k(small, large, k):
    """The loss after k steps is entry k."""
    return max(abs(float(a) - float(b)) for a, b in zip(small[k::k], large, strict=False))


def w_same_step(small, large, k):
    """Compare at the same number of steps."""
    return (small[: len(large)] - large).abs().max()


def w_mean(small, large, k):
    """The gap is the mean absolute difference."""
    return (small[k - 1 :: k][: len(large)] - large).abs().mean()


def w_signed(small, large, k):
    """The largest difference, sign kept: where the large run is above."""
    return (large - small[k - 1 :: k][: len(large)]).max()


def w_last(small, large, k):
    """Only the end counts: the last loss of large against the same place of small."""
    L = len(large)
    return abs(small[k * L - 1] - large[-1])


def w_block_mean(small, large, k):
    """Average the k small steps that one large step replaces."""
    L = len(large)
    return (small[: k * L].reshape(L, k).mean(dim=1) - large).abs().max()


def w_squared(small, large, k):
    """Largest squared difference."""
    return ((small[k - 1 :: k][: len(large)] - large) ** 2).max()


def w_norm(small, large, k):
    """The distance of two curves is their Euclidean distance."""
    return torch.linalg.vector_norm(small[k - 1 :: k][: len(large)] - large)


def w_relative(small, large, k):
    """Gap as a share of the small run's loss."""
    s = small[k - 1 :: k][: len(large)]
    return ((s - large).abs() / s.abs()).max()


def w_stretch(small, large, k):
    """Both runs cover the same span: stretch the large run over all of the small one."""
    at = torch.linspace(0, len(small) - 1, len(large)).round().long()
    return (small[at] - large).abs().max()


def w_hold_large(small, large, k):
    """Hold the large run's loss during k small steps and compare at every small step."""
    L = len(large)
    return (small[: k * L] - large.repeat_interleave(k)).abs().max()


def w_stride_large(small, large, k):
    """The large run has to be thinned by k, not the small one."""
    la = large[k - 1 :: k]
    if len(la) == 0:
        la = large[-1:]
    return (small[: len(la)] - la).abs().max()


def w_from_the_end(small, large, k):
    """Align the runs at their ends: the last of small goes with the last of large."""
    s = small.flip(0)[::k][: len(large)].flip(0)
    return (s - large).abs().max()


def w_min(small, large, k):
    """Smallest instead of largest difference: how close do they come?"""
    return (small[k - 1 :: k][: len(large)] - large).abs().min()


def w_difference_of_maxima(small, large, k):
    """Difference of the largest losses."""
    return (small[k - 1 :: k][: len(large)].max() - large.max()).abs()


def w_step_k_plus_one(small, large, k):
    """k steps later is a stride of k + 1 entries."""
    return max(abs(float(a) - float(b)) for a, b in zip(small[k - 1 :: k + 1], large, strict=False))


RIGHT = [
    r_slice,
    r_loop,
    r_index,
    r_reshape,
    r_numpy,
    r_zip,
    r_examples_counter,
    r_repeat_mask,
    r_recursive,
]
WRONG = [
    w_from_zero,
    w_entry_k,
    w_same_step,
    w_mean,
    w_signed,
    w_last,
    w_block_mean,
    w_squared,
    w_norm,
    w_relative,
    w_stretch,
    w_hold_large,
    w_stride_large,
    w_from_the_end,
    w_min,
    w_difference_of_maxima,
    w_step_k_plus_one,
]
