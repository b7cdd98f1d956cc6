"""Which layers a stack computes in another way than vmap would; their formulas stay.

vmap turns R convolutions into one with R groups, which cuDNN computes group by group, and attention
into products that write every (T, T) matrix to memory. `_operations` has both without detours.
Without the compiler, linear layers and LayerNorm are ours too (`_row_operations`).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from torch import Tensor, nn
from torch.nn import functional as F

from coursekit.models.transformer import CausalAttention
from coursekit.replicas._operations import attention, convolution
from coursekit.replicas._row_operations import layer_norm, linear

FACTORS = {"float32": "tf32x3", "tf32": "tf32", "bf16": "tf32"}  # of float32 numbers, in a kernel
MOST_POSITIONS = 128  # T of the attention kernel
HEAD_WIDTHS = (16, 32, 64, 128)
MOST_NORMED = 2048  # W of the LayerNorm kernel
# what may see images whose channels lie last in memory, as the convolutions leave them: of other
# layers some can't under vmap, some fall apart into R calls
ANY_ORDER = (nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh, nn.MaxPool2d, nn.AvgPool2d, nn.BatchNorm2d)


def for_stacks(model: nn.Module, precision: str, *, compiled: bool) -> nn.Module:
    """Exchange, in place, how layers of a model are computed; return it.

    Convolutions and our transformer's attention become one operation each. With "bf16" these and
    linear layers round their inputs and weights to bfloat16, which halves what goes through memory;
    norms, residual sums and the loss stay float32. All other layers stay as they are.
    """
    factors, half = FACTORS[precision], precision == "bf16"
    for m in model.modules():
        if type(m) is CausalAttention and _fits(m):
            _exchange(m, partial(_attend, m, factors))
        elif type(m) in (nn.Conv1d, nn.Conv2d) and _is_plain(m):
            _exchange(m, partial(_convolve, m, factors, half))
        elif type(m) is nn.Linear and half:
            _exchange(m, partial(_linear_in_half, m))
        elif type(m) is nn.Linear and not compiled:
            _exchange(m, partial(_linear, m))
        elif type(m) is nn.LayerNorm and not compiled and _is_plain_norm(m):
            _exchange(m, partial(_norm, m))
        elif not list(m.children()) and type(m) not in ANY_ORDER:
            _exchange(m, partial(_in_order, m.forward))
    return model


def _exchange(m: nn.Module, forward: Callable) -> None:
    m.forward = forward  # type: ignore[method-assign]


def _fits(m: CausalAttention) -> bool:
    width = m.project.in_features // m.num_heads
    return len(m.mask) <= MOST_POSITIONS and width in HEAD_WIDTHS


def _is_plain(m: Any) -> bool:
    zeros = m.padding_mode == "zeros" and not isinstance(m.padding, str)
    return m.groups == 1 and set(m.dilation) == {1} and zeros


def _is_plain_norm(m: nn.LayerNorm) -> bool:
    shape = m.normalized_shape
    return m.bias is not None and len(shape) == 1 and shape[0] <= MOST_NORMED


def _attend(m: CausalAttention, factors: str, x: Tensor) -> Tensor:
    heads = m.query_key_value(x).view(*x.shape[:2], 3, m.num_heads, -1)
    return m.project(attention(heads, factors).flatten(2))


def _linear(m: nn.Linear, x: Tensor) -> Tensor:
    rows = x.reshape(-1, m.in_features)
    return linear(rows, m.weight, m.bias).view(*x.shape[:-1], m.out_features)


def _norm(m: nn.LayerNorm, x: Tensor) -> Tensor:
    rows = x.reshape(-1, x.shape[-1])
    return layer_norm(rows, m.weight, m.bias, m.eps).view(x.shape)


def _linear_in_half(m: nn.Linear, x: Tensor) -> Tensor:
    bias = None if m.bias is None else m.bias.bfloat16()
    return F.linear(x.bfloat16(), m.weight.bfloat16(), bias)


def _in_order(forward: Callable, *inputs: Any, **more: Any) -> Any:
    return forward(*(x.contiguous() if isinstance(x, Tensor) else x for x in inputs), **more)


def _convolve(m: Any, factors: str, half: bool, x: Tensor) -> Tensor:
    """Put channels last and compute; a series is an image of one row."""
    flat = isinstance(m, nn.Conv1d)
    one, none = ((1,), (0,)) if flat else ((), ())
    kernel, stride, pad = one + m.kernel_size, one + m.stride, none + m.padding
    x, w = (x.unsqueeze(2), m.weight.unsqueeze(2)) if flat else (x, m.weight)
    sides = zip(x.shape[2:], kernel, stride, pad, strict=True)
    size = [(n + 2 * p - k) // s + 1 for n, k, s, p in sides]
    x, w = x.permute(0, 2, 3, 1).contiguous(), w.permute(2, 3, 1, 0).flatten(0, 2)
    if half:
        x, w = x.bfloat16(), w.bfloat16()
    y = convolution(x, w, m.bias, size, [*kernel, *stride, *pad], False, factors)
    y = y.permute(0, 3, 1, 2)
    return y.squeeze(2) if flat else y
