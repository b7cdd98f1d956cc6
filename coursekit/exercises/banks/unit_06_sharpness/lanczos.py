"""Build it: Lanczos iteration with its residual."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import close

Product = Callable[[Tensor], Tensor]


def basis(
    product: Product, start: Tensor, num_steps: int, *, against: int | None = None
) -> tuple[Tensor, Tensor]:
    """Return orthonormal rows and their products; each new row is the last product made so.

    Args:
        product: v -> A v.
        start: Any vector but 0.
        num_steps: Rows at most; fewer where the products give no new direction.
        against: Rows that a new one is made orthogonal to, the last ones; None: all.
    """
    rows, moved = [start / start.norm()], [product(start / start.norm())]
    while len(rows) < num_steps:
        new, kept = moved[-1].clone(), torch.stack(rows[-against:] if against else rows)
        for _ in range(2):  # once more, since the first pass rounds
            new = new - kept.T @ (kept @ new)
        if new.norm() <= 1e-8 * moved[-1].norm():
            break
        rows.append(new / new.norm())
        moved.append(product(rows[-1]))
    return torch.stack(rows), torch.stack(moved)


def top_pair(rows: Tensor, moved: Tensor, *, which: int = -1) -> tuple[Tensor, Tensor]:
    small = rows @ moved.T
    values, vectors = torch.linalg.eigh((small + small.T) / 2)
    mix = vectors[:, which]
    return values[which], (mix @ moved - values[which] * (mix @ rows)).norm()


def lanczos(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
    value, residual = top_pair(*basis(product, start, num_steps))
    return [value, residual]


def lanczos_by_recurrence(product, start, num_steps):
    """Keep the three-term recurrence's coefficients; the residual is |beta * last entry|."""
    v, before, beta, alphas, betas = start / start.norm(), torch.zeros_like(start), 0.0, [], []
    for _ in range(num_steps):
        new = product(v) - beta * before
        scale = product(v).norm()
        alphas.append(float(new @ v))
        new = new - alphas[-1] * v
        beta = float(new.norm())
        if beta <= 1e-8 * float(scale):
            beta = 0.0
            break
        before, v = v, new / beta
        betas.append(beta)
    off = betas[: len(alphas) - 1]
    values, vectors = np.linalg.eigh(np.diag(alphas) + np.diag(off, 1) + np.diag(off, -1))
    return [values[-1], beta * abs(vectors[-1, -1])]


def lanczos_by_krylov(product, start, num_steps):
    """Orthogonalise all powers A^k v at once, by a QR decomposition."""
    powers = [start / start.norm()]
    for _ in range(num_steps - 1):
        powers.append(product(powers[-1]))
        powers[-1] = powers[-1] / powers[-1].norm()
    left, sizes, _ = torch.linalg.svd(torch.stack(powers, dim=1), full_matrices=False)
    rows = left[:, sizes > 1e-7 * sizes[0]].T
    return list(top_pair(rows, torch.stack([product(q) for q in rows])))


def of_last(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
    rows, moved = basis(product, start, num_steps)
    value = rows[-1] @ moved[-1]
    return [value, (moved[-1] - value * rows[-1]).norm()]


def by_power(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
    v = start / start.norm()
    for _ in range(num_steps - 1):
        v = product(v)
        v = v / v.norm()
    value = v @ product(v)
    return [value, (product(v) - value * v).norm()]


def not_orthogonal(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
    rows = [start / start.norm()]
    for _ in range(num_steps - 1):
        new = product(rows[-1])
        rows.append(new / new.norm())
    kept = torch.stack(rows)
    return list(top_pair(kept, torch.stack([product(v) for v in kept])))


def best_row(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
    rows, moved = basis(product, start, num_steps)
    quotients = (rows * moved).sum(dim=1)
    i = int(quotients.argmax())
    return [quotients[i], (moved[i] - quotients[i] * rows[i]).norm()]


def largest_in_size(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
    rows, moved = basis(product, start, num_steps)
    low, high = top_pair(rows, moved, which=0), top_pair(rows, moved)
    return list(low if low[0].abs() > high[0].abs() else high)


def residual_of_last(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
    rows, moved = basis(product, start, num_steps)
    left = moved[-1] - rows.T @ (rows @ moved[-1])
    return [top_pair(rows, moved)[0], left.norm()]


def goes_on(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
    """Take whatever is left for a new direction, also where it is rounding or nothing."""
    rows, moved = basis(product, start, num_steps)
    short = len(rows) < num_steps
    return [torch.tensor(torch.nan)] * 2 if short else list(top_pair(rows, moved))


def draw_lanczos(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("one product", "a few products", "no new direction") * 2:
        p = int(rng.integers(5, 8))
        axes = np.linalg.qr(rng.normal(size=(p, p)))[0]
        values = rng.uniform(0.5, 2.0, p) * rng.choice([-1.0, 1.0], p)
        values[:3] = -rng.uniform(3.0, 3.5), rng.uniform(2.2, 2.7), -rng.uniform(0.5, 1.0)
        shares = rng.uniform(0.6, 1.0, p)
        num_steps = {"one product": 1, "a few products": int(rng.integers(2, 5))}.get(group, 6)
        if group == "no new direction":  # the start holds three eigenvectors, one of them high
            shares[3:] = 0.0
        matrix = axes @ np.diag(values) @ axes.T
        start = axes @ shares * rng.uniform(1.5, 3.0)
        cases.append(Case(group, ((matrix + matrix.T) / 2, start, num_steps)))
    return cases


U06_LANCZOS = Exercise(
    id="u06_lanczos",
    call="lanczos(product, start, num_steps)",
    points={"one product": 1.0, "a few products": 2.0, "no new direction": 1.0},
    by_hand=(
        Case(
            "one product",
            (np.array([[2.0, 1.0], [1.0, 0.0]]), np.array([3.0, 0.0]), 1),
            keeps=("smallest",),
        ),
        Case(
            "a few products",
            (np.diag([-3.0, 2.0, 1.0]), np.array([1.0, 2.0, 2.0]), 2),
            keeps=("sign",),
        ),
        Case(
            "a few products",
            (np.diag([-5.0, 4.0, 1.0, 2.5]), np.array([1.0, 1.0, 1.0, 1.0]), 3),
            keeps=("sign",),
        ),
        Case(
            "no new direction",
            (np.diag([2.0, 1.0, 4.0]), np.array([2.0, 2.0, 0.0]), 3),
            keeps=("boundary",),
        ),
        Case(
            "no new direction",
            (np.diag([-2.5, 6.0]), np.array([3.0, 0.0]), 2),
            keeps=("boundary", "sign"),
        ),
    ),
    promises=("boundary", "sign", "smallest"),
    draw=draw_lanczos,
    run="product",
    same=close(rtol=1e-4, atol=1e-5),
    reference=lanczos,
    mistakes=(
        Mistake(
            "power iteration",
            "You use the last direction alone, as power iteration does. What do the directions "
            "before it know?",
            by_power,
        ),
        Mistake(
            "last row alone",
            "You take the quotient of the last row. Which combination of all rows is the highest?",
            of_last,
        ),
        Mistake(
            "best single row",
            "You take the highest quotient of a single row. May a combination of rows lie higher?",
            best_row,
        ),
        Mistake(
            "not orthogonal",
            "Your rows are the products, only brought to length one. When is the small matrix's "
            "quotient that of A?",
            not_orthogonal,
        ),
        Mistake(
            "orthogonal to the last row only",
            "You make each new direction orthogonal to one row. A acts back on the row before that "
            "one too: are all your rows at right angles?",
            lambda product, start, n: list(top_pair(*basis(product, start, n, against=1))),
        ),
        Mistake(
            "largest in size",
            "You take the end of the spectrum that is largest in size. Which one is sharpness?",
            largest_in_size,
        ),
        Mistake(
            "smallest eigenvalue",
            "You take the lower end. In which order does `eigh` give its values?",
            lambda product, start, n: list(top_pair(*basis(product, start, n), which=0)),
        ),
        Mistake(
            "residual of the last row",
            "Your residual is what the last product leaves outside the rows. Which share of it "
            "does the combination have?",
            residual_of_last,
        ),
        Mistake(
            "one row short",
            "You stop one row early. How many rows does `num_steps` name, the start included?",
            lambda product, start, n: lanczos(product, start, max(n - 1, 1)),
        ),
        Mistake(
            "one row too many",
            "You make one row more than asked. Does the start count as a row?",
            lambda product, start, n: lanczos(product, start, n + 1),
        ),
        Mistake(
            "goes on where nothing is left",
            "You divide by a length that is zero, or rounding. What does it mean when a product "
            "lies wholly in the rows you have?",
            goes_on,
        ),
        Mistake(
            "residual squared",
            "Your residual is a sum of squares. Which unit has it, and which has the eigenvalue "
            "that it is to bound?",
            lambda product, start, n: [
                lanczos(product, start, n)[0],
                lanczos(product, start, n)[1] ** 2,
            ],
        ),
        Mistake(
            "value alone",
            "You return the eigenvalue alone. How would a reader know whether the iteration has "
            "arrived?",
            lambda product, start, n: lanczos(product, start, n)[0],
        ),
        Mistake(
            "residual first",
            "Your two numbers come in the other order. Which one does the docstring name first?",
            lambda product, start, n: lanczos(product, start, n)[::-1],
        ),
    ),
    accepted=(lanczos_by_recurrence, lanczos_by_krylov),
    lesson="All directions met so far, and the highest quotient among their combinations: never "
    "worse than the last one alone, and it says itself how far off it can be.",
    answered_by=(
        "coursekit.curvature.lanczos",
        "coursekit.curvature.hessian",
        "coursekit.curvature.sharpness_measures",
    ),
)
