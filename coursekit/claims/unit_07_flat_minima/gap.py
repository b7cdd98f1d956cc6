"""The generalisation gap of large batches: tuned, on noisy labels, and rare classes."""

from dataclasses import replace
from functools import partial

import numpy as np
import torch

from coursekit.claims.decide import above, all_of, below, decide, inside, no, paired
from coursekit.claims.declare import Claim, Measured, Values
from coursekit.claims.second_set import WIDTHS, OnBoth, of_digits
from coursekit.claims.tables import right, seen_and_right
from coursekit.claims.tuning import keep
from coursekit.data.splits import Dataset, flip_labels, load
from coursekit.replicas.grid import run_grid

SEEDS = {"tiny": 2, "cpu": 10, "gpu": 40}
GAP_SEEDS = {"tiny": 2, "cpu": 20, "gpu": 60}  # 10 left the verdict of G4 open: doubled, once
GAP_EPOCHS = {"tiny": 2, "cpu": 40, "gpu": 40}
NOISE_EPOCHS = {"tiny": 2, "cpu": 40, "gpu": 40}
LRS = (0.1, 0.2, 0.4, 0.8, 1.6, 2.4)
WRONG = 0.18  # share of labels that are wrong: a fresh label for 20 %
RARE = 0.01  # share of a rare class


def measure_gap(size: str) -> Measured:
    """G4: accuracy of B=16 minus B=256 at equal epochs, at one lr for both and tuned for each."""
    return gap_on(size, "mnist1d") | of_digits(gap_on(size, "digits"))


def gap_on(size: str, name: str) -> Measured:
    """Return the quantities of G4 on one data set."""
    runs = run_grid(
        WIDTHS[name],
        load(name, num_train=1024),
        seeds=range(GAP_SEEDS[size]),
        batch_sizes=(16, 256, 1024),
        lrs=LRS,
        num_epochs=GAP_EPOCHS[size],
        keep_correct=True,
        progress=False,
    )
    values: Measured = {}
    at_best: dict[int, np.ndarray] = {}
    for b in (16, 256, 1024):
        seen, test = seen_and_right(runs, batch_size=b)
        at_best[b] = keep(values, str(b), [f"{lr:g}" for lr in LRS], seen, test)
        values[f"best_lr_{b}"] = [LRS[int(seen.mean(axis=0).argmax())]]
    small, large = (right(runs, batch_size=b, lr=0.1) for b in (16, 256))
    return values | {
        "gap_one_lr": small - large,
        "gap_tuned": at_best[16] - at_best[256],
        "gap_tuned_40_steps": at_best[16] - at_best[1024],
        "tuned_16": at_best[16],
        "tuned_256": at_best[256],
    }


def gap_verdict(values: Values) -> str:
    """G4: how much of the gap at one lr is left once each lr is tuned."""
    untuned, tuned = values["gap_one_lr"], values["gap_tuned"]
    gap, left = above(untuned), above(tuned)
    most, little = above(paired(tuned, untuned, 0.5)), below(paired(tuned, untuned, 0.125))
    return decide(
        depends=all_of(gap, left, no(most)),
        holds=all_of(gap, most),
        fails=all_of(gap, no(left), little),
        not_reproduced=no(gap),
    )


def mislabelled(data: Dataset, fraction: float = WRONG) -> Dataset:
    """Return the data with a share of the training labels wrong."""
    g = torch.Generator().manual_seed(0)
    targets, _ = flip_labels(data.train_targets, fraction, num_classes=10, generator=g)
    return replace(data, train_targets=targets)


def measure_noisy_labels(size: str) -> Measured:
    """G5: test accuracy on digits with wrong labels, small and large batch."""
    epochs, small, large = NOISE_EPOCHS[size], 16, 256
    data = mislabelled(load("digits"))
    arm = partial(run_grid, (64, 48, 10), data, seeds=range(SEEDS[size]), lrs=(0.1,))
    arm = partial(arm, keep_correct=True)
    epochs_runs = arm(batch_sizes=(small, large), num_epochs=epochs, progress=False)
    steps = epochs * (len(data.train_inputs) // small)
    steps_runs = arm(batch_sizes=(large,), num_steps=steps, progress=False)
    at_small = right(epochs_runs, batch_size=small, lr=0.1)
    at_large = right(epochs_runs, batch_size=large, lr=0.1)
    at_equal_steps = right(steps_runs, batch_size=large, lr=0.1)
    return {
        "small": at_small,
        "large_equal_epochs": at_large,
        "large_equal_steps": at_equal_steps,
        "gain_equal_epochs": at_large - at_small,
        "gain_equal_steps": at_equal_steps - at_small,
    }


def noisy_labels_verdict(values: Values) -> str:
    """G5 fails if the large batch is better at equal epochs, holds if it is worse."""
    gain = values["gain_equal_epochs"]
    return decide(fails=above(gain), holds=below(gain))


def measure_rare_class(size: str) -> dict[str, list[float]]:
    """G6: the chance that a batch holds no example of a class with a share of 1 %."""
    num_draws = {"tiny": 2000, "cpu": 20000, "gpu": 20000}[size]
    values: dict[str, list[float]] = {}
    for b in (16, 64, 256):
        values[f"none_of_{b}"] = [(1 - RARE) ** b]
        for seed in range(8):
            g = torch.Generator().manual_seed(seed)
            rare = torch.rand(num_draws, b, generator=g) < RARE
            share = (~rare.any(dim=1)).double().mean().item()
            values.setdefault(f"drawn_{b}", []).append(share)
    return values


def rare_class_verdict(values: Values) -> str:
    """G6 fails if most small batches lack the class, and fewer large ones do."""
    agrees = all_of(
        *(
            inside(np.asarray(values[f"drawn_{b}"]) - values[f"none_of_{b}"][0], -0.02, 0.02)
            for b in (16, 64, 256)
        )
    )
    lacks = all_of(above(values["drawn_16"], 0.5), below(values["drawn_256"], 0.5))
    return decide(fails=all_of(agrees, lacks), holds=all_of(agrees, no(lacks)))


CLAIMS = (
    Claim(
        id="G4",
        statement="The generalisation gap of large batches is fundamental: tuning the learning "
        "rate does not remove it.",
        heard="lecture notes, after Keskar et al.",
        unit="07_flat_minima",
        source="Keskar et al. 2017, arXiv:1609.04836; against it Hoffer et al. 2017, "
        "arXiv:1705.08741, Shallue et al. 2019, arXiv:1811.03600, Geiping et al. 2022, "
        "arXiv:2109.14119; for a gap that stays Smith, Elsen & De 2020, arXiv:2006.15081",
        rule="the gap B=16 minus B=256 at equal epochs, each at the lr that is best on "
        "validation data, against the gap at one lr for both, seed by seed: holds if "
        "more than half of it is left; depends if less than half is left and that is "
        "above zero; fails if an eighth at the most is left and it may be zero. First, "
        'less than half counted as "fails". Where digits give another firm verdict, it depends '
        "on the data set",
        setting="MLP 40-64-64-10 on MNIST-1D, N=1024, SGD, 40 epochs, lr 0.1 to 2.4; digits: "
        "MLP 64-64-64-10, N=1024",
        finding="Tuning does not remove the gap: what is left is above zero in both "
        "measurements, and on a GPU less than half of the gap at one lr. With the choice of "
        "the lr inside the interval 20 seeds on the CPU leave open whether it is less than "
        "half: at B=256 other seeds choose another lr. The statement also named early "
        "stopping, which was never measured here; it was taken out. Ten seeds left the first "
        "verdict open, so seeds were doubled once. On digits the gap at one lr is under a "
        "point, and what tuning leaves of it is open too.",
        measure=measure_gap,
        verdict=OnBoth(gap_verdict),
        looked=True,
        contested=True,
        expected="contested",
        changes="So few steps that no lr can make up for them (B=1024 here: 40 steps), or a "
        "budget so long that noise itself matters, as in Smith, Elsen & De.",
        shown=("gap_one_lr", "gap_tuned", "digits_gap_one_lr", "digits_gap_tuned"),
    ),
    Claim(
        id="G5",
        statement="With little data, small batches always generalise better.",
        heard="interview guides",
        unit="07_flat_minima",
        source="",
        rule="fails if on digits with 18 % of the labels wrong B=256 has a better test "
        "accuracy than B=16 at equal epochs, paired; holds if it is worse",
        setting="MLP 64-48-10 on digits, N=1024, SGD, lr 0.1, 40 epochs, or 2560 steps for both",
        measure=measure_noisy_labels,
        verdict=noisy_labels_verdict,
        expected="fails",
        changes="Clean labels, or stopping each run at its best: then neither batch is better "
        "here. At equal steps both memorise the wrong labels alike.",
        shown=("gain_equal_epochs", "gain_equal_steps"),
    ),
    Claim(
        id="G6",
        statement="Small batches make sure that rare classes are represented.",
        heard="interview guides on imbalance",
        unit="07_flat_minima",
        source="",
        rule="fails if, of batches of 16, more than half hold no example of a class with a "
        "share of 1 %, and of batches of 256 fewer; holds if not; (1-p)^B has to agree "
        "with draws to 0.02",
        setting="independent draws, p = 0.01",
        measure=measure_rare_class,
        verdict=rare_class_verdict,
        evidence="calculation",
        expected="fails",
        changes="Sampling by class: then the sampler decides, not the batch size.",
        shown=("drawn_16", "drawn_64", "drawn_256"),
    ),
)
