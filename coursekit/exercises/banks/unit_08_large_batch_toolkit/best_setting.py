"""The best setting of one arm, diverged runs counted, and whether its grid holds it."""

import numpy as np

from coursekit.exercises.banks.unit_08_large_batch_toolkit.best_cases import BY_HAND, draw_settings
from coursekit.exercises.banks.unit_08_large_batch_toolkit.best_slips import MISTAKES, best_setting
from coursekit.exercises.banks.unit_08_large_batch_toolkit.further_slips import (
    BEST_SETTING as FURTHER_SLIPS,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.later_slips import (
    BEST_SETTING as LATER_SLIPS,
)
from coursekit.exercises.banks.unit_08_large_batch_toolkit.tried_slips import (
    BEST_SETTING as TRIED_SLIPS,
)
from coursekit.exercises.engine.declare import Exercise


def by_numpy(lrs, validation, chance):
    table = np.array([[np.nan if a is None else a for a in row] for row in validation], float)
    best = np.nan_to_num(table, nan=chance).mean(axis=1).argmax()
    return float(lrs[best]) if best not in (0, len(lrs) - 1) else float("nan")


def by_walk(lrs, validation, chance):
    """Keep the best so far; it lies inside if something came before and something after."""
    best, total, last = 0, -1.0, 0
    for k, row in enumerate(validation):
        seen = sum(row[i] if row[i] is not None else chance for i in range(len(row)))
        if seen > total:
            best, total = k, seen
        last = k
    return lrs[best] if best * (last - best) > 0 else float("nan")


U08_BEST_SETTING = Exercise(
    id="u08_best_setting",
    call="best_setting(lrs, validation, chance)",
    points={"all runs end": 1.0, "some runs diverge": 1.0},
    by_hand=BY_HAND,
    promises=("average", "boundary", "by hand", "missing", "nan", "order", "range", "smallest"),
    draw=draw_settings,
    reference=best_setting,
    nan_says="You say that the question is open. Here the best setting stands inside: which is it?",
    mistakes=(*MISTAKES, *FURTHER_SLIPS, *LATER_SLIPS, *TRIED_SLIPS),
    accepted=(by_numpy, by_walk),
    lesson="Chosen by validation, averaged over seeds, the dead counted: and a best setting at an "
    "end of its grid is no best setting yet.",
    answered_by=("coursekit.replicas.population", "coursekit.claims"),
)
