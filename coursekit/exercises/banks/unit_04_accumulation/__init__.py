"""Exercises of unit 04: is a batch made of micro-batches the large batch.

Loops are judged by what they leave in `.grad` of a small linear model, or by the gradient and rate
of each step; whatever algorithm gives that is right.
"""

from coursekit.exercises.banks.unit_04_accumulation.batch_norm import U04_BATCH_NORM
from coursekit.exercises.banks.unit_04_accumulation.clipping import U04_CLIP
from coursekit.exercises.banks.unit_04_accumulation.divisors import U04_DIVISORS
from coursekit.exercises.banks.unit_04_accumulation.equal_lr import U04_EQUAL_LR
from coursekit.exercises.banks.unit_04_accumulation.loop import U04_LOOP
from coursekit.exercises.banks.unit_04_accumulation.mended_loop import U04_MENDED_LOOP
from coursekit.exercises.banks.unit_04_accumulation.tokens import U04_TOKENS
from coursekit.exercises.banks.unit_04_accumulation.two_workers import U04_TWO_WORKERS
from coursekit.exercises.banks.unit_04_accumulation.windows import U04_WINDOWS
from coursekit.exercises.banks.unit_04_accumulation.workers import U04_WORKERS
from coursekit.exercises.engine.declare import Exercise

EXERCISES: tuple[Exercise, ...] = (
    U04_LOOP,
    U04_TOKENS,
    U04_EQUAL_LR,
    U04_CLIP,
    U04_WINDOWS,
    U04_DIVISORS,
    U04_WORKERS,
    U04_BATCH_NORM,
    U04_MENDED_LOOP,
    U04_TWO_WORKERS,
)
