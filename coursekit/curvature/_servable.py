"""Which tensors a formula of ours may take; the others are left to torch's own functions."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd import forward_ad

REAL = (torch.float16, torch.bfloat16, torch.float32, torch.float64)


def servable(*tensors: Any) -> bool:
    """Tell whether tensors are plain: real, dense, of no subclass, and not inside a transform."""
    return (
        all(
            type(t) in (Tensor, nn.Parameter) and t.dtype in REAL and t.layout is torch.strided
            for t in tensors
        )
        and not torch._C._are_functorch_transforms_active()
        and not torch.compiler.is_compiling()
        and forward_ad._current_level < 0
    )


def same_kind(*tensors: Any) -> bool:
    """Tell whether all are plain tensors of one type, and autocast does not choose another."""
    return (
        servable(*tensors)
        and all(t.dtype == tensors[0].dtype for t in tensors)
        and not torch.is_autocast_enabled(tensors[0].device.type)
    )
