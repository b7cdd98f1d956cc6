import numpy as np
import torch


def right_1(per_example_grads):
    return per_example_grads.var(dim=0).sum()


def right_2(per_example_grads):
    g = np.asarray(per_example_grads, dtype=np.float64)
    return np.trace(np.atleast_2d(np.cov(g, rowvar=False)))


def right_3(per_example_grads):
    rows = per_example_grads.tolist()
    n = len(rows)
    total = 0.0
    for column in zip(*rows, strict=True):
        mean = sum(column) / n
        total += sum((value - mean) ** 2 for value in column)
    return total / (n - 1)


def right_4(per_example_grads):
    g = per_example_grads.double()
    n = g.shape[0]
    total = 0.0
    for i in range(1, n):
        total += (g[i] - g[:i]).square().sum().item()
    return total / (n * (n - 1))


def right_5(per_example_grads):
    g = per_example_grads.double()
    gram = (g - g.mean(dim=0)) @ (g - g.mean(dim=0)).T
    return torch.trace(gram) / (len(g) - 1)


def wrong_1(per_example_grads):
    """Believed that "mean squared distance" is a plain mean, so divided by n."""
    deviations = per_example_grads - per_example_grads.mean(dim=0)
    return deviations.square().sum(dim=1).mean()


def wrong_2(per_example_grads):
    """Believed that the trace is the mean of the variances of the parameters."""
    return per_example_grads.var(dim=0).mean()


def wrong_3(per_example_grads):
    """Believed that dim=1 runs over the examples."""
    return per_example_grads.var(dim=1).sum()


def wrong_4(per_example_grads):
    """Believed that .mean() gives the mean row; it gives one number for all parameters."""
    deviations = per_example_grads - per_example_grads.mean()
    return deviations.square().sum() / (len(per_example_grads) - 1)


def wrong_5(per_example_grads):
    """Believed that .var() of the whole matrix is its total variance."""
    return per_example_grads.var()


def wrong_6(per_example_grads):
    """Believed that .mean() over all squared deviations is the mean squared length."""
    return (per_example_grads - per_example_grads.mean(dim=0)).square().mean()


def wrong_7(per_example_grads):
    """Believed that the noise is the mean squared length of the gradients, without a centre."""
    return per_example_grads.square().sum() / (len(per_example_grads) - 1)


def wrong_8(per_example_grads):
    """Believed that the standard deviations of the parameters add up to the trace."""
    return per_example_grads.std(dim=0).sum()


def wrong_9(per_example_grads):
    """Believed that the norm of a deviation is meant, and forgot its square."""
    deviations = per_example_grads - per_example_grads.mean(dim=0)
    return deviations.norm(dim=1).sum() / (len(per_example_grads) - 1)


def wrong_10(per_example_grads):
    """Believed that adding up the whole covariance matrix gives its trace."""
    return torch.cov(per_example_grads.T).sum()


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
