import math

import numpy as np
import torch


# ---------------------------------------------------------------- right
def right_eigvalsh(hessian, momentum):
    return 2 * (1 + momentum) / torch.linalg.eigvalsh(hessian).max()


def right_numpy(hessian, momentum):
    values = np.linalg.eigvalsh(np.asarray(hessian, dtype=np.float64))
    return float((2.0 + 2.0 * momentum) / values[-1])


def right_general_eig(hessian, momentum):
    lams = torch.linalg.eigvals(hessian.double()).real
    return min((2 + 2 * momentum) / lam.item() for lam in lams)


def right_power_iteration(hessian, momentum):
    H = hessian.double()
    g = torch.Generator().manual_seed(0)
    x = torch.randn(H.shape[0], generator=g, dtype=torch.float64)
    for _ in range(20000):
        x = H @ x
        x = x / x.norm()
    lam = torch.dot(x, H @ x)
    return (2 * (1 + momentum) / lam).item()


def right_spectral_norm(hessian, momentum):
    # symmetric and positive: the 2-norm is the largest eigenvalue
    lam_max = torch.linalg.matrix_norm(hessian, ord=2)
    return float(2 * (1 + momentum) / lam_max)


def right_bisection_on_roots(hessian, momentum):
    lams = np.linalg.eigvalsh(hessian.numpy().astype(float))

    def stable(lr):
        for lam in lams:
            roots = np.roots([1.0, -(1 + momentum - lr * lam), momentum])
            if np.abs(roots).max() > 1 + 1e-12:
                return False
        return True

    low, high = 0.0, 1.0
    while stable(high):
        high *= 2
    for _ in range(80):
        mid = 0.5 * (low + high)
        if stable(mid):
            low = mid
        else:
            high = mid
    return low


def right_svd(hessian, momentum):
    s = torch.linalg.svdvals(hessian)
    edges = 2 / s
    return edges.min() * (1 + momentum)


# ---------------------------------------------------------------- wrong
def wrong_smallest(hessian, momentum):
    """The smallest eigenvalue decides: it gives the largest lr."""
    return 2 * (1 + momentum) / torch.linalg.eigvalsh(hessian)[0]


def wrong_no_momentum(hessian, momentum):
    """The limit is 2/lambda_max whatever the momentum."""
    return 2 / torch.linalg.eigvalsh(hessian)[-1]


def wrong_effective_lr(hessian, momentum):
    """Momentum makes the effective lr lr/(1-m), so the limit falls by 1-m."""
    return 2 * (1 - momentum) / torch.linalg.eigvalsh(hessian)[-1]


def wrong_over_one_minus_m(hessian, momentum):
    """Momentum averages the gradient, so the limit rises by 1/(1-m)."""
    return 2 / ((1 - momentum) * torch.linalg.eigvalsh(hessian)[-1])


def wrong_trace(hessian, momentum):
    """The curvature of a bowl is the trace of its Hessian."""
    return 2 * (1 + momentum) / torch.trace(hessian)


def wrong_mean_eigenvalue(hessian, momentum):
    """The average curvature decides."""
    return 2 * (1 + momentum) / torch.linalg.eigvalsh(hessian).mean()


def wrong_best_step(hessian, momentum):
    """The largest lr is 1/lambda: beyond it a step overshoots."""
    return (1 + momentum) / torch.linalg.eigvalsh(hessian)[-1]


def wrong_diagonal(hessian, momentum):
    """The largest diagonal entry is the largest curvature."""
    return 2 * (1 + momentum) / hessian.diagonal().max()


def wrong_frobenius(hessian, momentum):
    """torch.norm of the matrix is its largest eigenvalue."""
    return 2 * (1 + momentum) / torch.norm(hessian)


def wrong_discriminant(hessian, momentum):
    """The edge is where the roots turn from complex to real: (1 + sqrt m)^2."""
    return (1 + math.sqrt(momentum)) ** 2 / torch.linalg.eigvalsh(hessian)[-1]


def wrong_ema_form(hessian, momentum):
    """The velocity is m v + (1 - m) gradient."""
    return 2 * (1 + momentum) / ((1 - momentum) * torch.linalg.eigvalsh(hessian)[-1])


def wrong_nesterov(hessian, momentum):
    """The Nesterov form of momentum is meant."""
    return 2 * (1 + momentum) / ((1 + 2 * momentum) * torch.linalg.eigvalsh(hessian)[-1])


def wrong_forgot_two(hessian, momentum):
    """Sign slip at r = -1: only one m is left, (2 + m)/lambda."""
    return (2 + momentum) / torch.linalg.eigvalsh(hessian)[-1]


def wrong_sign_slip_r2(hessian, momentum):
    """r = -1 gives r^2 = -1, so -1 + (1 + m - eta lambda) + m = 0 and eta = 2m/lambda."""
    return 2 * momentum / torch.linalg.eigvalsh(hessian)[-1]


def wrong_row_sum(hessian, momentum):
    """The largest row sum is the largest eigenvalue."""
    return 2 * (1 + momentum) / hessian.abs().sum(dim=1).max()


def wrong_best_rate(hessian, momentum):
    """The edge is the classical best step 2/(lambda_min + lambda_max)."""
    lam = torch.linalg.eigvalsh(hessian)
    return 2 * (1 + momentum) / (lam[0] + lam[-1])


RIGHT = [
    right_eigvalsh,
    right_numpy,
    right_general_eig,
    right_power_iteration,
    right_spectral_norm,
    right_bisection_on_roots,
    right_svd,
]
WRONG = [
    wrong_smallest,
    wrong_no_momentum,
    wrong_effective_lr,
    wrong_over_one_minus_m,
    wrong_trace,
    wrong_mean_eigenvalue,
    wrong_best_step,
    wrong_diagonal,
    wrong_frobenius,
    wrong_discriminant,
    wrong_ema_form,
    wrong_nesterov,
    wrong_forgot_two,
    wrong_sign_slip_r2,
    wrong_row_sum,
    wrong_best_rate,
]
