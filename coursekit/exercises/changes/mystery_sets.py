"""Other mystery runs for private releases of unit 10: each release has six of its own."""

from coursekit.exercises.changes.change import Change, Given
from coursekit.experiments.mysteries.cases import IN_A_SET, SETS_APART, draw_mystery

NUM_SETS = 12  # releases to choose from


def set_of(release: int) -> Change:
    """Return the change to the six runs of a release, with the answers for its instructor."""
    keys = {n: list(draw_mystery(SETS_APART * release + n).key) for n in range(1, IN_A_SET + 1)}
    return Change(
        f"runs of set {release}",
        f"The six runs are those of set {release}: RELEASE is {release} in this notebook.",
        given={"number": Given("number", f"number + {SETS_APART * release}")},
        solution=f"found = {keys}\nreturn found[number]",
        set_up=f"RELEASE = {release}  # which six mystery runs",
    )


MYSTERY_SETS = tuple(set_of(release) for release in range(1, NUM_SETS + 1))
