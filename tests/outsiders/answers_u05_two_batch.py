import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_slope_intercept(sq_norm_small, sq_norm_big, batch_small, batch_big):
    noise = (sq_norm_small - sq_norm_big) / (1 / batch_small - 1 / batch_big)
    signal = sq_norm_small - noise / batch_small
    return [signal, noise]


def r_paper_formula(sq_norm_small, sq_norm_big, batch_small, batch_big):
    d = batch_big - batch_small
    g2 = (batch_big * sq_norm_big - batch_small * sq_norm_small) / d
    s = batch_small * batch_big * (sq_norm_small - sq_norm_big) / d
    return [g2, s]


def r_numpy_solve(sq_norm_small, sq_norm_big, batch_small, batch_big):
    a = np.array([[1.0, 1.0 / batch_small], [1.0, 1.0 / batch_big]])
    return list(np.linalg.solve(a, np.array([float(sq_norm_small), float(sq_norm_big)])))


def r_polyfit(sq_norm_small, sq_norm_big, batch_small, batch_big):
    slope, intercept = np.polyfit(
        [1 / batch_small, 1 / batch_big], [float(sq_norm_small), float(sq_norm_big)], 1
    )
    return [float(intercept), float(slope)]


def r_torch_solve(sq_norm_small, sq_norm_big, batch_small, batch_big):
    a = torch.tensor([[1, 1 / batch_small], [1, 1 / batch_big]], dtype=torch.float64)
    y = torch.tensor([float(sq_norm_small), float(sq_norm_big)], dtype=torch.float64)
    return torch.linalg.solve(a, y).tolist()


def r_cramer(sq_norm_small, sq_norm_big, batch_small, batch_big):
    x1, x2 = 1.0 / batch_small, 1.0 / batch_big
    det = x2 - x1
    return [(sq_norm_small * x2 - sq_norm_big * x1) / det, (sq_norm_big - sq_norm_small) / det]


def r_signal_first(sq_norm_small, sq_norm_big, batch_small, batch_big):
    k = batch_big / batch_small
    signal = (k * sq_norm_big - sq_norm_small) / (k - 1)
    return [signal, (sq_norm_big - signal) * batch_big]


RIGHT = [
    r_slope_intercept,
    r_paper_formula,
    r_numpy_solve,
    r_polyfit,
    r_torch_solve,
    r_cramer,
    r_signal_first,
]


# ---------------------------------------------------------------- wrong
def w_order(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """Noise first, signal second (the polyfit order)."""
    noise = (sq_norm_small - sq_norm_big) / (1 / batch_small - 1 / batch_big)
    return [noise, sq_norm_small - noise / batch_small]


def w_clip_signal(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """A squared length can't be negative, so the signal is clipped at zero."""
    noise = (sq_norm_small - sq_norm_big) / (1 / batch_small - 1 / batch_big)
    return [max(sq_norm_small - noise / batch_small, 0.0), noise]


def w_abs(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """A negative value is only a sign mistake: take the absolute value of both."""
    noise = (sq_norm_small - sq_norm_big) / (1 / batch_small - 1 / batch_big)
    return [abs(sq_norm_small - noise / batch_small), abs(noise)]


def w_plain_difference(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """The big batch is the signal, what the small one has more is the noise."""
    return [sq_norm_big, sq_norm_small - sq_norm_big]


def w_big_is_exact(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """The big batch has no noise left; per example the noise is b times the difference."""
    return [sq_norm_big, batch_small * (sq_norm_small - sq_norm_big)]


def w_noise_not_divided_back(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """Subtracts the noise of one example, forgetting that the batch divided it by b."""
    noise = (sq_norm_small - sq_norm_big) / (1 / batch_small - 1 / batch_big)
    return [sq_norm_small - noise, noise]


def w_sqrt_batch(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """Noise falls as 1/sqrt(B), also in the squared length."""
    noise = (sq_norm_small - sq_norm_big) / (batch_small**-0.5 - batch_big**-0.5)
    return [sq_norm_small - noise / math.sqrt(batch_small), noise]


def w_square_batch(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """The length is squared, so the noise falls as 1/B^2."""
    noise = (sq_norm_small - sq_norm_big) / (batch_small**-2 - batch_big**-2)
    return [sq_norm_small - noise / batch_small**2, noise]


def w_slope_over_B(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """A straight line against B (not 1/B): slope and value at B = 0."""
    slope = (sq_norm_small - sq_norm_big) / (batch_big - batch_small)
    return [sq_norm_small + slope * batch_small, slope]


def w_difference_of_batches(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """1/b - 1/B is mistaken for 1/(B - b)."""
    noise = (sq_norm_small - sq_norm_big) * (batch_big - batch_small)
    return [sq_norm_small - noise / batch_small, noise]


def w_sign(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """Subtracts the wrong way round: big minus small over 1/b - 1/B."""
    noise = (sq_norm_big - sq_norm_small) / (1 / batch_small - 1 / batch_big)
    return [sq_norm_big - noise / batch_big, noise]


def w_weights_swapped(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """In the elimination multiplies each length by the other batch size."""
    d = batch_big - batch_small
    signal = (batch_big * sq_norm_small - batch_small * sq_norm_big) / d
    return [signal, batch_small * batch_big * (sq_norm_small - sq_norm_big) / d]


def w_noise_of_batch(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """Returns the noise left in the big batch, tr(Sigma)/B, for tr(Sigma)."""
    noise = (sq_norm_small - sq_norm_big) / (1 / batch_small - 1 / batch_big)
    return [sq_norm_small - noise / batch_small, noise / batch_big]


def w_lengths(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """Takes the arguments for lengths that still have to be squared."""
    s, b = sq_norm_small**2, sq_norm_big**2
    noise = (s - b) / (1 / batch_small - 1 / batch_big)
    return [s - noise / batch_small, noise]


def w_back_into_wrong_batch(sq_norm_small, sq_norm_big, batch_small, batch_big):
    """Puts tr(Sigma) back into the small length, but divides it by the big batch."""
    noise = (sq_norm_small - sq_norm_big) / (1 / batch_small - 1 / batch_big)
    return [sq_norm_small - noise / batch_big, noise]


WRONG = [
    w_order,
    w_clip_signal,
    w_abs,
    w_plain_difference,
    w_big_is_exact,
    w_noise_not_divided_back,
    w_sqrt_batch,
    w_square_batch,
    w_slope_over_B,
    w_difference_of_batches,
    w_sign,
    w_weights_swapped,
    w_noise_of_batch,
    w_lengths,
    w_back_into_wrong_batch,
]
