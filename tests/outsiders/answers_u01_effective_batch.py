"""Right and wrong answers for u01_effective_batch."""

import numpy as np
import torch


def right_1(group_sizes, rho):
    batch_size = sum(group_sizes)
    total = 0.0
    for c in group_sizes:
        total += c * (1 + (c - 1) * rho)
    return batch_size**2 / total


def right_2(group_sizes, rho):
    c = np.array(group_sizes, dtype=float)
    return c.sum() ** 2 / (c * (1 + (c - 1) * rho)).sum()


def right_3(group_sizes, rho):
    c = torch.tensor(group_sizes)
    variance = (c * (1 + (c - 1) * rho)).sum() / c.sum() ** 2
    return 1 / variance


def right_4(group_sizes, rho):
    # the sum over the whole B x B correlation matrix
    group = np.repeat(np.arange(len(group_sizes)), group_sizes)
    corr = np.where(group[:, None] == group[None, :], float(rho), 0.0)
    np.fill_diagonal(corr, 1.0)
    return float(len(group) ** 2 / corr.sum())


def right_5(group_sizes, rho):
    # with the share of each group: B / (1 - rho + rho B sum of squared shares)
    batch_size = sum(group_sizes)
    squared_shares = sum((c / batch_size) ** 2 for c in group_sizes)
    return batch_size / (1 - rho + rho * batch_size * squared_shares)


def wrong_1(group_sizes, rho):
    """Each group has its own effective size, and effective sizes add up."""
    return sum(c / (1 + (c - 1) * rho) for c in group_sizes)


def wrong_2(group_sizes, rho):
    """All pairs in the batch share rho, so the groups do not matter, only B."""
    batch_size = sum(group_sizes)
    return batch_size / (1 + (batch_size - 1) * rho)


def wrong_3(group_sizes, rho):
    """Only the average group size counts."""
    batch_size = sum(group_sizes)
    mean_size = batch_size / len(group_sizes)
    return batch_size / (1 + (mean_size - 1) * rho)


def wrong_4(group_sizes, rho):
    """Rho = 0 gives B and rho = 1 gives the number of groups, so go straight between the two."""
    return (1 - rho) * sum(group_sizes) + rho * len(group_sizes)


def wrong_5(group_sizes, rho):
    """An example shares rho with all c examples of its group, itself included."""
    batch_size = sum(group_sizes)
    return batch_size**2 / sum(c * (1 + c * rho) for c in group_sizes)


def wrong_6(group_sizes, rho):
    """Each pair in a group is counted once: c (c - 1) / 2 covariances."""
    batch_size = sum(group_sizes)
    return batch_size**2 / (batch_size + rho * sum(c * (c - 1) / 2 for c in group_sizes))


def wrong_7(group_sizes, rho):
    """Solved for B_eff with B on top instead of B squared."""
    return sum(group_sizes) / sum(c * (1 + (c - 1) * rho) for c in group_sizes)


def wrong_8(group_sizes, rho):
    """The formula's factor in front of tr(Sigma) is the effective size (not its inverse)."""
    return sum(c * (1 + (c - 1) * rho) for c in group_sizes) / sum(group_sizes) ** 2


def wrong_9(group_sizes, rho):
    """All groups are as large as the first one."""
    return sum(group_sizes) / (1 + (group_sizes[0] - 1) * rho)


def wrong_10(group_sizes, rho):
    """A number of examples is a whole number, so round down."""
    batch_size = sum(group_sizes)
    return int(batch_size**2 / sum(c * (1 + (c - 1) * rho) for c in group_sizes))


RIGHT = [right_1, right_2, right_3, right_4, right_5]
WRONG = [
    wrong_1,
    wrong_2,
    wrong_3,
    wrong_4,
    wrong_5,
    wrong_6,
    wrong_7,
    wrong_8,
    wrong_9,
    wrong_10,
]
