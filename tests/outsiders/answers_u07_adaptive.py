import numpy as np
import torch


# ---------------------------------------------------------------- right
def r_hints(hessian, weights):
    size = weights.abs()
    return torch.linalg.eigvalsh(size[:, None] * hessian * size)[-1]


def r_diag(hessian, weights):
    D = torch.diag(weights.abs())
    return torch.linalg.eigvalsh(D @ hessian @ D).max().item()


def r_signed(hessian, weights):
    # the signs only turn signs of z round
    return torch.linalg.eigvalsh(torch.outer(weights, weights) * hessian).max()


def r_numpy(hessian, weights):
    w = np.abs(weights.double().numpy())
    return float(np.linalg.eigvalsh(np.outer(w, w) * hessian.double().numpy())[-1])


def r_loops(hessian, weights):
    n = len(weights)
    m = torch.zeros(n, n, dtype=torch.float64)
    for i in range(n):
        for j in range(n):
            m[i, j] = abs(weights[i].item()) * hessian[i, j].item() * abs(weights[j].item())
    values, _ = torch.linalg.eigh(m)
    return values[-1].item()


def r_similar(hessian, weights):
    # D H D and D^2 H have the same eigenvalues
    m = weights.double().square()[:, None] * hessian.double()
    return torch.linalg.eigvals(m).real.max().item()


RIGHT = [r_hints, r_diag, r_signed, r_numpy, r_loops, r_similar]


# ---------------------------------------------------------------- wrong
def dhd(hessian, weights):
    size = weights.abs()
    return size[:, None] * hessian * size


def w_plain(hessian, weights):
    """The largest eigenvalue of the Hessian: weights forgotten."""
    return torch.linalg.eigvalsh(hessian)[-1]


def w_largest_in_size(hessian, weights):
    """The size of the eigenvalue that is largest in size."""
    return torch.linalg.eigvalsh(dhd(hessian, weights)).abs().max()


def w_largest_in_size_signed(hessian, weights):
    """The eigenvalue that is largest in size, with its sign."""
    values = torch.linalg.eigvalsh(dhd(hessian, weights))
    return values[values.abs().argmax()]


def w_smallest(hessian, weights):
    """Takes the first of the ascending ones."""
    return torch.linalg.eigvalsh(dhd(hessian, weights))[0]


def w_clipped(hessian, weights):
    """A sharpness isn't negative: clips at 0."""
    return torch.linalg.eigvalsh(dhd(hessian, weights))[-1].clamp(min=0)


def w_trace(hessian, weights):
    """The trace of D H D."""
    return dhd(hessian, weights).trace()


def w_norm(hessian, weights):
    """The Frobenius norm of D H D."""
    return dhd(hessian, weights).norm()


def w_spectral_norm(hessian, weights):
    """The 2-norm, which is the largest in size."""
    return torch.linalg.matrix_norm(dhd(hessian, weights), 2)


def w_largest_entry(hessian, weights):
    """The largest entry of D H D."""
    return dhd(hessian, weights).max()


def w_largest_diagonal(hessian, weights):
    """The largest entry on the diagonal."""
    return dhd(hessian, weights).diagonal().max()


def w_one_side_rows(hessian, weights):
    """D H, eigvalsh reads half of it."""
    return torch.linalg.eigvalsh(weights.abs()[:, None] * hessian)[-1]


def w_one_side_columns(hessian, weights):
    """H D, eigvalsh reads half of it."""
    return torch.linalg.eigvalsh(hessian * weights.abs())[-1]


def w_one_side_eigvals(hessian, weights):
    """D H with its true eigenvalues: one factor of the weights is missing."""
    return torch.linalg.eigvals(weights.abs()[:, None] * hessian).real.max()


def w_rows_twice(hessian, weights):
    """Scales the rows twice: eigvalsh of D^2 H."""
    return torch.linalg.eigvalsh(weights.square()[:, None] * hessian)[-1]


def w_columns_twice(hessian, weights):
    """Scales the columns twice: eigvalsh of H D^2."""
    return torch.linalg.eigvalsh(hessian * weights.square())[-1]


def w_root_of_weights(hessian, weights):
    """D holds the roots."""
    return torch.linalg.eigvalsh(dhd(hessian, weights.abs().sqrt()))[-1]


def w_squares(hessian, weights):
    """D holds the squares."""
    return torch.linalg.eigvalsh(dhd(hessian, weights.square()))[-1]


def w_inverse(hessian, weights):
    """Divides by the weights (0 made 1)."""
    size = weights.abs()
    size = torch.where(size > 0, size, torch.ones_like(size))
    return torch.linalg.eigvalsh(hessian / (size[:, None] * size))[-1]


def w_norm_of_weights(hessian, weights):
    """|w|^2 times the largest eigenvalue."""
    return weights.square().sum() * torch.linalg.eigvalsh(hessian)[-1]


def w_quadratic_form(hessian, weights):
    """w^T H w: all shares equal."""
    return weights @ hessian @ weights


def w_quadratic_form_abs(hessian, weights):
    """|w|^T H |w|."""
    return weights.abs() @ hessian @ weights.abs()


def w_mean_weight(hessian, weights):
    """The mean size of a weight, squared, times the largest eigenvalue."""
    return weights.abs().mean() ** 2 * torch.linalg.eigvalsh(hessian)[-1]


def w_half(hessian, weights):
    """Keeps the 1/2 of the second order."""
    return torch.linalg.eigvalsh(dhd(hessian, weights))[-1] / 2


def w_normalised(hessian, weights):
    """Divides the weights by their norm first."""
    return torch.linalg.eigvalsh(dhd(hessian, weights / weights.norm().clamp(min=1e-12)))[-1]


def w_abs_hessian(hessian, weights):
    """The sizes of the Hessian's entries, too."""
    return torch.linalg.eigvalsh(dhd(hessian, weights).abs())[-1]


def w_signed_one_side(hessian, weights):
    """|w_i| H_ij w_j: the size on one side only."""
    return torch.linalg.eigvalsh(weights.abs()[:, None] * hessian * weights)[-1]


def w_nonzero_only(hessian, weights):
    """Leaves out weights that are 0, and their eigenvalue 0 with them."""
    keep = weights != 0
    if not keep.any():
        return torch.tensor(0.0)
    return torch.linalg.eigvalsh(dhd(hessian, weights)[keep][:, keep])[-1]


def w_elementwise_max(hessian, weights):
    """Scales the largest eigenvalue by the largest weight, squared."""
    return weights.abs().max() ** 2 * torch.linalg.eigvalsh(hessian)[-1]


def w_all_eigenvalues(hessian, weights):
    """Returns all eigenvalues."""
    return torch.linalg.eigvalsh(dhd(hessian, weights))


def w_in_place(hessian, weights):
    """Scales the argument itself."""
    weights.abs_()
    hessian *= weights
    hessian *= weights[:, None]
    return torch.linalg.eigvalsh(hessian)[-1]


WRONG = [
    w_plain,
    w_largest_in_size,
    w_largest_in_size_signed,
    w_smallest,
    w_clipped,
    w_trace,
    w_norm,
    w_spectral_norm,
    w_largest_entry,
    w_largest_diagonal,
    w_one_side_rows,
    w_one_side_columns,
    w_one_side_eigvals,
    w_rows_twice,
    w_columns_twice,
    w_root_of_weights,
    w_squares,
    w_inverse,
    w_norm_of_weights,
    w_quadratic_form,
    w_quadratic_form_abs,
    w_mean_weight,
    w_half,
    w_normalised,
    w_abs_hessian,
    w_signed_one_side,
    w_nonzero_only,
    w_elementwise_max,
    w_all_eigenvalues,
    w_in_place,
]
