"""Another set of weights for the same function: why sharpness alone proves nothing."""

import copy
import math

import torch
from torch import Tensor, nn

from coursekit.curvature._preserve import preserved


def dinh_rescale(
    model: nn.Module, alpha: float, *, layer: str, next_layer: str, inputs: Tensor
) -> nn.Module:
    """Rescale two consecutive layers of a ReLU net so that its function stays the same.

        relu(alpha a) = alpha relu(a)   =>   (alpha W1, alpha b1, W2 / alpha) computes as before

    The Hessian's block for W1 shrinks by alpha^2, that for W2 grows by alpha^2: so lambda_max can
    be made as large as one likes, while outputs, training and test error do not move.

    Args:
        model: Any model; it is not changed.
        alpha: Factor > 0. A power of two keeps the outputs bit for bit.
        layer: Name of the first layer (as in named_modules); weight and bias are multiplied.
        next_layer: Name of the layer that reads it; only its weight is divided.
        inputs: A few inputs on which the outputs are compared.

    Returns:
        A rescaled copy.

    Raises:
        ValueError: If alpha is not a positive number, a layer is missing or has no weight, or the
            outputs change: what lies between the layers is then not positively homogeneous (tanh,
            a normalisation layer, a skip connection).

    Source: Dinh et al. 2017, arXiv:1703.04933, Sec. 4.
    """
    if not (alpha > 0 and math.isfinite(alpha)):
        raise ValueError(f"alpha must be a positive number, got {alpha}")
    rescaled = copy.deepcopy(model)
    modules = dict(rescaled.named_modules())
    for name in (layer, next_layer):
        if not isinstance(getattr(modules.get(name), "weight", None), Tensor):
            weighted = [
                n for n, m in modules.items() if isinstance(getattr(m, "weight", 0), Tensor)
            ]
            raise ValueError(f"no layer {name!r} with a weight; there are {', '.join(weighted)}")
    first, second = modules[layer], modules[next_layer]
    with torch.no_grad():
        first.weight.mul_(alpha)
        if isinstance(getattr(first, "bias", None), Tensor):
            first.bias.mul_(alpha)
        second.weight.div_(alpha)
        with preserved(model), preserved(rescaled):
            before, after = model(inputs), rescaled(inputs)
    largest = before.abs().max().item()
    change = (after - before).abs().max().item()
    if not change <= 1e3 * torch.finfo(before.dtype).eps * largest:
        raise ValueError(
            f"rescaling {layer!r} and {next_layer!r} changes the outputs by {change:.3g}: "
            f"between them must be only ReLU-like functions, with f(alpha a) = alpha f(a)"
        )
    return rescaled
