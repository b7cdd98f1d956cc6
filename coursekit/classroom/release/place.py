"""Put a release in its place, all of it or none of it, and compare one with what lies there."""

import json
import os
import shutil
import tempfile
from pathlib import Path

from coursekit.classroom.release.build import RELEASE_FOLDER, SOURCE_FOLDER


def drift(root: Path, files: dict[str, str]) -> list[str]:
    """Name each file that differs from what the sources make; an empty list means none.

    The instructor notebooks are generated and not committed: they count only where some exist.

    Args:
        root: The repository.
        files: What `release_files` returned.
    """
    found = []
    folders = [RELEASE_FOLDER] + ([SOURCE_FOLDER] if (root / SOURCE_FOLDER).exists() else [])
    for name in sorted(files):
        path = root / name
        if "/" in name and not name.startswith(tuple(f"{folder}/" for folder in folders)):
            continue
        if not path.exists():
            found.append(f"{name}: missing")
        elif path.read_bytes() != files[name].encode():
            found.append(f"{name}: differs from its source")
    for folder in folders:
        found += [f"{name}: no source makes it" for name in _unexpected(root, folder, files)]
    return found


def put_in_place(
    root: Path, files: dict[str, str], *, remove_others: bool = True
) -> tuple[list[str], list[str]]:
    """Write a release and remove the notebooks of units that are gone.

    Every file is first written under `.build/`, then renamed into place; when a rename fails, those
    before it are undone. Files that `build` did not make are left alone.

    Args:
        root: The repository.
        files: What `release_files` returned.
        remove_others: False leaves units alone that are not among the files.

    Returns:
        Names of the files written or removed, and of those found but left alone.

    Raises:
        OSError: If something cannot be written; the earlier release is then as it was.
    """
    unexpected = [
        name
        for folder in (RELEASE_FOLDER, SOURCE_FOLDER)
        for name in _unexpected(root, folder, files)
    ]
    stale = [name for name in unexpected if remove_others and _made_by_build(root / name)]
    changed = [
        name
        for name in sorted(files)
        if not (root / name).exists() or (root / name).read_bytes() != files[name].encode()
    ]
    (root / ".build").mkdir(exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix="staging-", dir=root / ".build"))
    try:
        for name in changed:
            (staging / "new" / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / "new" / name).write_bytes(files[name].encode())
        _swap(root, staging, changed, stale)
    finally:
        shutil.rmtree(staging)
    return [*changed, *stale], [name for name in unexpected if name not in stale]


def _swap(root: Path, staging: Path, changed: list[str], stale: list[str]) -> None:
    """Move old files out and new files in; put everything back if one move fails."""
    undo: list[tuple[Path, Path]] = []

    def move(start: Path, end: Path) -> None:
        end.parent.mkdir(parents=True, exist_ok=True)
        os.replace(start, end)
        undo.append((end, start))

    try:
        for name in [*changed, *stale]:
            if (root / name).exists():
                move(root / name, staging / "old" / name)
            if name in changed:
                move(staging / "new" / name, root / name)
    except BaseException:
        for end, start in reversed(undo):
            os.replace(end, start)
        raise
    for name in stale:
        folder = (root / name).parent
        if not any(folder.iterdir()):
            folder.rmdir()


def _unexpected(root: Path, folder: str, files: dict[str, str]) -> list[str]:
    """Return files that no unit makes; hidden ones and caches are nobody's business."""
    found = []
    for path in sorted((root / folder).rglob("*")):
        inside = path.relative_to(root / folder)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
        name = path.relative_to(root).as_posix()
        if path.is_file() and not hidden and name not in files:
            found.append(name)
    return found


def _made_by_build(path: Path) -> bool:
    """Say whether a notebook carries the mark of `build` and the name of its own folder."""
    try:
        unit = json.loads(path.read_text(encoding="utf-8"))["metadata"]["coursekit"]["unit"]
    except (ValueError, KeyError, TypeError, OSError):
        return False
    return unit == path.stem == path.parent.name
