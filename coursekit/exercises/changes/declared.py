"""Changes declared for single exercises: other divisors, sums, signs, units and axes.

Where there is none, `changes_general` has some for every shape of answer.
"""

from coursekit.exercises.changes.change import Change, Given
from coursekit.exercises.changes.mystery_sets import MYSTERY_SETS

TRANSPOSED_GRADS = {
    "per_example_grads": Given("np.ascontiguousarray(per_example_grads.T)", "per_example_grads.T")
}
TRANSPOSED_BATCHES = {"batch_grads": Given("np.ascontiguousarray(batch_grads.T)", "batch_grads.T")}

DECLARED: dict[str, tuple[Change, ...]] = {
    "u10_diagnosis": MYSTERY_SETS,
    "u00_best_lr": (
        Change(
            "error rates",
            "`accuracy` holds ERROR RATES here, one minus the accuracy: the best learning rate is "
            "the one with the lowest.",
            given={"accuracy": Given("1 - accuracy", "1 - accuracy")},
            drop=("the worst", "the accuracy itself"),
        ),
        Change(
            "batch sizes before learning rates",
            "`accuracy` has the shape (num_seeds, num_batch_sizes, num_lrs) here: batch sizes come "
            "before learning rates.",
            given={
                "accuracy": Given(
                    "np.ascontiguousarray(accuracy.swapaxes(1, 2))", "accuracy.transpose(1, 2)"
                )
            },
            rewrites=(("(num_seeds, num_lrs, num_batch_sizes)", "see below for the shape"),),
        ),
    ),
    "u01_minibatch_grad": (
        Change(
            "sum over the batch",
            "The batch's loss is the SUM over its examples here, not the mean.",
            "value * len(batch)",
            rewrites=(("the batch's mean loss", "the batch's loss"),),
            drop=("sum over the batch", "divided by the data set"),
        ),
        Change(
            "one column an example",
            "`inputs` has the shape (P, N) here, one COLUMN an example.",
            given={"inputs": Given("np.ascontiguousarray(inputs.T)", "inputs.T")},
            rewrites=(("inputs: (N, P)", "inputs: (P, N)"),),
        ),
        Change(
            "downhill",
            "Return the direction of steepest DESCENT of the batch's mean loss, as long as the "
            "gradient.",
            "-value",
            rewrites=(("Gradient of the batch's mean loss", "Direction downhill"),),
            drop=("downhill",),
        ),
    ),
    "u01_tr_cov": (
        Change(
            "divisor n",
            "The n examples are the whole data set here, and their mean is the true one: the "
            "divisor is n, not n - 1.",
            "value * (len(per_example_grads) - 1) / len(per_example_grads)",
            rewrites=(("Unbiased estimate of tr(Sigma), one number", "tr(Sigma), one number"),),
            drop=("divides by n", "corrected twice"),
        ),
        Change(
            "one column an example",
            "`per_example_grads` has the shape (P, n) here, one gradient a COLUMN.",
            given=TRANSPOSED_GRADS,
            rewrites=(("(n, P), n >= 2, one gradient a row", "(P, n), n >= 2"),),
            drop=("the other axis",),
        ),
        Change(
            "mean over parameters",
            "Return the variance of an average parameter: the trace divided by the number of "
            "parameters P.",
            "value / per_example_grads.shape[1]",
            drop=("mean over parameters", "mean over all entries"),
        ),
    ),
    "u01_variance_at": (
        Change(
            "sum over the batch",
            "Return the variance of the SUM of the batch's gradients, not of their mean.",
            "value * batch_size**2",
        ),
        Change(
            "a deviation comes in",
            "`tr_cov` holds the ROOT of tr(Sigma) here, in the unit of a gradient.",
            given={"tr_cov": Given("tr_cov**0.5", "tr_cov**2")},
        ),
    ),
    "u01_standard_error": (
        Change(
            "relative",
            "Return the RELATIVE standard error: divided by the mean of |g - G|^2.",
            "value / (batch_grads - full_grad).square().sum(dim=1).mean()",
        ),
        Change(
            "divisor M",
            "The spread of the M squared distances has the divisor M here, not M - 1.",
            "value * ((len(batch_grads) - 1) / len(batch_grads)) ** 0.5",
            rewrites=(("; spread with M - 1", ""),),
            drop=("deviations all counted as free",),
        ),
        Change(
            "one column a batch",
            "`batch_grads` has the shape (P, M) here, one batch's gradient a COLUMN.",
            given=TRANSPOSED_BATCHES,
            rewrites=(("(M, P), one batch's gradient a row", "(P, M)"),),
        ),
    ),
    "u01_effective_batch": (
        Change(
            "share of the batch",
            "Return the SHARE of the batch that counts, between 0 and 1: the effective size over "
            "the size.",
            "value / sum(group_sizes)",
            drop=("share of the batch",),
        ),
        Change(
            "correlation in per cent",
            "`rho` comes in per cent here, between 0 and 100.",
            given={"rho": Given("100.0 * rho", "rho / 100")},
            rewrites=(("0 <= rho <= 1", "in per cent"),),
        ),
        Change(
            "inflation",
            "Return by how much the variance is inflated: the size of the batch over its effective "
            "size.",
            "sum(group_sizes) / value",
            drop=("inflation of the variance",),
        ),
    ),
    "u01_accumulated": (
        Change(
            "root-mean-square",
            "Return the ROOT of that variance, in the unit of a gradient.",
            "value**0.5",
            drop=("standard deviation",),
        ),
        Change(
            "a deviation comes in",
            "`tr_cov` holds the ROOT of tr(Sigma) here, in the unit of a gradient.",
            given={"tr_cov": Given("tr_cov**0.5", "tr_cov**2")},
        ),
        Change(
            "one example's worth",
            "Return the variance times the number of all examples in the micro-batches.",
            "value * sum(micro_sizes)",
        ),
    ),
    "u01_epoch_noise": (
        Change(
            "divisor K",
            "Divide by the number of batches K here, not so that the result is right on average.",
            "value * (len(batch_sizes) - 1) / len(batch_sizes)",
            rewrites=(("Unbiased estimate of tr(Sigma)", "tr(Sigma)"),),
            drop=("divides by the number of batches",),
        ),
        Change(
            "one column a batch",
            "`batch_grads` has the shape (P, K) here, one batch's gradient a COLUMN.",
            given=TRANSPOSED_BATCHES,
            rewrites=(("batch_grads: (K, P)", "batch_grads: (P, K)"),),
        ),
        Change(
            "mean over parameters",
            "Return the variance of an average parameter: divided by the number of parameters P.",
            "value / batch_grads.shape[1]",
            drop=("mean over parameters",),
        ),
    ),
    "u01_batch_for_noise": (
        Change(
            "ratio of squares",
            "`noise_to_signal` bounds the ratio of SQUARED lengths here: E|g_B - G|^2 <= r |G|^2.",
            given={"noise_to_signal": Given("noise_to_signal**2", "noise_to_signal**0.5")},
            rewrites=(("whose root-mean-square error is at most r times |G|", "as said below"),),
            drop=("lengths and squares mixed",),
        ),
        Change(
            "signal as a length",
            "`grad_sq_norm` holds the LENGTH |G| here, not its square.",
            given={"grad_sq_norm": Given("grad_sq_norm**0.5", "grad_sq_norm**2")},
            rewrites=(("grad_sq_norm: |G|^2 > 0", "grad_sq_norm: see below"),),
            drop=("signal not squared away",),
        ),
    ),
}
