"""Differentiating twice: the kernels that allow it, and what to say where none does."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.utils.parametrizations import _WeightNorm
from torch.nn.utils.weight_norm import WeightNorm
from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack
from torch.utils._device import DeviceContext
from torch.utils.checkpoint import CheckpointError

from coursekit.curvature._convolution import Convolved, convolution, transposed_convolution
from coursekit.curvature._normalised import Affine, LayerNorm, batch_norm, layer_norm
from coursekit.curvature._pointwise import Pointwise, gelu, silu, tanh
from coursekit.curvature._product import Product, addmm, linear
from coursekit.curvature._softmax import Attention, CrossEntropy, attention, cross_entropy
from coursekit.gradients._memory import is_out_of_memory
from coursekit.gradients._modules import modules_of

Formulas = dict[Any, Callable[..., Any]]
CONVOLUTIONS: Formulas = {
    torch.conv1d: convolution,
    torch.conv2d: convolution,
    torch.conv3d: convolution,
    torch.conv_transpose1d: transposed_convolution,
    torch.conv_transpose2d: transposed_convolution,
    torch.conv_transpose3d: transposed_convolution,
    F.batch_norm: batch_norm,
}
FORMULAS: Formulas = {
    **CONVOLUTIONS,
    F.layer_norm: layer_norm,
    F.cross_entropy: cross_entropy,
    F.scaled_dot_product_attention: attention,
    F.gelu: gelu,
    F.silu: silu,
    torch.tanh: tanh,
    F.linear: linear,
    torch.addmm: addmm,
}
OWN = (Convolved, Affine, LayerNorm, CrossEntropy, Attention, Pointwise, Product)


def formulas_for(device: torch.device) -> Formulas:
    """Return the formulas that pay on a device.

    On a CPU those that save launches and passes over memory cost more of Python than they save.
    """
    return CONVOLUTIONS if device.type == "cpu" else FORMULAS


@contextmanager
def double_backward_kernels(model: nn.Module, formulas: Formulas) -> Iterator[None]:
    """Use kernels that can be differentiated twice, and rightly.

    Plain attention, no cuDNN recurrent nets, weight norm by its formula (the fused kernel's second
    derivative is wrong in torch 2.13, pytorch#80569), and `formulas` in place of operations whose
    second derivative torch makes slowly. Enter it for the products too: gradient checkpointing
    runs the forward pass again there.
    """
    with ExitStack() as stack:
        stack.enter_context(sdpa_kernel(SDPBackend.MATH))
        modules = modules_of(model)
        if any(isinstance(module, nn.RNNBase) for module in modules):
            stack.enter_context(torch.backends.cudnn.flags(enabled=False))
        stack.enter_context(_plain_weight_norm(modules))
        if formulas and not _users_mode():
            stack.enter_context(_OwnFormulas(formulas))
        yield


@contextmanager
def _plain_weight_norm(modules: list[nn.Module]) -> Iterator[None]:
    """Compute weight norms by their formula, in a checkpoint too, which would miss a mode."""
    parts = [*modules, *(hook for m in modules for hook in m._forward_pre_hooks.values())]
    changed: list[tuple[Any, str]] = []
    for part in parts:
        if isinstance(part, _WeightNorm) and "forward" not in vars(part):
            changed.append((part, "forward"))
            vars(part)["forward"] = partial(_of_parametrization, part)
        elif isinstance(part, WeightNorm) and "compute_weight" not in vars(part):  # the older form
            changed.append((part, "compute_weight"))
            vars(part)["compute_weight"] = partial(_of_hook, part)
    try:
        yield
    finally:
        for part, name in changed:
            del vars(part)[name]


def _of_parametrization(part: Any, g: Tensor, v: Tensor) -> Tensor:
    return _weight_norm(v, g, part.dim)


def _of_hook(hook: Any, module: nn.Module) -> Tensor:
    v, g = (getattr(module, f"{hook.name}_{letter}") for letter in "vg")
    return _weight_norm(v, g, hook.dim)


def _weight_norm(v: Tensor, g: Tensor, dim: int) -> Tensor:
    return v * (g / torch.norm_except_dim(v, 2, dim))


def _users_mode() -> bool:
    """Tell whether a mode of the user's is to see torch's functions: then none is replaced."""
    known = (_OwnFormulas, DeviceContext)
    return not all(isinstance(mode, known) for mode in _get_current_function_mode_stack())


class _OwnFormulas(TorchFunctionMode):
    """Answers some of torch's functions by formulas of ours; what those decline is torch's."""

    def __init__(self, formulas: dict[Any, Callable[..., Any]]) -> None:
        super().__init__()
        self.formulas = formulas

    def __torch_function__(
        self, func: Any, types: Any, args: Any = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        kwargs = kwargs or {}
        formula = self.formulas.get(func)
        if formula is not None and not _recomputed():
            answer = formula(*args, **kwargs)
            if answer is not NotImplemented:
                return answer
        return func(*args, **kwargs)


def _recomputed() -> bool:
    """Tell whether a checkpoint, or another hook on what is saved, may run this call again.

    torch.autograd.grad takes the mode away while it runs, so that torch's own function answers
    then, and what it saves is something else. Where this can't be told (torch < 2.8): yes.
    """
    try:
        hooks = torch._C._autograd._top_saved_tensors_default_hooks(True)
    except (AttributeError, TypeError):
        return True
    return hooks is not None and not hooks[0].__module__.startswith("coursekit.")


@contextmanager
def named_failure() -> Iterator[None]:
    """Turn torch's complaint about a second derivative into one sentence with the remedy."""
    try:
        yield
    except RuntimeError as error:  # NotImplementedError is one too
        if is_out_of_memory(error):
            raise
        said = str(error).strip().splitlines()[0].split(". ")[0][:160].rstrip(".")
        if isinstance(error, CheckpointError):
            raise ValueError(
                f"a checkpoint computes something else when it runs again ({said}); make what is "
                f"inside it the same on every pass, or measure without it"
            ) from error
        raise ValueError(
            f"torch can't differentiate this loss twice ({said}); use "
            f"hessian_operator(method='finite_difference'), which takes differences of gradients "
            f"and states its error"
        ) from error


def pull(
    outputs: Sequence[Tensor], inputs: Sequence[Tensor], vectors: Sequence[Tensor]
) -> list[Tensor]:
    """Return J' v and keep the graph; outputs that depend on no input count as constants."""
    pairs = [(y, v) for y, v in zip(outputs, vectors, strict=True) if y.requires_grad]
    if not pairs:
        return [torch.zeros_like(x) for x in inputs]
    kept, cotangents = zip(*pairs, strict=True)
    return list(
        torch.autograd.grad(kept, inputs, cotangents, retain_graph=True, materialize_grads=True)
    )


def split_like(vector: Tensor, params: Sequence[Tensor]) -> list[Tensor]:
    """Cut a flat vector into pieces with the parameters' shapes.

    They begin at even places: a complex view of a parameter wants a complex view of its piece.
    """
    pieces = vector.split([p.numel() for p in params])
    even = [piece.clone() if piece.storage_offset() % 2 else piece for piece in pieces]
    return [piece.view_as(p) for piece, p in zip(even, params, strict=True)]
