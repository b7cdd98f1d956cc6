"""Draw a mystery by its number: what went wrong, what is shown, what the right answers are."""

from dataclasses import dataclass
from functools import lru_cache
from random import Random

from coursekit.experiments.mysteries.faults import FAULTS, Fault
from coursekit.experiments.mysteries.training import Setup
from coursekit.experiments.mysteries.words import EXPERIMENTS

IN_A_SET = 6
SETS_APART = 1000  # numbers 1 to 6 are the public set, 7001 to 7006 those of release 7
PUBLIC = (
    "clips each",
    "diverged early",
    "duplicates",
    "logging interval",
    "grid edge",
    "warmup in micro-steps",
)


@dataclass(frozen=True)
class Mystery:
    """A run that went wrong, with its answers.

    Attributes:
        number: Which one; the same number is the same mystery.
        fault: The true explanation, a key of `FAULTS`.
        before: The run before, which was fine.
        wrong: The run that went wrong.
        suspects: Five explanations in the order shown.
        menu: Experiments in the order shown, cheapest first.
        seeds: Of its runs.
    """

    number: int
    fault: str
    before: Setup
    wrong: Setup
    suspects: tuple[str, ...]
    menu: tuple[str, ...]
    seeds: tuple[int, ...]

    @property
    def about(self) -> Fault:
        """The fault's rival, story and outcomes."""
        return FAULTS[self.fault]

    @property
    def story(self) -> str:
        """What the team says."""
        return self.about.story.format(
            B0=self.before.batch_size,
            B1=self.wrong.batch_size,
            K=self.wrong.num_micro,
            stop=self.wrong.stops_after,
            removed=self.before.num_train - self.wrong.num_train,
        )

    def separates(self, experiment: str) -> bool:
        """Say whether the two best explanations predict different outcomes."""
        expected, of_rival = self.about.menu[experiment]
        return expected != of_rival

    @property
    def best(self) -> str:
        """The cheapest experiment that separates the two best explanations."""
        return next(name for name in self.menu if self.separates(name))

    def expected(self, experiment: str) -> str:
        """Return what the true explanation predicts of an experiment."""
        return self.about.menu[experiment][0]

    @property
    def key(self) -> tuple[int, int, int]:
        """The right answers as places in the lists shown, counted from 1."""
        outcomes = EXPERIMENTS[self.best].outcomes
        return (
            1 + self.suspects.index(self.fault),
            1 + self.menu.index(self.best),
            1 + outcomes.index(self.expected(self.best)),
        )


@lru_cache(maxsize=512)
def draw_mystery(number: int) -> Mystery:
    """Return the mystery of a number: 1 to 6 are public, 1000 k + 1 to 1000 k + 6 release k's.

    The six of a release have six different faults.

    Raises:
        ValueError: If there is no such number.
    """
    release, place = divmod(number, SETS_APART)
    if release < 0 or not 1 <= place <= IN_A_SET:
        raise ValueError(f"no mystery {number}: a release has the numbers 1 to {IN_A_SET}")
    names = PUBLIC if release == 0 else tuple(Random(f"set {release}").sample(sorted(FAULTS), 6))
    fault = names[place - 1]
    rng = Random(f"mystery {number}")
    about = FAULTS[fault]
    before, wrong = about.draw(rng)
    suspects = [fault, about.rival, *about.others]
    rng.shuffle(suspects)
    menu = sorted(about.menu, key=lambda name: (EXPERIMENTS[name].price, name))
    seeds = tuple(rng.sample(range(10_000), 3))
    return Mystery(number, fault, before, wrong, tuple(suspects), tuple(menu), seeds)
