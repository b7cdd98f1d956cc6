"""Take the names of files apart as Canvas, Moodle and Gradescope put them together.

Canvas, lib/content_zipper.rb (`get_filename`, `add_upload_submission`):
    NAME_[LATE_]USER_ATTACHMENT_FILE        NAME is the sortable name, or a group's, in lower case;
                                            only word characters stay, and "_" is one of them
    [LATE_]anon_ANONYMOUS_ATTACHMENT_FILE   of an anonymous assignment
    NAME_[LATE_]USER_(text.html|link.html)  typed into Canvas, or a link
Moodle, mod/assign/classes/downloader.php (`get_student_prefix`):
    NAME_NUMBER_assignsubmission_PLUGIN/FILE, or "_FILE" without folders; "_" in names is a blank
    GROUP_NUMBER_..., or "Default group_..."; the number is the group's
Gradescope, submission_metadata.yml beside folders submission_NUMBER/: see `gradescope`

The file's own name may hold "_" and digits, and so may a person's. Where that allows two readings,
both are returned: who decides needs the class.
"""

import re
import unicodedata
import zipfile
from dataclasses import dataclass

MOODLE = re.compile(
    r"(?P<name>[^_]+)(?:_(?P<number>\d+))?_assignsubmission_(?P<plugin>[a-z]+)(?:_(?P<rest>.*))?"
)
ANONYMOUS = re.compile(
    r"(?P<late>LATE_)?anon_(?P<code>(?=[A-Za-z0-9]*[A-Za-z])[A-Za-z0-9]+)_(?P<order>\d+)_(?P<file>.+)"
)
TYPED = re.compile(r"(?P<name>.*?)_?(?P<late>LATE_)?(?P<number>\d+)_(?P<file>(?:text|link)\.html)")
JUNK = re.compile(
    r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$|\.git/|__pycache__/|~\$)",
    re.IGNORECASE,
)
CHECKPOINT = re.compile(r"(^|/)\.ipynb_checkpoints/|-checkpoint\.ipynb", re.IGNORECASE)


@dataclass(frozen=True)
class Reading:
    """One way to read an entry's name.

    Attributes:
        system: "canvas", "moodle" or "gradescope".
        name: The person's or the group's, as the system wrote it; "" if it names nobody.
        number: The system's number for them, or the code of an anonymous one; "" if none is given.
        file: What the person called the file, with the folders they put it in.
        late: The system marked it as late.
        order: Canvas's number of the upload; later uploads have higher ones.
        anonymous: The number is a code for this one assignment.
    """

    system: str
    name: str
    number: str
    file: str
    late: bool = False
    order: int = 0
    anonymous: bool = False


def is_junk(path: str) -> bool:
    """Say whether a file is an operating system's or an editor's own note, handed in by nobody."""
    return JUNK.search(path) is not None


def is_checkpoint(path: str) -> bool:
    """Say whether it is a copy that Jupyter keeps of a notebook."""
    return CHECKPOINT.search(path) is not None


def spelled(info: zipfile.ZipInfo) -> str:
    """Return an entry's name in one form, also where a zip does not say how names are encoded.

    Without that flag the standard says cp437; Macs write UTF-8 all the same, decomposed, and
    Windows its own page.
    """
    name = info.filename
    if not info.flag_bits & 0x800:
        try:
            raw = name.encode("cp437")
            try:
                name = raw.decode("utf-8")
            except UnicodeDecodeError:
                name = raw.decode("cp1252") if _reads_as_windows(raw) else name
        except UnicodeError:
            pass
    name = unicodedata.normalize("NFC", name.replace("\\", "/"))
    return name.encode("utf-8", errors="replace").decode("utf-8")


def _reads_as_windows(raw: bytes) -> bool:
    """Say whether bytes are Latin letters in cp1252, and Greek ones or drawings in cp437."""
    try:
        there = [c for c in raw.decode("cp1252") if ord(c) > 127]
    except UnicodeDecodeError:
        return False
    here = [c for c in raw.decode("cp437") if ord(c) > 127]
    return all(map(_is_latin, there)) and not all(map(_is_latin, here))


def _is_latin(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith("LATIN ")


def readings(path: str, unit: str) -> list[Reading]:
    """Return every way to read an entry's name as Canvas's or Moodle's; none if it is neither.

    Folders on top, which a person's computer adds, are passed over; folders below belong to what
    was handed in.

    Args:
        path: The entry's name, with "/" between folders.
        unit: The unit that was collected. Where the shortest person's name leaves a file that
            begins with it (units begin with a number), that reading is the only one.
    """
    parts = path.split("/")
    for i, part in enumerate(parts):
        below = "/".join(parts[i + 1 :])
        found = _moodle(part, below) or _canvas(part, below)
        if found:
            return found[:1] if found[0].file.lower().startswith(unit.lower()) else found
    return []


def _moodle(part: str, below: str) -> list[Reading]:
    match = MOODLE.fullmatch(part)
    if match is None:
        return []
    file = below or match["rest"] or ""
    if match["plugin"] != "file":
        file = f"{match['plugin']}/{file}"
    return [Reading("moodle", match["name"], match["number"] or "", file)] if file else []


def _canvas(part: str, below: str) -> list[Reading]:
    def file_of(own: str) -> str:
        return f"{own}/{below}" if below else own

    anonymous = ANONYMOUS.fullmatch(part)
    if anonymous:
        code, order = anonymous["code"], int(anonymous["order"])
        late, file = bool(anonymous["late"]), file_of(anonymous["file"])
        return [Reading("canvas", "", code, file, late, order, anonymous=True)]
    words = part.split("_")
    found = []
    for i in range(1, len(words) - 2):
        digits = words[i].isascii() and words[i].isdigit()
        if not (digits and words[i + 1].isascii() and words[i + 1].isdigit()):
            continue
        name, late = words[:i], words[i - 1] == "LATE" and i > 1
        name = name[:-1] if late else name
        # Canvas takes "_3_" out of the middle of a name, so a number stands only at its end
        if any(word.isdigit() for word in name[1:-1]):
            continue
        file = file_of("_".join(words[i + 2 :]))
        order = int(words[i + 1][:18])
        found.append(Reading("canvas", "_".join(name), words[i], file, late, order))
    typed = TYPED.fullmatch(part) if not found and not below else None
    if typed:
        late = bool(typed["late"])
        return [Reading("canvas", typed["name"], typed["number"], typed["file"], late)]
    return found
