"""When was it? Read a time that a system wrote; what cannot be read for sure is refused.

A zone's abbreviation counts where the zones of the world agree on it at that date: CET is one hour
before UTC. CST is six hours behind it or eight before it: then a zone has to be named.
"""

import re
from datetime import UTC, datetime, time, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

EARLIEST, LATEST = 2000, 2100  # years; outside them a time is a slip, or the edge of the calendar


def moment(text: str, zone: str = "", *, abbreviations: str = "") -> datetime:
    """Return a date and time as UTC: "2027-03-01 18:00", "2027-03-01T18:00+01:00".

    A zone in the text comes first: an offset, "UTC", a name such as Europe/Berlin, or an
    abbreviation with one meaning. nbgrader writes its timestamps in the last form
    (`Exchange.timestamp_format` ends in %Z).

    Args:
        text: What was written; a date alone means the end of that day.
        zone: Zone of a time that names none; "" for UTC, as nbgrader has it.
        abbreviations: Zone whose abbreviations are meant; "" for `zone`.

    Raises:
        ValueError: If it cannot be read, or can be read in two ways.
    """
    cleaned = " ".join(text.replace("\ufeff", "").split())
    cleaned = re.sub(r"(:\d\d(?:\.\d+)?) (?=[+-]\d\d:?\d\d$)", r"\1", cleaned)
    match = re.fullmatch(
        r"(?P<time>\d[\d:.,T\- ]*?(?:Z|[+-]\d\d:?\d\d)?) ?(?P<zone>[A-Za-z][\w/+\-]*)?", cleaned
    )
    try:
        value = datetime.fromisoformat(match["time"] if match else cleaned)
    except ValueError:
        raise ValueError(f"{text!r:.80} is no time: write it as 2027-03-01 18:00+01:00") from None
    named = (match["zone"] or "") if match else ""
    if not EARLIEST <= value.year <= LATEST:
        raise ValueError(f"{text!r:.80} is no time of a course: the year is {value.year}")
    if re.fullmatch(r"\d{4}-?\d\d-?\d\d", match["time"] if match else cleaned):
        value = datetime.combine(value.date(), time(23, 59, 59))
    if value.tzinfo is not None:
        return value.astimezone(UTC)
    if named.upper() in ("UTC", "GMT", "Z"):
        return value.replace(tzinfo=UTC)
    if named:
        return _local(value, _zone(named, value, abbreviations or zone))
    return _local(value, named_zone(zone) if zone else UTC)


def named_zone(name: str) -> ZoneInfo:
    """Return a zone of the world by its name.

    Raises:
        ValueError: If there is none of that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(
            f"there is no zone {name!r:.60}: write its name as Europe/Berlin (if that is refused "
            "too: `pip install tzdata`)"
        ) from None


def _zone(named: str, value: datetime, usual: str) -> tzinfo:
    """Return the zone that a text names, by its name or by its abbreviation."""
    if "/" in named:
        return named_zone(named)
    for fold in (0, 1) if usual else ():
        there = value.replace(tzinfo=named_zone(usual), fold=fold)
        offset = there.utcoffset()
        if there.tzname() == named and offset is not None:
            return timezone(offset)
    offsets = _offsets(named, value.replace(second=0, microsecond=0))
    if len(offsets) == 1:
        return next(iter(offsets))
    meanings = "no zone has it" if not offsets else f"it has {len(offsets)} meanings"
    raise ValueError(
        f"{named!r:.20} says no zone for sure ({meanings}): write an offset such as +01:00, or "
        "name the class's zone in a column zone of due.csv"
    )


@lru_cache(maxsize=256)
def _offsets(abbreviation: str, value: datetime) -> frozenset[tzinfo]:
    """Return every offset that some zone of the world calls so at that local time."""
    found: set[tzinfo] = set()
    for name in _all_zones():
        there = value.replace(tzinfo=_loaded(name))
        offset = there.utcoffset()
        if there.tzname() == abbreviation and offset is not None:
            found.add(timezone(offset))
    return frozenset(found)


@lru_cache(maxsize=1)
def _all_zones() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1024)
def _loaded(name: str) -> ZoneInfo:
    return ZoneInfo(name)


def _local(value: datetime, zone: tzinfo) -> datetime:
    """Return a local time as UTC; at a change of clocks it may not exist, or come twice."""
    early, late = (value.replace(tzinfo=zone, fold=fold).astimezone(UTC) for fold in (0, 1))
    if early != late:
        raise ValueError(
            f"{value} does not come exactly once in {zone}, where clocks change: write an offset"
        )
    return early
