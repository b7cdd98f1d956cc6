"""Exercises of unit 03: why a large learning rate needs a gentle start.

Steps count from zero everywhere. Random cases are drawn so that each mistake changes its result
by far more than float32 rounding. Arrays reach an answer as float32 tensors, lists stay lists.
"""

from coursekit.exercises.banks.unit_03_warmup.build_run import U03_BUILD_RUN, U03_BUILD_TOP
from coursekit.exercises.banks.unit_03_warmup.catapult import U03_CATAPULT
from coursekit.exercises.banks.unit_03_warmup.constant_warmup import U03_CONSTANT_WARMUP
from coursekit.exercises.banks.unit_03_warmup.grow_batch import U03_GROW_BATCH
from coursekit.exercises.banks.unit_03_warmup.linear_warmup import U03_LINEAR_WARMUP
from coursekit.exercises.banks.unit_03_warmup.paired_gain import U03_PAIRED_GAIN
from coursekit.exercises.banks.unit_03_warmup.safe_peak import U03_SAFE_PEAK
from coursekit.exercises.banks.unit_03_warmup.stable_lr import U03_STABLE_LR
from coursekit.exercises.banks.unit_03_warmup.warmup_cosine import U03_WARMUP_COSINE
from coursekit.exercises.banks.unit_03_warmup.warmup_loop import U03_WARMUP_LOOP
from coursekit.exercises.engine.declare import Exercise

EXERCISES: tuple[Exercise, ...] = (
    U03_STABLE_LR,
    U03_CATAPULT,
    U03_LINEAR_WARMUP,
    U03_CONSTANT_WARMUP,
    U03_SAFE_PEAK,
    U03_WARMUP_COSINE,
    U03_PAIRED_GAIN,
    U03_WARMUP_LOOP,
    U03_GROW_BATCH,
    U03_BUILD_TOP,
    U03_BUILD_RUN,
)
