"""Curvature and noise of groups of examples, so that an estimate can be repeated without each.

With G, Sigma and H all measured on the same N examples, G' H G contains tr(H Sigma)/N. The groups'
gradients, one signed sum of each group's deviations and all products between them give the
estimate of tr(H Sigma) and of G' H G for every subset of groups. Left out one at a time, they show
how far examples and signs together move both.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from coursekit.gradients.batches import Batch, num_examples, select_examples

Gradient = Callable[[list[Batch]], Tensor]  # the mean gradient over some data
Products = Callable[[list[Batch], Tensor], Tensor]  # data, rows of vectors -> H v of each


@dataclass(frozen=True)
class GroupProducts:
    """What K groups of examples give, K vectors each way."""

    sizes: Tensor  # examples in each group, shape (K,)
    of_noise: Tensor  # z_k' H_j z_k, shape (K, K): rows j
    of_signal: Tensor  # g_k' H_j g_l, shape (K, K, K): j, k, l
    signed: Tensor  # z_k, shape (K, num_params)


def variances(dots: Tensor) -> Tensor:
    """Return the variance of each column, which may be none at all."""
    return (dots - dots.mean(dim=0)).square().sum(dim=0) / (len(dots) - 1)


def draw_groups(count: int, num_groups: int, rng: torch.Generator) -> list[Tensor]:
    """Deal examples into groups of nearly equal size at random; sorted data would not mix."""
    order = torch.randperm(count, generator=rng, device=rng.device).cpu()
    return list(order.tensor_split(num_groups))


def take(batches: list[Batch], index: Tensor) -> list[Batch]:
    """Return the examples at the given places of the data, as batches."""
    found, start = [], 0
    for batch in batches:
        stop = start + num_examples(batch)
        here = index[(index >= start) & (index < stop)] - start
        if len(here):
            found.append(select_examples(batch, here.sort().values))
        start = stop
    return found


def group_products(
    batches: list[Batch],
    groups: list[Tensor],
    gradient_of: Gradient,
    products_of: Products,
    rng: torch.Generator,
) -> GroupProducts:
    """Measure groups: 1.5 gradients over the data, and two products for every group.

    z_k = (n_k - 1)^(-1/2) sum_n e_n (g_n - g_k),   e_n = +-1:   E z_k z_k' = Sigma
    """
    means, signed = [], []
    for index in groups:
        positive = torch.randint(0, 2, (len(index),), generator=rng, device=rng.device).cpu() > 0
        num_plus = int(positive.sum())
        whole = gradient_of(take(batches, index)) * len(index)
        plus = torch.zeros_like(whole)
        if num_plus:
            plus = gradient_of(take(batches, index[positive])) * num_plus
        means.append(whole / len(index))
        excess = 2 * num_plus - len(index)
        signed.append((2 * plus - whole - excess * means[-1]) / math.sqrt(len(index) - 1))
    g, z = torch.stack(means).double(), torch.stack(signed).double()
    of_noise, of_signal = [], []
    for index in groups:
        part = take(batches, index)
        of_noise.append((products_of(part, z) * z).sum(dim=1))
        of_signal.append(g @ products_of(part, g).T)
    sizes = torch.tensor([len(index) for index in groups], dtype=torch.float64, device=g.device)
    return GroupProducts(sizes, torch.stack(of_noise), torch.stack(of_signal), z)


def estimates(
    found: GroupProducts, groups: list[Tensor], values: Tensor, vectors: Tensor, dots: Tensor
) -> tuple[Tensor, Tensor]:
    """Estimate tr(H Sigma) and G' H G from all groups, and their covariance by the jackknife.

    Args:
        found: Products of the groups.
        groups: Examples of each group.
        values: Eigenvalues l_i whose part of tr(H Sigma) is taken from `dots`.
        vectors: Their eigenvectors, as columns.
        dots: g_n . q_i, shape (num_examples, len(values)).

    Returns:
        The two estimates, shape (2,), and their covariance over examples and signs, (2, 2).
    """
    inside = (found.signed @ vectors).square() @ values  # z_k' C z_k

    def both(kept: Tensor) -> Tensor:
        w = found.sizes * kept
        total = w.sum()
        rest = (w / total) @ found.of_noise - inside
        here = torch.cat([g for g, k in zip(groups, kept, strict=True) if k])
        tr_hess_cov = variances(dots[here.to(dots.device)]) @ values + rest[kept.bool()].mean()
        along = torch.einsum("jkl,j,k,l->", found.of_signal, w, w, w) / total**3
        return torch.stack([tr_hess_cov, along - tr_hess_cov / total])

    everything = torch.ones_like(found.sizes)
    count = len(groups)
    left_out = []
    for k in range(count):
        kept = everything.clone()
        kept[k] = 0
        left_out.append(both(kept))
    covariance = torch.cov(torch.stack(left_out, dim=1), correction=0) * (count - 1)
    return both(everything).cpu(), covariance.cpu()
