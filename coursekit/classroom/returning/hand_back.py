"""Feedback pages in the zip that Moodle or Canvas hands back to its students.

Moodle ("Upload multiple feedback files in a zip") takes NAME_NUMBER_assignfeedback_file_/FILE for
the participant NUMBER of this assignment: `is_valid_filename_for_import` of
mod/assign/feedback/file/importziplib.php. Somebody who handed in nothing gets a file all the same.

Canvas (Gradebook, "Upload submissions") looks in a file's name for its user's id and the attachment
that was handed in, the first two runs of digits between "_":
`infer_comment_context_from_filename` of app/models/assignment.rb. So each page takes the name under
which Canvas gave the submission out, which `grade` kept; who handed in nothing cannot be reached.
"""

import io
import re
import unicodedata
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from coursekit.classroom.handing_in.file_names import readings
from coursekit.classroom.handing_in.submissions import ABOUT, described
from coursekit.classroom.returning.results import Result

WHEN = (1980, 1, 1, 0, 0, 0)  # the same zip for the same pages
Entry = Callable[[Result, str, Path], str]  # result, unit, folder of submissions -> name, or ""


def moodle_name(result: Result, unit: str, submitted: Path) -> str:
    """Return an entry's name for Moodle; "" without the participant's number."""
    number = _number(result, unit, submitted, "moodle") or result.student.number
    if not number.isdigit():
        return ""
    name = re.sub(r"[^\w .-]", "", unicodedata.normalize("NFC", result.student.name))
    name = " ".join(name.replace("_", " ").split()) or "student"
    return f"{name}_{number}_assignfeedback_file_/{unit}.html"


def canvas_name(result: Result, unit: str, submitted: Path) -> str:
    """Return an entry's name for Canvas; "" where its own name of the submission is not known."""
    about = described(submitted / result.student.id / unit / ABOUT)
    if about.get("system") != "canvas":
        return ""
    file = str(about.get("file", "")).rpartition("/")[2]
    digits = [part for part in file.split("_") if re.fullmatch(r"\d+", part)]
    if len(digits) < 2 and "_anon_" not in f"_{file}":
        return ""
    return re.sub(r"\.[^._]*$", "", file) + ".html"


def _number(result: Result, unit: str, submitted: Path, system: str) -> str:
    """Return the number that a system's own zip gave a student for this assignment."""
    about = described(submitted / result.student.id / unit / ABOUT)
    if about.get("system") != system or result.student.group:  # a group's number is nobody's own
        return ""
    numbers = {one.number for one in readings(str(about.get("file", "")), unit)}
    return numbers.pop() if len(numbers) == 1 else ""


NAMES: Mapping[str, Entry] = {"moodle": moodle_name, "canvas": canvas_name}


def feedback_zip(
    to: str, results: Sequence[Result], pages: Mapping[str, str], unit: str, submitted: Path
) -> tuple[bytes, list[str]]:
    """Return a zip of pages as a system takes it, and whose are not in it.

    Args:
        to: "moodle" or "canvas".
        results: Of a class.
        pages: Student -> page.
        unit: Names the file.
        submitted: Folder of submissions.

    Raises:
        ValueError: For another system, or if it would hold nothing.
    """
    if to not in NAMES:
        raise ValueError(f"--zip {to}: choose one of {', '.join(NAMES)}")
    out, left, there = io.BytesIO(), [], set()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in results:
            student = one.student.id
            name = NAMES[to](one, unit, submitted) if student in pages else ""
            if not name or name in there:
                left.append(student)
                continue
            there.add(name)
            info = zipfile.ZipInfo(name, WHEN)
            info.external_attr = 0o600 << 16
            archive.writestr(info, pages[student].encode(), zipfile.ZIP_DEFLATED)
    if not there:
        raise ValueError(REMEDY[to])
    return out.getvalue(), left


REMEDY = {
    "moodle": "Moodle knows its participants by a number, and nobody has one here.\nGrade the zip "
    "that Moodle made of this assignment, or add a column lms_id to the roster.",
    "canvas": "Canvas takes a page only under the name that it gave to what was handed in, and no "
    "submission came from a Canvas zip.\nGrade the zip itself: python3 -m coursekit grade "
    "submissions.zip --unit 01",
}
