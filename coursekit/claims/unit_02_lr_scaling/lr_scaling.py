"""Claims of unit 02: what the learning rate should do when the batch grows."""

from coursekit.claims.declare import Claim
from coursekit.claims.second_set import OnBoth
from coursekit.claims.unit_02_lr_scaling.frontier_runs import (
    measure_frontier,
    measure_full_batch,
    measure_one_example,
    measure_window,
)
from coursekit.claims.unit_02_lr_scaling.lr_verdicts import (
    adamw_verdict,
    convnet_verdict,
    default_verdict,
    frontier_verdict,
    full_batch_verdict,
    linear_verdict,
    one_example_verdict,
    root_verdict,
    step_noise_verdict,
    trap_verdict,
    window_verdict,
)
from coursekit.claims.unit_02_lr_scaling.rule_runs import (
    calculate_step_noise,
    measure_adamw,
    measure_convnet,
    measure_default,
    measure_linear,
    measure_root,
    measure_trap,
)

UNIT = "02_lr_scaling"
TASK = "MLP 40-64-64-10 on MNIST-1D, N=2048, 30 epochs at a constant rate"


CLAIMS = (
    Claim(
        id="L1",
        statement="When the batch grows k times, multiply the learning rate of SGD by k.",
        heard="interview guides, training recipes",
        unit=UNIT,
        source="Goyal et al. 2017, arXiv:1706.02677; Shallue et al. 2019, arXiv:1811.03600",
        rule="depends if from B=16, lr 1/64 the linear rule keeps the final training loss "
        "within 10 % at B=64 and 256 (lr 1/4) and misses it at B=1024 (lr 1), while "
        "sqrt and no scaling miss it by more than a quarter at B=256, seed by seed; "
        "holds if it keeps it at B=1024 too; fails if it misses at B=64 or 256, or "
        "another rule does as well. First written on B=64 and 256 alone, where it held; "
        "B=1024 was measured and left out. Where digits give another firm verdict, "
        "it depends on the data set; 8 seeds left digits open, so they were raised to 32, once",
        setting=f"{TASK}, SGD; beyond the break: from B=16, lr 1/8; digits: MLP 64-64-64-10, "
        "N=1024",
        finding="The linear rule is accurate while lr is small against 2/lambda_max of the "
        "start (0.23 here), and training goes on long after that: at lr 1, 0.28 of the "
        "rate at which it breaks, the loss is a third too high. So the frontier is "
        "where training breaks, not where the rule stops being accurate. Until B=1024 "
        'entered the rule, this said "holds up to the frontier". On digits the same, and the miss '
        "at lr 1 is smaller: an eighth, at the rule's tolerance.",
        measure=measure_linear,
        verdict=OnBoth(linear_verdict),
        looked=True,
        expected="holds",
        changes="a start so near the frontier that the first doubling crosses it",
        shown=(
            "sgd_base",
            "sgd_linear_256",
            "sgd_sqrt_256",
            "sgd_linear_1024",
            "digits_sgd_base",
            "digits_sgd_linear_256",
            "digits_sgd_linear_1024",
        ),
    ),
    Claim(
        id="L2",
        statement="When the batch grows k times, multiply the learning rate by the root of k.",
        heard="interview guides, forum answers",
        unit=UNIT,
        source="Krizhevsky 2014, arXiv:1404.5997; Hoffer et al. 2017, arXiv:1705.08741",
        rule="depends if for SGD at small rates linear keeps the loss within 10 % at B=256 "
        "and sqrt misses it by more than a quarter (logarithms, seed by seed), but from "
        "the best rate at B=16 sqrt gives the better accuracy at B=1024; fails without "
        "the latter; holds if linear does not keep it and sqrt is better",
        setting=f"{TASK}, SGD; small rates: from B=16, lr 1/64; beyond: from the lr that is best "
        "at B=16 on validation data",
        measure=measure_root,
        verdict=root_verdict,
        expected="depends",
        changes="a task whose frontier keeps rising up to the largest batch: then sqrt never wins "
        "with SGD",
        shown=(
            "beyond_gain_1024",
            "beyond_sqrt_1024",
            "beyond_linear_1024",
            "sgd_sqrt_256",
            "sgd_linear_256",
        ),
    ),
    Claim(
        id="L3",
        statement="With AdamW the learning rate should grow linearly with the batch.",
        heard="training recipes that carry the SGD rule over",
        unit=UNIT,
        source="Malladi et al. 2022, arXiv:2205.10287, for the rule that is right in the limit",
        rule="the exponent with which the best rate grows from B=16 to 256 (vertex of a "
        "parabola through the mean accuracies, in resamples of the seeds): fails if it lies "
        "below 3/4, holds if above; unresolved if a best rate lies on the edge of the "
        "grid. First it also asked which rule's training loss comes nearer to that of "
        "B=16; linear misses that by training to a LOWER loss, which is no fault of a "
        "rule for the best rate",
        setting=f"{TASK}, AdamW (weight decay 0.01), from B=16, lr 2^-11, 8 octaves of lr",
        measure=measure_adamw,
        verdict=adamw_verdict,
        looked=True,
        expected="fails",
        finding="By the rule's parabolas the exponent is 0.37 +- 0.36, on a GPU 0.29 +- 0.12; 0.25 "
        "is that of the best octaves. So the root's 1/2 is not confirmed either.",
        changes="betas scaled with the batch, as Malladi's rule has them (L14); weight decay moved "
        "with it (L16); a batch so large that gradients are hardly noisy (L15)",
        shown=("loss_base", "loss_sqrt_256", "loss_linear_256", "exponent_of_best"),
    ),
    Claim(
        id="L4",
        statement="The root rule is a trap answer: the right rule is linear.",
        heard="interview posts",
        unit=UNIT,
        source="Goyal et al. 2017, arXiv:1706.02677; Malladi et al. 2022, arXiv:2205.10287",
        rule="depends if at B=256 the rule whose training loss stays nearest to that of "
        "B=16, seed by seed, is linear for SGD and sqrt for Adam; holds if it is linear "
        "for both, fails if sqrt for both",
        setting=f"{TASK}, from B=16: SGD from lr 2^-6, Adam from lr 2^-11",
        measure=measure_trap,
        verdict=trap_verdict,
        expected="depends",
        changes="a question that names the optimizer",
        shown=("adam_base", "adam_sqrt_256", "adam_linear_256", "sgd_linear_256", "sgd_sqrt_256"),
    ),
    Claim(
        id="L5",
        statement="Training with the full batch needs a smaller learning rate.",
        heard="interview guides: 'without noise large steps overshoot'",
        unit=UNIT,
        source="",
        rule="fails if the rate at which training breaks, full batch over B=16, has its paired "
        "95 % interval above 1; holds if below 1",
        setting=f"{TASK}, SGD; broken: accuracy at 60 % of that seed's best",
        measure=measure_full_batch,
        verdict=full_batch_verdict,
        expected="fails",
        changes="nothing that we know of, as long as the loss is a mean over the batch",
        shown=("ratio", "edge_full", "edge_small"),
    ),
    Claim(
        id="L6",
        statement="Batch size 1 tolerates a larger learning rate.",
        heard="interview guides: 'noise makes it robust'",
        unit=UNIT,
        source="",
        rule="fails if the rate at which training breaks, B=16 over B=1, has its paired 95 % "
        "interval above 1; holds if below 1",
        setting="MLP 40-64-64-10 on MNIST-1D, N=2048, two epochs of SGD at a constant rate",
        measure=measure_one_example,
        verdict=one_example_verdict,
        expected="fails",
        changes="a loss that is a sum over the batch: then the step grows with B by itself",
        shown=("ratio_16_over_1", "edge_1", "edge_16", "edge_128"),
    ),
    Claim(
        id="L13",
        statement="The window of good learning rates narrows as the batch grows.",
        heard="tuning guides",
        unit=UNIT,
        source="for it Marek et al. 2025, arXiv:2507.07101: small batches are more robust",
        rule="holds if the octaves of lr within two points of the best accuracy shrink by "
        "more than half an octave on digits from B=32 to 512 (resampled) and do not "
        "grow by half an octave on MNIST-1D from B=16 to 1024; depends if they grow "
        "there; fails if digits exclude half an octave of narrowing",
        setting=f"{TASK}; MLP 64-48-10 on digits, N=1024, 15 epochs; SGD, half octaves of lr, "
        "mean accuracy smoothed over neighbouring rates",
        finding="First measured on MNIST-1D alone, where eight seeds leave the widths uncertain by "
        "an octave or more: unresolved. Smoothing, digits (where seeds agree better) and the "
        "verdict 'unresolved' were added after that look, and all seeds were replaced. Later "
        "another machine's rounding had a window on MNIST-1D reach the end of its grid (nan): both "
        "grids were lengthened, and the verdict was put on digits, where machines agree.",
        measure=measure_window,
        verdict=window_verdict,
        looked=True,
        changes="equal steps in place of equal epochs: the lower end of the window is set by the "
        "number of steps",
        shown=(
            "digits_octaves_32",
            "digits_octaves_512",
            "digits_change_32_to_512",
            "octaves_16",
            "octaves_1024",
        ),
    ),
    Claim(
        id="C10",
        statement="A batch size of 32 is a good default.",
        heard="course notes, forum answers",
        unit=UNIT,
        source="Bengio 2012, arXiv:1206.5533; Masters & Luschi 2018, arXiv:1804.07612",
        rule="depends if B=32 with its own tuned rate is less than 2 points below the best "
        "of B=32, 128, 512, each tuned on validation data, while with a rate from habit "
        "(0.01 or 0.1) it is more; holds if both are near; fails if the tuned one is "
        "not. First B=8 was among them, and what was not told apart counted as near",
        looked=True,
        setting=f"{TASK}, SGD, octaves of lr",
        finding="Eight seeds left the verdict open on the CPU; they were made 32, once.",
        measure=measure_default,
        verdict=default_verdict,
        expected="depends",
        changes="the cost of a step: where a batch of 128 takes as long as one of 32, 32 wastes "
        "three quarters of the time",
        shown=("regret_tuned_32", "regret_habit_0_1", "regret_habit_0_01", "tuned_32"),
    ),
    Claim(
        id="P9",
        statement="Scale the learning rate inversely with the batch, so that the variance of a "
        "step stays the same.",
        heard="a well-known course, for years",
        unit=UNIT,
        source="",
        rule="fails if lr^2 tr(Sigma)/B, the variance of a step under a mean loss, changes when B "
        "grows 4 times and lr shrinks 4 times",
        setting="closed forms lr^2 tr(Sigma)/B and lr N/B, batch x 4",
        measure=calculate_step_noise,
        verdict=step_noise_verdict,
        evidence="calculation",
        expected="fails",
        changes="a loss summed over the batch: there lr / B keeps the step that a mean loss makes",
        shown=("step_variance_inverse", "step_variance_sqrt", "temperature_linear"),
    ),
    Claim(
        id="F1",
        statement="The learning rate at which training breaks follows max_lr / (1 + B_c/B): in "
        "proportion to B at first, then flat.",
        heard="this course",
        unit=UNIT,
        source="McCandlish et al. 2018, arXiv:1812.06162, Eq. 2.7, for the shape",
        rule="holds, to about 10 %, if the log-log slope lies above 1/2 from B=16 to 32 and "
        "below 1/2 from B=256 to 2048, and the fit misses the five points by less than "
        "a quarter of an octave (rms); fails if one of the three lies on the other side. Where "
        "digits (largest B: 1024) give another firm verdict, it depends on the data set; 8 seeds "
        "left digits open, so they were raised to 32, once",
        setting=f"{TASK}, SGD, half octaves; broken: accuracy at 60 % of the best; digits: "
        "MLP 64-64-64-10, N=1024",
        measure=measure_frontier,
        verdict=OnBoth(frontier_verdict),
        expected="holds",
        finding="The curve is right to about 10 %, and not exactly: on a GPU it misses the five "
        "points by 8 % (rms), more than seeds explain, and a batch size that was left out by 16 %. "
        "Of its rivals one is not rejected by either measurement, the same bend with a sharper "
        "knee, max_lr / (1 + (B_c/B)^p)^(1/p) with p = 1.7 to 1.9: 2 %, and 4 to 5 % where left "
        "out, at a chance of 0.07 on a GPU. A power of B and two broken lines are (table). On "
        "digits the curve misses 6 to 7 %, left out 9 to 10 %, and a power of B up to a flat top "
        "less, 3 to 4 and 7 to 8 %; but that does not tell them apart. All seeds break between the "
        "same two rates of the half-octave grid, and where between is in no interval: at B=16 "
        "0.585 ± 0.002, where eighths of octaves and 16 other seeds give 0.544 ± 0.025, at B=32 "
        "0.97 for 0.94. With these two the sharper knee is ahead on digits as well",
        changes="another definition of broken moves both constants, not the shape",
        shown=(
            "max_lr",
            "critical_batch",
            "slope_small",
            "slope_large",
            "misfit_octaves",
            "digits_max_lr",
            "digits_slope_small",
            "digits_slope_large",
            "digits_misfit_octaves",
        ),
    ),
    Claim(
        id="F2",
        statement="The linear rule also holds for a convolutional network.",
        heard="this course",
        unit=UNIT,
        source="Goyal et al. 2017, arXiv:1706.02677",
        rule="holds if from B=16, lr 1/16 the linear rule keeps the final training loss "
        "within 10 % at B=64 and 256 while sqrt and no scaling miss it by more than a "
        "quarter at B=256, seed by seed; fails if it does not",
        setting="convnet without norm, SGD; cpu: channels 16-32 on digits, N=1024, 6 epochs; gpu: "
        "channels 32-64-64 on MNIST-1D, N=4096, 15 epochs",
        measure=measure_convnet,
        verdict=convnet_verdict,
        looked=True,
        expected="holds",
        finding="A first setting, from lr 1/64, could not tell: six epochs hardly left the loss of "
        "guessing under any rule. The start was moved to a sixteenth of the best "
        "rate at B=16. From there linear comes nearer than the other rules but misses. Few steps "
        "(24 at B=256) are not the whole reason: with 240, on a GPU, the miss is no smaller.",
        changes="perhaps a smaller rate, further from where training breaks: not measured here",
        shown=("base", "linear_256", "sqrt_256", "none_256", "linear_64"),
    ),
)
