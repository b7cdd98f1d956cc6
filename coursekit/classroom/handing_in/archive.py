"""Take submissions out of the zip that Canvas or Moodle gives, into nbgrader's layout.

No name inside the zip is ever used as a path, and no size that it states is believed.
"""

import hashlib
import json
import os
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from coursekit.classroom.handing_in.roster import Student, plain_name, safe_id
from coursekit.classroom.handing_in.submissions import ABOUT, LARGEST
from coursekit.storage import free_name, time_stamp, write_atomically

MOST_ENTRIES = 20_000
MOST_BYTES = 8_000_000_000  # of all notebooks together, unpacked
CANVAS = re.compile(r"(?P<name>[^_/]+)_(?P<late>LATE_)?(?P<lms>\d+)_(?P<order>\d+)_(?P<file>[^/]+)")
MOODLE = re.compile(r"(?P<name>[^/]+)_(?P<lms>\d+)_assignsubmission_file(?:_?/|_)(?P<file>.+)")


@dataclass(frozen=True)
class Member:
    """One notebook of a zip: whose it is, and what the LMS said of it."""

    student: str
    info: zipfile.ZipInfo
    late: bool
    known: bool  # the student is on the roster
    rank: tuple[int, int]  # of several by one student the highest counts: (named as asked, number)


def unpack(
    archive: Path, unit: str, submitted: Path, roster: Mapping[str, Student]
) -> tuple[int, list[str]]:
    """Unpack the notebooks of a zip as SUBMITTED/STUDENT/UNIT/UNIT.ipynb.

    An earlier, different submission is renamed, never overwritten. A notebook that cannot be
    unpacked leaves an empty file, which is then reported as unreadable, and stops nobody else.

    Args:
        archive: Canvas's or Moodle's zip of submissions.
        unit: The unit that it was collected for.
        submitted: The folder of nbgrader's layout.
        roster: Students by id; their `lms_id`, or else their name, says whose a notebook is.

    Returns:
        How many notebooks were unpacked, and a line on everything odd.

    Raises:
        ValueError: If it is no zip, or far too large.
    """
    told: list[str] = []
    try:
        with zipfile.ZipFile(archive) as zipped:
            members = _members(zipped, unit, roster, told)
            left = MOST_BYTES
            for member in members:
                data = _read(zipped, member.info, min(LARGEST, left), told)
                left -= len(data)
                _put(submitted / member.student / unit, unit, data, member, archive.name)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(f"{archive} is no zip that can be read ({error})") from None
    return len(members), told


def _members(
    zipped: zipfile.ZipFile, unit: str, roster: Mapping[str, Student], told: list[str]
) -> list[Member]:
    entries = zipped.infolist()
    if len(entries) > MOST_ENTRIES:
        raise ValueError(f"{len(entries)} entries in the zip: more than {MOST_ENTRIES} are refused")
    newest: dict[str, Member] = {}
    for info in entries:
        name = info.filename.replace("\\", "/")
        if info.is_dir() or not name.lower().endswith(".ipynb") or "__MACOSX/" in name:
            continue
        match = MOODLE.fullmatch(name) or CANVAS.fullmatch(name.rpartition("/")[2])
        if match is None:
            told.append(f"left out: {name!r:.120}: neither Canvas nor Moodle names files so")
            continue
        member = _member(info, match, unit, roster)
        if not member.known:
            told.append(f"{member.student} is not on the roster ({name!r:.120})")
        if member.student not in newest or newest[member.student].rank <= member.rank:
            newest[member.student] = member
    return [newest[student] for student in sorted(newest)]


def _member(
    info: zipfile.ZipInfo, match: re.Match[str], unit: str, roster: Mapping[str, Student]
) -> Member:
    parts = match.groupdict()
    number = re.search(
        r"-(\d+)\.ipynb$", parts["file"], re.IGNORECASE
    )  # Canvas counts resubmissions
    found = [s.id for s in roster.values() if s.lms_id and s.lms_id.split()[-1] == parts["lms"]]
    if not found:
        name = plain_name(parts["name"])
        found = [
            s.id
            for s in roster.values()
            if name in (plain_name(s.last_name + s.first_name), plain_name(s.name))
        ]
    student = found[0] if len(found) == 1 else f"lms-{parts['lms']}"
    assert safe_id(student)  # from the roster, or digits
    named = unit in parts["file"]
    rank = (int(named), int(number.group(1)) if number else 0)
    return Member(student, info, bool(parts.get("late")), len(found) == 1, rank)


def _read(zipped: zipfile.ZipFile, info: zipfile.ZipInfo, most: int, told: list[str]) -> bytes:
    """Return at most `most` bytes of a member; nothing, and a line, where it cannot be read."""
    try:
        with zipped.open(info) as file:
            data = file.read(most + 1)
    except (zipfile.BadZipFile, RuntimeError, OSError, EOFError, ValueError) as error:
        told.append(f"{info.filename!r:.120} cannot be unpacked: {error}")
        return b""
    except Exception as error:  # zlib's and lzma's own errors
        told.append(f"{info.filename!r:.120} cannot be unpacked: {type(error).__name__}: {error}")
        return b""
    if len(data) > most:
        told.append(f"{info.filename!r:.120} unpacks to more than {most / 1e6:.0f} MB: not kept")
        return b""
    return data


def _put(folder: Path, unit: str, data: bytes, member: Member, source: str) -> None:
    """Write one notebook and what the LMS said; rename what was there before, if it differs."""
    target = folder / f"{unit}.ipynb"
    about = {"source": source, "file": member.info.filename, "late": member.late}
    if target.exists():
        if hashlib.sha256(target.read_bytes()).digest() == hashlib.sha256(data).digest():
            return
        kept = folder.with_name(f"{unit}.earlier")
        folder.rename(free_name(kept, time_stamp()))
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / ABOUT, json.dumps(about, indent=1) + "\n")
    temporary = target.with_suffix(".tmp")
    temporary.write_bytes(data)
    os.replace(temporary, target)
