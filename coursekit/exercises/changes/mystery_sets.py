"""Other mystery runs for private releases of unit 10: each release has six of its own."""

import functools

from coursekit.exercises.banks.unit_10_capstone import EXERCISES
from coursekit.exercises.changes.change import Change, Slip
from coursekit.exercises.engine.declare import Mistake
from coursekit.experiments.mysteries.cases import IN_A_SET, SETS_APART, draw_mystery

NUM_SETS = 12  # releases to choose from
DIAGNOSIS = "u10_diagnosis"


@functools.cache
def mystery_sets() -> tuple[Change, ...]:
    """Return a change to the six runs of each release, with the answers for its instructor."""
    return tuple(set_of(release) for release in range(1, NUM_SETS + 1))


def set_of(release: int) -> Change:
    """Return the change to the six runs of one release. The task is the public one."""
    (public,) = [exercise for exercise in EXERCISES if exercise.id == DIAGNOSIS]
    numbers = range(1, IN_A_SET + 1)
    keys = {n: list(draw_mystery(SETS_APART * release + n).key) for n in numbers}
    digits = ["".join(map(str, key)) for key in keys.values()]

    def slip(mistake: Mistake) -> Slip:
        found = {n: list(mistake.answer(SETS_APART * release + n)) for n in numbers}
        return Slip(mistake.hint, "", f"return {found}[number]")

    return Change(
        exercise_id=DIAGNOSIS,
        name=f"runs of set {release}",
        task="",
        hints=(),
        docstring="",
        solution=f"found = {keys}\nreturn found[number]",
        other=f"found = {digits}\nreturn [int(digit) for digit in found[number - 1]]",
        slips=tuple(slip(mistake) for mistake in public.mistakes),
        lesson=public.lesson,
        set_up=f"RELEASE = {release}  # which six mystery runs",
    )
