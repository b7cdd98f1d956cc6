"""Which tensors a formula of ours may take; the others are left to torch's own functions."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

REAL = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def servable(tensor: Any) -> bool:
    """Tell whether a tensor is plain: real, dense, of no subclass, not inside a transform."""
    return (
        type(tensor) in (Tensor, nn.Parameter)
        and tensor.dtype in REAL
        and tensor.layout is torch.strided
        and not torch._C._are_functorch_transforms_active()
        and not torch.compiler.is_compiling()
        and forward_ad._current_level < 0
    )


def same_kind(*tensors: Any) -> bool:
    """Tell whether all are plain tensors of one type, and autocast does not choose another."""
    if not all(servable(t) for t in tensors) or len({t.dtype for t in tensors}) > 1:
        return False
    return not torch.is_autocast_enabled(tensors[0].device.type)
