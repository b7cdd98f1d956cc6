import math

import torch

A, B, C = 3.4445, -4.7750, 2.0315


# ---------------------------------------------------------------- right
def r_direct(weight, grads, lr, momentum, ns_steps):
    def wide(X):
        X = X / X.norm().clamp(min=1e-7)
        for _ in range(ns_steps):
            G = X @ X.T
            X = A * X + (B * G + C * G @ G) @ X
        return X

    rows, columns = weight.shape
    m = torch.zeros_like(weight)
    for g in grads:
        m = momentum * m + (1 - momentum) * g
        look = momentum * m + (1 - momentum) * g
        step = wide(look.T).T if rows > columns else wide(look)
        weight = weight - lr * max(1.0, rows / columns) ** 0.5 * step
    return weight


def r_never_transposed(weight, grads, lr, momentum, ns_steps):
    w, m = weight.double(), torch.zeros_like(weight).double()
    for g in grads.double():
        m = m + (1 - momentum) * (g - m)
        X = m + (1 - momentum) * (g - m)
        X = X / max(float(X.norm()), 1e-7)
        for _ in range(ns_steps):
            G = X.T @ X
            X = A * X + B * X @ G + C * X @ G @ G
        w = w - lr * math.sqrt(max(1, w.shape[0] / w.shape[1])) * X
    return w.to(weight.dtype)


def r_singular_values(weight, grads, lr, momentum, ns_steps):
    w, m = weight.clone(), torch.zeros_like(weight)
    for g in grads:
        m = torch.lerp(g, m, momentum)
        U, s, V = torch.linalg.svd(torch.lerp(g, m, momentum).double(), full_matrices=False)
        s = s / s.norm().clamp(min=1e-7)
        for _ in range(ns_steps):
            s = A * s + B * s**3 + C * s**5
        w = w - lr * max(1, len(w) / w.shape[1]) ** 0.5 * ((U * s) @ V).to(w.dtype)
    return w


def r_recursive(weight, grads, lr, momentum, ns_steps):
    if weight.shape[0] > weight.shape[1]:
        longer = lr * (weight.shape[0] / weight.shape[1]) ** 0.5
        return r_recursive(weight.T, grads.mT, longer, momentum, ns_steps).T
    m = torch.zeros_like(weight)
    for g in grads:
        m = momentum * m + (1 - momentum) * g
        X = momentum * m + (1 - momentum) * g
        X = X / torch.clamp(torch.sqrt((X**2).sum()), min=1e-7)
        for _ in range(ns_steps):
            XXX = X @ X.T @ X
            X = A * X + B * XXX + C * X @ X.T @ XXX
        weight = weight - lr * X
    return weight


def r_in_place_on_copies(weight, grads, lr, momentum, ns_steps):
    new, buffer = weight.clone(), torch.zeros_like(weight)
    tall = new.size(0) > new.size(1)
    scale = lr * max(1.0, new.size(0) / new.size(1)) ** 0.5
    for t in range(grads.shape[0]):
        buffer.mul_(momentum).add_(grads[t], alpha=1 - momentum)
        X = grads[t] * (1 - momentum) + buffer * momentum
        X = X.mT if tall else X
        X = X / (X.norm() if X.norm() > 1e-7 else 1e-7)
        for _ in range(ns_steps):
            G = X @ X.mT
            X = torch.addmm(X, B * G + C * G @ G, X, beta=A)
        new.sub_(scale * (X.mT if tall else X))
    return new


RIGHT = [r_direct, r_never_transposed, r_singular_values, r_recursive, r_in_place_on_copies]


# ---------------------------------------------------------------- wrong
def rounds(X, ns_steps, a=A, b=B, c=C):
    X = X / X.norm().clamp(min=1e-7)
    for _ in range(ns_steps):
        G = X @ X.T
        X = a * X + (b * G + c * G @ G) @ X
    return X


def scale_of(weight):
    return max(1.0, weight.shape[0] / weight.shape[1]) ** 0.5


def run(weight, grads, lr, momentum, step, scale=scale_of):
    m = torch.zeros_like(weight)
    for g in grads:
        m = momentum * m + (1 - momentum) * g
        weight = weight - lr * scale(weight) * step(momentum * m + (1 - momentum) * g)
    return weight


def w_no_scale(weight, grads, lr, momentum, ns_steps):
    """A tall matrix takes the same step."""
    return run(weight, grads, lr, momentum, lambda X: rounds(X, ns_steps), lambda w: 1.0)


def w_scale_without_max(weight, grads, lr, momentum, ns_steps):
    """Wide matrices take a shorter step."""
    return run(
        weight, grads, lr, momentum, lambda X: rounds(X, ns_steps),
        lambda w: (w.shape[0] / w.shape[1]) ** 0.5,
    )  # fmt: skip


def w_scale_inverted(weight, grads, lr, momentum, ns_steps):
    """columns / rows."""
    return run(
        weight, grads, lr, momentum, lambda X: rounds(X, ns_steps),
        lambda w: max(1.0, w.shape[1] / w.shape[0]) ** 0.5,
    )  # fmt: skip


def w_scale_no_root(weight, grads, lr, momentum, ns_steps):
    """rows / columns without the root."""
    return run(
        weight, grads, lr, momentum, lambda X: rounds(X, ns_steps),
        lambda w: max(1.0, w.shape[0] / w.shape[1]),
    )  # fmt: skip


def w_scale_of_larger(weight, grads, lr, momentum, ns_steps):
    """0.2 times the root of the larger side, as another version has it."""
    return run(
        weight, grads, lr, momentum, lambda X: rounds(X, ns_steps),
        lambda w: 0.2 * max(w.shape) ** 0.5,
    )  # fmt: skip


def w_no_nesterov(weight, grads, lr, momentum, ns_steps):
    """The momentum itself, no look ahead."""
    m = torch.zeros_like(weight)
    for g in grads:
        m = momentum * m + (1 - momentum) * g
        weight = weight - lr * scale_of(weight) * rounds(m, ns_steps)
    return weight


def w_no_momentum(weight, grads, lr, momentum, ns_steps):
    """Each gradient alone."""
    for g in grads:
        weight = weight - lr * scale_of(weight) * rounds(g, ns_steps)
    return weight


def w_old_look_ahead(weight, grads, lr, momentum, ns_steps):
    """Looks ahead with the old m: that is the new m."""
    m = torch.zeros_like(weight)
    for g in grads:
        look = momentum * m + (1 - momentum) * g
        m = momentum * m + (1 - momentum) * g
        weight = weight - lr * scale_of(weight) * rounds(look, ns_steps)
    return weight


def w_classical_momentum(weight, grads, lr, momentum, ns_steps):
    """m = mu m + g, look ahead mu m + g."""
    m = torch.zeros_like(weight)
    for g in grads:
        m = momentum * m + g
        weight = weight - lr * scale_of(weight) * rounds(
            momentum * m + (1 - momentum) * g, ns_steps
        )
    return weight


def w_look_ahead_full_gradient(weight, grads, lr, momentum, ns_steps):
    """Looks ahead by mu m + g."""
    m = torch.zeros_like(weight)
    for g in grads:
        m = momentum * m + (1 - momentum) * g
        weight = weight - lr * scale_of(weight) * rounds(momentum * m + g, ns_steps)
    return weight


def w_momentum_exchanged(weight, grads, lr, momentum, ns_steps):
    """(1 - mu) m + mu g."""
    return run(weight, grads, lr, 1 - momentum, lambda X: rounds(X, ns_steps))


def w_starts_at_gradient(weight, grads, lr, momentum, ns_steps):
    """The momentum starts at the first gradient."""
    m = grads[0].clone()
    for g in grads:
        m = momentum * m + (1 - momentum) * g
        X = momentum * m + (1 - momentum) * g
        weight = weight - lr * scale_of(weight) * rounds(X, ns_steps)
    return weight


def w_orthogonal_momentum_kept(weight, grads, lr, momentum, ns_steps):
    """Stores the orthogonal matrix as momentum."""
    m = torch.zeros_like(weight)
    for g in grads:
        m = momentum * m + (1 - momentum) * g
        m = rounds(momentum * m + (1 - momentum) * g, ns_steps)
        weight = weight - lr * scale_of(weight) * m
    return weight


def w_first_only(weight, grads, lr, momentum, ns_steps):
    """Only the first gradient."""
    return run(weight, grads[:1], lr, momentum, lambda X: rounds(X, ns_steps))


def w_last_only(weight, grads, lr, momentum, ns_steps):
    """One step, with the momentum of all gradients."""
    m = torch.zeros_like(weight)
    for g in grads:
        m = momentum * m + (1 - momentum) * g
    X = momentum * m + (1 - momentum) * grads[-1]
    return weight - lr * scale_of(weight) * rounds(X, ns_steps)


def w_mean_gradient(weight, grads, lr, momentum, ns_steps):
    """One step with the mean gradient."""
    return weight - lr * scale_of(weight) * rounds(grads.mean(0), ns_steps)


def w_exact_svd(weight, grads, lr, momentum, ns_steps):
    """U V^T by a decomposition: every value exactly one."""

    def step(X):
        U, s, V = torch.linalg.svd(X, full_matrices=False)
        return (U * (s > 1e-7)) @ V

    return run(weight, grads, lr, momentum, step)


def w_not_normalised(weight, grads, lr, momentum, ns_steps):
    """Not divided by its length."""

    def step(X):
        for _ in range(ns_steps):
            G = X @ X.T
            X = A * X + (B * G + C * G @ G) @ X
        return X

    return run(weight, grads, lr, momentum, step)


def w_spectral_norm(weight, grads, lr, momentum, ns_steps):
    """Divided by the largest singular value."""

    def step(X):
        X = X / torch.linalg.matrix_norm(X, 2).clamp(min=1e-7)
        for _ in range(ns_steps):
            G = X @ X.T
            X = A * X + (B * G + C * G @ G) @ X
        return X

    return run(weight, grads, lr, momentum, step)


def w_normalised_each_round(weight, grads, lr, momentum, ns_steps):
    """Divided by its length in each round."""

    def step(X):
        for _ in range(ns_steps):
            X = X / X.norm().clamp(min=1e-7)
            G = X @ X.T
            X = A * X + (B * G + C * G @ G) @ X
        return X

    return run(weight, grads, lr, momentum, step)


def w_cubic(weight, grads, lr, momentum, ns_steps):
    """The classic cubic, 1.5 X - 0.5 X X^T X."""
    return run(weight, grads, lr, momentum, lambda X: rounds(X, ns_steps, 1.5, -0.5, 0.0))


def w_quintic_classic(weight, grads, lr, momentum, ns_steps):
    """The convergent quintic, 15/8, -10/8, 3/8."""
    return run(weight, grads, lr, momentum, lambda X: rounds(X, ns_steps, 1.875, -1.25, 0.375))


def w_b_sign(weight, grads, lr, momentum, ns_steps):
    """b positive."""
    return run(weight, grads, lr, momentum, lambda X: rounds(X, ns_steps, A, -B, C))


def w_elementwise(weight, grads, lr, momentum, ns_steps):
    """The polynomial on each entry, not on the matrix."""

    def step(X):
        X = X / X.norm().clamp(min=1e-7)
        for _ in range(ns_steps):
            X = A * X + B * X**3 + C * X**5
        return X

    return run(weight, grads, lr, momentum, step)


def w_power_three(weight, grads, lr, momentum, ns_steps):
    """(X X^T)^3 for the square."""

    def step(X):
        X = X / X.norm().clamp(min=1e-7)
        for _ in range(ns_steps):
            G = X @ X.T
            X = A * X + (B * G + C * G @ G @ G) @ X
        return X

    return run(weight, grads, lr, momentum, step)


def w_g_times_g_elementwise(weight, grads, lr, momentum, ns_steps):
    """G ** 2 squares the entries."""

    def step(X):
        X = X / X.norm().clamp(min=1e-7)
        for _ in range(ns_steps):
            G = X @ X.T
            X = A * X + (B * G + C * G**2) @ X
        return X

    return run(weight, grads, lr, momentum, step)


def w_five_rounds(weight, grads, lr, momentum, ns_steps):
    """Five rounds, whatever ns_steps."""
    return run(weight, grads, lr, momentum, lambda X: rounds(X, 5))


def w_one_round_more(weight, grads, lr, momentum, ns_steps):
    """range(ns_steps + 1)."""
    return run(weight, grads, lr, momentum, lambda X: rounds(X, ns_steps + 1))


def w_one_round_less(weight, grads, lr, momentum, ns_steps):
    """range(1, ns_steps)."""
    return run(weight, grads, lr, momentum, lambda X: rounds(X, ns_steps - 1))


def w_ascent(weight, grads, lr, momentum, ns_steps):
    """Adds the step."""
    return run(weight, grads, -lr, momentum, lambda X: rounds(X, ns_steps))


def w_nan_at_zero(weight, grads, lr, momentum, ns_steps):
    """Divides zeros by their length."""

    def step(X):
        X = X / X.norm()
        for _ in range(ns_steps):
            G = X @ X.T
            X = A * X + (B * G + C * G @ G) @ X
        return X

    return run(weight, grads, lr, momentum, step)


def w_skips_zero_gradient(weight, grads, lr, momentum, ns_steps):
    """A gradient of zeros is skipped, though momentum is left."""
    m = torch.zeros_like(weight)
    for g in grads:
        if not g.any():
            continue
        m = momentum * m + (1 - momentum) * g
        X = momentum * m + (1 - momentum) * g
        weight = weight - lr * scale_of(weight) * rounds(X, ns_steps)
    return weight


def w_large_floor(weight, grads, lr, momentum, ns_steps):
    """A length of at least 1: small gradients take small steps."""

    def step(X):
        X = X / X.norm().clamp(min=1.0)
        for _ in range(ns_steps):
            G = X @ X.T
            X = A * X + (B * G + C * G @ G) @ X
        return X

    return run(weight, grads, lr, momentum, step)


def w_not_transposed_back(weight, grads, lr, momentum, ns_steps):
    """A tall step is not turned back, but reshaped."""

    def step(X):
        tall = X.shape[0] > X.shape[1]
        return rounds(X.T, ns_steps).reshape(X.shape) if tall else rounds(X, ns_steps)

    return run(weight, grads, lr, momentum, step)


def w_in_place(weight, grads, lr, momentum, ns_steps):
    """Changes the caller's weight."""
    m = torch.zeros_like(weight)
    for g in grads:
        m = momentum * m + (1 - momentum) * g
        X = momentum * m + (1 - momentum) * g
        weight -= lr * scale_of(weight) * rounds(X, ns_steps)
    return weight


def w_bfloat16(weight, grads, lr, momentum, ns_steps):
    """Iterates in bfloat16."""
    return run(
        weight, grads, lr, momentum, lambda X: rounds(X.bfloat16(), ns_steps).to(weight.dtype)
    )


WRONG = [
    w_no_scale,
    w_scale_without_max,
    w_scale_inverted,
    w_scale_no_root,
    w_scale_of_larger,
    w_no_nesterov,
    w_no_momentum,
    w_old_look_ahead,
    w_classical_momentum,
    w_look_ahead_full_gradient,
    w_momentum_exchanged,
    w_starts_at_gradient,
    w_orthogonal_momentum_kept,
    w_first_only,
    w_last_only,
    w_mean_gradient,
    w_exact_svd,
    w_not_normalised,
    w_spectral_norm,
    w_normalised_each_round,
    w_cubic,
    w_quintic_classic,
    w_b_sign,
    w_elementwise,
    w_power_three,
    w_g_times_g_elementwise,
    w_five_rounds,
    w_one_round_more,
    w_one_round_less,
    w_ascent,
    w_nan_at_zero,
    w_skips_zero_gradient,
    w_large_floor,
    w_not_transposed_back,
    w_in_place,
    w_bfloat16,
]
