"""Right and wrong answers for u01_batch_for_noise."""

import math

import numpy as np
import torch


def right_1(grad_sq_norm, tr_cov, noise_to_signal):
    return math.ceil(tr_cov / (noise_to_signal**2 * grad_sq_norm))


def right_2(grad_sq_norm, tr_cov, noise_to_signal):
    batch_size = 1
    while tr_cov / batch_size > noise_to_signal**2 * grad_sq_norm:
        batch_size += 1
    return batch_size


def right_3(grad_sq_norm, tr_cov, noise_to_signal):
    allowed_variance = noise_to_signal**2 * grad_sq_norm
    return np.ceil(np.float64(tr_cov) / allowed_variance)


def right_4(grad_sq_norm, tr_cov, noise_to_signal):
    needed = torch.tensor(tr_cov / grad_sq_norm / noise_to_signal**2, dtype=torch.float64)
    return needed.ceil().to(torch.int64)


def right_5(grad_sq_norm, tr_cov, noise_to_signal):
    return int(-(-tr_cov // (noise_to_signal**2 * grad_sq_norm)))


def wrong_1(grad_sq_norm, tr_cov, noise_to_signal):
    """Noise over signal is tr(Sigma) / (B |G|^2), and that is to be at most r (r not squared)."""
    return math.ceil(tr_cov / (noise_to_signal * grad_sq_norm))


def wrong_2(grad_sq_norm, tr_cov, noise_to_signal):
    """The argument is the gradient's length, so it still has to be squared."""
    return math.ceil(tr_cov / (noise_to_signal * grad_sq_norm) ** 2)


def wrong_3(grad_sq_norm, tr_cov, noise_to_signal):
    """Make it whole with int, that is, round down."""
    return int(tr_cov / (noise_to_signal**2 * grad_sq_norm))


def wrong_4(grad_sq_norm, tr_cov, noise_to_signal):
    """The gradient's length is the length of a step, |G|^2 + tr(Sigma) / B, noise included."""
    needed = tr_cov * (1 - noise_to_signal**2) / (noise_to_signal**2 * grad_sq_norm)
    return max(1, math.ceil(needed))


def wrong_5(grad_sq_norm, tr_cov, noise_to_signal):
    """The noise must be below the bound, and the next whole number is floor plus one."""
    return math.floor(tr_cov / (noise_to_signal**2 * grad_sq_norm)) + 1


def wrong_6(grad_sq_norm, tr_cov, noise_to_signal):
    """Solving for B is all there is to it; no rounding."""
    return tr_cov / (noise_to_signal**2 * grad_sq_norm)


def wrong_7(grad_sq_norm, tr_cov, noise_to_signal):
    """The signal shall be r times the noise (ratio read the other way round)."""
    return math.ceil(noise_to_signal**2 * tr_cov / grad_sq_norm)


def wrong_8(grad_sq_norm, tr_cov, noise_to_signal):
    """The noise is the variance tr(Sigma) / B, to be at most r times |G| (left side not rooted)."""
    return math.ceil(tr_cov / (noise_to_signal * math.sqrt(grad_sq_norm)))


def wrong_9(grad_sq_norm, tr_cov, noise_to_signal):
    """The typical error is sigma / B, not sigma over the root of B."""
    return math.ceil(math.sqrt(tr_cov) / (noise_to_signal * math.sqrt(grad_sq_norm)))


def wrong_10(grad_sq_norm, tr_cov, noise_to_signal):
    """Batch sizes are powers of two, so go up to the next one."""
    needed = tr_cov / (noise_to_signal**2 * grad_sq_norm)
    return 2 ** max(0, math.ceil(math.log2(needed)))


RIGHT = [right_1, right_2, right_3, right_4, right_5]
WRONG = [
    wrong_1,
    wrong_2,
    wrong_3,
    wrong_4,
    wrong_5,
    wrong_6,
    wrong_7,
    wrong_8,
    wrong_9,
    wrong_10,
]
