import numpy as np
import torch


def r_einsum(batch_hessians, batch_sizes):
    b = torch.tensor(batch_sizes, dtype=batch_hessians.dtype)
    H = torch.einsum("k,kij->ij", b / b.sum(), batch_hessians)
    return torch.linalg.eigvalsh(H)[-1]


def r_loop(batch_hessians, batch_sizes):
    total = torch.zeros_like(batch_hessians[0])
    for h, b in zip(batch_hessians, batch_sizes, strict=False):
        total = total + b * h
    return torch.linalg.eigvalsh(total / sum(batch_sizes)).max().item()


def r_numpy(batch_hessians, batch_sizes):
    H = np.average(np.asarray(batch_hessians), axis=0, weights=batch_sizes)
    return float(np.linalg.eigvalsh(H).max())


def r_broadcast(batch_hessians, batch_sizes):
    b = torch.as_tensor(batch_sizes).to(batch_hessians).view(-1, 1, 1)
    H = (batch_hessians * b).sum(dim=0) / b.sum()
    return torch.linalg.eigh(H).eigenvalues.amax().item()


def r_scale_last(batch_hessians, batch_sizes):
    H = sum(h * n for h, n in zip(batch_hessians, batch_sizes, strict=False))
    return float(torch.linalg.eigvalsh(H)[-1]) / sum(batch_sizes)


def r_running_mean(batch_hessians, batch_sizes):
    mean, seen = torch.zeros_like(batch_hessians[0]), 0
    for k, b in enumerate(batch_sizes):
        seen += b
        mean = mean + (batch_hessians[k] - mean) * (b / seen)
    return torch.linalg.eigvalsh(mean).tolist()[-1]


def r_repeat(batch_hessians, batch_sizes):
    every = torch.repeat_interleave(batch_hessians, torch.tensor(batch_sizes), dim=0)
    return torch.linalg.eigvals(every.mean(0)).real.max()


def _H(h, b):
    w = torch.tensor(b, dtype=h.dtype)
    return torch.einsum("k,kij->ij", w / w.sum(), h)


def _tops(h):
    return torch.linalg.eigvalsh(h)[:, -1]


def w_original(batch_hessians, batch_sizes):
    """the flawed function: plain mean of the batches' maxima"""
    return _tops(batch_hessians).mean().item()


def w_weighted_tops(batch_hessians, batch_sizes):
    """weights the maxima by batch size; the averaging of maxima stays"""
    w = torch.tensor(batch_sizes, dtype=batch_hessians.dtype)
    return ((_tops(batch_hessians) * w).sum() / w.sum()).item()


def w_plain_mean(batch_hessians, batch_sizes):
    """averages the matrices but all batches count the same"""
    return torch.linalg.eigvalsh(batch_hessians.mean(0))[-1].item()


def w_largest_in_size(batch_hessians, batch_sizes):
    """the eigenvalue largest in size"""
    return torch.linalg.eigvalsh(_H(batch_hessians, batch_sizes)).abs().max().item()


def w_signed_largest_in_size(batch_hessians, batch_sizes):
    """the eigenvalue largest in size, with its sign, as power iteration gives it"""
    e = torch.linalg.eigvalsh(_H(batch_hessians, batch_sizes))
    return e[e.abs().argmax()].item()


def w_not_divided(batch_hessians, batch_sizes):
    """weighted sum, never divided by the number of examples"""
    return torch.linalg.eigvalsh(_H(batch_hessians, batch_sizes) * sum(batch_sizes))[-1].item()


def w_divided_by_k(batch_hessians, batch_sizes):
    """weighted sum divided by the number of batches"""
    return torch.linalg.eigvalsh(
        _H(batch_hessians, batch_sizes) * sum(batch_sizes) / len(batch_sizes)
    )[-1].item()


def w_divided_by_max(batch_hessians, batch_sizes):
    """weights b / largest b, divided by the number of batches (the short batch just counts less)"""
    w = torch.tensor(batch_sizes, dtype=batch_hessians.dtype) / max(batch_sizes)
    return torch.linalg.eigvalsh(torch.einsum("k,kij->ij", w, batch_hessians) / len(batch_sizes))[
        -1
    ].item()


def w_sums_not_means(batch_hessians, batch_sizes):
    """takes the matrices for sums over examples: sum of all over N"""
    return torch.linalg.eigvalsh(batch_hessians.sum(0) / sum(batch_sizes))[-1].item()


def w_inverse_weights(batch_hessians, batch_sizes):
    """divides each matrix by its batch size before averaging (normalised)"""
    w = 1 / torch.tensor(batch_sizes, dtype=batch_hessians.dtype)
    return torch.linalg.eigvalsh(torch.einsum("k,kij->ij", w / w.sum(), batch_hessians))[-1].item()


def w_squared_weights(batch_hessians, batch_sizes):
    """weights with the square of the batch size"""
    w = torch.tensor(batch_sizes, dtype=batch_hessians.dtype) ** 2
    return torch.linalg.eigvalsh(torch.einsum("k,kij->ij", w / w.sum(), batch_hessians))[-1].item()


def w_max_of_tops(batch_hessians, batch_sizes):
    """the sharpest batch decides"""
    return _tops(batch_hessians).max().item()


def w_smallest(batch_hessians, batch_sizes):
    """eigvalsh gives the largest first"""
    return torch.linalg.eigvalsh(_H(batch_hessians, batch_sizes))[0].item()


def w_drop_last(batch_hessians, batch_sizes):
    """a short last batch is left out"""
    if len(batch_sizes) == 1:
        return torch.linalg.eigvalsh(batch_hessians[0])[-1].item()
    return torch.linalg.eigvalsh(_H(batch_hessians[:-1], batch_sizes[:-1]))[-1].item()


def w_trace(batch_hessians, batch_sizes):
    """all curvature together: the trace of the mean Hessian"""
    return _H(batch_hessians, batch_sizes).trace().item()


def w_frobenius(batch_hessians, batch_sizes):
    """the norm of the mean Hessian"""
    return _H(batch_hessians, batch_sizes).norm().item()


def w_weights_of_equal_sum_k(batch_hessians, batch_sizes):
    """root-of-size weights, as standard errors combine"""
    w = torch.tensor(batch_sizes, dtype=batch_hessians.dtype) ** 0.5
    return torch.linalg.eigvalsh(torch.einsum("k,kij->ij", w / w.sum(), batch_hessians))[-1].item()


def w_largest_entry(batch_hessians, batch_sizes):
    """the largest diagonal entry of the mean Hessian"""
    return _H(batch_hessians, batch_sizes).diag().max().item()


RIGHT = [r_einsum, r_loop, r_numpy, r_broadcast, r_scale_last, r_running_mean, r_repeat]
WRONG = [
    w_original,
    w_weighted_tops,
    w_plain_mean,
    w_largest_in_size,
    w_signed_largest_in_size,
    w_not_divided,
    w_divided_by_k,
    w_divided_by_max,
    w_sums_not_means,
    w_inverse_weights,
    w_squared_weights,
    w_max_of_tops,
    w_smallest,
    w_drop_last,
    w_trace,
    w_frobenius,
    w_weights_of_equal_sum_k,
    w_largest_entry,
]
