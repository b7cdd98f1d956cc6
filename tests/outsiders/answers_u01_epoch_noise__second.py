import numpy as np
import torch


def right_1(batch_grads, batch_sizes):
    b = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    center = (b[:, None] * batch_grads).sum(dim=0) / b.sum()
    squares = (batch_grads - center).square().sum(dim=1)
    return (b * squares).sum() / (len(batch_sizes) - 1)


def right_2(batch_grads, batch_sizes):
    g = np.asarray(batch_grads, dtype=np.float64)
    center = np.average(g, axis=0, weights=batch_sizes)
    return np.dot(batch_sizes, ((g - center) ** 2).sum(axis=1)) / (len(g) - 1)


def right_3(batch_grads, batch_sizes):
    rows = batch_grads.tolist()
    num_examples = sum(batch_sizes)
    total = 0.0
    for p in range(len(rows[0])):
        center = sum(b * row[p] for b, row in zip(batch_sizes, rows, strict=True)) / num_examples
        for b, row in zip(batch_sizes, rows, strict=True):
            total += b * (row[p] - center) ** 2
    return total / (len(rows) - 1)


def right_4(batch_grads, batch_sizes):
    g = batch_grads.double()
    total = 0.0
    for i in range(len(batch_sizes)):
        for j in range(i):
            distance = float((g[i] - g[j]).square().sum())
            total += batch_sizes[i] * batch_sizes[j] * distance
    return total / sum(batch_sizes) / (len(batch_sizes) - 1)


def right_5(batch_grads, batch_sizes):
    root = torch.tensor(batch_sizes, dtype=torch.float64).sqrt()
    scaled = root[:, None] * batch_grads.double()
    direction = root / root.norm()
    residual = scaled - torch.outer(direction, direction @ scaled)
    return residual.square().sum() / (len(root) - 1)


def wrong_1(batch_grads, batch_sizes):
    """Believed that the plain mean of the batch gradients is the mean over all examples."""
    b = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    squares = (batch_grads - batch_grads.mean(dim=0)).square().sum(dim=1)
    return (b * squares).sum() / (len(batch_sizes) - 1)


def wrong_2(batch_grads, batch_sizes):
    """Believed that examples are counted, so n - 1 is the number of examples less one."""
    b = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    center = (b[:, None] * batch_grads).sum(dim=0) / b.sum()
    squares = (batch_grads - center).square().sum(dim=1)
    return (b * squares).sum() / (b.sum() - 1)


def wrong_3(batch_grads, batch_sizes):
    """Believed that K batches are K free vectors, and divided by K."""
    b = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    center = (b[:, None] * batch_grads).sum(dim=0) / b.sum()
    squares = (batch_grads - center).square().sum(dim=1)
    return (b * squares).mean()


def wrong_4(batch_grads, batch_sizes):
    """Believed that the flawed number only has to be multiplied by the mean batch size."""
    mean_size = sum(batch_sizes) / len(batch_sizes)
    return batch_grads.var(dim=0).sum() * mean_size


def wrong_5(batch_grads, batch_sizes):
    """Believed that weighting by size means a weighted mean, so divided by the sum of sizes."""
    b = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    center = (b[:, None] * batch_grads).sum(dim=0) / b.sum()
    squares = (batch_grads - center).square().sum(dim=1)
    return (b * squares).sum() / b.sum()


def wrong_6(batch_grads, batch_sizes):
    """Believed that the right centre is the whole repair, and left the deviations unscaled."""
    b = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    center = (b[:, None] * batch_grads).sum(dim=0) / b.sum()
    return (batch_grads - center).square().sum() / (len(batch_sizes) - 1)


def wrong_7(batch_grads, batch_sizes):
    """Believed that per example means divided by the batch size."""
    b = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    center = (b[:, None] * batch_grads).sum(dim=0) / b.sum()
    squares = (batch_grads - center).square().sum(dim=1)
    return (squares / b).sum() / (len(batch_sizes) - 1)


def wrong_8(batch_grads, batch_sizes):
    """Believed that the short last batch spoils the estimate and is best left out."""
    return batch_grads[:-1].var(dim=0).sum() * batch_sizes[0]


def wrong_9(batch_grads, batch_sizes):
    """Believed that the size goes inside the square: (b times the deviation) squared."""
    b = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    center = (b[:, None] * batch_grads).sum(dim=0) / b.sum()
    deviations = b[:, None] * (batch_grads - center)
    return deviations.square().sum() / (len(batch_sizes) - 1)


def wrong_10(batch_grads, batch_sizes):
    """Believed that each of the K batches costs a degree of freedom, as in a pooled variance."""
    b = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    center = (b[:, None] * batch_grads).sum(dim=0) / b.sum()
    squares = (batch_grads - center).square().sum(dim=1)
    return (b * squares).sum() / (b.sum() - len(batch_sizes))


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
