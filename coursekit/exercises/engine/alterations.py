"""Small changes of an argument or a result, each with the question that whoever made it needs."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Change = Callable[[Any], Any]
MOST_DOUBLED = 1000  # a count of steps, say


@dataclass(frozen=True)
class Altered:
    """A change of one value: what it makes, in words, and the question that goes with it."""

    what: str  # "{} less 1"
    asks: str
    change: Change


class DoesNotApply(Exception):
    """A change that has no meaning for this value."""


def number(value: Any) -> float:
    """Return a plain number; anything else has no root and no half."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise DoesNotApply
    return value


def real(value: Any) -> float:
    """Return a number that is no count."""
    if isinstance(value, int):
        raise DoesNotApply
    return number(value)


def few(value: Any) -> float:
    """Return a number that is not so large that its double could cost time."""
    if isinstance(value, int) and value > MOST_DOUBLED:
        raise DoesNotApply
    return number(value)


def listed(value: Any) -> Any:
    """Return a list or array with two entries at least."""
    if not isinstance(value, list | np.ndarray) or np.ndim(value) == 0 or len(value) < 2:
        raise DoesNotApply
    return value


def table(value: Any) -> np.ndarray:
    """Return an array with two axes or more."""
    if not isinstance(value, np.ndarray) or value.ndim < 2:
        raise DoesNotApply
    return value


def flat(value: Any) -> Any:
    """Return a list of numbers, or an array with one axis."""
    value = listed(value)
    if any(isinstance(v, bool | str) or np.ndim(v) != 0 for v in value):
        raise DoesNotApply
    return value


def like(value: Any, items: Any) -> Any:
    """Return items as the kind that value was."""
    return np.array(items, value.dtype) if isinstance(value, np.ndarray) else list(items)


def each(function: Callable[[float], float]) -> Change:
    """Return a change of every number in a value, whatever its shape."""

    def change(value: Any) -> Any:
        if isinstance(value, list):
            return [change(v) for v in value]
        if isinstance(value, np.ndarray) and value.dtype.kind == "f":
            return np.vectorize(function, otypes=[float])(value).astype(value.dtype)
        if isinstance(value, np.ndarray) and value.dtype.kind == "i":
            return np.vectorize(function)(value)
        return function(number(value))

    return change


def share(value: float) -> float:
    """Return 1 - x for a share between 0 and 1; a count of 0 or 1 is none."""
    if isinstance(value, int) or not 0 <= value <= 1:
        raise DoesNotApply
    return 1 - value


def whole(round_off: Callable[[float], float]) -> Callable[[float], float]:
    """Return a rounding that leaves nan and infinities alone."""
    return lambda x: float(round_off(x)) if math.isfinite(x) else x


SCALARS = (  # changes of a number that is handed over
    Altered("{} less 1", "Where does that one get lost?", lambda x: number(x) - 1),
    Altered("{} plus 1", "Where does that one come from?", lambda x: number(x) + 1),
    Altered("1 - {}", "Which of the two shares does it name?", lambda x: share(number(x))),
    Altered("the square of {}", "Is it squared once too often?", lambda x: real(x) ** 2),
    Altered(
        "the root of {}", "Is a root too many, or a square missing?", lambda x: number(x) ** 0.5
    ),
    Altered("twice {}", "What is counted twice?", lambda x: 2 * few(x)),
    Altered("half of {}", "Where does that half come from?", lambda x: number(x) / 2),
    Altered("1 / {}", "Which way round does it go in?", lambda x: 1 / number(x)),
    Altered("-{}", "Which sign does it have?", lambda x: -real(x)),
    Altered("{} rounded down", "Has it to be whole?", lambda x: math.floor(real(x))),
    Altered("{} rounded up", "Has it to be whole?", lambda x: math.ceil(real(x))),
    Altered("{} = 0", "Does it get into your result at all?", lambda x: 0 * number(x)),
    Altered("{} = 1", "Does it get into your result at all?", lambda x: 1 + 0 * number(x)),
)
LISTS = (  # changes of a list or array
    Altered("{} without its last entry", "Does a loop end too early?", lambda v: listed(v)[:-1]),
    Altered("{} without its first entry", "Does a loop begin too late?", lambda v: listed(v)[1:]),
    Altered("the first entry of {} alone", "What do the others do?", lambda v: listed(v)[:1]),
    Altered("the last entry of {} alone", "What do the others do?", lambda v: listed(v)[-1:]),
    Altered(
        "{} from its end to its start", "In which order do they come?", lambda v: listed(v)[::-1]
    ),
    Altered("{} in rising order", "Does the order matter?", lambda v: like(v, sorted(flat(v)))),
    Altered(
        "{} in falling order", "Does the order matter?", lambda v: like(v, sorted(flat(v))[::-1])
    ),
    Altered(
        "{} with what comes again left out",
        "May a value come twice?",
        lambda v: like(v, list(dict.fromkeys(map(float, flat(v))))),
    ),
    Altered(
        "the running sums of {}", "What does one entry hold?", lambda v: like(v, np.cumsum(flat(v)))
    ),
    Altered("every second entry of {}", "Which entries are skipped?", lambda v: listed(v)[::2]),
    Altered(
        "the sizes of {}, without signs", "Does a sign matter?", lambda v: like(v, np.abs(flat(v)))
    ),
    Altered(
        "{} as if all were its mean",
        "Which numbers differ?",
        lambda v: like(v, [np.mean(flat(v))] * len(v)),
    ),
    Altered(
        "{} with rows and columns exchanged",
        "Which axis is which?",
        lambda v: table(v).swapaxes(0, 1),
    ),
    Altered("the first column of {} alone", "What do the others do?", lambda v: table(v)[:, :1]),
    Altered("{} without its last column", "Does a loop end too early?", lambda v: table(v)[:, :-1]),
    Altered(
        "{} without its first column", "Does a loop begin too late?", lambda v: table(v)[:, 1:]
    ),
)
RESULTS = (  # changes of what comes back
    Altered(
        "the roots of the right ones",
        "Is a root too many?",
        each(lambda x: x**0.5 if x >= 0 else math.nan),
    ),
    Altered("the squares of the right ones", "Is a root missing?", each(lambda x: x**2)),
    Altered("1 over the right ones", "Which way round is the quotient?", each(lambda x: 1 / x)),
    Altered("1 minus the right ones", "Which of the two shares is asked?", each(lambda x: 1 - x)),
    Altered("1 more than the right ones", "Where does that one come from?", each(lambda x: x + 1)),
    Altered("1 less than the right ones", "Where does that one get lost?", each(lambda x: x - 1)),
    Altered(
        "the right ones with the other sign",
        "Which way round is the difference?",
        each(lambda x: -x),
    ),
    Altered("the right ones without their sign", "Does the sign matter?", each(abs)),
    Altered("the right ones, rounded down", "Has it to be whole?", each(whole(math.floor))),
    Altered("the right ones, rounded up", "Has it to be whole?", each(whole(math.ceil))),
    Altered("the right ones, rounded to whole numbers", "Has it to be whole?", each(whole(round))),
    Altered("the right ones, cut off at 0", "May it lie below 0?", each(lambda x: max(x, 0.0))),
    Altered("the right ones, cut off at 1", "May it lie above 1?", each(lambda x: min(x, 1.0))),
    Altered("100 times the right ones", "A fraction, or percent?", each(lambda x: 100 * x)),
    Altered("a hundredth of the right ones", "A fraction, or percent?", each(lambda x: x / 100)),
    Altered("1000 times the right ones", "In which unit?", each(lambda x: 1e3 * x)),
    Altered("a thousandth of the right ones", "In which unit?", each(lambda x: x / 1e3)),
    Altered("a million times the right ones", "In which unit?", each(lambda x: 1e6 * x)),
    Altered("a millionth of the right ones", "In which unit?", each(lambda x: x / 1e6)),
    Altered("60 times the right ones", "Seconds, minutes or hours?", each(lambda x: 60 * x)),
    Altered("a 60th of the right ones", "Seconds, minutes or hours?", each(lambda x: x / 60)),
    Altered("3600 times the right ones", "Seconds, minutes or hours?", each(lambda x: 3600 * x)),
    Altered("a 3600th of the right ones", "Seconds, minutes or hours?", each(lambda x: x / 3600)),
    Altered("the right ones times ln 2", "To which base?", each(lambda x: x * math.log(2))),
    Altered("the right ones over ln 2", "To which base?", each(lambda x: x / math.log(2))),
    Altered("the right ones times ln 10", "To which base?", each(lambda x: x * math.log(10))),
    Altered("the right ones over ln 10", "To which base?", each(lambda x: x / math.log(10))),
    Altered("the logarithms of the right ones", "Is an exp missing?", each(lambda x: math.log(x))),
    Altered(
        "the exponentials of the right ones", "Is a logarithm missing?", each(lambda x: math.exp(x))
    ),
    Altered(
        "the running sums of the right ones",
        "Each by itself, or all so far?",
        lambda v: like(v, np.cumsum(flat(v))),
    ),
    Altered(
        "the right ones in rising order",
        "In which order are they asked?",
        lambda v: like(v, sorted(flat(v))),
    ),
    Altered(
        "the right ones from end to start",
        "In which order are they asked?",
        lambda v: listed(v)[::-1],
    ),
    Altered(
        "the right ones with rows and columns exchanged",
        "Which axis is which?",
        lambda v: table(v).swapaxes(0, 1),
    ),
)


@dataclass(frozen=True)
class Scaled:
    """A change of a result by a size n: a number that was handed over, or a length."""

    what: str  # "the right ones times {}"
    asks: str
    change: Callable[[float, float], float]


SCALED = (
    Scaled("the right ones times {}", "For each, or for all?", lambda x, n: x * n),
    Scaled("the right ones over {}", "For each, or for all?", lambda x, n: x / n),
    Scaled(
        "the right ones times the root of {}", "What shrinks like a root?", lambda x, n: x * n**0.5
    ),
    Scaled(
        "the right ones over the root of {}", "What shrinks like a root?", lambda x, n: x / n**0.5
    ),
    Scaled("the right ones over the square of {}", "Divided twice?", lambda x, n: x / n**2),
    Scaled(
        "the right ones times n / (n - 1) with n = {}",
        "How many of them are free to differ?",
        lambda x, n: x * n / (n - 1),
    ),
    Scaled(
        "the right ones times (n - 1) / n with n = {}",
        "How many of them are free to differ?",
        lambda x, n: x * (n - 1) / n,
    ),
    Scaled("the right ones plus {}", "What is added that should not be?", lambda x, n: x + n),
    Scaled("the right ones less {}", "What is taken away that should stay?", lambda x, n: x - n),
)
