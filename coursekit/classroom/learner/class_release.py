"""Units that a class gets in place of the public ones: taken in once, known by their codes.

A private release's notebook names, for each exercise that it changes, the code of the new task.
"""

import ast
import json
import shutil
import tempfile
from pathlib import Path

from coursekit.classroom.learner.copies import (
    class_folder,
    exercises_in,
    notebook_in,
    released_units,
    work_folder,
)
from coursekit.storage import free_name, time_stamp

CALL = "checks_of_release"  # of coursekit.notebook; its argument holds the codes


def codes_in(notebook: Path) -> dict[str, str]:
    """Return the code of each changed task in a notebook by its exercise; {} in a public one.

    Raises:
        ValueError: If the file is no notebook.
    """
    exercises_in(notebook)  # says so if it is none
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        text = "".join(cell.get("source", []))
        if cell.get("cell_type") != "code" or CALL not in text:
            continue
        try:
            calls = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Call)]
            (given,) = [ast.literal_eval(c.args[0]) for c in calls if _name(c) == CALL]
            return {str(key): str(value) for key, value in given.items()}
        except (SyntaxError, ValueError, IndexError, AttributeError):
            return {}  # a cell that the learner has edited
    return {}


def language_of(notebook: Path) -> str:
    """Return the language of a notebook, "en" where it says none."""
    about = json.loads(notebook.read_text(encoding="utf-8")).get("metadata", {}).get("coursekit")
    return str(about.get("language", "en")) if isinstance(about, dict) else "en"


def _name(call: ast.Call) -> str:
    return call.func.id if isinstance(call.func, ast.Name) else ""


def is_of_a_class(unit: Path) -> bool:
    """Say whether a released unit is one of the learner's class."""
    return unit.parent == class_folder()


def take_in(release: Path) -> list[str]:
    """Take the units of a class's release in; from here on they stand for the public ones.

    A copy of the public unit that the learner has begun is renamed. A unit that was taken in
    before, and is another one now, replaces the earlier one, and the copy of that is renamed too.

    Args:
        release: The folder that the class was given, with NN_name/NN_name.ipynb in it, or that
            unit's own folder, or the notebook.

    Returns:
        A sentence for each unit.

    Raises:
        ValueError: If there is no unit of the course in it.
    """
    found = _units(release)
    if not found:
        raise ValueError(
            f"there is no unit in {release}: name the folder that your class was given, with "
            "01_gradient_noise/01_gradient_noise.ipynb or the like in it"
        )
    return [_take(name, notebook) for name, notebook in found.items()]


def _units(release: Path) -> dict[str, Path]:
    notebooks = {unit.name: notebook_in(unit) for unit in released_units(release)}
    if not notebooks and release.is_dir() and notebook_in(release).is_file():
        notebooks = {release.name: notebook_in(release)}
    if release.suffix == ".ipynb" and release.is_file():
        notebooks = {release.stem: release}
    public = {unit.name for unit in released_units()}
    return {name: path for name, path in notebooks.items() if name in public}


def _take(name: str, notebook: Path) -> str:
    asks = (codes_in(notebook), language_of(notebook))
    place, copy = class_folder() / name, work_folder() / name
    if place.exists() and notebook_in(place).read_bytes() == notebook.read_bytes():
        return f"{name} of your class is here already."
    place.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=place.parent, prefix=f".{name}.") as temporary:
        whole = Path(temporary) / name
        whole.mkdir()
        shutil.copy(notebook, notebook_in(whole))
        if place.exists():
            place.rename(Path(temporary) / "old")
        whole.rename(place)
    told = f"{name} is your class's from here on."
    mine = notebook_in(copy)
    if copy.exists() and (codes_in(mine), language_of(mine)) != asks:
        kept = free_name(copy, time_stamp())
        copy.rename(kept)
        told += f" Your copy of the other one is now {kept}."
    return told
