"""Numbers as people write them, with their units."""

import math
import re

FACTORS = {  # unit -> (dimension, factor to the dimension's base unit)
    "": ("", 1.0),
    "%": ("", 0.01),
    "percent": ("", 0.01),
    "x": ("", 1.0),
    "times": ("", 1.0),
    "s": ("time", 1.0),
    "sec": ("time", 1.0),
    "second": ("time", 1.0),
    "ms": ("time", 1e-3),
    "min": ("time", 60.0),
    "minute": ("time", 60.0),
    "h": ("time", 3600.0),
    "hour": ("time", 3600.0),
    "day": ("time", 86400.0),
    "b": ("memory", 1.0),
    "byte": ("memory", 1.0),
    "kb": ("memory", 1e3),
    "mb": ("memory", 1e6),
    "gb": ("memory", 1e9),
    "tb": ("memory", 1e12),
    "kib": ("memory", 2.0**10),
    "mib": ("memory", 2.0**20),
    "gib": ("memory", 2.0**30),
    "example": ("examples", 1.0),
    "sample": ("examples", 1.0),
    "image": ("examples", 1.0),
    "step": ("steps", 1.0),
    "update": ("steps", 1.0),
    "epoch": ("epochs", 1.0),
    "gpu": ("gpus", 1.0),
    "gpu hour": ("gpu time", 3600.0),
}
NUMBER = r"[-+]?(?:\d[\d,_ ]*\.?\d*|\.\d+)(?:e[-+]?\d+)?"
POWER = re.compile(r"\s*(?:x|\*|·)\s*10\s*(?:\^|\*\*)\s*([-+]?\d+)")


def parse_quantity(text: str) -> tuple[float, str]:
    """Read "1,024 steps", "3e-4", "3/4", "2.5 × 10^6", "12 %" or "90 min": (number, unit).

    Raises:
        ValueError: If there is no number, or more than one.
    """
    clean = text.strip().lower().replace("×", "x").replace("−", "-").replace("≈", "")
    clean = re.sub(r"^(about|approx\.?|roughly|~|=)\s*", "", clean)
    match = re.match(NUMBER, clean)
    if match is None:
        raise ValueError(f"no number in {text!r}: write for example 512, 3e-4, 3/4 or 90 min")
    number = float(re.sub(r"[,_ ]", "", match.group()))
    rest = clean[match.end() :]
    if power := POWER.match(rest):
        number, rest = number * 10.0 ** int(power.group(1)), rest[power.end() :]
    if fraction := re.match(rf"\s*/\s*({NUMBER})", rest):
        below = float(re.sub(r"[,_ ]", "", fraction.group(1)))
        if below == 0:
            raise ValueError(f"{text!r} divides by zero")
        number, rest = number / below, rest[fraction.end() :]
    if re.search(r"\d", rest):
        raise ValueError(f"more than one number in {text!r}: give the result alone")
    unit = re.sub(r"[^a-z%]+", " ", rest).strip()
    if not math.isfinite(number):
        raise ValueError(f"{text!r} is too large")
    return number, unit


def unit_of(word: str) -> tuple[str, float]:
    """Return (dimension, factor) of a unit's name.

    Raises:
        ValueError: For a unit that nobody knows; the message lists those known.
    """
    for name in (word.lower(), word.lower().removesuffix("s")):
        if name in FACTORS:
            return FACTORS[name]
    raise ValueError(f"unknown unit {word!r}: there are {', '.join(sorted(FACTORS))[2:]}")


def in_unit(text: str, unit: str) -> float:
    """Return the number of a text in the unit asked for; a number alone counts in that unit.

    Raises:
        ValueError: For no number, an unknown unit, or one of another kind.
    """
    number, given = parse_quantity(text)
    if not given:
        return number
    kind, factor = unit_of(given)
    want, base = unit_of(unit)
    if kind != want:
        asked = f"in {unit}" if unit else "without a unit"
        raise ValueError(f"{given!r} is a unit of another kind: the answer is asked for {asked}")
    return number * factor / base
