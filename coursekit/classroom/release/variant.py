"""A private release: units with other tasks, their solutions, and the file that says which."""

import json
import random
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from coursekit.classroom.release.source import Unit
from coursekit.exercises.changes.catalogue import changes_of, choose_change
from coursekit.exercises.changes.checks import changed_bank
from coursekit.exercises.engine.declare import Exercise

VERSION = 2


@dataclass(frozen=True)
class Variant:
    """What a private release changes."""

    seeds: Mapping[str, int] = field(default_factory=dict)  # unit -> what chose its changes
    changes: Mapping[str, str] = field(default_factory=dict)  # exercise id -> the change's name

    def with_units_of(self, other: "Variant") -> "Variant":
        """Return a release that holds the units of both."""
        return Variant({**self.seeds, **other.seeds}, {**self.changes, **other.changes})


def choose_variant(
    units: Sequence[Unit],
    bank: Mapping[str, Exercise],
    seed: int,
    without: Collection[str] = (),
) -> Variant:
    """Choose a change for every exercise with marks.

    Args:
        units: The sources of the release.
        bank: The public exercises.
        seed: Chooses; the same seed and course give the same release.
        without: Changes to leave out: "ID: NAME", or a name alone, or an id alone for an exercise
            that shall stay as it is in public.

    Raises:
        ValueError: If ``without`` names what is no change of these units.
    """
    ids = [name for unit in units for name in unit.exercises if bank[name].graded]
    known = {name for exercise_id in ids for name in changes_of(exercise_id)}
    known |= {f"{exercise_id}: {name}" for exercise_id in ids for name in changes_of(exercise_id)}
    for name in without:
        if name not in known and name not in ids:
            shown = ", ".join(f"'{one}'" for one in sorted(known) if ":" in one)
            raise ValueError(f"no change {name!r} in these units: there are {shown}")
    chosen = {}
    for exercise_id in ids:
        change = choose_change(exercise_id, seed, without)
        if change is not None and exercise_id not in without:
            chosen[exercise_id] = change.name
    return Variant({unit.name: seed for unit in units}, chosen)


def variant_bank(variant: Variant, bank: Mapping[str, Exercise]) -> dict[str, Exercise]:
    """Return the bank that a private release is marked with.

    Raises:
        ValueError: If the release names an exercise or a change that does not exist here.
    """
    return changed_bank(variant.changes, bank)


def write_variant(variant: Variant) -> str:
    """Return the text of variant.json."""
    content = {
        "version": VERSION,
        "seeds": dict(variant.seeds),
        "changes": dict(variant.changes),
    }
    return json.dumps(content, indent=1) + "\n"


def read_variant(path: Path) -> Variant:
    """Read variant.json.

    Raises:
        ValueError: If it is damaged or of another version.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        if content["version"] != VERSION:
            raise ValueError(f"version {content['version']}")
        seeds = {str(key): int(value) for key, value in content["seeds"].items()}
        changes = {str(key): str(value) for key, value in content["changes"].items()}
        return Variant(seeds, changes)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"{path} cannot be used ({error}): make the release again with "
            "`python3 -m coursekit variant --seed N --out NEW_FOLDER`"
        ) from None


def fresh_seed() -> int:
    """Return a seed that nobody guesses, for whoever names none."""
    return random.SystemRandom().randrange(10**6, 10**9)
