"""What a compressed gradient adds to the noise of a step."""

import torch
from torch import Tensor


def random_share(grad: Tensor, share: float, *, generator: torch.Generator) -> Tensor:
    """Keep each entry with a chance, over that chance, and send zeros for the others.

        Q(g)_i = g_i / q with chance q, else 0;   E[Q(g)] = g,   E|Q(g) - g|^2 = (1/q - 1) |g|^2

    Args:
        grad: A gradient, any shape.
        share: q, 0 < q <= 1.
        generator: Draws which entries; on the CPU.

    Returns:
        The compressed gradient: unbiased, and noisier.

    Raises:
        ValueError: If the share is not in (0, 1].
    """
    if not 0 < share <= 1:
        raise ValueError(f"share must be above 0 and at most 1, got {share}")
    kept = torch.rand(grad.shape, generator=generator).to(grad.device) < share
    return torch.where(kept, grad / share, torch.zeros_like(grad))


def compressed_noise(
    grad_sq_norm: float, tr_cov: float, batch_size: int, *, num_workers: int, share: float
) -> float:
    """Return E|g - G|^2 of an average over workers that each compress their own gradient.

        tr(Sigma)/B + (1/q - 1) (|G|^2/N + tr(Sigma)/B)

    Each worker's gradient of B/N examples has E|g_w|^2 = |G|^2 + N tr(Sigma)/B; compression adds
    (1/q - 1) of that, and averaging N independent errors divides it by N.

    Args:
        grad_sq_norm: |G|^2.
        tr_cov: tr(Sigma), per example.
        batch_size: B, examples of all workers together.
        num_workers: N.
        share: q, the chance that an entry is sent.

    Assumes independent examples and independent choices of entries (`random_share`).
    """
    noise = tr_cov / batch_size
    return noise + (1 / share - 1) * (grad_sq_norm / num_workers + noise)
