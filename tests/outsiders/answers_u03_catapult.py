import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def right_loop(u, v, lr, num_steps):
    for _ in range(num_steps):
        f = u * v
        u, v = u - lr * f * v, v - lr * f * u
    return u**2 + v**2


def right_autograd(u, v, lr, num_steps):
    w = torch.tensor([float(u), float(v)], dtype=torch.float64, requires_grad=True)
    for _ in range(num_steps):
        loss = 0.5 * (w[0] * w[1]) ** 2
        (grad,) = torch.autograd.grad(loss, w)
        w = (w - lr * grad).detach().requires_grad_(True)
    return float((w**2).sum())


def right_optimizer(u, v, lr, num_steps):
    a = torch.nn.Parameter(torch.tensor(float(u), dtype=torch.float64))
    b = torch.nn.Parameter(torch.tensor(float(v), dtype=torch.float64))
    optimizer = torch.optim.SGD([a, b], lr=float(lr))
    for _ in range(num_steps):
        optimizer.zero_grad()
        (0.5 * (a * b) ** 2).backward()
        optimizer.step()
    return (a.detach() ** 2 + b.detach() ** 2).item()


def right_recursion(u, v, lr, num_steps):
    if num_steps == 0:
        return u * u + v * v
    return right_recursion(u - lr * u * v * v, v - lr * v * u * u, lr, num_steps - 1)


def right_f_and_lambda(u, v, lr, num_steps):
    # closed system in (f, lambda), no u and v needed
    f, lam = u * v, u * u + v * v
    for _ in range(num_steps):
        f, lam = (
            f * (1 - lr * lam + lr**2 * f**2),
            lam + lr * f**2 * (lr * lam - 4),
        )
    return lam


def right_numpy_matrix(u, v, lr, num_steps):
    w = np.array([u, v], dtype=np.float64)
    swap = np.array([[0.0, 1.0], [1.0, 0.0]])
    for _ in range(num_steps):
        w = w - lr * w.prod() * (swap @ w)
    return float(np.dot(w, w))


def right_sum_and_difference(u, v, lr, num_steps):
    # p = u + v is multiplied by 1 - lr f, q = u - v by 1 + lr f
    p, q = u + v, u - v
    for _ in range(num_steps):
        f = (p * p - q * q) / 4
        p, q = p * (1 - lr * f), q * (1 + lr * f)
    return (p * p + q * q) / 2


# ---------------------------------------------------------------- wrong
def wrong_sequential(u, v, lr, num_steps):
    """The second weight may use the first one's new value."""
    for _ in range(num_steps):
        f = u * v
        u = u - lr * f * v
        v = v - lr * f * u
    return u * u + v * v


def wrong_sequential_all(u, v, lr, num_steps):
    """Each line may use everything that is newest, f too."""
    for _ in range(num_steps):
        u = u - lr * (u * v) * v
        v = v - lr * (u * v) * u
    return u * u + v * v


def wrong_gradient_of_f(u, v, lr, num_steps):
    """The gradient is (v, u): that of f, not of the loss."""
    for _ in range(num_steps):
        u, v = u - lr * v, v - lr * u
    return u * u + v * v


def wrong_swapped(u, v, lr, num_steps):
    """The derivative with respect to u is f u."""
    for _ in range(num_steps):
        f = u * v
        u, v = u - lr * f * u, v - lr * f * v
    return u * u + v * v


def wrong_constant_f(u, v, lr, num_steps):
    """f is computed once, before the loop."""
    f = u * v
    for _ in range(num_steps):
        u, v = u - lr * f * v, v - lr * f * u
    return u * u + v * v


def wrong_no_half(u, v, lr, num_steps):
    """The loss is (u v)^2, so the derivative is 2 f v."""
    for _ in range(num_steps):
        f = u * v
        u, v = u - 2 * lr * f * v, v - 2 * lr * f * u
    return u * u + v * v


def wrong_one_step_less(u, v, lr, num_steps):
    """The start counts as the first step."""
    for _ in range(num_steps - 1):
        f = u * v
        u, v = u - lr * f * v, v - lr * f * u
    return u * u + v * v


def wrong_one_step_more(u, v, lr, num_steps):
    """range has to go to num_steps + 1 to include the last step."""
    for _ in range(num_steps + 1):
        f = u * v
        u, v = u - lr * f * v, v - lr * f * u
    return u * u + v * v


def wrong_returns_loss(u, v, lr, num_steps):
    """The loss after the steps is wanted."""
    for _ in range(num_steps):
        f = u * v
        u, v = u - lr * f * v, v - lr * f * u
    return (u * v) ** 2 / 2


def wrong_frozen_curvature(u, v, lr, num_steps):
    """It is a quadratic: the curvature does not change."""
    return u * u + v * v


def wrong_ascent(u, v, lr, num_steps):
    """The gradient is added."""
    for _ in range(num_steps):
        f = u * v
        u, v = u + lr * f * v, v + lr * f * u
    return u * u + v * v


def wrong_norm(u, v, lr, num_steps):
    """The norm of the gradient of f is the curvature, without the square."""
    for _ in range(num_steps):
        f = u * v
        u, v = u - lr * f * v, v - lr * f * u
    return math.sqrt(u * u + v * v)


def wrong_first_order(u, v, lr, num_steps):
    """The term in lr^2 of the new lambda is small and may be dropped."""
    f, lam = u * v, u * u + v * v
    for _ in range(num_steps):
        f, lam = f * (1 - lr * lam), lam - 4 * lr * f * f
    return lam


def wrong_lambda_then_f(u, v, lr, num_steps):
    """f' without its last term: f' = f (1 - eta lambda), as on the quadratic."""
    f, lam = u * v, u * u + v * v
    for _ in range(num_steps):
        f, lam = f * (1 - lr * lam), lam + lr * f * f * (lr * lam - 4)
    return lam


def wrong_average(u, v, lr, num_steps):
    """The curvature during the walk is wanted: the mean over the steps."""
    seen = []
    for _ in range(num_steps):
        f = u * v
        seen.append(u * u + v * v)
        u, v = u - lr * f * v, v - lr * f * u
    seen.append(u * u + v * v)
    return sum(seen) / len(seen)


def wrong_square_of_sum(u, v, lr, num_steps):
    """u^2 + v^2 is (u + v)^2."""
    for _ in range(num_steps):
        f = u * v
        u, v = u - lr * f * v, v - lr * f * u
    return (u + v) ** 2


def wrong_in_units_of_limit(u, v, lr, num_steps):
    """The curvature in units of 2/lr is wanted."""
    for _ in range(num_steps):
        f = u * v
        u, v = u - lr * f * v, v - lr * f * u
    return lr * (u * u + v * v) / 2


def wrong_hessian_eigenvalue(u, v, lr, num_steps):
    """The sharpness is the top eigenvalue of the Hessian of the loss, f's second derivative too."""
    for _ in range(num_steps):
        f = u * v
        u, v = u - lr * f * v, v - lr * f * u
    return float(np.linalg.eigvalsh(np.array([[v * v, 2 * u * v], [2 * u * v, u * u]]))[-1])


def wrong_no_chain(u, v, lr, num_steps):
    """The derivative of (u v)^2 / 2 with respect to u is u v (the inner v is forgotten)."""
    for _ in range(num_steps):
        f = u * v
        u, v = u - lr * f, v - lr * f
    return u * u + v * v


RIGHT = [
    right_loop,
    right_autograd,
    right_optimizer,
    right_recursion,
    right_f_and_lambda,
    right_numpy_matrix,
    right_sum_and_difference,
]
WRONG = [
    wrong_sequential,
    wrong_sequential_all,
    wrong_gradient_of_f,
    wrong_swapped,
    wrong_constant_f,
    wrong_no_half,
    wrong_one_step_less,
    wrong_one_step_more,
    wrong_returns_loss,
    wrong_frozen_curvature,
    wrong_ascent,
    wrong_norm,
    wrong_first_order,
    wrong_lambda_then_f,
    wrong_average,
    wrong_square_of_sum,
    wrong_in_units_of_limit,
    wrong_hessian_eigenvalue,
    wrong_no_chain,
]
