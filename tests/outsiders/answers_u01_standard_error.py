"""Right and wrong answers for u01_standard_error."""

import math

import numpy as np
import torch


def right_1(batch_grads, full_grad):
    squared = (batch_grads - full_grad).square().sum(dim=1)
    return squared.std() / math.sqrt(len(squared))


def right_2(batch_grads, full_grad):
    full = full_grad.tolist()
    squared = []
    for row in batch_grads.tolist():
        squared.append(sum((g - f) ** 2 for g, f in zip(row, full, strict=True)))
    m = len(squared)
    mean = sum(squared) / m
    variance = sum((s - mean) ** 2 for s in squared) / (m - 1)
    return math.sqrt(variance / m)


def right_3(batch_grads, full_grad):
    deviations = np.asarray(batch_grads, dtype=np.float64) - np.asarray(full_grad, dtype=np.float64)
    squared = np.einsum("mp,mp->m", deviations, deviations)
    return np.std(squared, ddof=1) / np.sqrt(squared.size)


def right_4(batch_grads, full_grad):
    # from all pairs: the sum of (s_i - s_j)^2 over ordered pairs is 2 M (M - 1) var
    squared = torch.linalg.vector_norm(batch_grads.double() - full_grad.double(), dim=1) ** 2
    m = squared.numel()
    variance = (squared[:, None] - squared[None, :]).square().sum() / (2 * m * (m - 1))
    return (variance / m).sqrt().item()


def right_5(batch_grads, full_grad):
    # jackknife: for a mean it is exactly the usual standard error
    squared = ((batch_grads - full_grad).to(torch.float64) ** 2).sum(1)
    m = squared.shape[0]
    left_out = (squared.sum() - squared) / (m - 1)
    return torch.sqrt((m - 1) / m * (left_out - left_out.mean()).square().sum())


def wrong_1(batch_grads, full_grad):
    """The error bar is the standard deviation of the squared distances; no root of M needed."""
    return (batch_grads - full_grad).square().sum(dim=1).std()


def wrong_2(batch_grads, full_grad):
    """The full gradient is known exactly, so nothing is fitted and np.std's divisor M is right."""
    squared = np.sum((batch_grads.numpy() - full_grad.numpy()) ** 2, axis=1)
    return np.std(squared) / np.sqrt(len(squared))


def wrong_3(batch_grads, full_grad):
    """A mean of M numbers is their sum over M, so its error is the std over M."""
    squared = (batch_grads - full_grad).square().sum(dim=1)
    return squared.std() / len(squared)


def wrong_4(batch_grads, full_grad):
    """The standard error is the variance over M (forgot the root)."""
    squared = (batch_grads - full_grad).square().sum(dim=1)
    return squared.var() / len(squared)


def wrong_5(batch_grads, full_grad):
    """The M numbers are distances; they need not be squared."""
    distances = (batch_grads - full_grad).norm(dim=1)
    return distances.std() / math.sqrt(len(distances))


def wrong_6(batch_grads, full_grad):
    """Deviations are always taken from the sample's own mean."""
    squared = (batch_grads - batch_grads.mean(dim=0)).square().sum(dim=1)
    return squared.std() / math.sqrt(len(squared))


def wrong_7(batch_grads, full_grad):
    """Summing over dim 0 leaves one number a batch."""
    squared = (batch_grads - full_grad).square().sum(dim=0)
    return squared.std() / math.sqrt(batch_grads.shape[0])


def wrong_8(batch_grads, full_grad):
    """A squared distance is the mean of the squared differences over the parameters."""
    squared = (batch_grads - full_grad).square().mean(dim=1)
    return squared.std() / math.sqrt(len(squared))


def wrong_9(batch_grads, full_grad):
    """Standard error is the root of variance over M, and the variance is the mean |g - G|^2."""
    variance = (batch_grads - full_grad).square().sum(dim=1).mean()
    return (variance / batch_grads.shape[0]).sqrt()


def wrong_10(batch_grads, full_grad):
    """All errors in this course are 95 % intervals, so the standard error has the 1.96 in it."""
    squared = (batch_grads - full_grad).square().sum(dim=1)
    return 1.96 * squared.std() / math.sqrt(len(squared))


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
