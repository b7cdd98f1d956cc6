"""The ledger: per-seed values of every measured claim, and the numbers that prose quotes.

measured/N1.json holds, under each size, what one measurement of claim N1 gave:

    {"cpu": {"device": ..., "seconds": ..., "verdict": ..., "values": {"slope": [...]},
             "digest": ...}}

Every printed number is computed from these values: "N1.slope" is their mean with its interval.
Where all seeds were measured on one set of test examples, "shared" has a vector for the quantity
whose length is the standard error over those examples (`coursekit.intervals.Crossed`), and the
interval runs over both. The digest is over all the rest of an entry: an entry that was edited is
refused. It stops a careless hand; `claims --quick` and the tests, which measure again, stop any
other.
"""

import hashlib
import json
import math
from importlib.resources import files
from pathlib import Path
from typing import Any

from coursekit.intervals import Crossed, t_interval
from coursekit.storage import write_atomically

LEDGER = Path(str(files("coursekit.claims") / "measured"))
FORMS = ("mean", "range", "seeds")  # after the quantity in a name; nothing: mean with interval


def digest_of(entry: dict[str, Any]) -> str:
    """Return the fingerprint of an entry's contents, its own digest left out."""
    contents = {name: value for name, value in entry.items() if name != "digest"}
    text = json.dumps(contents, sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def load_entries(claim_id: str, folder: Path = LEDGER) -> dict[str, Any]:
    """Read what was measured of one claim: size -> entry; {} if nothing was.

    Raises:
        ValueError: If the file is not JSON, or an entry is not as it was written.
    """
    path = folder / f"{claim_id}.json"
    if not path.exists():
        return {}
    remedy = (
        f"restore it from version control, or delete it and measure again: "
        f"python3 -m coursekit claims {claim_id} --write"
    )
    try:
        entries: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is damaged ({error}): {remedy}") from error
    for size, entry in entries.items():
        if entry.get("digest", digest_of(entry)) != digest_of(entry):
            raise ValueError(
                f"{path} is not what was measured: the entry {size!r} was changed by hand: {remedy}"
            )
        entry["values"] = with_shared(entry["values"], entry.get("shared", {}))
    return entries


def with_shared(values: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """Return the columns of an entry, those with a vector in ``shared`` as `Crossed`."""
    return {n: Crossed(c, shared[n]) if n in shared else c for n, c in values.items()}


def load_ledger(folder: Path = LEDGER) -> dict[str, Any]:
    """Read the ledger: claim -> size -> entry; an absent folder is an empty ledger.

    Raises:
        ValueError: If a file is not JSON, or an entry is not as it was written; the message says
            how to get it back.
    """
    return {path.stem: load_entries(path.stem, folder) for path in sorted(folder.glob("*.json"))}


def save_entry(claim_id: str, size: str, entry: dict[str, Any], folder: Path = LEDGER) -> None:
    """Write one measurement of one claim with its digest, in place of an earlier one."""
    entry = {**entry, "digest": digest_of(entry)}
    entries = {**load_entries(claim_id, folder), size: entry}
    text = json.dumps(entries, indent=1, sort_keys=True, ensure_ascii=False) + "\n"
    write_atomically(folder / f"{claim_id}.json", text)


def seconds_of(entry: dict[str, Any]) -> float:
    """Return what a measurement takes: seconds of computing on a CPU, by the clock on a GPU.

    A clock on a CPU also counts what others had it do at the time.
    """
    on_cpu = entry["device"].startswith("CPU")
    return float(entry.get("cpu_seconds", entry["seconds"]) if on_cpu else entry["seconds"])


def format_with_interval(mean: float, half: float) -> str:
    """Write a mean with the half-width of its interval, rounded to two digits of the latter.

    (-0.99921, 0.00163) gives "−0.9992 ± 0.0016"; without an interval, four digits of the mean.
    Very small numbers get an exponent.
    """
    if not math.isfinite(half) or half == 0:
        return f"{mean:.4g}".replace("-", "−")
    decimals = max(0, 1 - math.floor(math.log10(half)))
    if decimals > 6:
        return f"{mean:.3g} ± {half:.2g}".replace("-", "−")
    return f"{mean:.{decimals}f} ± {half:.{decimals}f}".replace("-", "−")


def quote(name: str, *, ledger: dict[str, Any] | None = None) -> str:
    """Return the text of a number in prose, such as ``{{N1.slope}}``.

    Names: CLAIM.quantity for the mean with its 95 % interval, CLAIM.quantity.mean for the mean
    alone, CLAIM.quantity.range for the smallest and the largest value (of a quantity that most
    runs do not have, such an interval would reach below zero), CLAIM.quantity.seeds for how many
    values there are, CLAIM.seconds and CLAIM.device.
    ``gpu`` after the claim picks the measurement on a GPU: N1.gpu.slope.

    Raises:
        KeyError: If the ledger holds no such number; the message lists what it holds.
    """
    claim, *rest = name.strip().split(".")
    size = rest.pop(0) if rest and rest[0] in ("cpu", "gpu") else "cpu"
    entry = (load_entries(claim) if ledger is None else ledger.get(claim, {})).get(size)
    if entry is None:
        raise KeyError(f"the ledger has no {size} measurement of {claim!r} (asked for {name!r})")
    if rest == ["seconds"]:
        return f"{seconds_of(entry):.0f}"
    if rest == ["device"]:
        return str(entry["device"])
    quantity, form = (*rest, "", "")[:2]
    if quantity not in entry["values"] or form not in ("", *FORMS) or len(rest) > 2:
        raise KeyError(
            f"{name!r} names nothing in the ledger: {claim} has {', '.join(entry['values'])}, "
            f"each with .{' or .'.join(FORMS)} after it or nothing; and device, seconds"
        )
    values = entry["values"][quantity]
    if form == "seeds":
        return str(len(values))
    if form == "range":
        return f"{min(values):.3g} to {max(values):.3g}".replace("-", "−")
    mean, half = t_interval(values)
    return format_with_interval(mean, math.nan if form == "mean" else half)
