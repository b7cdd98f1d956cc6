"""Exercises of unit 08: comparing remedies fairly, and the remedies themselves."""

from coursekit.exercises.banks.unit_08_large_batch_toolkit.best_setting import U08_BEST_SETTING
from coursekit.exercises.banks.unit_08_large_batch_toolkit.expected_best import U08_EXPECTED_BEST
from coursekit.exercises.banks.unit_08_large_batch_toolkit.fair_gain import U08_FAIR_GAIN
from coursekit.exercises.banks.unit_08_large_batch_toolkit.ghost_norm import U08_GHOST_NORM
from coursekit.exercises.banks.unit_08_large_batch_toolkit.half_life import U08_HALF_LIFE
from coursekit.exercises.banks.unit_08_large_batch_toolkit.lars_step import U08_LARS_STEP
from coursekit.exercises.banks.unit_08_large_batch_toolkit.muon import U08_MUON
from coursekit.exercises.banks.unit_08_large_batch_toolkit.null_result import U08_NULL_RESULT

EXERCISES = (
    U08_BEST_SETTING,
    U08_FAIR_GAIN,
    U08_EXPECTED_BEST,
    U08_GHOST_NORM,
    U08_LARS_STEP,
    U08_MUON,
    U08_HALF_LIFE,
    U08_NULL_RESULT,
)
