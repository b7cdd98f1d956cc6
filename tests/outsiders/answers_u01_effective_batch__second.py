import numpy as np
import torch


def right_1(group_sizes, rho):
    return sum(group_sizes) ** 2 / sum(c * (1 + (c - 1) * rho) for c in group_sizes)


def right_2(group_sizes, rho):
    c = torch.tensor(group_sizes, dtype=torch.float64)
    return c.sum().square() / (c + rho * c * (c - 1)).sum()


def right_3(group_sizes, rho):
    c = np.array(group_sizes, dtype=np.float64)
    variance_over_trace = np.sum(c * (1 + (c - 1) * rho)) / c.sum() ** 2
    return 1 / variance_over_trace


def right_4(group_sizes, rho):
    blocks = [torch.full((c, c), float(rho), dtype=torch.float64) for c in group_sizes]
    correlations = torch.block_diag(*blocks)
    correlations.fill_diagonal_(1.0)
    return 1 / float(correlations.mean())


def right_5(group_sizes, rho):
    batch_size = 0
    squares = 0
    for c in group_sizes:
        batch_size += c
        squares += c * c
    return batch_size / (1 - rho + rho * squares / batch_size)


def wrong_1(group_sizes, rho):
    """Believed that each group has its own effective size and that these add up."""
    return sum(c / (1 + (c - 1) * rho) for c in group_sizes)


def wrong_2(group_sizes, rho):
    """Believed that the formula's factor in front of tr(Sigma) is B_eff, and did not invert it."""
    return sum(c * (1 + (c - 1) * rho) for c in group_sizes) / sum(group_sizes) ** 2


def wrong_3(group_sizes, rho):
    """Believed that the mean group size may stand for all sizes, as with equal groups."""
    mean_size = sum(group_sizes) / len(group_sizes)
    return sum(group_sizes) / (1 + (mean_size - 1) * rho)


def wrong_4(group_sizes, rho):
    """Believed that B is to be divided by the sum, and lost one B of B squared on the way."""
    return sum(group_sizes) / sum(c * (1 + (c - 1) * rho) for c in group_sizes)


def wrong_5(group_sizes, rho):
    """Believed that B is the length of the list."""
    return len(group_sizes) ** 2 / sum(c * (1 + (c - 1) * rho) for c in group_sizes)


def wrong_6(group_sizes, rho):
    """Believed that a group counts as one example, however similar its members are."""
    return float(len(group_sizes))


def wrong_7(group_sizes, rho):
    """Believed that the size runs on a straight line from B at rho = 0 to the groups at 1."""
    return (1 - rho) * sum(group_sizes) + rho * len(group_sizes)


def wrong_8(group_sizes, rho):
    """Believed that the bracket stands for a whole group, and dropped the c in front of it."""
    return sum(group_sizes) ** 2 / sum(1 + (c - 1) * rho for c in group_sizes)


def wrong_9(group_sizes, rho):
    """Believed that an example shares rho with all c of its group, itself included."""
    return sum(group_sizes) ** 2 / sum(c * (1 + c * rho) for c in group_sizes)


def wrong_10(group_sizes, rho):
    """Believed that the loop adds up, but wrote = for +=, so only the last group counts."""
    total = 0.0
    for c in group_sizes:
        total = c * (1 + (c - 1) * rho)
    return sum(group_sizes) ** 2 / total


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
