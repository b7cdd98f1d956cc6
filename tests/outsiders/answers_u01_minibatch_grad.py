import numpy as np
import torch


def right_1(weights, inputs, targets, batch):
    """Mean over the batch of residual times input."""
    x, y = inputs[batch], targets[batch]
    residuals = x @ weights - y
    return (residuals[:, None] * x).mean(dim=0)


def right_2(weights, inputs, targets, batch):
    """Let autograd differentiate the mean loss."""
    w = weights.detach().clone().requires_grad_(True)
    loss = (0.5 * (inputs[batch] @ w - targets[batch]) ** 2).mean()
    loss.backward()
    return w.grad


def right_3(weights, inputs, targets, batch):
    """NumPy in double precision, as a matrix product; returns an array."""
    w = np.asarray(weights, dtype=np.float64)
    x = np.asarray(inputs, dtype=np.float64)[np.asarray(batch)]
    y = np.asarray(targets, dtype=np.float64)[np.asarray(batch)]
    return x.T @ (x @ w - y) / len(y)


def right_4(weights, inputs, targets, batch):
    """Plain loops over the batch and the parameters."""
    w, total = weights.tolist(), [0.0] * len(weights)
    for i in batch.tolist():
        x = inputs[i].tolist()
        residual = sum(a * b for a, b in zip(x, w, strict=True)) - targets[i].item()
        for p in range(len(w)):
            total[p] += residual * x[p]
    return torch.tensor([t / len(batch) for t in total])


def right_5(weights, inputs, targets, batch):
    """Count how often each example occurs and weight the whole data set with the counts."""
    counts = torch.bincount(batch, minlength=len(targets)).double()
    x, y = inputs.double(), targets.double()
    gram = x.T @ (counts[:, None] * x)
    return (gram @ weights.double() - x.T @ (counts * y)) / counts.sum()


def wrong_1(weights, inputs, targets, batch):
    """Believed that the gradients of the batch are added up, not averaged."""
    x, y = inputs[batch], targets[batch]
    return x.T @ (x @ weights - y)


def wrong_2(weights, inputs, targets, batch):
    """Believed that the square brings down a factor 2, and overlooked the one half."""
    x, y = inputs[batch], targets[batch]
    return 2 * x.T @ (x @ weights - y) / len(batch)


def wrong_3(weights, inputs, targets, batch):
    """Believed that the sum is divided by all N examples of the data set."""
    x, y = inputs[batch], targets[batch]
    return x.T @ (x @ weights - y) / len(inputs)


def wrong_4(weights, inputs, targets, batch):
    """Believed that position k in the batch is example k, and never looked up batch[k]."""
    total = torch.zeros_like(weights)
    for k in range(len(batch)):
        total += (inputs[k] @ weights - targets[k]) * inputs[k]
    return total / len(batch)


def wrong_5(weights, inputs, targets, batch):
    """Believed that the residual is target minus prediction, and lost the inner sign."""
    x, y = inputs[batch], targets[batch]
    return ((y - x @ weights)[:, None] * x).mean(dim=0)


def wrong_6(weights, inputs, targets, batch):
    """Believed that an example drawn twice is to be used once."""
    batch = batch.unique()
    x, y = inputs[batch], targets[batch]
    return ((x @ weights - y)[:, None] * x).mean(dim=0)


def wrong_7(weights, inputs, targets, batch):
    """Believed that counts[batch] += 1 counts an index that comes several times."""
    counts = torch.zeros_like(targets)
    counts[batch] += 1
    residuals = inputs @ weights - targets
    return inputs.T @ (counts * residuals) / len(batch)


def wrong_8(weights, inputs, targets, batch):
    """Believed that the mean of the products is the product of the means."""
    x, y = inputs[batch], targets[batch]
    return (x @ weights - y).mean() * x.mean(dim=0)


def wrong_9(weights, inputs, targets, batch):
    """Believed that dim=1 is the axis of examples."""
    x, y = inputs[batch], targets[batch]
    return ((x @ weights - y)[:, None] * x).mean(dim=1)


def wrong_10(weights, inputs, targets, batch):
    """Believed that the one half of the loss stays in front of the gradient."""
    x, y = inputs[batch], targets[batch]
    return 0.5 * ((x @ weights - y)[:, None] * x).mean(dim=0)


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
