"""A second data set: the same measurement on digits, and a rule that asks both.

What one data set shows may be a matter of that set. Five claims are measured on MNIST-1D and, with
fewer seeds, on digits (1,024 images of 8x8); their quantities there begin with "digits_".
"""

from collections.abc import Callable
from typing import Any

from coursekit.claims.declare import Measured, Values

PREFIX = "digits_"
WIDTHS = {"mnist1d": (40, 64, 64, 10), "digits": (64, 64, 64, 10)}


def of_digits(values: Measured) -> Measured:
    """Return quantities under the names that they have for digits."""
    return {PREFIX + name: column for name, column in values.items()}


def on_both(rule: Callable[[Values], str]) -> Callable[[Values], str]:
    """Return the rule that holds for two data sets what ``rule`` says of one.

    The verdict that both give; "unresolved" where one is; else "depends", on the data set. A
    measurement without digits is judged by the first set alone.
    """

    def verdict(values: Values) -> str:
        first: dict[str, Any] = {n: c for n, c in values.items() if not n.startswith(PREFIX)}
        second = {n.removeprefix(PREFIX): c for n, c in values.items() if n.startswith(PREFIX)}
        found = {rule(first), rule(second)} if second else {rule(first)}
        if len(found) == 1:
            return found.pop()
        return "unresolved" if "unresolved" in found else "depends"

    return verdict
