"""A folder that becomes a course of its own: nbgrader's settings, which find this package."""

from pathlib import Path

from coursekit.classroom.marking.gradebook import CONFIG
from coursekit.storage import ROOT, write_atomically

OWN_CODE = "sys.path.insert(0, str(ROOT))"


def write_settings(folder: Path) -> None:
    """Write nbgrader's settings into a course's folder, unless it has some.

    Raises:
        ValueError: If the clone's own settings are not as they were written.
    """
    if (folder / CONFIG).exists():
        return
    settings = (ROOT / CONFIG).read_text(encoding="utf-8")
    if OWN_CODE not in settings:
        raise ValueError(f"{CONFIG} does not say {OWN_CODE!r}: mend coursekit/commands/own_course")
    settings = settings.replace(OWN_CODE, f"sys.path.insert(0, {str(ROOT)!r})")
    write_atomically(folder / CONFIG, settings)
