import numpy as np
import torch


def right_1(weights, inputs, targets, batch):
    x, y = inputs[batch], targets[batch]
    return ((x @ weights - y)[:, None] * x).mean(dim=0)


def right_2(weights, inputs, targets, batch):
    w = weights.detach().clone().requires_grad_(True)
    loss = 0.5 * (inputs[batch] @ w - targets[batch]).square().mean()
    return torch.autograd.grad(loss, w)[0]


def right_3(weights, inputs, targets, batch):
    total = [0.0] * len(weights)
    for i in batch.tolist():
        residual = -float(targets[i])
        for p in range(len(weights)):
            residual += float(inputs[i, p]) * float(weights[p])
        for p in range(len(weights)):
            total[p] += residual * float(inputs[i, p])
    return torch.tensor(total) / len(batch)


def right_4(weights, inputs, targets, batch):
    index = np.asarray(batch)
    x = np.asarray(inputs, dtype=np.float64)[index]
    y = np.asarray(targets, dtype=np.float64)[index]
    return torch.from_numpy(x.T @ (x @ np.asarray(weights, dtype=np.float64) - y) / len(index))


def right_5(weights, inputs, targets, batch):
    counts = torch.bincount(batch, minlength=len(targets)).to(inputs.dtype)
    residual = inputs.mv(weights) - targets
    return torch.einsum("n,n,np->p", counts, residual, inputs) / counts.sum()


def wrong_1(weights, inputs, targets, batch):
    """Believed that the batch's gradient is the sum of the examples' gradients."""
    x, y = inputs[batch], targets[batch]
    return x.T @ (x @ weights - y)


def wrong_2(weights, inputs, targets, batch):
    """Believed that the square brings down a 2, and forgot that the 1/2 cancels it."""
    x, y = inputs[batch], targets[batch]
    return 2 * x.T @ (x @ weights - y) / len(batch)


def wrong_3(weights, inputs, targets, batch):
    """Believed that the residual is target minus prediction, which turns the sign around."""
    x, y = inputs[batch], targets[batch]
    return ((y - x @ weights)[:, None] * x).mean(dim=0)


def wrong_4(weights, inputs, targets, batch):
    """Believed that the rows of the examples' gradients are the answer, not their mean."""
    x, y = inputs[batch], targets[batch]
    return (x @ weights - y)[:, None] * x


def wrong_5(weights, inputs, targets, batch):
    """Believed that a plain .mean() averages over the batch; it averages over parameters too."""
    x, y = inputs[batch], targets[batch]
    return ((x @ weights - y)[:, None] * x).mean()


def wrong_6(weights, inputs, targets, batch):
    """Believed that the 1/2 in front of the loss stays in front of the gradient."""
    x, y = inputs[batch], targets[batch]
    return 0.5 * ((x @ weights - y)[:, None] * x).mean(dim=0)


def wrong_7(weights, inputs, targets, batch):
    """Believed that weights as a column are safer, and so subtracted (B,) from (B, 1)."""
    w = weights.clone().reshape(-1, 1).requires_grad_(True)
    loss = 0.5 * (inputs[batch] @ w - targets[batch]).square().mean()
    loss.backward()
    return w.grad.flatten()


def wrong_8(weights, inputs, targets, batch):
    """Believed that the mean of residual times input is mean residual times mean input."""
    x, y = inputs[batch], targets[batch]
    return (x @ weights - y).mean() * x.mean(dim=0)


def wrong_9(weights, inputs, targets, batch):
    """Believed that the mean of a loss is always over all N examples."""
    x, y = inputs[batch], targets[batch]
    return x.T @ (x @ weights - y) / len(inputs)


def wrong_10(weights, inputs, targets, batch):
    """Believed that a mask selects the batch, and so counted a repeated example once."""
    mask = torch.zeros(len(targets), dtype=torch.bool)
    mask[batch] = True
    x, y = inputs[mask], targets[mask]
    return ((x @ weights - y)[:, None] * x).mean(dim=0)


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
