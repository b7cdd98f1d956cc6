"""Read what Gradescope's "Export Submissions" says of its folders: submission_metadata.yml.

    submission_123456:
      :submitters:
      - :name: Ana Example
        :sid: '1001'
        :email: ana@example.org
      :created_at: 2027-03-01 09:00:00.123456789 -08:00

A group has several submitters. Each folder beside the file holds what one submission consists of.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import yaml

from coursekit.classroom.handing_in.file_names import Reading
from coursekit.classroom.handing_in.moments import moment
from coursekit.classroom.handing_in.roster import Student, names_of, safe_id
from coursekit.classroom.handing_in.table_file import plain_name, same_look
from coursekit.classroom.handing_in.whose import Owner

METADATA = "submission_metadata.yml"
LARGEST = 20_000_000  # bytes
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # everything is text


@dataclass(frozen=True)
class Submission:
    """One folder: (name, sid, e-mail) of each submitter, and when it was handed in, as written."""

    submitters: tuple[tuple[str, str, str], ...]
    created_at: str


def read_metadata(text: bytes) -> dict[str, Submission]:
    """Return the submissions by their folders' names.

    Raises:
        ValueError: If it is no such file.
    """
    try:
        whole = yaml.load(text.decode("utf-8-sig", errors="replace"), Loader=LOADER)
        return {str(folder): _submission(about) for folder, about in whole.items()}
    except (yaml.YAMLError, AttributeError, TypeError, RecursionError) as error:
        raise ValueError(f"{METADATA} cannot be read: {type(error).__name__}") from None


def _submission(about: Mapping[str, object]) -> Submission:
    people = about.get(":submitters") or []
    if not isinstance(people, list):
        raise TypeError("submitters are a list")
    named = [one for one in people if isinstance(one, dict)]
    submitters = tuple(
        (str(one.get(":name") or ""), str(one.get(":sid") or ""), str(one.get(":email") or ""))
        for one in named
    )
    return Submission(submitters, str(about.get(":created_at") or ""))


def handed_in_at(submission: Submission) -> tuple[str, bool]:
    """Return when it was handed in, for timestamp.txt, and whether that can be read."""
    try:
        return moment(submission.created_at).isoformat(sep=" "), True
    except ValueError:
        return submission.created_at[:150], False


def owner(submission: Submission, file: str, roster: Mapping[str, Student]) -> Owner:
    """Return whose a folder is: of everybody who is named there, by id, e-mail or name."""
    found, notes = [], []
    for name, sid, email in submission.submitters:
        student = _student(name, sid, email, roster)
        if student is None:
            others = " or ".join(filter(None, (name, email, sid)))
            return Owner((), None, False, f"{others!r:.80} fits several people of the roster")
        if roster and student not in roster:
            notes.append(f"{student} is not on the roster")
        found.append(student)
    reading = Reading("gradescope", "", ",".join(sid for _, sid, _ in submission.submitters), file)
    if not found:
        return Owner((), None, False, f"{METADATA} names nobody for it")
    return Owner(tuple(dict.fromkeys(found)), reading, not notes, "; ".join(notes))


def _student(name: str, sid: str, email: str, roster: Mapping[str, Student]) -> str | None:
    """Return the id of one submitter, their own if nobody fits, None if several people do."""
    tests: Sequence[Callable[[Student], object]] = (
        lambda one: sid and same_look(sid) in (same_look(one.id), same_look(one.number)),
        lambda one: email and same_look(email) in (same_look(one.email), same_look(one.id)),
        lambda one: name and plain_name(name) in names_of(one),
    )
    for test in tests:
        fits = [one.id for one in roster.values() if test(one)]
        if fits:
            return fits[0] if len(fits) == 1 else None
    usable = [one for one in (sid, email, name) if one and safe_id(one)]
    return usable[0] if usable else "unnamed"
