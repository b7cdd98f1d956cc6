"""Decide whose a handed-in file is, from the name that an LMS gave it and the class.

A number and a name that say the same are enough; so is one of them where the other says nothing.
Where they contradict each other, or several people fit, nobody gets the file: a person decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coursekit.classroom.handing_in.file_names import Reading
from coursekit.classroom.handing_in.roster import Student, names_of
from coursekit.classroom.handing_in.submissions import ANONYMOUS
from coursekit.classroom.handing_in.table_file import plain_name


@dataclass(frozen=True)
class Owner:
    """Whose a file is.

    Attributes:
        students: Ids of those who get it; several for a group, none if it is nobody's.
        reading: How its name was read.
        known: They are on the roster.
        note: A line for the instructor; "" if nothing is odd.
        doubted: Ids of those whose it might be, where nobody gets it.
    """

    students: tuple[str, ...]
    reading: Reading | None
    known: bool = True
    note: str = ""
    doubted: tuple[str, ...] = ()


class Class:
    """The class, to look people up by an LMS's number or by name."""

    def __init__(self, roster: Mapping[str, Student], entries: Sequence[Sequence[Reading]]):
        self.roster = roster
        self.by_number: dict[str, str] = {s.number: s.id for s in roster.values() if s.number}
        self.by_name: dict[str, set[str]] = {}
        self.by_group: dict[str, list[str]] = {}
        for student in roster.values():
            for name in names_of(student):
                self.by_name.setdefault(name, set()).add(student.id)
            for group in filter(None, map(plain_name, student.group.split(","))):
                self.by_group.setdefault(group, []).append(student.id)
        single = [entry[0] for entry in entries if len({one.number for one in entry}) == 1]
        self.own = {  # who has a file under their own number and name
            self.by_number[one.number]
            for entry in entries
            for one in entry
            if self.by_number.get(one.number) in self.named(one)
        }
        # "Participant_2001", "Teilnehmer_2002": one name for everyone is nobody's
        names = {plain_name(one.name) for one in single if one.system == "moodle"}
        numbers = {one.number for one in single if one.system == "moodle"}
        self.blind = names if len(names) == 1 and len(numbers) > 1 else {"participant"}

    def named(self, reading: Reading) -> set[str]:
        """Return the students of this name."""
        return self.by_name.get(plain_name(reading.name), set()) if reading.name else set()


def owner(found: Sequence[Reading], people: Class) -> Owner:
    """Return whose a file is, given every reading of its name."""
    if found[0].anonymous:
        return _anonymous(found[0], people)
    exact = [one for one in found if people.by_number.get(one.number) in people.named(one)]
    if not exact:  # a middle name, or a name cut short
        exact = [one for one in found if _begins_alike(one, people)]
    if len(exact) == 1:
        return Owner((people.by_number[exact[0].number],), exact[0])
    if len(exact) > 1:
        return _doubt(found, people)
    groups = [one for one in found if plain_name(one.name) in people.by_group]
    if len(groups) == 1 and not people.named(groups[0]):
        members = people.by_group[plain_name(groups[0].name)]
        return Owner(tuple(members), groups[0])
    alone = len({one.number for one in found}) == 1
    fits = [(one, student) for one in found if (student := _by_one_sign(one, people, alone))]
    if len({student for _, student in fits}) == 1 and len({one.number for one, _ in fits}) == 1:
        reading, student = fits[0]
        note = "" if student in people.named(reading) else _other_name(reading, student, people)
        return Owner((student,), reading, note=note)
    touched = any(one.number in people.by_number or people.named(one) for one in found)
    if fits or (touched and not _stranger(found, people)):
        return _doubt(found, people)
    if not alone or not found[0].number:
        return _doubt(found, people)
    stranger = f"lms-{found[0].number}"
    note = f"{stranger} is not on the roster" if people.roster else ""
    return Owner((stranger,), found[0], known=False, note=note)


def _by_one_sign(reading: Reading, people: Class, alone: bool) -> str:
    """Return the student that the name or the number alone says, where the other says nothing.

    A number alone counts where the file's name can be read in one way only.
    """
    named, numbered = people.named(reading), people.by_number.get(reading.number, "")
    if named and not numbered:
        if len(named) > 1:
            return ""
        (student,) = named
        own = people.roster[student].lms_id
        # Moodle's numbers differ from one assignment to the next, Canvas's stay with the person
        return student if reading.system == "moodle" or not own.isdigit() else ""
    if numbered and not named and alone:
        if reading.system == "canvas" or plain_name(reading.name) in people.blind:
            return numbered
        return numbered if people.own else ""  # it may be the number of a group
    return ""


def _begins_alike(reading: Reading, people: Class) -> bool:
    """Say whether its number's student has a name that begins like this one, or the reverse."""
    numbered, name = people.by_number.get(reading.number, ""), plain_name(reading.name)
    if not numbered or len(name) < 4 or people.named(reading):
        return False
    names = (own for own in names_of(people.roster[numbered]) if len(own) >= 4)
    return any(own.startswith(name) or name.startswith(own) for own in names)


def _stranger(found: Sequence[Reading], people: Class) -> bool:
    """Say whether it is a namesake: of somebody who has a file under their own number here."""
    named = people.named(found[0])
    alone = len({one.number for one in found}) == 1
    return alone and found[0].number not in people.by_number and named <= people.own


def _other_name(reading: Reading, student: str, people: Class) -> str:
    name = plain_name(reading.name)
    if name in people.blind or any(name in own for own in names_of(people.roster[student])):
        return ""
    return (
        f"{reading.name!r:.60} was taken by its number for {student}, who is "
        f"{people.roster[student].name!r:.60} on the roster; if that is a group, add a column group"
    )


def _anonymous(reading: Reading, people: Class) -> Owner:
    code = reading.number
    mapped = [s.id for s in people.roster.values() if s.number in (code, f"anon_{code}")]
    if mapped:
        return Owner((mapped[0],), reading)
    note = (
        f"anonymous: kept as {ANONYMOUS}{code}. To say whose it is, put {code} into the roster's "
        "column lms_id"
    )
    return Owner((f"{ANONYMOUS}{code}",), reading, known=False, note=note)


def _doubt(found: Sequence[Reading], people: Class) -> Owner:
    candidates = {people.by_number[one.number] for one in found if one.number in people.by_number}
    candidates |= {student for one in found for student in people.named(one)}
    numbers = sorted({one.number for one in found if one.number})
    read = " or ".join(f"number {number}" for number in numbers) or "no number"
    if candidates:
        who = f"it may belong to {' or '.join(sorted(candidates))}, or to a group (a column group)"
    elif people.roster:
        who = "nobody on the roster fits"
    else:
        who = "without a roster nobody can say whose it is"
    note = f"its name ({found[0].name!r:.60}, {read}) does not say whose it is: {who}"
    return Owner((), None, known=False, note=note, doubted=tuple(sorted(candidates)))
