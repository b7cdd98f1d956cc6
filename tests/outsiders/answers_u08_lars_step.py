import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_direct(weight, grad, velocity, lr, momentum, weight_decay):
    r = 1.0
    if weight.ndim == 2:
        w, g = weight.norm(), grad.norm()
        if w > 0 and g > 0:
            r = w / (g + weight_decay * w)
    v = momentum * velocity + lr * r * (grad + weight_decay * weight)
    return weight - v, v


def r_early_return(weight, grad, velocity, lr, momentum, weight_decay):
    def step(ratio):
        new = velocity * momentum + (grad + weight * weight_decay) * (lr * ratio)
        return [weight - new, new]

    if weight.dim() == 1 or not weight.any() or not grad.any():
        return step(1.0)
    length = math.sqrt(float((weight.double() ** 2).sum()))
    slope = math.sqrt(float((grad.double() ** 2).sum()))
    return step(length / (slope + weight_decay * length))


def r_numpy(weight, grad, velocity, lr, momentum, weight_decay):
    w, g, v = (np.asarray(x, dtype=float) for x in (weight, grad, velocity))
    a, b = np.sqrt((w * w).sum()), np.sqrt((g * g).sum())
    r = a / (b + weight_decay * a) if w.ndim > 1 and a * b > 0 else 1.0
    v = momentum * v + lr * r * (g + weight_decay * w)
    return torch.as_tensor(w - v, dtype=weight.dtype), torch.as_tensor(v, dtype=weight.dtype)


def r_ratio_inverted_twice(weight, grad, velocity, lr, momentum, weight_decay):
    a, b = torch.linalg.vector_norm(weight), torch.linalg.vector_norm(grad)
    matrix = len(weight.shape) == 2 and bool(a) and bool(b)
    r = 1 / (b / a + weight_decay) if matrix else torch.tensor(1.0)
    new = momentum * velocity + r * lr * grad + r * lr * weight_decay * weight
    return weight - new, new


def r_in_two(weight, grad, velocity, lr, momentum, weight_decay):
    decayed = grad + weight_decay * weight
    if weight.ndim > 1 and weight.count_nonzero() and grad.count_nonzero():
        size = torch.linalg.matrix_norm(weight)
        decayed = decayed * size / (torch.linalg.matrix_norm(grad) + weight_decay * size)
    new = velocity.clone().mul_(momentum).add_(decayed, alpha=lr)
    return weight.clone().sub_(new), new


RIGHT = [r_direct, r_early_return, r_numpy, r_ratio_inverted_twice, r_in_two]


# ---------------------------------------------------------------- wrong
def ratio(weight, grad, weight_decay):
    a, b = weight.norm(), grad.norm()
    return a / (b + weight_decay * a) if weight.ndim == 2 and a > 0 and b > 0 else 1.0


def moved(weight, step, velocity, momentum):
    new = momentum * velocity + step
    return weight - new, new


def w_vectors_too(weight, grad, velocity, lr, momentum, weight_decay):
    """Vectors get a ratio as well."""
    a, b = weight.norm(), grad.norm()
    r = a / (b + weight_decay * a) if a > 0 and b > 0 else 1.0
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_ratio_inverted(weight, grad, velocity, lr, momentum, weight_decay):
    """|g| over |w|."""
    r = 1 / ratio(weight, grad, weight_decay)
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_no_decay_below(weight, grad, velocity, lr, momentum, weight_decay):
    """r = |w|/|g|, without the decay below."""
    r = ratio(weight, grad, 0.0)
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_norm_of_sum(weight, grad, velocity, lr, momentum, weight_decay):
    """The length of g + decay w, not the sum of lengths."""
    r = 1.0
    total = grad + weight_decay * weight
    if weight.ndim == 2 and weight.norm() > 0 and grad.norm() > 0 and total.norm() > 0:
        r = weight.norm() / total.norm()
    return moved(weight, lr * r * total, velocity, momentum)


def w_no_decay_in_step(weight, grad, velocity, lr, momentum, weight_decay):
    """Decay in the ratio alone."""
    return moved(weight, lr * ratio(weight, grad, weight_decay) * grad, velocity, momentum)


def w_no_decay(weight, grad, velocity, lr, momentum, weight_decay):
    """Decay forgotten in both places."""
    return moved(weight, lr * ratio(weight, grad, 0.0) * grad, velocity, momentum)


def w_decoupled(weight, grad, velocity, lr, momentum, weight_decay):
    """Decay applied to the weight, outside of the ratio."""
    step = lr * (ratio(weight, grad, weight_decay) * grad + weight_decay * weight)
    return moved(weight, step, velocity, momentum)


def w_decay_for_matrices(weight, grad, velocity, lr, momentum, weight_decay):
    """Vectors are not decayed."""
    decay = weight_decay if weight.ndim == 2 else 0.0
    return moved(
        weight, lr * ratio(weight, grad, decay) * (grad + decay * weight), velocity, momentum
    )


def w_decay_sign(weight, grad, velocity, lr, momentum, weight_decay):
    """Decay subtracted from the gradient."""
    r = ratio(weight, grad, weight_decay)
    return moved(weight, lr * r * (grad - weight_decay * weight), velocity, momentum)


def w_ascent(weight, grad, velocity, lr, momentum, weight_decay):
    """w + v."""
    step = lr * ratio(weight, grad, weight_decay) * (grad + weight_decay * weight)
    new = momentum * velocity + step
    return weight + new, new


def w_old_velocity(weight, grad, velocity, lr, momentum, weight_decay):
    """Moves by the old velocity."""
    step = lr * ratio(weight, grad, weight_decay) * (grad + weight_decay * weight)
    return weight - velocity, momentum * velocity + step


def w_lr_outside(weight, grad, velocity, lr, momentum, weight_decay):
    """PyTorch's momentum: the rate times the whole velocity."""
    r = ratio(weight, grad, weight_decay)
    new = momentum * velocity + r * (grad + weight_decay * weight)
    return weight - lr * new, new


def w_lr_twice(weight, grad, velocity, lr, momentum, weight_decay):
    """The rate in the velocity and in the step."""
    r = ratio(weight, grad, weight_decay)
    new = momentum * velocity + lr * r * (grad + weight_decay * weight)
    return weight - lr * new, new


def w_averaged(weight, grad, velocity, lr, momentum, weight_decay):
    """An average: (1 - m) times the step."""
    step = lr * ratio(weight, grad, weight_decay) * (grad + weight_decay * weight)
    return moved(weight, (1 - momentum) * step, velocity, momentum)


def w_no_momentum(weight, grad, velocity, lr, momentum, weight_decay):
    """Momentum forgotten."""
    step = lr * ratio(weight, grad, weight_decay) * (grad + weight_decay * weight)
    return weight - step, step


def w_nesterov(weight, grad, velocity, lr, momentum, weight_decay):
    """Nesterov's step."""
    step = lr * ratio(weight, grad, weight_decay) * (grad + weight_decay * weight)
    new = momentum * velocity + step
    return weight - (momentum * new + step), new


def w_ratio_of_velocity(weight, grad, velocity, lr, momentum, weight_decay):
    """The ratio scales the whole velocity, as in LAMB."""
    new = momentum * velocity + lr * (grad + weight_decay * weight)
    step = ratio(weight, grad, weight_decay) * new
    return weight - step, new


def w_squared_lengths(weight, grad, velocity, lr, momentum, weight_decay):
    """The root forgotten: sums of squares."""
    a, b = weight.square().sum(), grad.square().sum()
    r = a / (b + weight_decay * a) if weight.ndim == 2 and a > 0 and b > 0 else 1.0
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_root_mean_square(weight, grad, velocity, lr, momentum, weight_decay):
    """Root mean square of each row: a ratio a row."""
    r = 1.0
    if weight.ndim == 2 and weight.norm() > 0 and grad.norm() > 0:
        a, b = weight.norm(dim=1, keepdim=True), grad.norm(dim=1, keepdim=True)
        r = a / (b + weight_decay * a)
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_spectral(weight, grad, velocity, lr, momentum, weight_decay):
    """The largest singular value for the length."""
    r = 1.0
    if weight.ndim == 2 and weight.norm() > 0 and grad.norm() > 0:
        a, b = torch.linalg.matrix_norm(weight, 2), torch.linalg.matrix_norm(grad, 2)
        r = a / (b + weight_decay * a)
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_abs_sum(weight, grad, velocity, lr, momentum, weight_decay):
    """Sums of sizes: the 1-norm."""
    a, b = weight.abs().sum(), grad.abs().sum()
    r = a / (b + weight_decay * a) if weight.ndim == 2 and a > 0 and b > 0 else 1.0
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_eps(weight, grad, velocity, lr, momentum, weight_decay):
    """An epsilon of 1e-3 below, and no case for zero."""
    r = 1.0
    if weight.ndim == 2:
        r = weight.norm() / (grad.norm() + weight_decay * weight.norm() + 1e-3)
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_zero_stays(weight, grad, velocity, lr, momentum, weight_decay):
    """A weight of zeros has ratio 0 and never moves."""
    r = 1.0
    if weight.ndim == 2 and grad.norm() > 0:
        r = weight.norm() / (grad.norm() + weight_decay * weight.norm())
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_zero_grad_divides(weight, grad, velocity, lr, momentum, weight_decay):
    """A gradient of zeros is not caught: r = 1/decay, nan or inf without decay."""
    r = 1.0
    if weight.ndim == 2 and weight.norm() > 0:
        r = weight.norm() / (grad.norm() + weight_decay * weight.norm())
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_zero_is_small(weight, grad, velocity, lr, momentum, weight_decay):
    """Anything below 1e-3 counts as zero."""
    r = 1.0
    if weight.ndim == 2 and weight.norm() > 1e-3 and grad.norm() > 1e-3:
        r = weight.norm() / (grad.norm() + weight_decay * weight.norm())
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_both_zero(weight, grad, velocity, lr, momentum, weight_decay):
    """Ratio 1 only where both are zero (nan to 0 otherwise)."""
    r = 1.0
    if weight.ndim == 2 and (weight.norm() > 0 or grad.norm() > 0):
        r = weight.norm() / (grad.norm() + weight_decay * weight.norm() + 1e-12)
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_trust(weight, grad, velocity, lr, momentum, weight_decay):
    """The paper's trust coefficient of 0.001."""
    r = 0.001 * ratio(weight, grad, weight_decay) if weight.ndim == 2 else 1.0
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_clipped(weight, grad, velocity, lr, momentum, weight_decay):
    """LARC: the ratio at most 1."""
    r = min(1.0, float(ratio(weight, grad, weight_decay)))
    return moved(weight, lr * r * (grad + weight_decay * weight), velocity, momentum)


def w_plain(weight, grad, velocity, lr, momentum, weight_decay):
    """No ratio: SGD with momentum."""
    return moved(weight, lr * (grad + weight_decay * weight), velocity, momentum)


def w_order(weight, grad, velocity, lr, momentum, weight_decay):
    """Velocity first."""
    step = lr * ratio(weight, grad, weight_decay) * (grad + weight_decay * weight)
    new, v = moved(weight, step, velocity, momentum)
    return v, new


def w_weight_alone(weight, grad, velocity, lr, momentum, weight_decay):
    """Returns the weight alone."""
    step = lr * ratio(weight, grad, weight_decay) * (grad + weight_decay * weight)
    return moved(weight, step, velocity, momentum)[0]


def w_in_place(weight, grad, velocity, lr, momentum, weight_decay):
    """Changes the caller's velocity and weight."""
    step = lr * ratio(weight, grad, weight_decay) * (grad + weight_decay * weight)
    velocity.mul_(momentum).add_(step)
    weight.sub_(velocity)
    return weight, velocity


def w_grad_in_place(weight, grad, velocity, lr, momentum, weight_decay):
    """Adds the decay into the caller's gradient, before its length is taken."""
    grad += weight_decay * weight
    step = lr * ratio(weight, grad, weight_decay) * grad
    return moved(weight, step, velocity, momentum)


WRONG = [
    w_vectors_too,
    w_ratio_inverted,
    w_no_decay_below,
    w_norm_of_sum,
    w_no_decay_in_step,
    w_no_decay,
    w_decoupled,
    w_decay_for_matrices,
    w_decay_sign,
    w_ascent,
    w_old_velocity,
    w_lr_outside,
    w_lr_twice,
    w_averaged,
    w_no_momentum,
    w_nesterov,
    w_ratio_of_velocity,
    w_squared_lengths,
    w_root_mean_square,
    w_spectral,
    w_abs_sum,
    w_eps,
    w_zero_stays,
    w_zero_grad_divides,
    w_zero_is_small,
    w_both_zero,
    w_trust,
    w_clipped,
    w_plain,
    w_order,
    w_weight_alone,
    w_in_place,
    w_grad_in_place,
]
