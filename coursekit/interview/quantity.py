"""Numbers as people type them, with their units; what could be misread is refused, not guessed."""

import math
import re
import unicodedata

FACTORS = {  # unit -> (dimension, factor to the dimension's base unit)
    "": ("", 1.0),
    "%": ("", 0.01),
    "percent": ("", 0.01),
    "x": ("", 1.0),
    "times": ("", 1.0),
    "fold": ("", 1.0),
    "s": ("time", 1.0),
    "sec": ("time", 1.0),
    "second": ("time", 1.0),
    "ms": ("time", 1e-3),
    "millisecond": ("time", 1e-3),
    "min": ("time", 60.0),
    "minute": ("time", 60.0),
    "h": ("time", 3600.0),
    "hr": ("time", 3600.0),
    "hour": ("time", 3600.0),
    "day": ("time", 86400.0),
    "b": ("memory", 1.0),
    "byte": ("memory", 1.0),
    "kb": ("memory", 1e3),
    "mb": ("memory", 1e6),
    "megabyte": ("memory", 1e6),
    "gb": ("memory", 1e9),
    "gigabyte": ("memory", 1e9),
    "tb": ("memory", 1e12),
    "terabyte": ("memory", 1e12),
    "kib": ("memory", 2.0**10),
    "mib": ("memory", 2.0**20),
    "gib": ("memory", 2.0**30),
    "example": ("examples", 1.0),
    "sample": ("examples", 1.0),
    "image": ("examples", 1.0),
    "sequence": ("examples", 1.0),
    "token": ("tokens", 1.0),
    "step": ("steps", 1.0),
    "update": ("steps", 1.0),
    "iteration": ("steps", 1.0),
    "epoch": ("epochs", 1.0),
    "gpu": ("gpus", 1.0),
    "gpu hour": ("gpu time", 3600.0),
}
MULTIPLES = {"k": 1e3, "thousand": 1e3, "M": 1e6, "million": 1e6, "billion": 1e9}
BEFORE = re.compile(  # what people write before a number
    r"^(?:(?:about|around|approximately|approx|roughly|circa|ca|some|nearly|almost|say|i|get|it|is|"
    r"would|be|so|the|answer|a|factor|of|by)\b\.?|[=~≈:]|\s)+",
    re.IGNORECASE,
)
NUMBER = r"[-+]?(?:\d[\d.,_ ]*|\.\d+)(?:e[-+]?\d+)?"
POWER = re.compile(r"\s*(?:x|\*|·)\s*10\s*(?:\^|\*\*)\s*([-+]?\d+)")
EXPONENT = re.compile(r"\s*(?:\^|\*\*)\s*([-+]?\d+(?:\.\d+)?)")


def parse_quantity(text: str) -> tuple[float, str]:
    """Read "1,024 steps", "3e-4", "3/4", "10k", "½", "2^10", "1,5" or "90 min": (number, unit).

    A comma before exactly three digits parts thousands, unless a zero stands before it; before any
    other number of digits it is a decimal comma.

    Raises:
        ValueError: If there is no number, more than one, or one that could be read in two ways.
    """
    clean = _plain(text)
    match = re.match(NUMBER, clean, re.IGNORECASE)
    if match is None:
        raise ValueError(f"no number in {text!r}: write for example 512, 3e-4, 3/4 or 90 min")
    number, rest = _number(match.group(), text), clean[match.end() :]
    if power := POWER.match(rest):
        number, rest = number * 10.0 ** int(power.group(1)), rest[power.end() :]
    elif exponent := EXPONENT.match(rest):
        number, rest = _to_the(number, float(exponent.group(1))), rest[exponent.end() :]
    if fraction := re.match(rf"\s*/\s*({NUMBER})", rest, re.IGNORECASE):
        below = _number(fraction.group(1), text)
        if below == 0:
            raise ValueError(f"{text!r} divides by zero")
        number, rest = number / below, rest[fraction.end() :]
    if re.search(r"\d", rest):
        raise ValueError(f"more than one number in {text!r}: give the result alone")
    for word, factor in MULTIPLES.items():
        if multiple := re.match(rf"\s*{word}\b", rest):
            number, rest = number * factor, rest[multiple.end() :]
    unit = re.sub(r"[^a-z%]+", " ", rest.lower()).strip()
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is too large")
    return number, unit


def _plain(text: str) -> str:
    """Return a text without what people write before a number, fractions and signs in ASCII."""
    clean = text.strip().replace("×", "x").replace("−", "-")
    for letter in clean:
        if unicodedata.category(letter) == "No" and not letter.isdigit():  # one half and the like
            value = unicodedata.numeric(letter)
            whole = re.search(rf"(\d+)\s*{letter}", clean)
            if whole:
                clean = clean.replace(whole.group(), repr(int(whole.group(1)) + value))
            clean = clean.replace(letter, repr(value))
    return BEFORE.sub("", clean)


def _number(digits: str, text: str) -> float:
    """Return a number with its separators told apart.

    Raises:
        ValueError: If it could be read in two ways.
    """
    mantissa, e, power = digits.strip().lower().partition("e")
    mantissa = mantissa.rstrip(" .,_")
    unclear = ValueError(f"{text!r} can be read in two ways: write 1500 or 1.5")
    commas, dots = mantissa.count(","), mantissa.count(".")
    if dots > 1 or (commas and dots and mantissa.rindex(",") > mantissa.index(".")):
        raise unclear
    head, *groups = re.split(r"[,_ ]", mantissa.partition(".")[0])
    if (groups and not all(len(group) == 3 for group in groups)) or (
        groups and head.lstrip("+-") == "0"
    ):
        if commas != 1 or dots or "_" in mantissa or " " in mantissa:
            raise unclear
        mantissa = mantissa.replace(",", ".")  # a decimal comma
    return float(re.sub(r"[,_ ]", "", mantissa) + e + power)


def _to_the(number: float, power: float) -> float:
    try:
        return math.pow(number, power)
    except (OverflowError, ValueError):  # too large, or the root of a negative number
        return math.inf


def unit_of(word: str) -> tuple[str, float]:
    """Return (dimension, factor) of a unit's name; "optimizer steps" counts as steps.

    Raises:
        ValueError: For a unit that nobody knows; the message lists those known.
    """
    whole = word.lower()
    for name in (whole, whole.removesuffix("s"), whole.split(" ")[-1].removesuffix("s")):
        if name in FACTORS and (name or not whole):
            return FACTORS[name]
    raise ValueError(f"unknown unit {word!r}: there are {', '.join(sorted(FACTORS))[2:]}")


def in_unit(text: str, unit: str) -> float:
    """Return the number of a text in the unit asked for; a number alone counts in that unit.

    Where no unit is asked for, a word that is none may follow: "36 pairs".

    Raises:
        ValueError: For no number, an unknown unit, or one of another kind.
    """
    number, given = parse_quantity(text)
    if not given:
        return number
    try:
        kind, factor = unit_of(given)
    except ValueError:
        if not unit:
            return number
        raise
    want, base = unit_of(unit)
    if kind != want:
        if not want and kind in ("examples", "steps", "epochs", "gpus"):  # things that are counted
            return number
        asked = f"in {unit}" if unit else "without a unit"
        raise ValueError(f"{given!r} is a unit of another kind: the answer is asked for {asked}")
    return number * factor / base
