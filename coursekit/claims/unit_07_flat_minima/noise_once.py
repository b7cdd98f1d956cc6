"""Where noise stops helping, and whether what replaces it is flatter."""

from dataclasses import replace

import numpy as np
import torch

from coursekit.claims.decide import (
    above,
    all_of,
    any_of,
    below,
    decide,
    no,
    ratio_above,
    ratio_below,
)
from coursekit.claims.declare import Claim, Measured, Values
from coursekit.claims.unit_07_flat_minima.noise_role import ADDED, LARGE, SMALL
from coursekit.curvature.hessian import hessian_eigenvalues, hessian_trace
from coursekit.data.series import fresh_series
from coursekit.data.splits import Dataset, load
from coursekit.device import pick_device
from coursekit.experiments.arms import (
    LR,
    SIZES,
    Arm,
    flat_weights,
    loss_of,
    right_of,
    train_arm,
    train_arm_to_loss,
)
from coursekit.experiments.equal_loss import mlp_with

UNIT = "07_flat_minima"
ARMS = {"small": Arm(SMALL), "large": Arm(LARGE), "mended": Arm(LARGE, added=ADDED)}
CURES = {
    "plain": Arm(LARGE),
    "small": Arm(SMALL),
    "weight_decay": Arm(LARGE, weight_decay=0.01),
    "dropout": Arm(LARGE, dropout=0.2),
}
CLEARLY_FLATTER = 0.8  # times the lambda_max of plain training
FEW = 1024
# seeds, steps over few examples, steps of one pass
COUNTS = {"tiny": (2, 8, 4), "cpu": (12, 2560, 1280), "gpu": (32, 5120, 5120)}
CURE_SEEDS = {"tiny": 2, "cpu": 12, "gpu": 32}


def pool(num_train: int, device: torch.device) -> Dataset:
    """Return fresh series, the same at every call of one size."""
    data = fresh_series(num_train, generator=torch.Generator().manual_seed(7))
    names = [f"{split}_{part}" for split in ("train", "validation", "test")
             for part in ("inputs", "targets")]  # fmt: skip
    return replace(data, **{name: getattr(data, name).to(device) for name in names})


def measure_once(size: str) -> Measured:
    """N11: accuracy of three arms over many epochs of few examples, and in one pass."""
    num_seeds, many, one = COUNTS[size]
    device = pick_device() if size == "gpu" else torch.device("cpu")
    seeds = range(num_seeds)
    data = pool(max(FEW, one * (LARGE + 2 * ADDED)), device)
    few = replace(
        data, train_inputs=data.train_inputs[:FEW], train_targets=data.train_targets[:FEW]
    )
    values: Measured = {}
    for way, source, num_steps in (("many", few, many), ("once", data, one)):
        for name, arm in ARMS.items():
            kept = train_arm(arm, source, seeds, num_steps, (num_steps,), once=way == "once")
            params = kept[num_steps]
            values[f"{way}_{name}"] = right_of(params, data.test_inputs, data.test_targets)
            fresh = loss_of(params, data.test_inputs, data.test_targets)
            values[f"{way}_loss_{name}"] = fresh
        small, large, mended = (values[f"{way}_{name}"] for name in ARMS)
        values[f"{way}_small_gains"] = small - large
        values[f"{way}_noise_gains"] = mended - large
    return values


def once_verdict(values: Values) -> str:
    """N11 depends if noise helps where examples repeat, and costs where none does."""
    helps = {
        way: all_of(*(above(values[f"{way}_{what}_gains"]) for what in ("small", "noise")))
        for way in ("many", "once")
    }
    costs = all_of(*(below(values[f"once_{what}_gains"]) for what in ("small", "noise")))
    return decide(
        holds=all_of(helps["many"], helps["once"]),
        depends=all_of(helps["many"], costs),
        fails=all_of(no(helps["many"]), costs),
    )


def measure_flatter(size: str) -> Measured:
    """G14: lambda_max, trace and accuracy of four arms, at equal training loss and steps."""
    device = pick_device() if size == "gpu" else torch.device("cpu")
    data = load("mnist1d", num_train=256 if size == "tiny" else 1024, device=device)
    pair = (data.train_inputs, data.train_targets)
    seeds, target = range(CURE_SEEDS[size]), 2.1 if size == "tiny" else 0.5
    num_steps = {"tiny": 40, "cpu": 1280, "gpu": 2560}[size]
    values: Measured = {}
    for name, arm in CURES.items():
        weights, steps = train_arm_to_loss(
            arm, data, seeds, target=target, max_steps=60 if size == "tiny" else 4000
        )
        kept = train_arm(arm, data, seeds, num_steps, (num_steps,))[num_steps]
        values[f"steps_{name}"] = steps.astype(float).tolist()
        values[f"end_loss_{name}"] = loss_of(kept, *pair)
        for when, rows in (("loss", weights), ("steps", flat_weights(kept))):
            found = [sharpness_of(row, data) for row in rows]
            columns = zip(*found, strict=True)
            for what, column in zip(("lambda", "trace", "accuracy"), columns, strict=True):
                values[f"{what}_{when}_{name}"] = np.array(column)
    for name in ("small", "weight_decay", "dropout"):
        for when in ("loss", "steps"):
            one, plain = (values[f"lambda_{when}_{n}"] for n in (name, "plain"))
            values[f"ratio_{when}_{name}"] = one / plain
            one, plain = (values[f"accuracy_{when}_{n}"] for n in (name, "plain"))
            values[f"gains_{when}_{name}"] = one - plain
    return values


def sharpness_of(weights: torch.Tensor, data: Dataset) -> tuple[float, float, np.ndarray]:
    """Return lambda_max, trace and, in %, which test examples one network has right.

    nan for a network that never reached the loss.
    """
    if weights.isnan().any():
        return (np.nan, np.nan, np.full(len(data.test_targets), np.nan))
    model = mlp_with(SIZES, weights)
    pair = (data.train_inputs, data.train_targets)
    with torch.no_grad():
        right = model(data.test_inputs).argmax(dim=1) == data.test_targets
    return (
        hessian_eigenvalues(model, torch.nn.functional.cross_entropy, pair, tol=1e-2).value,
        hessian_trace(model, torch.nn.functional.cross_entropy, pair).value,
        100 * right.double().cpu().numpy(),
    )


def flatter_verdict(values: Values) -> str:
    """G14 by whether each cure that helps is clearly flatter at equal training loss."""
    cures = ("weight_decay", "dropout")
    helps = all_of(*(above(values[f"gains_loss_{cure}"]) for cure in cures))
    flatter = [ratio_below(values[f"ratio_loss_{cure}"], CLEARLY_FLATTER) for cure in cures]
    not_so = [ratio_above(values[f"ratio_loss_{cure}"], CLEARLY_FLATTER) for cure in cures]
    return decide(
        holds=all_of(helps, *flatter),
        fails=all_of(helps, *not_so),
        depends=all_of(helps, any_of(*flatter), any_of(*not_so)),
        not_reproduced=no(helps),
    )


CLAIMS = (
    Claim(
        id="N11",
        statement="The noise of small batches helps a network to generalise.",
        heard="lecture notes, interview answers; said of language models too",
        unit=UNIT,
        source="for one pass against it Vyas et al. 2024, arXiv:2306.08590; for many epochs Smith, "
        "Elsen & De 2020, arXiv:2006.15081",
        rule="at equal lr and steps, gains in test accuracy over B=128, paired: of B=16, and of "
        "B=128 with injected noise of SGD's covariance at B=18. Depends if over many epochs of "
        "1,024 examples both gains lie above 0 and in one pass over fresh ones both lie below; "
        "holds if all lie above; fails if over many epochs too they do not. Set knowing a pilot "
        "of 8 seeds and 1,280 steps (-11 points in one pass, 0.4 over many epochs)",
        setting=f"MLP 40-64-64-10, series like MNIST-1D's drawn afresh, SGD, lr {LR}; 2,560 steps "
        "over 1,024 of them, 1,280 in one pass (5,120 and 5,120 on a GPU)",
        measure=measure_once,
        verdict=once_verdict,
        looked=True,
        expected="depends",
        changes="One pass so long that loss stops falling; a learning rate tuned for each arm: "
        "then the small batch takes a smaller one, and loses less.",
        shown=("many_small_gains", "many_noise_gains", "once_small_gains", "once_noise_gains"),
    ),
    Claim(
        id="G14",
        statement="Regularised networks generalise better because they are flatter.",
        heard="explanations of weight decay, dropout and SAM",
        unit=UNIT,
        source="against it the function-centric view of 2025, arXiv:2510.12451; for it "
        "Keskar et al. 2017, arXiv:1609.04836",
        rule="at equal training loss (0.5, dropout off, no penalty counted) lambda_max of B=128 "
        "with weight decay 0.01, or dropout 0.2, over that of plain B=128, seed by seed, and the "
        "gain in test accuracy. Both gains must lie above 0. Holds if both ratios (logarithms) "
        "lie below 0.8, fails if both lie above, depends if one does; not reproduced if a gain "
        "does not. Strengths are those of G13. Set knowing a pilot of 6 seeds (0.95 and 0.27)",
        setting=f"MLP 40-64-64-10 on MNIST-1D, N=1024, SGD, lr {LR}; to training loss 0.5, and "
        "after 1,280 steps (2,560 on a GPU)",
        measure=measure_flatter,
        verdict=flatter_verdict,
        looked=True,
        contested=True,
        expected="contested",
        changes="Another training loss or strength; a measure relative to the weights' size, since "
        "weight decay makes them small.",
        shown=(
            "ratio_loss_weight_decay",
            "ratio_loss_dropout",
            "gains_loss_weight_decay",
            "gains_loss_dropout",
            "ratio_steps_weight_decay",
        ),
    ),
)
