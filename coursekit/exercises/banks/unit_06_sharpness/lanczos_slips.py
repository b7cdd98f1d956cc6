"""Lanczos iteration, and wrong bases, values and residuals, each with its question."""

from collections.abc import Callable

import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Mistake

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


def changed(
    value: Callable[[Tensor], Tensor] = lambda v: v,
    residual: Callable[[Tensor, Tensor], Tensor] = lambda r, v: r,
) -> Callable[..., list[Tensor]]:
    """Return the mistake that changes one of the two right numbers."""

    def answer(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
        right, left = lanczos(product, start, num_steps)
        return [value(right), residual(left, right)]

    return answer


def of_pair(
    make: Callable[[Tensor, Tensor, Tensor, Tensor], Tensor],
) -> Callable[..., list[Tensor]]:
    """Return the mistake whose residual is make(y, A y, value, s) of the top combination."""

    def answer(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
        rows, moved = basis(product, start, num_steps)
        values, vectors = torch.linalg.eigh(rows @ moved.T)
        s = vectors[:, -1]
        return [values[-1], make(s @ rows, s @ moved, values[-1], s)]

    return answer


def last_with_best(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
    rows, moved = basis(product, start, num_steps)
    value = top_pair(rows, moved)[0]
    return [value, (moved[-1] - value * rows[-1]).norm()]


def row_for_column(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
    rows, moved = basis(product, start, num_steps)
    values, vectors = torch.linalg.eigh(rows @ moved.T)
    mix = vectors[-1]
    return [values[-1], (mix @ moved - values[-1] * (mix @ rows)).norm()]


def eigh_pair(rows: Tensor, moved: Tensor) -> tuple[Tensor, Tensor]:
    if not (rows @ moved.T).isfinite().all():  # lengths that grow without end
        return torch.tensor(torch.nan), torch.tensor(torch.nan)
    values, vectors = torch.linalg.eigh(rows @ moved.T)
    return values[-1], (vectors[:, -1] @ (moved - values[-1] * rows)).norm()


def lengths_kept(*, first: bool = False, further: bool = False) -> Callable[..., list[Tensor]]:
    """Return the mistake that leaves the first row, or the further ones, at their own length."""

    def answer(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
        rows = [start if first else start / start.norm()]
        moved = [product(rows[0])]
        while len(rows) < num_steps:
            new, kept = moved[-1], torch.stack(rows)
            for _ in range(2):
                new = new - kept.T @ (kept @ new)
            if new.norm() <= 1e-8 * moved[-1].norm():
                break
            rows.append(new if further else new / new.norm())
            moved.append(product(rows[-1]))
        return list(eigh_pair(torch.stack(rows), torch.stack(moved)))

    return answer


MISTAKES: tuple[Mistake, ...] = (
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
        "size of the value",
        "You drop the sign of the value. Can the highest curvature lie below zero?",
        changed(value=torch.abs),
    ),
    Mistake(
        "residual relative to the value",
        "You divide the residual by the eigenvalue. Is the asked residual a length or a fraction?",
        changed(residual=lambda r, v: r / v.abs()),
    ),
    Mistake(
        "largest entry of the residual",
        "You take the largest entry of the residual. Which norm says how far the nearest "
        "eigenvalue can be?",
        of_pair(lambda y, ay, value, s: (ay - value * y).abs().max()),
    ),
    Mistake(
        "length of A y",
        "Your residual is the length of A y. What has to be taken away from it first?",
        of_pair(lambda y, ay, value, s: ay.norm()),
    ),
    Mistake(
        "eigenvalue left out of the residual",
        "You subtract y itself from A y. By which factor should A have stretched it?",
        of_pair(lambda y, ay, value, s: (ay - y).norm()),
    ),
    Mistake(
        "a row of the eigenvectors",
        "Your value is right, and the combination is not its own. Are eigenvectors the rows or "
        "the columns of what `eigh` returns?",
        row_for_column,
    ),
    Mistake(
        "start as it is",
        "Your first row keeps the length of the start. When is Q A Q' the matrix A seen in "
        "those rows?",
        lengths_kept(first=True),
    ),
    Mistake(
        "rows not of length one",
        "Your further rows keep the length that the products give them. When is Q A Q' the "
        "matrix A seen in those rows?",
        lengths_kept(further=True),
    ),
    Mistake(
        "as many rows as weights",
        "You make as many rows as there are weights. How many does `num_steps` name?",
        lambda product, start, n: lanczos(product, start, len(start)),
    ),
    Mistake(
        "residual of the last row and the best value",
        "Your residual takes the last row with the best value. Whose product is near that "
        "value times itself?",
        last_with_best,
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
)
