import numpy as np
import torch


def right_1(accuracy, lrs):
    return torch.tensor(lrs)[accuracy.mean(dim=0).argmax(dim=0)]


def right_2(accuracy, lrs):
    return [lrs[i] for i in accuracy.mean(0).argmax(0).tolist()]


def right_3(accuracy, lrs):
    mean = np.asarray(accuracy, dtype=np.float64).mean(axis=0)
    return torch.from_numpy(np.array(lrs)[np.argmax(mean, axis=0)])


def right_4(accuracy, lrs):
    num_seeds, num_lrs, num_batch_sizes = accuracy.shape
    answer = []
    for j in range(num_batch_sizes):
        best, best_total = None, -float("inf")
        for i in range(num_lrs):
            total = 0.0
            for s in range(num_seeds):
                total += float(accuracy[s, i, j])
            if total > best_total:
                best, best_total = lrs[i], total
        answer.append(best)
    return answer


def right_5(accuracy, lrs):
    total = accuracy.double().sum(dim=0)
    columns = []
    for column in total.T:
        ranked = sorted(zip(column.tolist(), lrs, strict=True), key=lambda pair: -pair[0])
        columns.append(ranked[0][1])
    return torch.tensor(columns, dtype=torch.float64)


def wrong_1(accuracy, lrs):
    """Believed that the position of the best learning rate is the learning rate."""
    return accuracy.mean(dim=0).argmax(dim=0)


def wrong_2(accuracy, lrs):
    """Believed that the plain list lrs can be indexed with a tensor of positions (it raises)."""
    best = accuracy.mean(dim=0).argmax(dim=0)
    return lrs[best]


def wrong_3(accuracy, lrs):
    """Believed that dim=1 still means the learning rates after the seed axis has gone."""
    best = accuracy.mean(dim=0).argmax(dim=1)
    return torch.tensor(lrs)[best]


def wrong_4(accuracy, lrs):
    """Believed that choosing for each seed and then averaging the chosen rates is the same."""
    return torch.tensor(lrs)[accuracy.argmax(dim=1)].mean(dim=0)


def wrong_5(accuracy, lrs):
    """Believed that the best accuracy is asked for, not the rate that gives it."""
    return accuracy.mean(dim=0).max(dim=0).values


def wrong_6(accuracy, lrs):
    """Believed that argmax over the learning rates is all, and never averaged over seeds."""
    return torch.tensor(lrs)[accuracy.argmax(dim=1)]


def wrong_7(accuracy, lrs):
    """Believed that axis 1 is the seeds: averaged over learning rates and chose among seeds."""
    best = accuracy.mean(dim=1).argmax(dim=0)
    return torch.tensor(lrs)[best]


def wrong_8(accuracy, lrs):
    """Believed that there is one best learning rate for all, and repeated it for each batch."""
    best = int(accuracy.mean(dim=(0, 2)).argmax())
    return [lrs[best]] * accuracy.shape[2]


def wrong_9(accuracy, lrs):
    """Believed that the best run of all seeds shows what a learning rate can do."""
    return torch.tensor(lrs)[accuracy.amax(dim=0).argmax(dim=0)]


def wrong_10(accuracy, lrs):
    """Believed that a majority vote of the seeds is as good as their mean accuracy."""
    return torch.tensor(lrs)[accuracy.argmax(dim=1).mode(dim=0).values]


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
