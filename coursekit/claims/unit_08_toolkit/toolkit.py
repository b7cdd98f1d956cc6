"""Claims of unit 08: sweeps, trust ratios, what LARS gains, and BatchNorm."""

from collections.abc import Callable

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from coursekit.claims.decide import above, all_of, below, decide, inside, no, within
from coursekit.claims.declare import Claim, Measured, Values
from coursekit.claims.tables import seen_and_right
from coursekit.claims.tuning import keep, tuned
from coursekit.claims.unit_04_accumulation.accumulation_grads import fresh_net, trained_nets
from coursekit.claims.unit_08_toolkit import (
    batch_norm_claims,
    decay_claims,
    growth_claims,
    optimizer_claims,
    small_batch_claims,
)
from coursekit.curvature.reparametrise import dinh_rescale
from coursekit.data.splits import load
from coursekit.device import pick_device
from coursekit.gradients.norms import per_example_norms
from coursekit.replicas.grid import run_grid
from coursekit.train.optim import LARS, SGD, Settings
from coursekit.train.schedules import Schedule, constant, warmup_cosine

UNIT = "08_large_batch_toolkit"
SIZES = (40, 64, 64, 10)
CHANCE = 0.1
BATCHES = (8, 32, 128, 512)
SWEEP_LRS = (0.025, 0.1, 0.4, 1.6)
ALPHAS = (0.1, 1.0, 10.0)
STARTS: dict[str, Callable[[int], Schedule]] = {
    "constant": lambda n: constant(1.0),
    "warm": lambda n: warmup_cosine(1.0, warmup_steps=max(1, n // 10), num_steps=n),
}
OPTIMIZERS: dict[str, tuple[Settings, int]] = {  # settings, exponent of the smallest lr
    "momentum": (SGD(momentum=0.9), -2),  # moved up once, when the best was at the edge
    "lars": (LARS(trust=1.0), -7),
}


def device_for(size: str) -> torch.device:
    """Return the GPU at size gpu, else the CPU."""
    return pick_device() if size == "gpu" else torch.device("cpu")


def measure_sweep(size: str) -> dict[str, list[float]]:
    """G8: the batch size that a sweep picks at each fixed lr, and what its choice costs."""
    seeds = range({"tiny": 2, "cpu": 8, "gpu": 32}[size])
    runs = run_grid(
        SIZES,
        load("mnist1d", num_train=512 if size == "tiny" else 1024),
        seeds=seeds,
        batch_sizes=BATCHES,
        lrs=SWEEP_LRS,
        num_epochs=1 if size == "tiny" else 20,
        device=device_for(size),
        progress=False,
    )
    seen = runs.values("validation_accuracy", diverged_as=CHANCE)  # (seed, lr, batch size)
    test = 100 * runs.values("test_accuracy", diverged_as=CHANCE)
    values: dict[str, list[float]] = {}
    picks = seen.argmax(axis=2)  # what one sweep over B, with this seed and lr, calls best
    for k, lr in enumerate(SWEEP_LRS):
        name = f"{lr:g}".replace(".", "p")
        values[f"log2_picked_{name}"] = np.log2(np.array(BATCHES)[picks[:, k]]).tolist()
        for b, batch_size in enumerate(BATCHES):
            values[f"accuracy_B{batch_size}_lr{name}"] = test[:, k, b].tolist()
    tuned = test[:, seen.mean(axis=0).argmax(axis=0), range(len(BATCHES))]  # (seed, batch size)
    for b, batch_size in enumerate(BATCHES):
        values[f"tuned_B{batch_size}"] = tuned[:, b].tolist()
    values["log2_shift"] = (
        np.array(values["log2_picked_1p6"]) - np.array(values["log2_picked_0p025"])
    ).tolist()
    best = seen.mean(axis=0)
    lr_index, b_index = np.unravel_index(best.argmax(), best.shape)
    for k, name in ((0, "0p025"), (len(SWEEP_LRS) - 1, "1p6")):
        picked = test[np.arange(len(seeds)), k, picks[:, k]]
        values[f"lost_{name}"] = (test[:, lr_index, b_index] - picked).tolist()
    return values


def sweep_verdict(values: Values) -> str:
    """G8 fails if the pick moves fourfold with the lr that was held fixed."""
    shift = values["log2_shift"]
    return decide(fails=no(inside(shift, -2, 2)), holds=inside(shift, -1, 1))


def measure_trust_ratio(size: str) -> dict[str, list[float]]:
    """L10: trust ratio and noise scale of the first layer, of one function with three weights."""
    data = load("mnist1d", num_train=256 if size == "tiny" else 1024)
    seeds = range({"tiny": 2, "cpu": 8, "gpu": 16}[size])
    trained = trained_nets(data, seeds, num_epochs=1 if size == "tiny" else 5)
    values: dict[str, list[float]] = {}
    for seed, model in zip(seeds, trained, strict=True):
        for when, net in (("start", fresh_net(seed)), ("trained", model)):
            for alpha in ALPHAS:
                other = dinh_rescale(
                    net, alpha, layer="0", next_layer="2", inputs=data.test_inputs[:100]
                )
                first = other.get_parameter("0.weight")
                others = [p for p in other.parameters() if p is not first]
                for p in others:
                    p.requires_grad_(False)
                norms = per_example_norms(
                    other, cross_entropy, (data.train_inputs, data.train_targets)
                )
                whole = norms.mean_grad.double().square().sum().item()
                tr_cov = norms.sq_norms.double().mean().item() - whole
                name = f"{when}_{alpha:g}".replace(".", "p")
                ratio = first.detach().norm().item() / whole**0.5
                values.setdefault(f"trust_{name}", []).append(ratio)
                values.setdefault(f"noise_scale_{name}", []).append(tr_cov / whole)
        for quantity in ("trust", "noise_scale"):
            low, high = (values[f"{quantity}_start_{a}"][-1] for a in ("0p1", "10"))
            values.setdefault(f"{quantity}_times", []).append(high / low)
    return values


def trust_ratio_verdict(values: Values) -> str:
    """L10 fails if the trust ratio moves a hundredfold while the noise scale stands still."""
    still = within(np.asarray(values["noise_scale_times"]) - 1, 0.01)
    moves = above(values["trust_times"], 100)
    return decide(fails=all_of(still, moves), holds=no(moves), depends=all_of(no(still), moves))


def measure_lars(size: str) -> Measured:
    """T1: LARS against momentum after few steps at a large batch, lr and schedule tuned."""
    seeds = range({"tiny": 2, "cpu": 8, "gpu": 32}[size])
    name, num_train, batch_size, num_steps = {
        "tiny": ("mnist1d", 512, 256, 4),
        "cpu": ("mnist1d", 4096, 1024, 80),
        "gpu": ("mnist1d", 4096, 1024, 160),
    }[size]
    values: Measured = {}
    for label, (optimizer, low) in OPTIMIZERS.items():
        runs = run_grid(
            SIZES,
            load("mnist1d", num_train=num_train),
            seeds=seeds,
            batch_sizes=(batch_size,),
            lrs=[2.0**k for k in range(low, low + 4)],
            num_steps=num_steps,
            optimizer=optimizer,
            schedule=STARTS,
            keep_correct=True,
            device=device_for(size),
            progress=False,
        ).at(batch_size=batch_size)
        # (seed, schedule, lr), and the test examples
        seen, test = (table.swapaxes(0, 1) for table in seen_and_right(runs))
        score = seen.mean(axis=0)
        start, chosen = np.unravel_index(score.argmax(), score.shape)
        for k, name in enumerate(STARTS):
            labels = [f"{lr:g}" for lr in runs.axes["lr"]]
            column = keep(values, f"{label}_{name}", labels, seen[:, k], test[:, k])
            values[f"{label}_{name}"] = column
        all_lrs = seen.reshape(len(seeds), -1)
        values[label] = tuned(all_lrs, test.reshape(*all_lrs.shape, -1))
        values[f"{label}_lr"] = [runs.axes["lr"][chosen]]
        values[f"{label}_decays"] = [float(start)]
        values[f"{label}_at_edge"] = [float(chosen in (0, 3))]
    values["lars_gain"] = values["lars"] - values["momentum"]
    return values


def lars_verdict(values: Values) -> str:
    """T1 holds if LARS gains, fails if it gains less than a point; a clipped grid tells nothing."""
    if values["lars_at_edge"][0] or values["momentum_at_edge"][0]:
        return "unresolved"
    gain = values["lars_gain"]
    return decide(holds=above(gain, 1), fails=below(gain, 1))


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="G8",
        statement="A sweep over batch sizes with lr, epochs and seed held fixed finds the best "
        "batch size.",
        heard="blog posts and notebooks that compare batch sizes",
        unit=UNIT,
        source="Shallue et al. 2019, arXiv:1811.03600; Google's tuning playbook",
        rule="each seed's sweep over B picks the one with the best validation accuracy; "
        "fails if from lr 0.025 to 1.6 the pick moves more than fourfold (shift in log2 "
        "beyond 2); holds if it moves less than twofold",
        setting="MLP 40-64-64-10 on MNIST-1D, N=1024, 20 epochs, B=8, 32, 128, 512; lr 0.025 to "
        "1.6; lost: test points against the best pair of the plane",
        measure=measure_sweep,
        verdict=sweep_verdict,
        expected="fails",
        changes="A lr retuned at each B, and a budget stated: epochs, steps or seconds.",
        shown=("log2_shift", "log2_picked_0p025", "log2_picked_1p6", "lost_0p025", "lost_1p6"),
    ),
    Claim(
        id="L10",
        statement="LARS corrects the noise scale of each layer.",
        heard="interview answers on large-batch optimizers",
        unit=UNIT,
        source="You et al. 2017, arXiv:1708.03888: the ratio is |w| / |g|",
        rule="fails if dividing and multiplying two layers' weights by ten, which leaves the "
        "function as it is, moves the first layer's trust ratio more than 100-fold from "
        "one end to the other, and its noise scale (tr Sigma / |G|^2) by less than 1 % "
        "in every seed; depends if the noise scale moves too, holds if the trust ratio "
        "does not",
        setting="MLP 40-64-64-10 on MNIST-1D, N=1024, first layer x 0.1, 1, 10 and second divided "
        "by it; at the start and after 5 epochs; all examples",
        measure=measure_trust_ratio,
        verdict=trust_ratio_verdict,
        expected="fails",
        changes="Nothing for the ratio itself. Whether it trains better is another question: T1, "
        "and today Muon's in its place (T2). "
        "In timm and torch-optimizer LARS has no ratio at all while the weight decay is 0.",
        shown=("trust_times", "noise_scale_times", "trust_start_1", "noise_scale_start_1"),
    ),
    Claim(
        id="T1",
        statement="LARS trains large batches better than tuned momentum.",
        heard="recipes for large batches",
        unit=UNIT,
        source="You et al. 2017, arXiv:1708.03888; against it Nado et al. 2021, arXiv:2102.06356; "
        "the question of 2025 is Muon beyond the critical batch, arXiv:2505.02222 (T2)",
        rule="with lr and schedule best on validation data, lr inside its grid: holds if "
        "LARS is ahead by more than a point, paired; fails if by less. First, any gain "
        "above zero held",
        setting="MLP 40-64-64-10 on MNIST-1D, N=4096, B=1024, 80 steps (160 on a GPU); constant "
        "lr, or warmup and cosine, by 4 lr an arm",
        measure=measure_lars,
        verdict=lars_verdict,
        looked=True,
        contested=True,
        expected="contested",
        finding="One schedule for both decides who wins: after 80 steps LARS is 5 points ahead "
        "under warmup and cosine, and behind with a constant lr. Each at its best, they are not "
        "told apart on the CPU; on a GPU (160 steps) momentum is ahead by half a point or so.",
        changes="Deeper networks, larger batches, fewer steps: at B=4096 a first reading on a GPU "
        "had LARS well ahead of momentum, and level with Adam. And the library: while the weight "
        "decay is 0, the LARS of timm and torch-optimizer is plain SGD (docs/peers.md).",
        shown=("lars_gain", "lars_constant", "momentum_constant", "lars_warm", "momentum_warm"),
    ),
    *batch_norm_claims.CLAIMS,
    *decay_claims.CLAIMS,
    *growth_claims.CLAIMS,
    *optimizer_claims.CLAIMS,
    *small_batch_claims.CLAIMS,
)
