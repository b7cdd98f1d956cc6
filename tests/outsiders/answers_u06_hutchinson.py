import math
import statistics

import numpy as np
import torch


def r_list(product, probes):
    numbers = torch.stack([v @ product(v) for v in probes])
    return numbers.mean().item(), (numbers.std() / math.sqrt(len(numbers))).item()


def r_stacked(product, probes):
    av = torch.stack([product(v) for v in probes])
    q = torch.einsum("kp,kp->k", probes, av)
    return q.mean(), q.std() / len(probes) ** 0.5


def r_statistics(product, probes):
    q = []
    for k in range(probes.shape[0]):
        v = probes[k]
        q.append(float((v * product(v)).sum()))
    return statistics.fmean(q), statistics.stdev(q) / math.sqrt(len(q))


def r_numpy(product, probes):
    q = np.array([float(torch.dot(v, product(v))) for v in probes])
    return q.mean(), q.std(ddof=1) / np.sqrt(q.size)


def r_welford(product, probes):
    mean = m2 = 0.0
    for n, v in enumerate(probes, start=1):
        x = torch.dot(product(v), v).item()
        d = x - mean
        mean += d / n
        m2 += d * (x - mean)
    return mean, math.sqrt(m2 / (n - 1) / n)


def r_full_matrix(product, probes):
    A = torch.stack([product(e) for e in torch.eye(probes.shape[1], dtype=probes.dtype)])
    q = (probes @ A @ probes.T).diagonal()
    return q.mean(), torch.sqrt(q.var() / len(q))


def r_hand(product, probes):
    K = len(probes)
    q = [sum(a * b for a, b in zip(v.tolist(), product(v).tolist(), strict=False)) for v in probes]
    m = sum(q) / K
    return m, (sum((x - m) ** 2 for x in q) / (K * (K - 1))) ** 0.5


def _q(product, probes):
    return torch.stack([v @ product(v) for v in probes])


def w_std(product, probes):
    """the standard error is the standard deviation"""
    q = _q(product, probes)
    return q.mean().item(), q.std().item()


def w_over_k(product, probes):
    """the spread is divided by K"""
    q = _q(product, probes)
    return q.mean().item(), (q.std() / len(q)).item()


def w_population(product, probes):
    """the spread divides by K, not K - 1"""
    q = _q(product, probes)
    return q.mean().item(), (q.std(correction=0) / len(q) ** 0.5).item()


def w_sqrt_k_minus_1(product, probes):
    """K - 1 goes under the root twice: std / sqrt(K - 1)"""
    q = _q(product, probes)
    return q.mean().item(), (q.std() / (len(q) - 1) ** 0.5).item()


def w_variance(product, probes):
    """forgets the root: variance over K"""
    q = _q(product, probes)
    return q.mean().item(), (q.var() / len(q)).item()


def w_var_over_root(product, probes):
    """the spread means the variance: var / sqrt(K)"""
    q = _q(product, probes)
    return q.mean().item(), (q.var() / len(q) ** 0.5).item()


def w_rayleigh(product, probes):
    """each probe must have length one: divides by v'v"""
    q = _q(product, probes) / probes.shape[1]
    return q.mean().item(), (q.std() / len(q) ** 0.5).item()


def w_sum(product, probes):
    """adds the probes' numbers up rather than averaging"""
    q = _q(product, probes)
    return q.sum().item(), (q.std() / len(q) ** 0.5).item()


def w_mean_probe(product, probes):
    """averages the probes first, then one product; errors as they should be"""
    q = _q(product, probes)
    m = probes.mean(0)
    return (m @ product(m)).item(), (q.std() / len(q) ** 0.5).item()


def w_no_left_vector(product, probes):
    """sums the entries of A v without multiplying by v again"""
    q = torch.stack([product(v).sum() for v in probes])
    return q.mean().item(), (q.std() / len(q) ** 0.5).item()


def w_lengths(product, probes):
    """takes the length of A v for each probe"""
    q = torch.stack([product(v).norm() for v in probes])
    return q.mean().item(), (q.std() / len(q) ** 0.5).item()


def w_squares(product, probes):
    """takes |A v|^2 = v'A'A v for each probe"""
    q = torch.stack([product(v) @ product(v) for v in probes])
    return q.mean().item(), (q.std() / len(q) ** 0.5).item()


def w_entries_mean(product, probes):
    """mean over all K * P entries of v * A v"""
    x = torch.stack([v * product(v) for v in probes])
    return x.mean().item(), (x.std() / x.numel() ** 0.5).item()


def w_entries_as_samples(product, probes):
    """right estimate, but counts all K * P entries as independent numbers for the error"""
    x = torch.stack([v * product(v) for v in probes])
    return x.sum(1).mean().item(), (probes.shape[1] * x.std() / x.numel() ** 0.5).item()


def w_two_errors(product, probes):
    """gives the half-width of the 95 % interval, two standard errors"""
    q = _q(product, probes)
    return q.mean().item(), (2 * q.std() / len(q) ** 0.5).item()


def w_median(product, probes):
    """the median is the safer estimate"""
    q = _q(product, probes)
    return float(np.median(q.numpy())), (q.std() / len(q) ** 0.5).item()


def w_sizes(product, probes):
    """curvature counts in size: takes absolute values"""
    q = _q(product, probes).abs()
    return q.mean().item(), (q.std() / len(q) ** 0.5).item()


def w_root_p(product, probes):
    """divides the spread by the root of the number of weights"""
    q = _q(product, probes)
    return q.mean().item(), (q.std() / probes.shape[1] ** 0.5).item()


RIGHT = [r_list, r_stacked, r_statistics, r_numpy, r_welford, r_full_matrix, r_hand]
WRONG = [
    w_std,
    w_over_k,
    w_population,
    w_sqrt_k_minus_1,
    w_variance,
    w_var_over_root,
    w_rayleigh,
    w_sum,
    w_mean_probe,
    w_no_left_vector,
    w_lengths,
    w_squares,
    w_entries_mean,
    w_entries_as_samples,
    w_two_errors,
    w_median,
    w_sizes,
    w_root_p,
]
