"""A second data set: the same measurement on digits, and a rule that asks both.

What one data set shows may be a matter of that set. Five claims are measured on MNIST-1D and on
digits (1,024 images of 8x8); their quantities there begin with "digits_".
"""

from collections.abc import Callable
from dataclasses import dataclass

from coursekit.claims.declare import Measured, Values

PREFIX = "digits_"
WIDTHS = {"mnist1d": (40, 64, 64, 10), "digits": (64, 64, 64, 10)}


def of_digits(values: Measured) -> Measured:
    """Return quantities under the names that they have for digits."""
    return {PREFIX + name: column for name, column in values.items()}


@dataclass(frozen=True)
class OnBoth:
    """The rule for two data sets that asks ``rule`` of each.

    "depends", on the data set, where digits give another firm verdict than MNIST-1D; else the
    verdict of MNIST-1D. The page says beside it what digits give, "unresolved" included.
    """

    rule: Callable[[Values], str]

    def __call__(self, values: Values) -> str:
        """Return the verdict."""
        first = self.rule({n: c for n, c in values.items() if not n.startswith(PREFIX)})
        second = self.on_digits(values)
        open_or_equal = first == "unresolved" or second in ("", "unresolved", first)
        return first if open_or_equal else "depends"

    def on_digits(self, values: Values) -> str:
        """Return the verdict of digits alone; "" where they were not measured."""
        second = {n.removeprefix(PREFIX): c for n, c in values.items() if n.startswith(PREFIX)}
        return self.rule(second) if second else ""
