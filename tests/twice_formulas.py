"""How a formula of ours is compared with torch's function: values and two derivatives."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from unittest import mock

import torch
from torch import Tensor

from coursekit.curvature import _assembly
from coursekit.curvature._twice import FORMULAS


@contextmanager
def torchs_own() -> Iterator[None]:
    """Let torch's own operations be used, for what is expected."""
    with mock.patch.object(_assembly, "formulas_for", return_value={}):
        yield


@contextmanager
def formulas_used() -> Iterator[None]:
    """Let every formula of ours be used, on a CPU and for tiny tensors too."""
    with ExitStack() as stack:
        stack.enter_context(mock.patch.object(_assembly, "formulas_for", return_value=FORMULAS))
        stack.enter_context(mock.patch.object(_assembly, "LEAST_BYTES", 0))
        yield


def drawn(seed: int, *shapes: tuple[int, ...]) -> list[Tensor]:
    """Draw float64 leaves."""
    rng = torch.Generator().manual_seed(seed)
    return [torch.randn(s, generator=rng, dtype=torch.float64, requires_grad=True) for s in shapes]


def values_and_derivatives(function, leaves: list[Tensor]) -> list[Tensor]:
    """Return the output, its gradient along a random cotangent, and that one's along others."""
    rng = torch.Generator().manual_seed(9)

    def like(t: Tensor) -> Tensor:
        return torch.randn(t.shape, generator=rng, dtype=t.dtype).to(t.device)

    output = function(*leaves)
    cotangent = like(output).requires_grad_()
    grads = torch.autograd.grad(output, leaves, cotangent, create_graph=True)
    bent = torch.autograd.grad(
        grads, [*leaves, cotangent], [like(g) for g in grads], materialize_grads=True
    )
    return [output, *grads, *bent]


def check_against(ours, theirs, leaves: list[Tensor]) -> None:
    """Compare two functions of the same leaves."""
    found = [values_and_derivatives(function, leaves) for function in (ours, theirs)]
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-10, atol=1e-11)


def check_by_differences(function, leaves: list[Tensor]) -> None:
    """Compare derivatives up to the third with central differences: a penalty's Hessian has it."""

    def slopes(*leaves):
        return torch.autograd.grad(function(*leaves).pow(3).sum(), leaves, create_graph=True)

    assert torch.autograd.gradcheck(function, leaves)
    assert torch.autograd.gradgradcheck(function, leaves)
    assert torch.autograd.gradgradcheck(slopes, leaves)
