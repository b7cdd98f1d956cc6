"""Take submissions out of the zip that an LMS gives, into nbgrader's layout.

Every entry is accounted for: taken, replaced by a later one, or left out with the reason. No name
inside the zip is ever used as a path, and no size that it states is believed.
"""

import re
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from coursekit.classroom.handing_in import gradescope
from coursekit.classroom.handing_in.file_kinds import Found, look, may_hold_notebook
from coursekit.classroom.handing_in.file_names import Reading, is_junk, readings, spelled
from coursekit.classroom.handing_in.put_away import forget_doubts, not_after, put, put_nothing
from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.handing_in.submissions import LARGEST
from coursekit.classroom.handing_in.whose import Class, Owner, owner

MOST_ENTRIES = 20_000
MOST_BYTES = 8_000_000_000  # of all files together, unpacked


@dataclass(frozen=True)
class Entry:
    """What became of one entry of a zip.

    Attributes:
        name: As the zip has it.
        fate: "taken", "replaced" (by a later or better one of the same person) or "left out".
        students: Whose it is; none where nobody can say.
        reason: Why it was not taken, or what was odd; "" for an ordinary notebook.
        junk: Nobody handed it in: a Mac's or an editor's own note.
    """

    name: str
    fate: str
    students: tuple[str, ...] = ()
    reason: str = ""
    junk: bool = False


@dataclass(frozen=True)
class Candidate:
    """One file of one person, unpacked."""

    index: int  # of its entry
    info: zipfile.ZipInfo
    owner: Owner
    found: Found
    rank: tuple[int, ...]  # of several the highest counts


def unpack(
    archive: Path, unit: str, submitted: Path, roster: Mapping[str, Student]
) -> tuple[int, list[str]]:
    """Unpack a zip of submissions as SUBMITTED/STUDENT/UNIT/UNIT.ipynb.

    An earlier, different submission is renamed, never overwritten. Who handed in nothing that can
    be graded gets a folder that says so, and is then reported as unreadable.

    Args:
        archive: Canvas's, Moodle's or Gradescope's zip of submissions.
        unit: The unit that it was collected for.
        submitted: The folder of nbgrader's layout.
        roster: Students by id; numbers and names say whose a file is.

    Returns:
        How many people's notebooks were unpacked, and a line on everything that was not taken or is
        odd.

    Raises:
        ValueError: If it is no zip, or far too large.
    """
    entries = unpack_entries(archive, unit, submitted, roster)
    told = [
        f"{one.name!r:.120}: {'' if one.fate == 'taken' else one.fate + ', '}{one.reason}"
        for one in entries
        if one.reason and not one.junk
    ]
    junk = [one.name for one in entries if one.junk]
    if junk:
        told.append(f"left out: {len(junk)} notes of an operating system ({junk[0]!r:.80})")
    return len({s for one in entries if one.fate == "taken" for s in one.students}), told


def unpack_entries(
    archive: Path, unit: str, submitted: Path, roster: Mapping[str, Student]
) -> list[Entry]:
    """Unpack a zip, see `unpack`, and return what became of each of its entries, in its order."""
    try:
        with zipfile.ZipFile(archive) as zipped:
            infos = [info for info in zipped.infolist() if not info.is_dir()]
            if len(infos) > MOST_ENTRIES:
                raise ValueError(
                    f"{len(infos)} entries in the zip: more than {MOST_ENTRIES} are refused"
                )
            owners, times = _owners(zipped, infos, unit, roster)
            candidates = _candidates(zipped, infos, owners, unit)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise ValueError(f"{archive} is no zip that can be read ({error})") from None
    fates = {
        i: Entry(spelled(infos[i]), "left out", (), one.note, is_junk(spelled(infos[i])))
        for i, one in owners.items()
    }
    forget_doubts(submitted, unit)
    for student in sorted({name for one in candidates for name in one.owner.students}):
        own = [one for one in candidates if student in one.owner.students]
        chosen = _chosen(own, unit)
        if chosen is not None:
            about = _about(chosen, archive.name)
            data = chosen.found.data or b""
            put(submitted / student / unit, unit, data, about, *times.get(chosen.index, ("", True)))
        else:
            reasons = [one.found.why or "one of several notebooks" for one in own]
            names = ", ".join(one.found.name for one in own[:5])
            if any(one.found.data is not None for one in own):
                reasons = [f"none of several notebooks is named {unit}.ipynb: {names}"]
            about = _about(own[-1], archive.name)
            put_nothing(submitted / student / unit, unit, reasons, about)
        for one in own:
            fates[one.index] = _fate(one, chosen, fates[one.index])
    for i, nobodys in owners.items():
        for student in nobodys.doubted:
            place = submitted / student / unit
            if not place.exists():
                reason = f"{spelled(infos[i])}: {nobodys.note}"
                put_nothing(place, unit, [reason], {"source": archive.name}, doubt=True)
    return [fates[i] for i in range(len(infos))]


def _owners(
    zipped: zipfile.ZipFile,
    infos: Sequence[zipfile.ZipInfo],
    unit: str,
    roster: Mapping[str, Student],
) -> tuple[dict[int, Owner], dict[int, tuple[str, bool]]]:
    """Return whose each entry is, and when those were handed in of which the zip says so."""
    names = [spelled(info) for info in infos]
    owners: dict[int, Owner] = {}
    times: dict[int, tuple[str, bool]] = {}
    top, metadata = _metadata(zipped, infos, names, unit)
    found: dict[int, list[Reading]] = {}
    for i, name in enumerate(names):
        folder, _, below = name.removeprefix(top).partition("/")
        ours = bool(metadata) and name.startswith(top) and folder in metadata and bool(below)
        if is_junk(name):
            owners[i] = Owner((), None, False, "an operating system's own note")
        elif ours:
            owners[i] = gradescope.owner(metadata[folder], below, roster)
            times[i] = gradescope.handed_in_at(metadata[folder])
        elif metadata and name == top + gradescope.METADATA:
            owners[i] = Owner((), None, True, "Gradescope's list of who handed in what")
        else:
            found[i] = readings(name, unit)
    people = Class(roster, [one for one in found.values() if one])
    unread = Owner((), None, False, "neither Canvas, Moodle nor Gradescope names files so")
    owners |= {i: owner(one, people) if one else unread for i, one in found.items()}
    return _one_number_each(owners, people), times


def _metadata(
    zipped: zipfile.ZipFile, infos: Sequence[zipfile.ZipInfo], names: Sequence[str], unit: str
) -> tuple[str, dict[str, gradescope.Submission]]:
    """Return where Gradescope's list of folders lies, and what it says; nothing if there is none.

    A list inside what somebody handed in is theirs, and says nothing of others.
    """
    found = [
        (name.count("/"), i)
        for i, name in enumerate(names)
        if name.rpartition("/")[2] == gradescope.METADATA and not is_junk(name)
    ]
    if not found:
        return "", {}
    _, i = min(found)
    top = names[i].removesuffix(gradescope.METADATA)
    others = [name for name in names if name != names[i] and not is_junk(name)]
    if readings(names[i], unit) or not all(name.startswith(f"{top}submission_") for name in others):
        return "", {}
    data, why = _read(zipped, infos[i], gradescope.LARGEST)
    if why:
        raise ValueError(f"{names[i]}: {why}")
    return top, gradescope.read_metadata(data)


def _one_number_each(owners: dict[int, Owner], people: Class) -> dict[int, Owner]:
    """Leave no student with the files of two of the system's people.

    Where two numbers went to one student by name, the student's own number has it; if neither is
    theirs, they are namesakes and nobody gets the files.
    """
    numbers: dict[str, set[str]] = {}
    for one in owners.values():
        if one.reading is not None and len(one.students) == 1:
            numbers.setdefault(one.students[0], set()).add(one.reading.number)
    for i, one in owners.items():
        student = one.students[0] if len(one.students) == 1 else ""
        if one.reading is None or len(numbers.get(student, ())) < 2:
            continue
        own = people.roster[student].number if student in people.roster else ""
        if one.reading.number == own:
            continue
        others = " and ".join(sorted(numbers[student]))
        note = f"the numbers {others} of one name: it does not say whose it is"
        owners[i] = Owner((), None, False, note, () if own in numbers[student] else (student,))
    return owners


def _candidates(
    zipped: zipfile.ZipFile,
    infos: Sequence[zipfile.ZipInfo],
    owners: Mapping[int, Owner],
    unit: str,
) -> list[Candidate]:
    """Return everything that somebody handed in, notebook or not."""
    left = MOST_BYTES
    found = []
    for i, info in enumerate(infos):
        one = owners[i]
        if not one.students or one.reading is None:
            continue
        file = one.reading.file
        data, why = b"", ""
        if may_hold_notebook(file):
            data, why = _read(zipped, info, min(LARGEST, left))
            left -= len(data)
        if why:  # an empty notebook, or none: both are reported as unreadable
            broken = data if file.lower().endswith(".ipynb") else None
            found.append(Candidate(i, info, one, Found(file, broken, why, -1), (-1,)))
            continue
        for inside in look(file, data, min(LARGEST, left)):
            rank = _rank(inside, unit, one.reading)
            found.append(Candidate(i, info, one, inside, rank))
    return found


def _rank(found: Found, unit: str, reading: Reading) -> tuple[int, ...]:
    """Return how much speaks for a file: its kind, its name, its cells, and when it came."""
    stem = found.name.rpartition("/")[2].lower()
    again = re.search(r"-(\d{1,9})\.(ipynb|zip)", stem)  # Canvas counts files of one name
    stem = re.sub(r"(-\d+)?\.(ipynb|zip).*$", "", stem)
    named = 2 if stem == unit.lower() else int(unit.lower() in stem)
    ours = found.data is not None and f'"u{unit[:2]}_'.encode() in found.data
    return found.rank, named, int(ours), int(again[1]) if again else 0, reading.order


def _chosen(own: Sequence[Candidate], unit: str) -> Candidate | None:
    """Return the notebook that counts; None if there is none, or nothing tells several apart."""
    notebooks = [one for one in own if one.found.data is not None]
    if not notebooks:
        return None
    best = max(one.rank for one in notebooks)
    equal = [one for one in notebooks if one.rank == best]
    return equal[-1] if len({one.found.data for one in equal}) == 1 else None


def _fate(one: Candidate, chosen: Candidate | None, before: Entry) -> Entry:
    """Return what became of an entry; of a zip with several notebooks, and of a group, the best."""
    students = tuple(dict.fromkeys([*before.students, *one.owner.students]))
    if before.fate == "taken":
        return replace(before, students=students)
    note = "; ".join(filter(None, (one.found.why, one.owner.note)))
    if chosen is not None and chosen.index == one.index:
        return Entry(before.name, "taken", students, note)
    if chosen is not None and one.found.data is not None:
        return Entry(before.name, "replaced", students, f"by {chosen.found.name}")
    if chosen is None and one.found.data is not None:
        note = "; ".join(filter(None, ("one of several notebooks", note)))
    return Entry(before.name, "left out", students, note or "no notebook")


def _about(chosen: Candidate, source: str) -> dict[str, object]:
    """Return what the LMS said of a submission."""
    reading = chosen.owner.reading
    assert reading is not None  # every candidate has one
    return {
        **{"source": source, "system": reading.system, "file": spelled(chosen.info)},
        **{"late": reading.late, "not_after": not_after(chosen.info)},
        "note": chosen.found.why,
    }


def _read(zipped: zipfile.ZipFile, info: zipfile.ZipInfo, most: int) -> tuple[bytes, str]:
    """Return at most `most` bytes of a member; nothing, and why, where it cannot be read."""
    try:
        with zipped.open(info) as file:
            data = file.read(most + 1)
    except (zipfile.BadZipFile, RuntimeError, OSError, EOFError, ValueError) as error:
        return b"", f"cannot be unpacked: {error}"
    except Exception as error:  # zlib's and lzma's own errors
        return b"", f"cannot be unpacked: {type(error).__name__}: {error}"
    if len(data) > most:
        return b"", f"unpacks to more than {most / 1e6:.0f} MB: not kept"
    return data, ""
