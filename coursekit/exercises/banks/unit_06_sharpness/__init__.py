"""Exercises of unit 06: how curved the loss is, without a Hessian.

Losses and matrices travel as text and arrays; the adapters make functions of them, in float64, so
that numerical derivatives are right answers too.
"""

from coursekit.exercises.banks.unit_06_sharpness.at_equal_loss import U06_AT_EQUAL_LOSS
from coursekit.exercises.banks.unit_06_sharpness.edge_ratio import U06_EDGE_RATIO
from coursekit.exercises.banks.unit_06_sharpness.hutchinson import U06_HUTCHINSON
from coursekit.exercises.banks.unit_06_sharpness.hvp import U06_HVP
from coursekit.exercises.banks.unit_06_sharpness.keskar import U06_KESKAR
from coursekit.exercises.banks.unit_06_sharpness.lanczos import U06_LANCZOS
from coursekit.exercises.banks.unit_06_sharpness.over_batches import U06_OVER_BATCHES
from coursekit.exercises.banks.unit_06_sharpness.power_iteration import U06_POWER_ITERATION
from coursekit.exercises.banks.unit_06_sharpness.sam import U06_SAM

EXERCISES = (
    U06_HVP,
    U06_POWER_ITERATION,
    U06_LANCZOS,
    U06_HUTCHINSON,
    U06_KESKAR,
    U06_SAM,
    U06_EDGE_RATIO,
    U06_AT_EQUAL_LOSS,
    U06_OVER_BATCHES,
)
