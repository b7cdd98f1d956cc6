"""Accuracies of a grid of runs in %, the test's of each example: what intervals over both take."""

import numpy as np

from coursekit.experiments.flagship import CHANCE
from coursekit.replicas.population import Population


def right(runs: Population, **at: object) -> np.ndarray:
    """Return 100 where a test example is right and 0 where not, (seeds, ..., test examples).

    Args:
        runs: A grid with ``keep_correct=True``, on data of ten classes; a run that diverged counts
            as chance, 10 %.
        at: Values of axes, which are dropped.
    """
    return 100 * runs.at(**at).values("test_correct", diverged_as=CHANCE)


def seen_and_right(runs: Population, **at: object) -> tuple[np.ndarray, np.ndarray]:
    """Return validation accuracies, (seeds, ...), and `right`: to choose by, and to report."""
    part = runs.at(**at)
    return 100 * part.values("validation_accuracy", diverged_as=CHANCE), right(part)
