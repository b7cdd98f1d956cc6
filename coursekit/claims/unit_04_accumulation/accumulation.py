"""Claims of unit 04, on whether a batch made of micro-batches is the large batch."""

import numpy as np

from coursekit.claims.decide import above, all_of, any_of, below, decide, inside, no, within
from coursekit.claims.declare import Claim, Values
from coursekit.claims.unit_04_accumulation.accumulation_grads import (
    MICRO_SIZES,
    measure_averages,
    measure_batch_norm,
    measure_clipping,
    measure_norms,
    measure_variance_ratio,
)
from coursekit.claims.unit_04_accumulation.accumulation_runs import (
    measure_leftovers,
    measure_short_last,
    measure_workers,
)

UNIT = "04_accumulation"


def variance_verdict(values: Values) -> str:
    """N7 fails if the accumulated variance is the large batch's: 0.95-1.05, and 1/32 of one's."""
    thirty_seconds = 32 * np.asarray(values["to_micro"])
    large = all_of(inside(values["to_large"], 0.95, 1.05), inside(thirty_seconds, 0.9, 1.1))
    return decide(fails=large, holds=above(values["to_micro"], 0.5))


def averages_verdict(values: Values) -> str:
    """P1 depends: exact to 1e-5 in every seed if equal, off by more than 1e-3 if not."""
    exact = all_of(*(within(v, 1e-5) for n, v in values.items() if n.startswith("equal_")))
    ragged = [n for n in values if n.startswith(("last_", "tokens_")) and "trained" not in n]
    off = all_of(*(above(values[n], 1e-3) for n in ragged))
    return decide(depends=all_of(exact, off), holds=all_of(exact, no(off)), fails=no(exact))


def clipping_verdict(values: Values) -> str:
    """P2 fails if every norm ratio's interval lies below 0.9: the step is shorter than meant."""
    ratios = [v for n, v in values.items() if n.startswith("ratio_")]
    shorter, same = [below(v, 0.9) for v in ratios], [above(v, 0.97) for v in ratios]
    return decide(
        fails=all_of(*shorter),
        holds=all_of(*same),
        depends=all_of(any_of(*shorter), any_of(*same)),
    )


def workers_verdict(values: Values) -> str:
    """P3 holds if float64 weights agree to 1e-12 and accuracies to a point."""
    agree = within(values["float64_gap"], 1e-12)
    same = inside(values["float32_accuracy_change"], -1, 1)
    return decide(holds=all_of(agree, same), depends=all_of(agree, no(same)), fails=no(agree))


def short_last_verdict(values: Values) -> str:
    """P6 fails if keeping the batch of 37 costs less than a point, holds if more."""
    cost = values["keep_minus_drop_37"]
    return decide(fails=above(cost, -1), holds=below(cost, -1))


def leftovers_verdict(values: Values) -> str:
    """P8 depends if leftovers cost accuracy at one lr, and not once the lr is tuned for them."""
    kept = above(values["leak_minus_flush_same_lr"], -2)
    tuned = above(values["leak_minus_flush_tuned"], -2)
    return decide(
        depends=all_of(no(kept), tuned),
        holds=all_of(kept, tuned),
        fails=all_of(no(kept), no(tuned)),
    )


def norms_verdict(values: Values) -> str:
    """L9 fails if a mean's gradient shrinks with B while a sum's grows, both beyond doubt."""
    shrinks, grows = below(values["mean_ratio"], 1), above(values["sum_ratio"], 1)
    return decide(fails=all_of(shrinks, grows), holds=no(shrinks))


def batch_norm_verdict(values: Values) -> str:
    """A1 fails if the error at every micro-batch size is over 2 % at both initialisations."""
    names = [f"{init}_{micro}" for init in ("he", "torch") for micro in MICRO_SIZES]
    off = [above(values[n], 0.02) for n in (*names, "float64_32")]
    some = all_of(any_of(*off), any_of(*(no(part) for part in off)))
    return decide(fails=all_of(*off), depends=some, holds=all_of(*(no(part) for part in off)))


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="N7",
        statement="Accumulating gradients keeps the noise of the small batch.",
        heard="interview posts on memory-limited training",
        unit=UNIT,
        source="",
        rule="fails if the variance of 32 x 32 accumulated lies inside 0.95 to 1.05 of that "
        "of B=1024 and inside 0.9 to 1.1 thirty-seconds of that of B=32; holds if over "
        "half of it. First 0.97 to 1.03, of the mean alone",
        looked=True,
        setting="MLP 40-64-64-10 on MNIST-1D, N=4096, after 20 epochs at B=32, lr 0.2; fresh "
        "batches with replacement",
        measure=measure_variance_ratio,
        verdict=variance_verdict,
        expected="fails",
        changes="micro-batches that are not independent: repeated examples, or a BatchNorm that "
        "couples each to itself",
        shown=("to_large", "to_micro"),
    ),
    Claim(
        id="P1",
        statement="Dividing each micro-batch's loss by their number K makes accumulation exact.",
        heard="framework tutorials, training scripts; as a fault of trainers: "
        "huggingface/transformers#34191 (2024), modelscope/ms-swift#10084 (2026)",
        unit=UNIT,
        source="",
        rule="depends if the relative error is under 1e-5 for equal micro-batches in every "
        "seed, and over 1e-3 for every ragged case at both initialisations; holds if no "
        "ragged case is over that, fails if equal ones are not exact; trained nets are "
        "reported beside it (first written as: over 0.02, trained nets too, which suits "
        "no error that is skewed over seeds; changed after a look)",
        setting="MLP 40-64-64-10 on MNIST-1D, He and torch's initialisation, and trained for 20 "
        "epochs; 1024 in 32s, 1000, 1028 and 130 in 64s, 16 parts of random counts",
        measure=measure_averages,
        verdict=averages_verdict,
        looked=True,
        expected="depends",
        changes="a gradient much longer than its noise would make the error small: then every "
        "average is near the right one",
        shown=("equal_he", "last_40_he", "last_2_he", "last_2_torch", "tokens_he"),
    ),
    Claim(
        id="P2",
        statement="Gradients should be clipped in each micro-batch.",
        heard="training scripts; interview posts",
        unit=UNIT,
        source="",
        rule="fails if the norm after clipping inside, over that after clipping once, lies "
        "below 0.9 in every setting; holds if all lie above 0.97, depends if some do "
        "and some do not",
        setting="MLP 40-64-64-10 on MNIST-1D, 1024 in 32s; limit at half and all of the whole "
        "gradient's norm; He, torch's initialisation, and trained for 20 epochs",
        measure=measure_clipping,
        verdict=clipping_verdict,
        expected="fails",
        changes="micro-batches so large that their noise is short beside the gradient",
        shown=("ratio_half_he", "ratio_half_torch", "ratio_half_trained", "ratio_full_trained"),
    ),
    Claim(
        id="P3",
        statement="N workers with m examples each train like one worker with N m.",
        heard="guides to data-parallel training",
        unit=UNIT,
        source="Goyal et al. 2017, arXiv:1706.02677, section 2.3",
        rule="holds if after 200 steps float64 weights agree to 1e-12 and the float32 "
        "difference in test accuracy lies inside a point either way; depends if that "
        "difference lies outside, fails if the weights part. First its interval had to hold zero",
        looked=True,
        setting="8 simulated workers x 128 against 1024, MLP 40-64-64-10 on MNIST-1D, lr 0.5, "
        "200 steps",
        measure=measure_workers,
        verdict=workers_verdict,
        expected="holds",
        finding="in float32 a run stays a rounding apart for a while and then jumps by about four "
        "orders, at a step that differs by seed; two of eight had jumped by step 50, and one had "
        "not after 200: their mean over seeds is no run's course",
        changes="BatchNorm, unequal shards, a summed loss or clipping on each worker break it",
        shown=("float64_gap", "float32_1", "float32_gap", "float32_accuracy_change"),
    ),
    Claim(
        id="P6",
        statement="A last batch of 37 instead of 64 examples is harmful and must be dropped.",
        heard="interview posts; data-loader advice",
        unit=UNIT,
        source="",
        rule="fails if keeping it costs less than a point of test accuracy, paired; holds if "
        "it costs more",
        setting="MLP 40-64-64-10 on MNIST-1D, N = 15 x 64 + 37 (20 seeds; 10 left the interval a "
        "hair too wide) or + 1 (8 seeds), 30 epochs, SGD, lr chosen on validation data",
        measure=measure_short_last,
        verdict=short_last_verdict,
        expected="fails",
        finding="37 of 64 does nothing; a last batch of one costs far over ten points at the rate "
        "tuned without it, and nothing once its step is weighted by its size",
        changes="a last batch of one or two examples at a high learning rate; BatchNorm, which "
        "cannot normalise one example",
        shown=("keep_minus_drop_37", "keep_minus_drop_1", "weight_of_example_37"),
    ),
    Claim(
        id="P8",
        statement="Leftover gradients of an incomplete accumulation window are harmless.",
        heard="training loops that step when (i + 1) % K == 0; ml-explore/mlx-lm#1413 (2026)",
        unit=UNIT,
        source="",
        rule="accuracy with the leftovers minus accuracy with them flushed: depends if it is "
        "worse by more than 2 points at the lr that was best without them, and by less "
        "once the lr is tuned for them; fails if by more in both, holds if by less in "
        "both. First judged by the length of the next step's gradient, which is "
        "reported beside it",
        setting="MLP 40-64-64-10 on MNIST-1D, 15 micro-batches of 32 an epoch, K=8: seven are left "
        "over; 80 epochs, SGD, lr chosen on validation data for each arm",
        measure=measure_leftovers,
        verdict=leftovers_verdict,
        looked=True,
        expected="fails",
        finding="The leftovers act like a larger learning rate: the next step's gradient is 1.8 "
        "times as long as its window's, and the best lr is half as large. Judged by "
        'that length alone, as it was at first, the verdict was "fails".',
        changes="few leftovers beside K; epochs of many windows",
        shown=("length_ratio", "leak_minus_flush_same_lr", "leak_minus_flush_tuned"),
    ),
    Claim(
        id="L9",
        statement="Large batches overflow because their gradients are larger.",
        heard="interview posts on mixed precision",
        unit=UNIT,
        source="",
        rule="fails if the root of E|g_B|^2 at B=1024 over B=16 lies below 1 for a mean loss "
        "while the sum's lies above 1; holds if the mean's lies above 1",
        setting="MLP 40-64-64-10 on MNIST-1D, N=1024, after 3 epochs; 400 batches with replacement",
        measure=measure_norms,
        verdict=norms_verdict,
        expected="fails",
        changes="a summed loss, or a loop that forgets to divide: then the gradient grows with B",
        shown=("mean_ratio", "sum_ratio", "theory_1", "theory_1024"),
    ),
    Claim(
        id="A1",
        statement="Accumulation gives the large batch's gradient in a net with BatchNorm too.",
        heard="training scripts",
        unit=UNIT,
        source="Ioffe & Szegedy 2015, arXiv:1502.03167, Algorithm 1",
        rule="fails if the relative error is over 0.02 at every micro-batch size from 4 to "
        "256 of 1024, at both initialisations, and in float64; holds if at none, "
        "depends if at some",
        setting="MLP 40-64-64-10 with BatchNorm, and a small convnet, on MNIST-1D; 1024 in "
        "micro-batches",
        measure=measure_batch_norm,
        verdict=batch_norm_verdict,
        expected="fails",
        changes="a norm that does not mix examples (GroupNorm, LayerNorm), or BatchNorm in eval "
        "mode",
        shown=("he_4", "he_32", "he_256", "float64_32", "convnet_group_32"),
    ),
)
