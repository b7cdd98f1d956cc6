"""Put what came out of an LMS's zip where it is graded, and lose nothing that lay there."""

import hashlib
import json
import os
import shutil
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from coursekit.classroom.handing_in.file_names import readings
from coursekit.classroom.handing_in.gradescope import METADATA
from coursekit.classroom.handing_in.submissions import ABOUT, STAMP, described, printable
from coursekit.storage import free_name, time_stamp, write_atomically

UNKNOWN_ZONE = timedelta(hours=12)  # a zip's clock shows local time; the last zone is UTC-12


def is_unpacked(folder: Path) -> bool:
    """Say whether a folder holds what an LMS zipped: some browsers unpack what they download."""
    names = (path.relative_to(folder).as_posix() for path in islice(folder.rglob("*"), 1000))
    return any(name.rpartition("/")[2] == METADATA or readings(name, "") for name in names)


def packed(folder: Path, archive: Path) -> Path:
    """Zip a folder into which a browser, or a person, unpacked an LMS's zip.

    Args:
        folder: Where its files lie; links are left out.
        archive: The zip to write.
    """
    with zipfile.ZipFile(archive, "w") as zipped:
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                info = zipfile.ZipInfo.from_file(
                    path, printable(path.relative_to(folder).as_posix()), strict_timestamps=False
                )
                with path.open("rb") as source, zipped.open(info, "w") as target:
                    shutil.copyfileobj(source, target)
    return archive


def not_after(info: zipfile.ZipInfo) -> str:
    """Return the latest moment at which a file can have been handed in: the zip was made then."""
    now = datetime.now(UTC)
    try:
        made = datetime(*info.date_time, tzinfo=UTC) + UNKNOWN_ZONE
    except ValueError:
        return now.isoformat()
    return (made if datetime(2000, 1, 1, tzinfo=UTC) < made < now else now).isoformat()


def put(
    folder: Path, unit: str, data: bytes, about: dict[str, object], at: str = "", known: bool = True
) -> None:
    """Write one notebook and what the LMS said; rename what was there before, if it differs.

    Args:
        folder: Of one student and unit.
        unit: Names the notebook.
        data: The notebook.
        about: What the LMS said, for the file beside it.
        at: When it was handed in, if the LMS said so.
        known: That can be read; if not, what a person wrote there stays.
    """
    target = folder / f"{unit}.ipynb"
    if target.exists():
        if hashlib.sha256(target.read_bytes()).digest() != hashlib.sha256(data).digest():
            kept = folder.with_name(f"{unit}.earlier")
            folder.rename(free_name(kept, time_stamp()))
        else:  # it was there when the earlier zip was made
            before = str(described(folder / ABOUT).get("not_after") or about["not_after"])
            about = {**about, "not_after": min(before, str(about["not_after"]))}
    folder.mkdir(parents=True, exist_ok=True)
    write_atomically(folder / ABOUT, json.dumps(about, indent=1) + "\n")
    if at and (known or not (folder / STAMP).exists()):
        write_atomically(folder / STAMP, f"{at}\n")
    temporary = target.with_suffix(".tmp")
    temporary.write_bytes(data)
    os.replace(temporary, target)


def put_nothing(
    folder: Path,
    unit: str,
    reasons: Sequence[str],
    about: dict[str, object],
    *,
    doubt: bool = False,
) -> None:
    """Note that somebody handed in something that is no notebook, or that may be theirs.

    A notebook that a person put there by hand stays; one that came from an LMS was replaced there
    and is renamed.
    """
    before = described(folder / ABOUT)
    if (folder / f"{unit}.ipynb").exists():
        if "file" not in before or "left_out" in before:
            return
        folder.rename(free_name(folder.with_name(f"{unit}.earlier"), time_stamp()))
    why = {"left_out": list(dict.fromkeys(reasons))[:20], "doubt": doubt}
    if before.get("left_out") == why["left_out"] and "not_after" in before:
        about = {**about, "not_after": before["not_after"]}
    write_atomically(folder / ABOUT, json.dumps({**about, **why}, indent=1) + "\n")


def forget_doubts(submitted: Path, unit: str) -> None:
    """Remove the notes of an earlier zip that something may be somebody's."""
    for about in submitted.glob(f"*/{unit}/{ABOUT}"):
        alone = [path.name for path in about.parent.iterdir()] == [ABOUT]
        if alone and described(about).get("doubt") is True:
            about.unlink()
            about.parent.rmdir()
