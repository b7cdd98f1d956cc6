"""Right and wrong answers for u01_epoch_noise."""

import numpy as np
import torch


def right_1(batch_grads, batch_sizes):
    sizes = torch.tensor(batch_sizes, dtype=batch_grads.dtype)
    centre = (sizes[:, None] * batch_grads).sum(dim=0) / sizes.sum()
    squared = (batch_grads - centre).square().sum(dim=1)
    return (sizes * squared).sum() / (len(batch_sizes) - 1)


def right_2(batch_grads, batch_sizes):
    g = np.asarray(batch_grads, dtype=np.float64)
    centre = np.average(g, axis=0, weights=batch_sizes)
    return np.dot(batch_sizes, ((g - centre) ** 2).sum(axis=1)) / (len(g) - 1)


def right_3(batch_grads, batch_sizes):
    rows = batch_grads.tolist()
    total = 0.0
    for p in range(len(rows[0])):
        centre = sum(b * row[p] for b, row in zip(batch_sizes, rows, strict=True))
        centre /= sum(batch_sizes)
        for b, row in zip(batch_sizes, rows, strict=True):
            total += b * (row[p] - centre) ** 2
    return total / (len(rows) - 1)


def right_4(batch_grads, batch_sizes):
    # all pairs: the sum of b_i b_j |g_i - g_j|^2 over i < j is N times the sum about the centre
    g = batch_grads.double()
    total = 0.0
    for i in range(len(g)):
        for j in range(i):
            distance = (g[i] - g[j]).square().sum().item()
            total += batch_sizes[i] * batch_sizes[j] * distance
    return total / sum(batch_sizes) / (len(g) - 1)


def right_5(batch_grads, batch_sizes):
    # scale each row by the root of its size, then project the common mean out
    root = torch.tensor(batch_sizes, dtype=torch.float64).sqrt()
    scaled = root[:, None] * batch_grads.double()
    unit = root / root.norm()
    rest = scaled - torch.outer(unit, unit @ scaled)
    return rest.pow(2).sum() / (rest.shape[0] - 1)


def wrong_1(batch_grads, batch_sizes):
    """The mean of the batch means is the mean over all examples, even if sizes differ."""
    sizes = torch.tensor(batch_sizes)
    squared = (batch_grads - batch_grads.mean(dim=0)).square().sum(dim=1)
    return (sizes * squared).sum() / (len(batch_sizes) - 1)


def wrong_2(batch_grads, batch_sizes):
    """An average over K batches is divided by K."""
    sizes = torch.tensor(batch_sizes)
    centre = (sizes[:, None] * batch_grads).sum(dim=0) / sizes.sum()
    squared = (batch_grads - centre).square().sum(dim=1)
    return (sizes * squared).mean()


def wrong_3(batch_grads, batch_sizes):
    """It is per example, so divide by the number of examples minus one (frequency weights)."""
    cov = np.cov(batch_grads.numpy(), rowvar=False, fweights=np.array(batch_sizes))
    return float(np.trace(np.atleast_2d(cov)))


def wrong_4(batch_grads, batch_sizes):
    """The weighted centre mends the short batch; the squared deviations need no weight."""
    sizes = torch.tensor(batch_sizes)
    centre = (sizes[:, None] * batch_grads).sum(dim=0) / sizes.sum()
    return (batch_grads - centre).square().sum() / (len(batch_sizes) - 1)


def wrong_5(batch_grads, batch_sizes):
    """The spread of the batches times the average batch size speaks of one example."""
    return batch_grads.var(dim=0).sum() * (sum(batch_sizes) / len(batch_sizes))


def wrong_6(batch_grads, batch_sizes):
    """Multiply by the batch size B, which is the size of the first batch."""
    return batch_grads.var(dim=0).sum() * batch_sizes[0]


def wrong_7(batch_grads, batch_sizes):
    """The squared length of each batch gradient is its noise; no centre is subtracted."""
    sizes = torch.tensor(batch_sizes)
    return (sizes * batch_grads.square().sum(dim=1)).sum() / (len(batch_sizes) - 1)


def wrong_8(batch_grads, batch_sizes):
    """Undo the mean by multiplying each deviation with b before it is squared."""
    sizes = torch.tensor(batch_sizes)[:, None]
    centre = (sizes * batch_grads).sum(dim=0) / sizes.sum()
    return (sizes * (batch_grads - centre)).square().sum() / (len(batch_sizes) - 1)


def wrong_9(batch_grads, batch_sizes):
    """One number means the average over the parameters, not the sum."""
    sizes = torch.tensor(batch_sizes)[:, None]
    centre = (sizes * batch_grads).sum(dim=0) / sizes.sum()
    return ((sizes * (batch_grads - centre).square()).sum(dim=0) / (len(sizes) - 1)).mean()


def wrong_10(batch_grads, batch_sizes):
    """Per example means: divide each squared deviation by its batch size."""
    sizes = torch.tensor(batch_sizes)
    centre = (sizes[:, None] * batch_grads).sum(dim=0) / sizes.sum()
    squared = (batch_grads - centre).square().sum(dim=1)
    return (squared / sizes).sum() / (len(batch_sizes) - 1)


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
