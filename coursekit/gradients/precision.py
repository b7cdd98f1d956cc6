"""How exactly a model computes: the type of its weights, TF32, autocast."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from coursekit.gradients.batches import batch_tensors, trainable_params

TF32_EPS = 2.0**-10  # its products keep 10 bits of each factor
HALF = (torch.bfloat16, torch.float16)


def tf32_in_use(model: nn.Module) -> bool:
    """Tell whether float32 products on this model's GPU are rounded to TF32."""
    device = next(iter(trainable_params(model).values())).device
    if device.type != "cuda" or torch.cuda.get_device_capability(device)[0] < 8:
        return False
    convolves = any(isinstance(m, nn.modules.conv._ConvNd | nn.RNNBase) for m in model.modules())
    matmul = torch.get_float32_matmul_precision() != "highest"
    return matmul or (convolves and torch.backends.cudnn.allow_tf32)


@contextmanager
def observed_eps(model: nn.Module) -> Iterator[Callable[[], float]]:
    """Watch a forward pass; yield a function that then tells the coarsest rounding it saw.

    That of the weights' type, of TF32, or of the type that autocast gave to a layer's output.
    """
    params = trainable_params(model).values()
    eps = [float(torch.finfo(p.dtype).eps) for p in params]
    if all(p.dtype == torch.float32 for p in params) and tf32_in_use(model):
        eps.append(TF32_EPS)

    def hook(module: nn.Module, args: Any, output: Any) -> None:
        for t in batch_tensors(output):
            if isinstance(t, Tensor) and t.dtype in HALF:
                eps.append(float(torch.finfo(t.dtype).eps))

    handles = [module.register_forward_hook(hook) for module in model.modules()]
    try:
        yield lambda: max(eps)
    finally:
        for handle in handles:
            handle.remove()
