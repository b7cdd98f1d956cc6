"""Gradients of R copies of any model at once, by `torch.func.vmap`."""

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

import torch
from torch import Tensor, nn
from torch.func import functional_call, vmap

from coursekit.gradients.precision import float32_products

Loss = Callable[[Tensor, Tensor], Tensor]
Stacked = dict[str, Tensor]  # name -> (R, ...)


class CannotStack(ValueError):
    """A model whose replicas cannot train in one stack; the message says why and what to do."""


def refuse_unstackable(model: nn.Module) -> None:
    """Refuse what would train, but not as the single run does.

    Raises:
        CannotStack: For active dropout (its masks come from torch's one global generator).
    """
    for name, module in model.named_modules():
        if isinstance(module, nn.modules.dropout._DropoutNd) and module.p > 0:
            raise CannotStack(
                f"replicas cannot stack {type(model).__name__}: {name} is dropout, whose masks "
                "would not be those of the single runs. Set p=0, or pass backend='loop'."
            )


Gradients = Callable[[Stacked, Stacked, Tensor, Tensor], tuple[Tensor, list[Tensor]]]
PRECISIONS = ("float32", "tf32", "bf16")
_SWITCH = Lock()  # torch has one switch for TF32, and a grid one thread for each GPU


def vmap_gradients(
    model: nn.Module,
    loss_fn: Loss,
    *,
    kernels: bool = False,
    compiled: bool = False,
    precision: str = "float32",
) -> Gradients:
    """Return a function that computes every replica's loss (R,) and gradient.

        the gradient of sum_r loss_r by w_r is that of loss_r: replicas share nothing

    The function takes (params, buffers, inputs (R, B, ...), targets (R, B, ...)) with the stacked
    tensors by name. Buffers that a forward pass changes (BatchNorm's running statistics) are
    changed in place.

    Args:
        model: Its structure counts.
        loss_fn: Mean loss of (outputs, targets).
        kernels: Whether attention and convolutions are operations of our own, as `_layers` says:
            on a GPU kernels that need Triton.
        compiled: Whether torch's compiler fuses what lies between, and these are our own too:
            half a minute for each shape, then fewer trips through memory.
        precision: Of the products of either: see `coursekit.replicas.run_grid`.
    """
    base = copy.deepcopy(model).train()
    if kernels or compiled:
        base = _exchanged(base, precision, compiled=compiled)

    def objective(
        params: Stacked, buffers: Stacked, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, Stacked]:
        buffers = {name: b.clone() for name, b in buffers.items()}  # the forward changes these
        outputs = functional_call(base, (params, buffers), (inputs,))
        if precision == "bf16":
            outputs = outputs.float()
        return loss_fn(outputs, targets), buffers

    losses_of = vmap(objective)
    remedy = "To train one replica after another, pass backend='loop'."
    if kernels or compiled:
        remedy = "backend='vmap' may do, slower; after a convolution take reshape, not view."
    if compiled:
        losses_of = torch.compile(losses_of, dynamic=False)

    def gradients(
        params: Stacked, buffers: Stacked, inputs: Tensor, targets: Tensor
    ) -> tuple[Tensor, list[Tensor]]:
        leaves = {name: p.detach().requires_grad_() for name, p in params.items()}
        try:
            with torch.enable_grad(), _tf32_products(asked=precision == "tf32"):
                losses, changed = losses_of(leaves, buffers, inputs, targets)
                found = torch.autograd.grad(
                    losses.sum(), list(leaves.values()), allow_unused=True, materialize_grads=True
                )
        except torch.OutOfMemoryError:
            raise
        except (RuntimeError, ValueError, NotImplementedError) as error:
            if "memory" in str(error):
                raise
            raise CannotStack(
                f"replicas cannot stack {type(model).__name__}: vmap says "
                f"{str(error).strip().splitlines()[0]!r}. {remedy}"
            ) from error
        for name, new in changed.items():
            buffers[name].copy_(new.detach())
        return losses.detach(), [g.contiguous() for g in found]

    return gradients


@contextmanager
def _tf32_products(*, asked: bool) -> Iterator[None]:
    """Let torch round the factors of float32 products to TF32 meanwhile, if asked."""
    if not asked:
        yield
        return
    with _SWITCH, float32_products("high"):
        yield


def _exchanged(model: nn.Module, precision: str, *, compiled: bool) -> nn.Module:
    """Exchange layers for our own operations, in place, and return the model."""
    from coursekit.replicas._layers import for_stacks  # registers operations: torch 2.5

    return for_stacks(model, precision, compiled=compiled)


def vmap_outputs(
    model: nn.Module, *, kernels: bool = False
) -> Callable[[Stacked, Stacked, Tensor], Tensor]:
    """Return a function (params, buffers, inputs (n, ...)) -> outputs (R, n, ...), in eval mode."""
    base = copy.deepcopy(model).eval()
    if kernels:
        base = _exchanged(base, "float32", compiled=False)

    def outputs(params: Stacked, buffers: Stacked, inputs: Tensor) -> Tensor:
        return functional_call(base, (params, buffers), (inputs,))

    return vmap(outputs, in_dims=(0, 0, None))


def single_outputs(model: nn.Module) -> Callable[[Stacked, Stacked, Tensor], Tensor]:
    """Return the same function for a stack of one, without vmap: any model will do."""
    base = copy.deepcopy(model).eval()

    def outputs(params: Stacked, buffers: Stacked, inputs: Tensor) -> Tensor:
        alone = {name: t[0] for name, t in (params | buffers).items()}
        return functional_call(base, alone, (inputs,)).unsqueeze(0)

    return outputs


def activation_bytes(model: nn.Module, loss_fn: Loss, inputs: Tensor, targets: Tensor) -> int:
    """Return the bytes that autograd keeps of this batch for its backward pass."""
    model = copy.deepcopy(model)
    own = {p.data_ptr() for p in model.parameters()}
    seen: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        if tensor.data_ptr() not in own:
            seen[tensor.data_ptr()] = tensor.numel() * tensor.element_size()
        return tensor.detach()  # an output itself would hold its own node, and so the graph

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        loss_fn(model(inputs), targets)
    return sum(seen.values())
