"""The ledger: per-seed values of every measured claim, and the numbers that prose quotes.

measured/N1.json holds, under each size, what one measurement of claim N1 gave:

    {"cpu": {"device": ..., "seconds": ..., "values": {"slope": [...]}}}

Every printed number is computed from these values: "N1.slope" is their mean with its interval.
"""

import json
import math
import os
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

from coursekit.intervals import t_interval

LEDGER = Path(str(files("coursekit.claims") / "measured"))
FORMS = ("mean", "seeds")  # what may follow the quantity in a name; nothing: mean with interval


def load_ledger(folder: Path = LEDGER) -> dict[str, Any]:
    """Read the ledger: claim -> size -> entry; an absent folder is an empty ledger.

    Raises:
        ValueError: If a file is not JSON; the message says how to get it back.
    """
    ledger: dict[str, Any] = {}
    for path in sorted(folder.glob("*.json")):
        try:
            ledger[path.stem] = json.loads(path.read_text(encoding="utf-8"))
        except json.JSONDecodeError as error:
            raise ValueError(
                f"{path} is damaged ({error}): restore it from version control"
            ) from error
    return ledger


def save_entry(claim_id: str, size: str, entry: dict[str, Any], folder: Path = LEDGER) -> None:
    """Write one measurement of one claim: to a temporary name, then renamed into place."""
    folder.mkdir(exist_ok=True)
    entries = {**load_ledger(folder).get(claim_id, {}), size: entry}
    text = json.dumps(entries, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    handle, name = tempfile.mkstemp(dir=folder, prefix=".ledger-")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(text)
    os.chmod(name, 0o644)
    os.replace(name, folder / f"{claim_id}.json")


def format_with_interval(mean: float, half: float) -> str:
    """Write a mean with the half-width of its interval, rounded to two digits of the latter.

    (-0.99921, 0.00163) gives "−0.9992 ± 0.0016"; without an interval, four digits of the mean.
    """
    if not math.isfinite(half) or half == 0:
        return f"{mean:.4g}".replace("-", "−")
    decimals = max(0, 1 - math.floor(math.log10(half)))
    return f"{mean:.{decimals}f} ± {half:.{decimals}f}".replace("-", "−")


def quote(name: str, *, ledger: dict[str, Any] | None = None) -> str:
    """Return the text of a number in prose, such as ``{{N1.slope}}``.

    Names: CLAIM.quantity for the mean with its 95 % interval, CLAIM.quantity.mean for the mean
    alone, CLAIM.quantity.seeds for how many values there are, CLAIM.seconds and CLAIM.device.
    ``gpu`` after the claim picks the measurement on a GPU: N1.gpu.slope.

    Raises:
        KeyError: If the ledger holds no such number; the message lists what it holds.
    """
    ledger = load_ledger() if ledger is None else ledger
    claim, *rest = name.strip().split(".")
    size = rest.pop(0) if rest and rest[0] in ("cpu", "gpu") else "cpu"
    entry = ledger.get(claim, {}).get(size)
    if entry is None:
        raise KeyError(f"the ledger has no {size} measurement of {claim!r} (asked for {name!r})")
    if len(rest) == 1 and rest[0] in ("device", "seconds"):
        return f"{entry[rest[0]]:.0f}" if rest[0] == "seconds" else str(entry[rest[0]])
    quantity, form = (*rest, "", "")[:2]
    if quantity not in entry["values"] or form not in ("", *FORMS) or len(rest) > 2:
        raise KeyError(
            f"{name!r} names nothing in the ledger: {claim} has {', '.join(entry['values'])}, "
            f"each with .{' or .'.join(FORMS)} after it or nothing; and device, seconds"
        )
    values = entry["values"][quantity]
    if form == "seeds":
        return str(len(values))
    mean, half = t_interval(values)
    return format_with_interval(mean, math.nan if form == "mean" else half)
