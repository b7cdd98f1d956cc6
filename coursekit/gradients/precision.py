"""How exactly a model computes: the type of its weights, TF32, autocast."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode

from coursekit.gradients._random_state import generator_on
from coursekit.gradients.batches import trainable_params

TF32_EPS = 2.0**-10  # its products keep 10 bits of each factor


def tf32_in_use(model: nn.Module) -> bool:
    """Tell whether float32 products on this model's GPU are rounded to TF32."""
    device = next(iter(trainable_params(model).values())).device
    if device.type != "cuda" or torch.cuda.get_device_capability(device)[0] < 8:
        return False
    convolves = any(isinstance(m, nn.modules.conv._ConvNd | nn.RNNBase) for m in model.modules())
    matmul = torch.get_float32_matmul_precision() != "highest"
    return matmul or (convolves and torch.backends.cudnn.allow_tf32)


@contextmanager
def float32_products(precision: str) -> Iterator[None]:
    """Let torch multiply float32 matrices so meanwhile: "highest", or "high", rounded to TF32."""
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision(precision)
    try:
        yield
    finally:
        torch.set_float32_matmul_precision(before)


class _TypesSeen(TorchDispatchMode):
    """Notes the type of everything that is computed, below autograd and autocast."""

    def __init__(self) -> None:
        super().__init__()
        self.types: set[torch.dtype] = set()

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        result = func(*args, **(kwargs or {}))
        for t in result if isinstance(result, tuple | list) else (result,):
            if isinstance(t, Tensor) and t.is_floating_point() and t.numel() > 1:
                self.types.add(t.dtype)
        return result


@contextmanager
def observed_eps(model: nn.Module) -> Iterator[Callable[[], float]]:
    """Watch a forward pass; yield a function that then tells the coarsest rounding it saw.

    That of the weights' type, of TF32, or of any type in which something was computed: autocast,
    or a loss that is always computed in float32.
    """
    params = list(trainable_params(model).values())
    eps = [float(torch.finfo(p.dtype).eps) for p in params]
    if all(p.dtype == torch.float32 for p in params) and tf32_in_use(model):
        eps.append(TF32_EPS)
    with _TypesSeen() as seen:
        yield lambda: max(*eps, 0.0, *(float(torch.finfo(t).eps) for t in seen.types))


class _NumbersRead(TorchDispatchMode):
    """Notes whether a number left its tensor: by .item(), or an if on it."""

    seen = False

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        self.seen = self.seen or func is torch.ops.aten._local_scalar_dense.default
        return func(*args, **(kwargs or {}))


@contextmanager
def numbers_read() -> Iterator[Callable[[], bool]]:
    """Watch what runs inside; yield a function that then tells whether it read a number."""
    with _NumbersRead() as mode:
        yield lambda: mode.seen


@contextmanager
def last_digits_moved(params: Sequence[nn.Parameter], eps: float) -> Iterator[None]:
    """Move each weight up or down by 4 eps of itself, and put it back on leaving."""
    kept = [p.detach().clone() for p in params]
    rng = generator_on(params[0].device)
    try:
        for param in params:
            ups = torch.empty_like(param).bernoulli_(generator=rng)
            param.data.mul_(1 + 4 * eps * (2 * ups - 1))
        yield
    finally:
        for param, saved in zip(params, kept, strict=True):
            param.data.copy_(saved)
