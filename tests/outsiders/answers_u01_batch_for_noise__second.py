import math

import numpy as np


def right_1(grad_sq_norm, tr_cov, noise_to_signal):
    return math.ceil(tr_cov / (noise_to_signal**2 * grad_sq_norm))


def right_2(grad_sq_norm, tr_cov, noise_to_signal):
    batch_size = 1
    while tr_cov / batch_size > noise_to_signal**2 * grad_sq_norm:
        batch_size += 1
    return batch_size


def right_3(grad_sq_norm, tr_cov, noise_to_signal):
    exact = np.divide(tr_cov, grad_sq_norm * np.square(noise_to_signal))
    return np.maximum(1, np.ceil(exact)).astype(np.int64)


def right_4(grad_sq_norm, tr_cov, noise_to_signal):
    def good_enough(batch_size):
        return tr_cov <= noise_to_signal**2 * grad_sq_norm * batch_size

    high = 1
    while not good_enough(high):
        high *= 2
    low = 1
    while low < high:
        middle = (low + high) // 2
        if good_enough(middle):
            high = middle
        else:
            low = middle + 1
    return low


def right_5(grad_sq_norm, tr_cov, noise_to_signal):
    needed = tr_cov / (noise_to_signal * noise_to_signal * grad_sq_norm)
    whole = int(needed)
    if whole < needed:
        whole += 1
    return max(1, whole)


def wrong_1(grad_sq_norm, tr_cov, noise_to_signal):
    """Believed that squaring both sides leaves r as it is."""
    return math.ceil(tr_cov / (noise_to_signal * grad_sq_norm))


def wrong_2(grad_sq_norm, tr_cov, noise_to_signal):
    """Believed that int() makes the smallest whole number that is large enough."""
    return max(1, int(tr_cov / (noise_to_signal**2 * grad_sq_norm)))


def wrong_3(grad_sq_norm, tr_cov, noise_to_signal):
    """Believed that solving for B ends the exercise, and did not make B whole."""
    return max(1.0, tr_cov / (noise_to_signal**2 * grad_sq_norm))


def wrong_4(grad_sq_norm, tr_cov, noise_to_signal):
    """Believed that the argument is |G| and squared it again."""
    return math.ceil(tr_cov / (noise_to_signal * grad_sq_norm) ** 2)


def wrong_5(grad_sq_norm, tr_cov, noise_to_signal):
    """Believed that the nearest whole number is meant."""
    return max(1, round(tr_cov / (noise_to_signal**2 * grad_sq_norm)))


def wrong_6(grad_sq_norm, tr_cov, noise_to_signal):
    """Believed that only the left side gets squared: tr(Sigma)/B <= r |G|."""
    return math.ceil(tr_cov / (noise_to_signal * math.sqrt(grad_sq_norm)))


def wrong_7(grad_sq_norm, tr_cov, noise_to_signal):
    """Believed that the error itself falls as 1/B: root of tr(Sigma) over B."""
    return math.ceil(math.sqrt(tr_cov) / (noise_to_signal * math.sqrt(grad_sq_norm)))


def wrong_8(grad_sq_norm, tr_cov, noise_to_signal):
    """Believed that int(...) + 1 rounds up, also when the result is whole already."""
    return int(tr_cov / (noise_to_signal**2 * grad_sq_norm)) + 1


def wrong_9(grad_sq_norm, tr_cov, noise_to_signal):
    """Believed that a batch size is a power of two, so took the next one."""
    needed = tr_cov / (noise_to_signal**2 * grad_sq_norm)
    batch_size = 1
    while batch_size < needed:
        batch_size *= 2
    return batch_size


def wrong_10(grad_sq_norm, tr_cov, noise_to_signal):
    """Believed that r multiplies the error's side: r^2 tr(Sigma)/B <= |G|^2."""
    return math.ceil(noise_to_signal**2 * tr_cov / grad_sq_norm)


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
