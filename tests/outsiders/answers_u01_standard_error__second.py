import math

import numpy as np
import torch


def right_1(batch_grads, full_grad):
    distances = (batch_grads - full_grad).square().sum(dim=1)
    return distances.std() / math.sqrt(len(distances))


def right_2(batch_grads, full_grad):
    d = np.asarray(batch_grads, dtype=np.float64) - np.asarray(full_grad, dtype=np.float64)
    return np.std((d**2).sum(axis=1), ddof=1) / np.sqrt(d.shape[0])


def right_3(batch_grads, full_grad):
    center = full_grad.tolist()
    values = []
    for row in batch_grads.tolist():
        values.append(sum((a - b) ** 2 for a, b in zip(row, center, strict=True)))
    m = len(values)
    mean = sum(values) / m
    return (sum((v - mean) ** 2 for v in values) / (m * (m - 1))) ** 0.5


def right_4(batch_grads, full_grad):
    values = torch.linalg.vector_norm(batch_grads.double() - full_grad.double(), dim=1) ** 2
    return torch.sqrt(values.var() / values.numel())


def right_5(batch_grads, full_grad):
    values = (batch_grads.double() - full_grad.double()).pow(2).sum(1)
    m = len(values)
    left_out = (values.sum() - values) / (m - 1)
    jackknife = (m - 1) / m * (left_out - left_out.mean()).square().sum()
    return float(jackknife.sqrt())


def wrong_1(batch_grads, full_grad):
    """Believed that the standard deviation of the M numbers is the error of their mean."""
    return (batch_grads - full_grad).square().sum(dim=1).std()


def wrong_2(batch_grads, full_grad):
    """Believed that the full gradient is replaced by the mean of the drawn batches."""
    distances = (batch_grads - batch_grads.mean(dim=0)).square().sum(dim=1)
    return distances.std() / math.sqrt(len(distances))


def wrong_3(batch_grads, full_grad):
    """Believed that a distance is a norm, and forgot to square it."""
    distances = (batch_grads - full_grad).norm(dim=1)
    return distances.std() / math.sqrt(len(distances))


def wrong_4(batch_grads, full_grad):
    """Believed that numpy's default standard deviation is the right one (divisor M)."""
    distances = ((batch_grads - full_grad) ** 2).sum(dim=1).numpy()
    return np.std(distances) / np.sqrt(len(distances))


def wrong_5(batch_grads, full_grad):
    """Believed that squared differences need no sum over parameters before the std."""
    squares = (batch_grads - full_grad).square()
    return squares.std() / math.sqrt(len(batch_grads))


def wrong_6(batch_grads, full_grad):
    """Believed that M - 1 belongs under the root as well as into the std."""
    distances = (batch_grads - full_grad).square().sum(dim=1)
    return distances.std() / math.sqrt(len(distances) - 1)


def wrong_7(batch_grads, full_grad):
    """Believed that the error of a mean falls as 1/M."""
    distances = (batch_grads - full_grad).square().sum(dim=1)
    return distances.std() / len(distances)


def wrong_8(batch_grads, full_grad):
    """Believed that the root of the mean squared distance is the standard deviation."""
    distances = (batch_grads - full_grad).square().sum(dim=1)
    return torch.sqrt(distances.mean() / len(distances))


def wrong_9(batch_grads, full_grad):
    """Believed that dim=0 sums over the parameters, and so made P numbers in place of M."""
    distances = (batch_grads - full_grad).square().sum(dim=0)
    return distances.std() / math.sqrt(len(distances))


def wrong_10(batch_grads, full_grad):
    """Believed that the variance of the mean is asked for, and took no root."""
    distances = (batch_grads - full_grad).square().sum(dim=1)
    return distances.var() / len(distances)


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
