import math

import numpy as np
import torch


def r_plain(product, start, num_steps):
    v = start / start.norm()
    for _ in range(num_steps):
        v = product(v)
        v = v / v.norm()
    av = product(v)
    value = v @ av
    return value.item(), (av - value * v).norm().item()


def r_tensors(product, start, num_steps):
    v = torch.nn.functional.normalize(start, dim=0)
    for _ in range(num_steps):
        v = torch.nn.functional.normalize(product(v), dim=0)
    av = product(v)
    value = torch.dot(v, av)
    return value, torch.linalg.vector_norm(av - value * v)


def r_recursive(product, start, num_steps):
    v = start / torch.sqrt((start**2).sum())
    if num_steps == 0:
        av = product(v)
        value = float((v * av).sum())
        return value, float(torch.sqrt(((av - value * v) ** 2).sum()))
    return r_recursive(product, product(v), num_steps - 1)


def r_while_reuse(product, start, num_steps):
    v = start / start.norm()
    av = product(v)
    done = 0
    while done < num_steps:
        v = av / av.norm()
        av = product(v)
        done += 1
    value = float(torch.einsum("i,i->", v, av))
    return value, math.sqrt(
        sum((float(a) - value * float(b)) ** 2 for a, b in zip(av, v, strict=False))
    )


def r_numpy(product, start, num_steps):
    v = start.detach().numpy()
    v = v / np.linalg.norm(v)
    for _ in range(num_steps):
        v = product(torch.from_numpy(v)).numpy()
        v = v / np.linalg.norm(v)
    av = product(torch.from_numpy(v)).numpy()
    value = np.dot(v, av)
    return value, np.linalg.norm(av - value * v)


def r_matrix(product, start, num_steps):
    columns = [product(e) for e in torch.eye(len(start), dtype=start.dtype)]
    A = torch.stack(columns, dim=1)
    v = start / start.norm()
    for _ in range(num_steps):
        v = A @ v
        v /= v.norm()
    value = v @ A @ v
    return value, (A @ v - value * v).norm()


def r_quotient(product, start, num_steps):
    v = start
    for _ in range(num_steps):
        v = product(v / v.norm())
    v = v / v.norm()
    av = product(v)
    value = (v @ av) / (v @ v)
    return float(value), float(torch.dist(av, value * v))


def _final(product, start, num_steps):
    v = start / start.norm()
    for _ in range(num_steps):
        v = product(v)
        v = v / v.norm()
    return v


def w_norm_as_value(product, start, num_steps):
    """the length of A v is the eigenvalue"""
    v = _final(product, start, num_steps)
    av = product(v)
    value = av.norm()
    return float(value), float((av - value * v).norm())


def w_abs_value(product, start, num_steps):
    """a sharpness is positive: take the size of the quotient"""
    value, r = r_plain(product, start, num_steps)
    return abs(value), r


def w_one_less(product, start, num_steps):
    """the product for the quotient counts as the last step"""
    return r_plain(product, start, num_steps - 1)


def w_one_more(product, start, num_steps):
    """counts from 0 to num_steps inclusive"""
    return r_plain(product, start, num_steps + 1)


def w_stale_product(product, start, num_steps):
    """uses the product from before the last normalising for quotient and residual"""
    v = start / start.norm()
    for _ in range(num_steps):
        av = product(v)
        v = av / av.norm()
    value = v @ av
    return float(value), float((av - value * v).norm())


def w_squared_residual(product, start, num_steps):
    """the residual is the squared length"""
    value, r = r_plain(product, start, num_steps)
    return value, r**2


def w_rms_residual(product, start, num_steps):
    """the residual is the root of the mean square of the entries"""
    v = _final(product, start, num_steps)
    av = product(v)
    value = v @ av
    return float(value), float(((av - value * v) ** 2).mean().sqrt())


def w_change_of_v(product, start, num_steps):
    """the residual is how far v moved in the last step"""
    old = _final(product, start, num_steps - 1)
    v = _final(product, start, num_steps)
    return float(v @ product(v)), float((v - old).norm())


def w_change_of_value(product, start, num_steps):
    """the residual is how much the value changed in the last step"""
    old = r_plain(product, start, num_steps - 1)[0]
    new = r_plain(product, start, num_steps)[0]
    return new, abs(new - old)


def w_relative(product, start, num_steps):
    """the residual is relative to the eigenvalue"""
    value, r = r_plain(product, start, num_steps)
    return value, r / abs(value)


def w_never_normalised(product, start, num_steps):
    """no bringing to length one at all; v'Av and Av - value v as they come"""
    v = start
    for _ in range(num_steps):
        v = product(v)
    av = product(v)
    value = v @ av
    return float(value), float((av - value * v).norm())


def w_max_norm(product, start, num_steps):
    """length one means that the largest entry is one"""
    v = start / start.abs().max()
    for _ in range(num_steps):
        v = product(v)
        v = v / v.abs().max()
    av = product(v)
    value = v @ av
    return float(value), float((av - value * v).norm())


def w_l1_norm(product, start, num_steps):
    """length one means that the sizes of the entries sum to one"""
    v = start / start.abs().sum()
    for _ in range(num_steps):
        v = product(v)
        v = v / v.abs().sum()
    av = product(v)
    value = v @ av
    return float(value), float((av - value * v).norm())


def w_max_residual(product, start, num_steps):
    """the residual is the largest entry of A v - value v"""
    v = _final(product, start, num_steps)
    av = product(v)
    value = v @ av
    return float(value), float((av - value * v).abs().max())


def w_minus_v(product, start, num_steps):
    """an eigenvector does not change: the residual is |A v - v|"""
    v = _final(product, start, num_steps)
    av = product(v)
    return float(v @ av), float((av - v).norm())


def w_ratio_of_entries(product, start, num_steps):
    """the eigenvalue is the mean of the entries' ratios (A v)_i / v_i"""
    v = _final(product, start, num_steps)
    av = product(v)
    value = (av / v).mean()
    return float(value), float((av - value * v).norm())


def w_swapped(product, start, num_steps):
    """returns the residual first"""
    return r_plain(product, start, num_steps)[::-1]


def w_normalised_residual_vectors(product, start, num_steps):
    """compares the directions only: brings A v to length one before the residual"""
    v = _final(product, start, num_steps)
    av = product(v)
    return float(v @ av), float((av / av.norm() - v).norm())


RIGHT = [r_plain, r_tensors, r_recursive, r_while_reuse, r_numpy, r_matrix, r_quotient]
WRONG = [
    w_norm_as_value,
    w_abs_value,
    w_one_less,
    w_one_more,
    w_stale_product,
    w_squared_residual,
    w_rms_residual,
    w_change_of_v,
    w_change_of_value,
    w_relative,
    w_never_normalised,
    w_max_norm,
    w_l1_norm,
    w_max_residual,
    w_minus_v,
    w_ratio_of_entries,
    w_swapped,
    w_normalised_residual_vectors,
]
