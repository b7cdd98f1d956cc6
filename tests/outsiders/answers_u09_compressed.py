import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_direct(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share

    noise = tr / B + (1 / q - 1) * (G2 + N * tr / B) / N
    return [noise, tr / noise]


def r_own_batch(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share

    b = B / N
    one = tr / b + (1 / q - 1) * (G2 + tr / b)  # one worker's whole error
    return [one / N, N * tr / one]


def r_sorted_out(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share

    noise = (tr / B + (1 - q) * G2 / N) / q
    return np.array([noise, tr / noise])


def r_second_moment(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share

    sent = (G2 + N * tr / B) / q  # E|Q(g)|^2
    noise = (sent - G2) / N
    return [noise, tr * N / (sent - G2)]


def r_torch(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    x = torch.tensor([grad_sq_norm, tr_cov], dtype=torch.float64)
    per_worker = batch_size / num_workers
    length = x[0] + x[1] / per_worker
    noise = x[1] / batch_size + (1 - share) / share * length / num_workers
    return [noise.item(), (x[1] / noise).item()]


RIGHT = [
    r_direct,
    r_own_batch,
    r_sorted_out,
    r_second_moment,
    r_torch,
]


# ---------------------------------------------------------------- wrong
def w_no_workers(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """The added noise is not divided by N."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (G2 + N * tr / B)
    return [noise, tr / noise]


def w_whole_batch_norm(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """E|g|^2 with the whole batch: |G|^2 + tr/B."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (G2 + tr / B) / N
    return [noise, tr / noise]


def w_signal_only(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """E|g|^2 = |G|^2."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * G2 / N
    return [noise, tr / noise]


def w_noise_only(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """E|g|^2 = N tr/B, the signal forgotten."""
    _G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (N * tr / B) / N
    return [noise, tr / noise]


def w_per_example(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """E|g|^2 = |G|^2 + tr: one example."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (G2 + tr) / N
    return [noise, tr / noise]


def w_added_only(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """Only what compression adds."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = (1 / q - 1) * (G2 + N * tr / B) / N
    return [noise, tr / noise if noise else math.inf]


def w_b_is_a_workers(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """B is a worker's own batch."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / (N * B) + (1 / q - 1) * (G2 + tr / B) / N
    return [noise, tr / noise]


def w_noise_of_a_worker(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """The batch's noise is tr N / B, one worker's."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = N * tr / B + (1 / q - 1) * (G2 + N * tr / B) / N
    return [noise, tr / noise]


def w_one_over_q(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """1/q in place of 1/q - 1."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q) * (G2 + N * tr / B) / N
    return [noise, tr / noise]


def w_one_minus_q(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """1 - q in place of 1/q - 1."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 - q) * (G2 + N * tr / B) / N
    return [noise, tr / noise]


def w_q_squared(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """1/q^2 - 1."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q**2 - 1) * (G2 + N * tr / B) / N
    return [noise, tr / noise]


def w_only_divided(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """The batch's noise over q."""
    _G2, tr, B, _N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B / q
    return [noise, tr / noise]


def w_share_of_batch(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """B_eff = q B."""
    _G2, tr, B, _N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    return [tr / (q * B), q * B]


def w_n_squared(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """Divided by N twice."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (G2 + N * tr / B) / N**2
    return [noise, tr / noise]


def w_sqrt_n(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """Divided by sqrt(N)."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (G2 + N * tr / B) / math.sqrt(N)
    return [noise, tr / noise]


def w_root(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """The square root: a length, not a square."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (G2 + N * tr / B) / N
    return [math.sqrt(noise), tr / noise]


def w_inverse_batch(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """Noise / tr."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (G2 + N * tr / B) / N
    return [noise, noise / tr]


def w_loss_of_batch(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """The share of the batch that is left."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (G2 + N * tr / B) / N
    return [noise, tr / noise / B]


def w_noise_scale(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """tr/|G|^2 over... the noise scale for tr."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (G2 + N * tr / B) / N
    return [noise, tr / G2 / noise]


def w_rounded(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """A whole effective batch."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (G2 + N * tr / B) / N
    return [noise, round(tr / noise)]


def w_swapped(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """[effective batch, noise]."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (G2 + N * tr / B) / N
    return [tr / noise, noise]


def w_per_worker_effective(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """Effective batch of a worker."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (G2 + N * tr / B) / N
    return [noise, tr / noise / N]


def w_biased(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """Not divided by q: error (1 - q) g."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 - q) ** 2 * (G2 + N * tr / B) / N
    return [noise, tr / noise]


def w_batch_per_worker_wrong(grad_sq_norm, tr_cov, batch_size, num_workers, share):
    """N times in place of over: b = B N."""
    G2, tr, B, N, q = grad_sq_norm, tr_cov, batch_size, num_workers, share
    noise = tr / B + (1 / q - 1) * (G2 + tr / (B * N)) / N
    return [noise, tr / noise]


WRONG = [
    w_no_workers,
    w_whole_batch_norm,
    w_signal_only,
    w_noise_only,
    w_per_example,
    w_added_only,
    w_b_is_a_workers,
    w_noise_of_a_worker,
    w_one_over_q,
    w_one_minus_q,
    w_q_squared,
    w_only_divided,
    w_share_of_batch,
    w_n_squared,
    w_sqrt_n,
    w_root,
    w_inverse_batch,
    w_loss_of_batch,
    w_noise_scale,
    w_rounded,
    w_swapped,
    w_per_worker_effective,
    w_biased,
    w_batch_per_worker_wrong,
]
