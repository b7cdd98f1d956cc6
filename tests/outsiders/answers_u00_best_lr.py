import numpy as np
import torch


def right_1(accuracy, lrs):
    """Mean over seeds, argmax over learning rates, index."""
    best = accuracy.mean(dim=0).argmax(dim=0)
    return torch.tensor(lrs)[best]


def right_2(accuracy, lrs):
    """The same in NumPy and double precision, returned as a list of NumPy floats."""
    mean = np.asarray(accuracy, dtype=np.float64).mean(axis=0)
    return list(np.array(lrs)[np.argmax(mean, axis=0)])


def right_3(accuracy, lrs):
    """Plain loops; returns a list of floats."""
    table = accuracy.tolist()
    num_seeds, num_lrs, num_sizes = len(table), len(lrs), len(table[0][0])
    result = []
    for j in range(num_sizes):
        best, best_mean = None, float("-inf")
        for i in range(num_lrs):
            mean = sum(table[s][i][j] for s in range(num_seeds)) / num_seeds
            if mean > best_mean:
                best, best_mean = lrs[i], mean
        result.append(best)
    return result


def right_4(accuracy, lrs):
    """The sum over seeds has its largest value where the mean has; max with a key."""
    columns = accuracy.double().sum(dim=0).T.tolist()
    return [lrs[max(range(len(lrs)), key=column.__getitem__)] for column in columns]


def right_5(accuracy, lrs):
    """Mark the best row of each column with a one, then multiply with the learning rates."""
    num_seeds = accuracy.shape[0]
    mean = torch.einsum("slb->lb", accuracy.double()) / num_seeds
    one_hot = torch.zeros_like(mean).scatter_(0, mean.argmax(dim=0, keepdim=True), 1.0)
    return torch.tensor(lrs, dtype=torch.float64) @ one_hot


def wrong_1(accuracy, lrs):
    """Believed that one chooses the best lr in each seed and then averages these lrs."""
    return torch.tensor(lrs)[accuracy.argmax(dim=1)].mean(dim=0)


def wrong_2(accuracy, lrs):
    """Believed that the best lr is the one that reached the highest accuracy in any seed."""
    return torch.tensor(lrs)[accuracy.amax(dim=0).argmax(dim=0)]


def wrong_3(accuracy, lrs):
    """Believed that argmax already returns the learning rates."""
    return accuracy.mean(dim=0).argmax(dim=0)


def wrong_4(accuracy, lrs):
    """Believed that the seeds are the second axis and the learning rates the first."""
    return torch.tensor(lrs)[accuracy.mean(dim=1).argmax(dim=0)]


def wrong_5(accuracy, lrs):
    """Believed that dim=1 is still the axis of learning rates after the mean over seeds."""
    return torch.tensor(lrs)[accuracy.mean(dim=0).argmax(dim=1)]


def wrong_6(accuracy, lrs):
    """Believed that the first seed is enough, since all seeds show the same ridge."""
    return torch.tensor(lrs)[accuracy[0].argmax(dim=0)]


def wrong_7(accuracy, lrs):
    """Believed that the seeds vote: the lr that wins in most seeds is the best."""
    winners = accuracy.argmax(dim=1)
    return torch.tensor(lrs)[winners.mode(dim=0).values]


def wrong_8(accuracy, lrs):
    """Believed that one lr, best on average over the batch sizes too, serves all batch sizes."""
    best = accuracy.mean(dim=(0, 2)).argmax()
    return torch.full((accuracy.shape[2],), lrs[int(best)])


def wrong_9(accuracy, lrs):
    """Believed that guarding against luck means comparing the worst seed of each cell."""
    return torch.tensor(lrs)[accuracy.amin(dim=0).argmax(dim=0)]


def wrong_10(accuracy, lrs):
    """Believed that a best cell on the edge of the grid is to be left out."""
    inner = accuracy.mean(dim=0)[1:-1]
    return torch.tensor(lrs[1:-1])[inner.argmax(dim=0)]


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
