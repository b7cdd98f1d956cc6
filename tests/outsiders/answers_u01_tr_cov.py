import numpy as np
import torch


def right_1(per_example_grads):
    """Squared deviations from the mean row, divided by n - 1; a 0-d tensor."""
    n = per_example_grads.shape[0]
    deviations = per_example_grads - per_example_grads.mean(dim=0)
    return deviations.square().sum() / (n - 1)


def right_2(per_example_grads):
    """The sum of the parameters' unbiased variances, as a float."""
    return per_example_grads.var(dim=0).sum().item()


def right_3(per_example_grads):
    """Build the covariance matrix and take its trace; a NumPy scalar."""
    g = np.asarray(per_example_grads, dtype=np.float64)
    return np.trace(np.atleast_2d(np.cov(g, rowvar=False, ddof=1)))


def right_4(per_example_grads):
    """Half the mean squared distance of two different examples; a double 0-d tensor."""
    g = per_example_grads.double()
    n = len(g)
    total = torch.zeros((), dtype=torch.float64)
    for i in range(n):
        total += (g[i + 1 :] - g[i]).square().sum()
    return total / (n * (n - 1))


def right_5(per_example_grads):
    """Welford's running update with plain Python numbers."""
    rows = per_example_grads.tolist()
    mean, squares = [0.0] * len(rows[0]), 0.0
    for count, row in enumerate(rows, start=1):
        for p, value in enumerate(row):
            before = value - mean[p]
            mean[p] += before / count
            squares += before * (value - mean[p])
    return squares / (len(rows) - 1)


def wrong_1(per_example_grads):
    """Believed that a mean squared distance is divided by n."""
    deviations = per_example_grads - per_example_grads.mean(dim=0)
    return deviations.square().sum(dim=1).mean()


def wrong_2(per_example_grads):
    """Believed that the noise is the mean, not the sum, of the parameters' variances."""
    return per_example_grads.var(dim=0).mean()


def wrong_3(per_example_grads):
    """Believed that the standard deviations of the parameters are added up."""
    return per_example_grads.std(dim=0).sum()


def wrong_4(per_example_grads):
    """Believed that the noise of a vector is the variance of its length."""
    return per_example_grads.norm(dim=1).var()


def wrong_5(per_example_grads):
    """Believed that var() without dim already is the one number asked for."""
    return per_example_grads.var()


def wrong_6(per_example_grads):
    """Believed that the mean squared length is the variance, and forgot to subtract the mean."""
    return per_example_grads.square().sum(dim=1).mean()


def wrong_7(per_example_grads):
    """Believed that distances are to be averaged, and forgot to square them."""
    n = per_example_grads.shape[0]
    deviations = per_example_grads - per_example_grads.mean(dim=0)
    return deviations.norm(dim=1).sum() / (n - 1)


def wrong_8(per_example_grads):
    """Believed that the free deviations are all n times P numbers but one."""
    deviations = per_example_grads - per_example_grads.mean(dim=0)
    return deviations.square().sum() / (deviations.numel() - 1)


def wrong_9(per_example_grads):
    """Believed that examples are columns, and centred each row over its parameters."""
    return per_example_grads.var(dim=1).sum()


def wrong_10(per_example_grads):
    """Believed that var() divides by n and so has to be corrected by n / (n - 1)."""
    n = per_example_grads.shape[0]
    return per_example_grads.var(dim=0).sum() * n / (n - 1)


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
