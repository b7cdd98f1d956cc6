"""Power iteration, and wrong values and residuals of it."""

from collections.abc import Callable

from torch import Tensor

Product = Callable[[Tensor], Tensor]


def direction_after(product: Product, start: Tensor, num_steps: int) -> Tensor:
    v = start / start.norm()
    for _ in range(num_steps):
        v = product(v)
        v = v / v.norm()
    return v


def power_iteration(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
    v = direction_after(product, start, num_steps)
    moved = product(v)
    value = v @ moved
    return [value, (moved - value * v).norm()]


def with_v(formula: Callable[[Tensor, Tensor], list[Tensor]]) -> Callable[..., list[Tensor]]:
    """Return an answer that applies a formula to the final v and A v."""

    def answer(product, start, num_steps):
        v = direction_after(product, start, num_steps)
        return formula(v, product(v))

    return answer


def without_last_normalising(product, start, num_steps):
    v = product(direction_after(product, start, num_steps - 1))
    moved = product(v)
    value = v @ moved
    return [value, (moved - value * v).norm()]


def residual_of_the_start(product, start, num_steps):
    value, _ = power_iteration(product, start, num_steps)
    v = start / start.norm()
    return [value, (product(v) - value * v).norm()]


def length_of_the_last_product(product, start, num_steps):
    before = direction_after(product, start, num_steps - 1)
    v = direction_after(product, start, num_steps)
    value = product(before).norm()
    return [value, (product(v) - value * v).norm()]


def stale_product(product, start, num_steps):
    """Use the new v with the product of the old one."""
    moved = product(direction_after(product, start, num_steps - 1))
    v = moved / moved.norm()
    value = v @ moved
    return [value, (moved - value * v).norm()]


def change_of_v(product, start, num_steps):
    before = direction_after(product, start, num_steps - 1)
    v = direction_after(product, start, num_steps)
    return [v @ product(v), (v - before).norm()]


def change_of_value(product, start, num_steps):
    before, now = (power_iteration(product, start, n)[0] for n in (num_steps - 1, num_steps))
    return [now, (now - before).abs()]


def in_another_norm(norm: Callable[[Tensor], Tensor]) -> Callable[..., list[Tensor]]:
    def answer(product, start, num_steps):
        v = direction_after(product, start, num_steps)
        v = v / norm(v)
        value = v @ product(v)
        return [value, (product(v) - value * v).norm()]

    return answer


def mean_stretch(v: Tensor, moved: Tensor) -> list[Tensor]:
    value = (moved / v).mean()
    return [value, (moved - value * v).norm()]


def of_value(change: Callable[[Tensor], Tensor]) -> Callable[..., list[Tensor]]:
    def answer(product, start, num_steps):
        value, residual = power_iteration(product, start, num_steps)
        return [change(value), residual]

    return answer


def of_residual(change: Callable[[Tensor, Tensor, int], Tensor]) -> Callable[..., list[Tensor]]:
    def answer(product, start, num_steps):
        value, residual = power_iteration(product, start, num_steps)
        return [value, change(residual, value, len(start))]

    return answer


def power_unnormalised(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
    v = start
    for _ in range(num_steps):
        v = product(v)
    moved = product(v)
    value = v @ moved
    return [value, (moved - value * v).norm()]


def long_residual(normalise: bool) -> Callable[..., list[Tensor]]:
    """Return the right quotient with the residual of a v that is not of length one."""

    def answer(product: Product, start: Tensor, num_steps: int) -> list[Tensor]:
        if normalise:
            v = product(direction_after(product, start, num_steps - 1))
        else:
            v = start
            for _ in range(num_steps):
                v = product(v)
        moved = product(v)
        value = (v @ moved) / (v @ v)
        return [value, (moved - value * v).norm()]

    return answer
