"""Exercises of unit 01: how noisy is a gradient, and what does a bigger batch buy.

Every random case is drawn so that each mistake changes its result by far more than float32
rounding. Arrays reach an answer as float32 tensors, lists stay lists.
"""

from coursekit.exercises.banks.unit_01_gradient_noise.accumulated import U01_ACCUMULATED
from coursekit.exercises.banks.unit_01_gradient_noise.batch_for_noise import U01_BATCH_FOR_NOISE
from coursekit.exercises.banks.unit_01_gradient_noise.build_errors import U01_BUILD_ERRORS
from coursekit.exercises.banks.unit_01_gradient_noise.build_law import U01_BUILD_LAW
from coursekit.exercises.banks.unit_01_gradient_noise.effective_batch import U01_EFFECTIVE_BATCH
from coursekit.exercises.banks.unit_01_gradient_noise.epoch_noise import U01_EPOCH_NOISE
from coursekit.exercises.banks.unit_01_gradient_noise.minibatch_grad import U01_MINIBATCH_GRAD
from coursekit.exercises.banks.unit_01_gradient_noise.standard_error import U01_STANDARD_ERROR
from coursekit.exercises.banks.unit_01_gradient_noise.tr_cov import U01_TR_COV
from coursekit.exercises.banks.unit_01_gradient_noise.variance_at import U01_VARIANCE_AT

EXERCISES = (
    U01_MINIBATCH_GRAD,
    U01_TR_COV,
    U01_VARIANCE_AT,
    U01_EFFECTIVE_BATCH,
    U01_ACCUMULATED,
    U01_STANDARD_ERROR,
    U01_EPOCH_NOISE,
    U01_BATCH_FOR_NOISE,
    U01_BUILD_ERRORS,
    U01_BUILD_LAW,
)
