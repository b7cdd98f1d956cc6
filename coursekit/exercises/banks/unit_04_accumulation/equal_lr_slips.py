"""The factors of a step, and ways to misread what the code does."""

import math

from coursekit.exercises.engine.declare import Mistake


def scales(b: int, k: int, n: int, r: str, d: bool, a: str) -> tuple[int, int, int]:
    """Return the three factors that are too much in the gradient."""
    return (b if r == "sum" else 1), (1 if d else k), (n if a == "sum" else 1)


READ_WRONGLY: tuple[Mistake, ...] = (
    Mistake(
        "b for all K micro-batches",
        "You take b for the examples of all K micro-batches of a worker. Of which piece is it "
        "the size?",
        lambda lr, b, k, n, r, d, a: (
            lr / ((b / k if r == "sum" else 1) * (1 if d else k) * (n if a == "sum" else 1))
        ),
    ),
    Mistake(
        "one micro-batch as the reference",
        "Your rate grows with K and N, as if the reference had trained on one micro-batch. "
        "On which batch did it train?",
        lambda lr, b, k, n, r, d, a: lr * k * n / math.prod(scales(b, k, n, r, d, a)),
    ),
    Mistake(
        "divides never true",
        "You never see that the code divides. What kind of thing is `divides`: a word, or True "
        "and False?",
        lambda lr, b, k, n, r, d, a: lr / math.prod(scales(b, k, n, r, False, a)),
    ),
    Mistake(
        "a division too many undone",
        "Your rate grows where the code divides. Is dividing here a fault, or what a mean needs?",
        lambda lr, b, k, n, r, d, a: (
            lr / (b if r == "sum" else 1) * (k if d else 1) / (n if a == "sum" else 1)
        ),
    ),
)
