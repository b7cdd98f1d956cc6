"""Traces of symmetric matrices that are known only by their products with vectors."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from coursekit.curvature.lanczos import Products
from coursekit.gradients._random_state import generator_on

MOST_GROWTH = 2  # new probes at once, per probe so far
FIRST_PROBES = 8  # before the number of probes is chosen from their spread


@dataclass(frozen=True)
class TraceEstimate:
    """A trace, how uncertain it is and how it was found."""

    value: float  # tr A; for a Hessian in loss/param^2
    stderr: float  # over the random probes (and examples, if not all); 0 if exact
    cost: float  # gradients over the data, about; nan where that has no meaning
    method: str  # "exact", "per_example", "hutchinson" or "hutch++"
    num_probes: int  # random probes (0 if exact)
    num_examples: int | None = None  # drawn at random from the data; None: all of them
    reason: str = ""  # why no more exact method was used, or the error wanted was not reached
    converged: bool = True  # False: stderr is larger than was asked for


def draw_signs(like: Tensor, shape: tuple[int, ...], rng: torch.Generator) -> Tensor:
    """Draw +-1 with equal chances, with the type and device of `like`."""
    num = math.prod(shape)
    words = torch.empty((num + 7) // 8, dtype=torch.int64, device=rng.device)
    bits = words.random_(generator=rng).view(torch.uint8)[:num] & 1  # one bit of every byte
    return bits.to(device=like.device).to(like.dtype).mul_(2).sub_(1).view(shape)


def hutchinson_trace(
    op: Products,
    *,
    num_probes: int | None = None,
    rel_stderr: float = 0.05,
    max_probes: int = 1000,
    rng: torch.Generator | None = None,
) -> TraceEstimate:
    """Estimate the trace of a symmetric matrix from products with random signs.

        E[v' A v] = sum_ij A_ij E[v_i v_j] = tr A         Var[v' A v] = 2 sum_{i != j} A_ij^2

    Args:
        op: The matrix, such as `hessian_operator(...)`.
        num_probes: How many v. None: 8, and then as many more as the spread so far says are
            needed, until the standard error is rel_stderr.
        rel_stderr: Standard error wanted, as a fraction of |tr A|.
        max_probes: At most so many where num_probes is None. Where even a trace two standard
            errors larger than found would take more, it stops at once and `reason` says how many:
            a trace that is small beside sqrt(sum_{i != j} A_ij^2) can't be had to a small
            fraction of itself.
        rng: Source of the signs; None: a new generator seeded 0.

    Returns:
        An unbiased estimate with its standard error. Where num_probes is None the number of
        probes depends on those before, which biases both a little; a fixed number does not.

    Raises:
        ValueError: If num_probes < 2 (one probe shows no spread) or rel_stderr <= 0.

    Source: Hutchinson 1990, Commun. Stat. Simul. Comput. 19(2).
    """
    _check_probes(num_probes, rel_stderr, max_probes)
    rng = generator_on(op.device) if rng is None else rng
    values = _quadratic_forms(op, FIRST_PROBES if num_probes is None else num_probes, None, rng)
    while True:
        value, stderr = values.mean().item(), values.std().item() / math.sqrt(len(values))
        more = probes_missing(len(values), stderr, rel_stderr * abs(value), max_probes)
        if num_probes is not None or more == 0:
            break
        most = abs(value) + 2 * stderr
        few = len(values) <= FIRST_PROBES  # which know little of their own spread
        if not few and probes_needed(len(values), stderr, rel_stderr * most) > max_probes:
            break
        more = min(more, MOST_GROWTH * len(values))  # few probes know little of their spread
        values = torch.cat([values, _quadratic_forms(op, more, None, rng)])
    found = TraceEstimate(
        value=value,
        stderr=stderr,
        cost=len(values) * getattr(op, "grads_per_hvp", math.nan),
        method="hutchinson",
        num_probes=len(values),
    )
    return found if num_probes is not None else flagged(found, rel_stderr)


def flagged(found: TraceEstimate, rel_stderr: float) -> TraceEstimate:
    """Say in the result if its standard error is larger than was asked for, and what it takes."""
    value, stderr, num = abs(found.value), found.stderr, found.num_probes
    if stderr <= 1.001 * rel_stderr * value:
        return found
    resolved = value > 2 * stderr
    needed = probes_needed(num, stderr, rel_stderr * (value if resolved else value + 2 * stderr))
    gradients = found.cost * needed / num
    cost = "" if math.isnan(gradients) else f" ({_rounded(gradients)} gradients over the data)"
    missed = (
        f"rel_stderr={rel_stderr:g} was not reached: the standard error is {stderr:.3g} of "
        f"{found.value:.3g} after {num} probes; to get there takes about {_rounded(needed)} "
        f"probes{'' if resolved else ' or more'}{cost}; ask for them by num_probes (in Python)"
    )
    reason = f"{found.reason}; {missed}" if found.reason else missed
    return replace(found, reason=reason, converged=False)


def _rounded(number: float) -> str:
    """Return a number to two figures, written out."""
    return f"{float(f'{number:.2g}'):,.0f}"


def hutchpp_trace(
    op: Products, *, num_hvps: int, rng: torch.Generator | None = None
) -> TraceEstimate:
    """Estimate a trace exactly on a sketched subspace and by random signs outside it.

        tr A = tr(Q' A Q) + tr((1 - QQ') A (1 - QQ')),   Q = an orthonormal basis of A S

    It beats Hutchinson where few large eigenvalues make the spread; its error falls like
    1/num_hvps instead of 1/sqrt(num_hvps).

    Args:
        op: The matrix.
        num_hvps: Products in all, at least 6: a third to sketch, a third on Q, a third outside.
        rng: Source of the signs; None: a new generator seeded 0.

    Returns:
        An unbiased estimate. The standard error is that of the random signs outside Q, from
        num_hvps/3 of them.

    Raises:
        ValueError: If num_hvps < 6.

    Source: Meyer, Musco, Musco, Woodruff 2021, arXiv:2010.09649.
    """
    if num_hvps < 6:
        raise ValueError(f"num_hvps must be >= 6: a third of it must show a spread, got {num_hvps}")
    rng = generator_on(op.device) if rng is None else rng
    size = op.shape[0]
    num_sketch = min(num_hvps // 3, size)
    like = torch.empty(0, dtype=op.torch_dtype, device=op.device)
    sketch = [op @ draw_signs(like, (size,), rng) for _ in range(num_sketch)]
    basis = torch.linalg.qr(torch.stack(sketch, dim=1))[0].T
    inside = math.fsum((q @ (op @ q)).item() for q in basis)
    num_left = num_hvps - 2 * num_sketch
    outside = _quadratic_forms(op, num_left, basis, rng)
    return TraceEstimate(
        value=inside + outside.mean().item(),
        stderr=outside.std().item() / math.sqrt(num_left),
        cost=num_hvps * getattr(op, "grads_per_hvp", math.nan),
        method="hutch++",
        num_probes=num_left,
    )


def _quadratic_forms(
    op: Products, num: int, outside: Tensor | None, rng: torch.Generator
) -> Tensor:
    """Return v' A v for random signs v, without their part in the rows of `outside`."""
    like = torch.empty(0, dtype=op.torch_dtype, device=op.device)
    values = []
    for _ in range(num):
        v = draw_signs(like, (op.shape[0],), rng)
        if outside is not None:
            v = v - (outside @ v) @ outside
        values.append(torch.dot(v.double(), (op @ v).double()).item())
    if not all(math.isfinite(value) for value in values):
        raise ValueError("a product with the matrix is not finite: is the loss NaN or inf?")
    return torch.tensor(values, dtype=torch.float64, device="cpu")


def probes_needed(num_probes: int, stderr: float, target: float) -> float:
    """Return how many probes should bring a standard error to its target, by 1/sqrt(number)."""
    return num_probes * (stderr / target) ** 2 if target > 0 else math.inf


def probes_missing(num_probes: int, stderr: float, target: float, max_probes: int) -> int:
    """Return how many further probes should bring a standard error to its target."""
    if stderr <= target:
        return 0
    growth = (stderr / target) ** 2 if target > 0 else math.inf
    growth = 8.0 if math.isnan(growth) else growth  # one probe may show no spread
    return max(0, min(math.ceil(min(growth, max_probes) * num_probes), max_probes) - num_probes)


def _check_probes(num_probes: int | None, rel_stderr: float, max_probes: int) -> None:
    if num_probes is not None and num_probes < 2:
        raise ValueError(f"num_probes must be >= 2: one probe shows no spread, got {num_probes}")
    if not rel_stderr > 0:
        raise ValueError(f"rel_stderr must be > 0, got {rel_stderr}")
    if max_probes < FIRST_PROBES:
        raise ValueError(f"max_probes must be >= {FIRST_PROBES}, got {max_probes}")
