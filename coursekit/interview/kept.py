"""What is kept between sittings beside the cards: the interview's date, and a mock under way."""

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from coursekit.interview.case import Step
from coursekit.interview.mock import Sheet
from coursekit.interview.outcome import Outcome, Said
from coursekit.interview.plan import day
from coursekit.storage import free_name, home, time_stamp, write_atomically

VERSION = 1


@dataclass(frozen=True)
class Kept:
    """The file's content."""

    until: datetime | None = None
    sheet: Sheet | None = None


def place() -> Path:
    """Return the path of the file; it may not exist yet."""
    return home() / "interview.json"


def load() -> Kept:
    """Return what is kept; a damaged file is put aside under another name.

    Raises:
        ValueError: If a newer release wrote the file.
    """
    try:
        data = json.loads(place().read_text(encoding="utf-8"))
        if data["version"] > VERSION:
            raise NewerError(
                f"{place()} was written by a newer release (its version is {data['version']}, mine "
                f"{VERSION}).\nUpdate this clone with `git pull`; nothing was changed."
            )
        until = day(data["until"]) if data["until"] else None
        return Kept(until, _sheet(data["sheet"]) if data["sheet"] else None)
    except FileNotFoundError:
        return Kept()
    except NewerError:
        raise
    except (ValueError, KeyError, TypeError):
        place().rename(free_name(place(), f"damaged-{time_stamp()}"))
        return Kept()


class NewerError(ValueError):
    """The file is of a newer release."""


def keep_until(until: datetime | None) -> None:
    """Keep the day of the interview."""
    _write(replace(load(), until=until))


def keep_sheet(sheet: Sheet | None) -> None:
    """Keep a mock interview under way; None forgets it."""
    _write(replace(load(), sheet=sheet))


def _write(kept: Kept) -> None:
    data = {
        "version": VERSION,
        "until": f"{kept.until:%Y-%m-%d}" if kept.until else None,
        "sheet": asdict(kept.sheet) if kept.sheet else None,
    }
    place().parent.mkdir(parents=True, exist_ok=True)
    write_atomically(place(), json.dumps(data, indent=1) + "\n")


def _sheet(data: dict[str, Any]) -> Sheet:
    said = tuple(Said(**entry) for entry in data["said"])
    outcomes = tuple(
        Outcome(
            **{
                **o,
                "red_flags": tuple(o["red_flags"]),
                "ticks": tuple(o["ticks"]),
                "heard": tuple(o["heard"]),
            }
        )
        for o in data["outcomes"]
    )
    steps = tuple(Step(**step) for step in data["steps"])
    asked = tuple(data["questions"])
    return Sheet(asked, data["minutes"], data["seed"], said, outcomes, data["case"], steps)
