"""The loss's Hessian in a network's output, one small matrix per example, as sums of squares."""

from collections.abc import Callable

import torch
from torch import Tensor


def output_hessian_factors(
    loss_fn: Callable[[Tensor, Tensor], Tensor], output: Tensor, target: Tensor
) -> tuple[Tensor, Tensor]:
    """Split each example's output Hessian into signed squares of vectors.

        d^2 l_n / d output_n^2 = sum_c s_nc f_nc f_nc'

    Softmax cross-entropy (diag(p) - p p') and losses that act on each output alone (squared
    error) are recognised from products with a random vector, which no other matrix passes but by
    chance of measure zero; other losses take one product per output and an eigendecomposition.

    Args:
        loss_fn: Mean loss over examples.
        output: Shape (num_examples, ...); D numbers per example.
        target: Passed on to loss_fn.

    Returns:
        Factors (num_factors, num_examples, D) and signs (num_factors, num_examples), +1 or -1.
        D factors at most.

    Raises:
        ValueError: If one example's loss depends on another's output, or is not finite.
    """
    count = len(output)
    leaf = output.detach().requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(count * loss_fn(leaf, target), leaf, create_graph=True)

    if not torch.isfinite(slope).all():
        raise ValueError(
            "the loss of some examples is not finite, or its slope is not: look for nan or inf in "
            "the data"
        )

    def product(vector: Tensor) -> Tensor:
        if not slope.requires_grad:  # a loss linear in the output
            return torch.zeros_like(vector)
        (bent,) = torch.autograd.grad(slope, leaf, vector.view_as(slope), retain_graph=True)
        return bent.reshape(count, -1)

    flat = output.detach().reshape(count, -1)
    num_outputs = flat.shape[1]
    rng = torch.Generator().manual_seed(0)
    probe = torch.randn(flat.shape, generator=rng, device=rng.device).to(flat)
    seen = product(probe)

    eps = float(torch.finfo(flat.dtype).eps)

    def is_seen(expected: Tensor, scale: float) -> bool:
        largest = max(seen.abs().max().item(), expected.abs().max().item())
        rounding = 1e3 * eps * largest + 10 * eps * scale * probe.abs().max().item()
        return (seen - expected).abs().max().item() <= rounding

    if output.dim() == 2 and num_outputs > 1:
        p = flat.softmax(dim=1)
        if is_seen(p * (probe - (p * probe).sum(dim=1, keepdim=True)), scale=1.0):
            return _softmax_factors(p), torch.ones_like(p.T[1:])
    diagonal = product(torch.ones_like(flat))
    if is_seen(diagonal * probe, scale=diagonal.abs().max().item()):
        factors = torch.diag_embed(diagonal.abs().sqrt()).transpose(0, 1)
        return factors.contiguous(), diagonal.T.sign()
    units = torch.eye(num_outputs, dtype=flat.dtype, device=flat.device)
    columns = [product(unit.expand(count, num_outputs)) for unit in units]
    matrices = torch.stack(columns, dim=2)
    expected = (matrices @ probe.unsqueeze(2)).squeeze(2)
    if not is_seen(expected, scale=matrices.abs().max().item()):
        raise ValueError(
            "the loss couples examples: its second derivative by two examples' outputs is not 0"
        )
    values, vectors = torch.linalg.eigh((matrices + matrices.transpose(1, 2)) / 2)
    factors = vectors * values.abs().sqrt().unsqueeze(1)
    return factors.permute(2, 0, 1).contiguous(), values.T.sign()


def _softmax_factors(p: Tensor) -> Tensor:
    """Factor diag(p) - p p' of each row into one vector less than there are classes.

    LDL' in closed form, with the tails r_c = p_c + ... + p_C: column c is 1 at c and
    -p_j / r_{c+1} below, times sqrt(p_c r_{c+1} / r_c); the last is 0.

    Args:
        p: Probabilities, shape (num_examples, num_classes).

    Returns:
        Shape (num_classes - 1, num_examples, num_classes).
    """
    tiny = torch.finfo(p.dtype).tiny
    tails = p.T.flip(0).cumsum(dim=0).flip(0)  # (num_classes, num_examples)
    here, below = tails[:-1].clamp(min=tiny), tails[1:].clamp(min=tiny)
    lengths = (p.T[:-1] * below / here).sqrt()
    unit = torch.eye(p.shape[1], dtype=p.dtype, device=p.device)[:-1].unsqueeze(1)
    later = unit.cumsum(dim=2) - unit
    return unit * lengths.unsqueeze(2) - later * (lengths / below).unsqueeze(2) * p
