"""|G|^2 and tr(Sigma) from the squared norms of two batch sizes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from coursekit.noise.scale import GradMoments, _mean_of_trials


def two_batch_moments(
    sq_norm_small: Tensor | Sequence[float] | float,
    sq_norm_big: Tensor | Sequence[float] | float,
    batch_small: int,
    batch_big: int,
    *,
    num_examples: int | None = None,
) -> GradMoments:
    """Estimate |G|^2 and tr(Sigma) without bias from squared gradient norms at two batch sizes.

        E|g_B|^2 = |G|^2 + tr(Sigma)/B,   two equations in two unknowns:
        |G|^2 = (B_big |g_big|^2 - B_small |g_small|^2)/(B_big - B_small)
        tr Sigma = (|g_small|^2 - |g_big|^2)/(1/B_small - 1/B_big)

    Args:
        sq_norm_small: |g|^2 at the small batch size: one number, or one per trial. The mean of
            |g_k|^2 over ALL micro-batches of a trial wastes nothing; the last one alone does.
        sq_norm_big: |g|^2 at the big batch size, of the same trials.
        batch_small: Examples of the small batch.
        batch_big: Examples of the big batch.
        num_examples: N, where each trial drew without replacement from a training set of N and
            G is to be that set's gradient. None: the population's.

    Returns:
        Means over trials; standard errors from their spread (nan for one trial). The small batch
        may be part of the big one: the estimates stay unbiased.

    Raises:
        ValueError: If the sizes are not 1 <= batch_small < batch_big <= num_examples, or the
            numbers of trials differ.

    Assumes independent trials at the same weights. Source: McCandlish et al. 2018, App. A.1.
    """
    if not 1 <= batch_small < batch_big:
        raise ValueError(
            f"need 1 <= batch_small < batch_big, got {batch_small} and {batch_big}; equal sizes "
            f"cannot tell noise from signal"
        )
    if num_examples is not None and batch_big > num_examples:
        raise ValueError(f"batch_big={batch_big} exceeds num_examples={num_examples}")
    small = torch.as_tensor(sq_norm_small, dtype=torch.float64, device="cpu").reshape(-1)
    big = torch.as_tensor(sq_norm_big, dtype=torch.float64, device="cpu").reshape(-1)
    if len(small) != len(big) or not len(small):
        raise ValueError(f"need one norm of each size per trial, got {len(small)} and {len(big)}")
    tr_cov = (small - big) / (1 / batch_small - 1 / batch_big)
    grad_sq_norm = (batch_big * big - batch_small * small) / (batch_big - batch_small)
    if num_examples is not None:
        grad_sq_norm = grad_sq_norm + tr_cov / num_examples
    return _mean_of_trials(
        torch.stack([grad_sq_norm, tr_cov]),
        cost=float(len(small) * batch_big),
        target="population" if num_examples is None else "training set",
    )
