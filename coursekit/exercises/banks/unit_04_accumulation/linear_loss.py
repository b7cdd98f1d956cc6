"""The summed cross-entropy of a linear model, differentiated by hand: what mistakes are made of."""

import functools

import numpy as np
import torch
from torch import Tensor, nn


def weight_of(model: nn.Sequential) -> Tensor:
    """Return the one parameter of a linear model."""
    layer = model[0]
    assert isinstance(layer, nn.Linear)
    return layer.weight


def sum_grad(model: nn.Sequential, inputs: Tensor, targets: Tensor) -> Tensor:
    """Return the gradient of the loss summed over the positions whose target is not negative.

    sum_i (softmax(W x_i) - onehot(y_i)) x_i^T
    """
    return torch.from_numpy(sum_array(weight_of(model), inputs, targets).copy())


def sum_array(weight: Tensor, inputs: Tensor, targets: Tensor) -> np.ndarray:
    """Return the same as an array that is not to be written into."""
    w, x, y = weight.detach().numpy(), inputs.numpy(), targets.numpy()
    return remembered(w.tobytes(), w.shape, x.tobytes(), x.shape[-1], y.tobytes())


@functools.lru_cache(maxsize=4096)  # a hint asks for the same gradients from every mistake
def remembered(
    weight: bytes, shape: tuple[int, int], inputs: bytes, num_features: int, targets: bytes
) -> np.ndarray:
    """Return the gradient of the summed loss, from the bytes of float64 and int64 arrays."""
    w = np.frombuffer(weight).reshape(shape)
    x, y = np.frombuffer(inputs).reshape(-1, num_features), np.frombuffer(targets, dtype=np.int64)
    x, y = x[y >= 0], y[y >= 0]
    logits = x @ w.T
    error = np.exp(logits - logits.max(axis=1, keepdims=True))
    error /= error.sum(axis=1, keepdims=True)
    error[np.arange(len(y)), y] -= 1
    return np.asarray(error.T @ x)
