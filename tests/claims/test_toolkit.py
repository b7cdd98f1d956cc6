"""Claims on the toolkit and the machine: BatchNorm by hand against torch's, shards, verdicts."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.claims.unit_08_toolkit.batch_norm_claims import (
    forward,
    fresh_norms,
    normalise,
    running_error,
    train_normed,
)
from coursekit.claims.unit_08_toolkit.batch_norm_claims import (
    right as rows_right,
)
from coursekit.claims.unit_08_toolkit.growth_claims import grown_steps
from coursekit.claims.unit_08_toolkit.optimizer_claims import steps_to
from coursekit.claims.unit_08_toolkit.small_batch_claims import kept_beta
from coursekit.claims.unit_08_toolkit.toolkit import CLAIMS as TOOLKIT
from coursekit.claims.unit_09_hardware.clocks import LOOKS, ROUNDS, interleaved
from coursekit.claims.unit_09_hardware.hardware import CLAIMS as HARDWARE
from coursekit.claims.unit_09_hardware.repeatability import (
    NUM_RANKS,
    local_accuracy,
    shards_of,
    weights_after,
)
from coursekit.data.splits import load
from coursekit.experiments.arms import stacked_weights
from coursekit.models.ghost_batch_norm import GhostBatchNorm
from coursekit.models.perceptrons import mlp
from coursekit.train.loop import TrainConfig, train

BY_ID = {claim.id: claim for claim in (*TOOLKIT, *HARDWARE)}
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def data():
    return load("mnist1d", num_train=256)


@pytest.mark.quick
@pytest.mark.parametrize("ghost_size", [8, 32])
def test_a_stack_normalises_as_ghost_batch_norm_does(ghost_size):
    x = torch.randn(2, 32, 64, generator=torch.Generator().manual_seed(0))
    norm = fresh_norms(2, CPU)[0]
    ours = normalise(x, norm, ghost_size)
    for replica in range(2):
        layer = GhostBatchNorm(64, ghost_size)
        assert torch.allclose(ours[replica], layer(x[replica]), atol=1e-5)
        assert torch.allclose(norm.mean[replica, 0], layer.running_mean, atol=1e-6)
        assert torch.allclose(norm.var[replica, 0], layer.running_var, atol=1e-5)


@pytest.mark.quick
def test_a_stack_trains_as_single_networks_do(data):
    seeds, lrs = (0, 1), (0.1, 0.2)
    params, norms = train_normed(data, seeds, lrs, batch_size=64, ghost_size=32, num_epochs=1)
    scores = rows_right(params, norms, data.test_inputs, data.test_targets).mean(dim=1).view(2, 2)
    for i, seed in enumerate(seeds):
        for k, lr in enumerate(lrs):
            plain = list(mlp((40, 64, 64, 10), generator=torch.Generator().manual_seed(seed)))
            model = nn.Sequential(
                plain[0], GhostBatchNorm(64, 32), nn.ReLU(),
                plain[2], GhostBatchNorm(64, 32), nn.ReLU(), plain[4],
            )  # fmt: skip
            config = TrainConfig(batch_size=64, num_steps=4, lr_schedule=lambda step, lr=lr: lr)
            train(model, data, config, rng=torch.Generator().manual_seed(1000 + seed))
            model.eval()
            r = 2 * i + k
            assert torch.allclose(params[0][r].T, plain[0].weight, atol=1e-4)
            out = forward(params, norms, data.test_inputs.expand(4, -1, -1), 0)[r]
            assert torch.allclose(out, model(data.test_inputs), atol=1e-2)
            right = (out.argmax(dim=1) == data.test_targets).double().mean()
            assert scores[i, k].item() == pytest.approx(100 * right.item())


@pytest.mark.quick
def test_running_error_is_zero_for_the_truth_and_one_for_a_shift_of_both():
    hidden = torch.randn(2, 500, 64, generator=torch.Generator().manual_seed(0))
    norm = fresh_norms(2, CPU)[0]
    var, mean = torch.var_mean(hidden, dim=1, keepdim=True)
    norm.mean.copy_(mean)
    norm.var.copy_(var)
    assert running_error(norm, hidden) == pytest.approx([0.0, 0.0], abs=1e-6)
    norm.mean.add_(var.sqrt())
    norm.var.mul_(2)
    assert running_error(norm, hidden) == pytest.approx([1.0, 1.0], rel=1e-4)


@pytest.mark.quick
def test_every_batch_size_is_timed_in_turn_and_the_fastest_look_counts():
    order = []

    def seconds(batch_size, repetitions):
        order.append((batch_size, repetitions))
        slowed = 1.0 if len(order) % 7 == 0 else 0.0
        return batch_size + slowed

    times = interleaved(seconds, [1, 2, 3], lambda b: 10 * b)
    assert times == {b: [float(b)] * ROUNDS for b in (1, 2, 3)}
    assert len(order) == 3 + 3 * ROUNDS * LOOKS
    assert order[:3] == [(1, 10), (2, 20), (3, 30)]  # to warm up
    assert [b for b, _ in order[3:9]] == [3, 2, 1, 1, 2, 3]


@pytest.mark.quick
def test_shards_hold_every_example_once_and_skewed_ones_few_classes(data):
    index = torch.randperm(256, generator=torch.Generator().manual_seed(0))
    for skewed, most in ((False, 10), (True, 5)):
        shards = shards_of(data.train_targets, index, skewed=skewed)
        assert len(shards) == NUM_RANKS
        assert torch.equal(torch.cat(shards).sort().values, torch.arange(256))
        classes = [len(data.train_targets[s].unique()) for s in shards]
        assert (max(classes) <= most) is skewed or max(classes) == most


@pytest.mark.quick
def test_averaging_after_every_step_is_one_large_batch(data):
    """One step of 4 ranks, then the average: the plain gradient step of their joint batch."""
    g = torch.Generator().manual_seed(500)
    owned = torch.stack(
        shards_of(data.train_targets, torch.randperm(256, generator=g), skewed=True)
    )
    drawn = torch.randint(64, (NUM_RANKS, 16), generator=g)
    index = owned.gather(1, drawn).flatten()
    params = stacked_weights([0], CPU)
    model = mlp((40, 64, 64, 10), generator=torch.Generator().manual_seed(0))
    assert torch.equal(params[0][0].T, model[0].weight)
    cross_entropy(model(data.train_inputs[index]), data.train_targets[index]).backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.2 * p.grad
        right = (model(data.test_inputs).argmax(dim=1) == data.test_targets).double().mean().item()
    ours = local_accuracy(data, (0,), skewed=True, local_steps=1, rounds=1)
    assert ours.mean(axis=1) == pytest.approx([100 * right], abs=0.11)


@pytest.mark.quick
def test_reversing_a_batch_changes_the_sum_and_nothing_else(data):
    runs = [
        weights_after(data, 0, 32, 5, dtype=torch.float64, reverse=r) for r in (False, True, False)
    ]
    assert torch.equal(runs[0], runs[2])
    assert 0 < (runs[0] - runs[1]).abs().max() < 1e-13
    other = weights_after(data, 1, 32, 5, dtype=torch.float64)
    assert (runs[0] - other).abs().max() > 1e-3


def near(value):
    return [value, 1.001 * value]


@pytest.mark.quick
def test_steps_to_a_loss_go_in_straight_lines_from_what_a_fresh_net_knows():
    curves = np.array([[[1.2, 0.8, 0.9], [2.0, 1.9, 1.5]]])  # (seed, lr, records)
    runs = SimpleNamespace(recorded={"train_loss": curves}, record_steps=np.array([[10, 20, 30]]))
    steps = steps_to(runs, 1.0)
    assert steps[0, 0] == pytest.approx(15.0)
    assert steps[0, 1] == np.inf
    share = (np.log(10) - 2.1) / (np.log(10) - 2.0)
    assert steps_to(runs, 2.1)[0, 1] == pytest.approx(10 * share)


@pytest.mark.quick
def test_growth_steps_are_counted_as_the_batch_grows():
    # 4096/32 = 128 steps an epoch for 12 epochs, then 32 an epoch for 6, then 8
    assert grown_steps(4096, 32, 24) == (12 * 128, 12 * 128 + 6 * 32)


@pytest.mark.quick
def test_a_kept_half_life_forgets_half_after_as_many_examples():
    beta = kept_beta(0.95, 128, 1)
    assert beta ** (128 * np.log(0.5) / np.log(0.95)) == pytest.approx(0.5)


ZEROS = {f"again_{b}": [0.0, 0.0] for b in (4, 32, 256)}
PARTED = {f"reversed_{b}": near(1e-7) for b in (4, 32, 256)}
SHARDS = {"plain_skewed": near(1e-15), "local_lost": near(0.0), "norm_worse": [0.9, 1.1]}
EDGES = {"lars_at_edge": [0.0], "momentum_at_edge": [0.0]}
AT_EDGE = {
    f"{arm}_{end}_at_edge": [0.0]
    for arm in ("momentum", "adam", "muon")
    for end in ("small", "large")
}
INSIDE = {f"{arm}_at_edge": [0.0] for arm in ("momentum", "lars", "lamb", "muon")}
BETWEEN = {"small_lr": [0.4], "large_lr": [1.6], "ghost_lr": [1.6]}
BETWEEN |= {f"seen_small_{lr}": [50.0] for lr in (0.2, 0.4, 0.8)}
BETWEEN |= {f"seen_{arm}_{lr}": [50.0] for arm in ("large", "ghost") for lr in (0.8, 1.6, 3.2)}
KEPT = {"fixed_at_edge": [0.0], "kept_at_edge": [0.0]}
STEPS = {f"{o}_{k}_at_edge": [0.0] for o in ("momentum", "adam") for k in (1, 8, 32)}
WORTH = {f"adam_{b}_constant": near(0.2) for b in ("0p999", "0p95")}
WORTH |= {f"adam_{b}_at_edge": [0.0] for b in ("0p999", "0p95")}


def same(names, values):
    return dict.fromkeys(names, values)


GAINS = ("lars_gain", "lamb_gain", "muon_gain")
SMALL_STEPS = tuple(f"{o}_gain_{k}" for o in ("momentum", "adam") for k in (8, 32))
NAIVE = ("adam_0p999_naive", "adam_0p95_naive")
MISSES = {"miss_held_4": near(0.1), "miss_held_8": near(0.2)}
NEIGHBOURS = {"neighbours_small": near(1.0), "neighbours_middle": near(1.0)}


@pytest.mark.quick
@pytest.mark.parametrize(
    ("claim_id", "values", "verdict"),
    [
        ("G7", {**BETWEEN, "gap": near(6.0), "ghost_gain": near(-1.0)}, "not reproduced"),
        ("G7", {**BETWEEN, "gap": near(6.0), "ghost_gain": near(5.5)}, "holds"),
        ("G7", {**BETWEEN, "gap": near(6.0), "ghost_gain": near(4.0)}, "depends"),
        ("G7", {**BETWEEN, "gap": near(6.0), "ghost_gain": [-9.0, 9.0]}, "unresolved"),
        ("G7", {**BETWEEN, "gap": [-1.0, 1.0], "ghost_gain": near(4.0)}, "unresolved"),
        (
            "G7",
            {**BETWEEN, "gap": near(6.0), "ghost_gain": near(-1.0), "ghost_lr": [3.2]},
            "unresolved",
        ),
        ("P5", {"error_ratio": near(0.25)}, "fails"),
        ("P5", {"error_ratio": near(0.8)}, "depends"),
        ("P5", {"error_ratio": near(1.5)}, "holds"),
        ("G8", {"log2_shift": [4.0, 4.0]}, "fails"),
        ("G8", {"log2_shift": [0.0, 0.0]}, "holds"),
        ("G8", {"log2_shift": [-4.0, 4.0]}, "unresolved"),
        ("L10", {"trust_times": near(1e4), "noise_scale_times": [1.0, 1.0]}, "fails"),
        ("L10", {"trust_times": near(1e4), "noise_scale_times": near(1e4)}, "depends"),
        ("L10", {"trust_times": near(1.0), "noise_scale_times": [1.0, 1.0]}, "holds"),
        ("T1", {**EDGES, "lars_gain": near(4.0)}, "holds"),
        ("T1", {**EDGES, "lars_gain": near(-1.0)}, "fails"),
        ("T1", {**EDGES, "lars_gain": [-9.0, 9.0]}, "unresolved"),
        ("T1", {**EDGES, "lars_gain": near(4.0), "momentum_at_edge": [1.0]}, "unresolved"),
        ("T2", {**AT_EDGE, **same(("waste_over_adam", "waste_over_momentum"), near(0.7))}, "holds"),
        ("T2", {**AT_EDGE, **same(("waste_over_adam", "waste_over_momentum"), near(1.4))}, "fails"),
        (
            "T2",
            {**AT_EDGE, "waste_over_adam": near(0.7), "waste_over_momentum": near(1.4)},
            "depends",
        ),
        (
            "T2",
            {
                **AT_EDGE,
                **same(("waste_over_adam", "waste_over_momentum"), near(0.7)),
                "adam_small_at_edge": [1.0],
            },
            "unresolved",
        ),
        ("T3", {**INSIDE, **same(GAINS, near(2.0))}, "holds"),
        ("T3", {**INSIDE, **same(GAINS, near(-1.0))}, "fails"),
        ("T3", {**INSIDE, **same(GAINS, near(-1.0)), "muon_gain": near(3.0)}, "depends"),
        ("T3", {**INSIDE, **same(GAINS, near(-1.0)), "muon_gain": [-2.0, 3.0]}, "unresolved"),
        ("T3", {**INSIDE, **same(GAINS, near(2.0)), "lars_at_edge": [1.0]}, "unresolved"),
        ("Q2", {**KEPT, "gain": near(0.1)}, "holds"),
        ("Q2", {**KEPT, "gain": near(0.01)}, "fails"),
        ("Q2", {**KEPT, "gain": [0.0, 0.06]}, "unresolved"),
        ("Q2", {**KEPT, "gain": near(0.1), "fixed_at_edge": [1.0]}, "unresolved"),
        ("P13", {**STEPS, **same(SMALL_STEPS, near(2.0))}, "fails"),
        ("P13", {**STEPS, **same(SMALL_STEPS, near(-2.0))}, "holds"),
        ("P13", {**STEPS, **same(SMALL_STEPS, near(2.0)), "adam_gain_8": near(0.2)}, "depends"),
        ("P13", {**STEPS, **same(SMALL_STEPS, near(2.0)), "adam_8_at_edge": [1.0]}, "unresolved"),
        ("L14", {**MISSES, "gain_4": near(0.08), "gain_8": near(0.16)}, "holds"),
        ("L14", {**MISSES, "gain_4": near(0.01), "gain_8": near(0.01)}, "fails"),
        ("L14", {**MISSES, "gain_4": near(0.08), "gain_8": near(0.01)}, "depends"),
        ("L17", {**WORTH, **same(NAIVE, near(0.01))}, "holds"),
        ("L17", {**WORTH, **same(NAIVE, near(-0.01))}, "holds"),
        ("L17", {**WORTH, **same(NAIVE, near(0.1))}, "fails"),
        (
            "L17",
            {**WORTH, **same(NAIVE, near(0.01)), "adam_0p95_at_edge": [1.0]},
            "unresolved",
        ),
        ("L17", {**WORTH, **same(NAIVE, near(0.01)), "adam_0p95_naive": near(-0.1)}, "depends"),
        ("L17", {**WORTH, **same(NAIVE, near(0.01)), "adam_0p95_naive": [0.0, 0.1]}, "unresolved"),
        ("C6", {"total_idle": near(0.2), "total_full": near(3.0)}, "depends"),
        ("C6", {"total_idle": near(2.0), "total_full": near(3.0)}, "holds"),
        ("C6", {"total_idle": near(0.2), "total_full": near(0.3)}, "fails"),
        ("C6", {"total_idle": [0.1, 9.0], "total_full": near(3.0)}, "unresolved"),
        ("C7", {**NEIGHBOURS, "neighbours_large": near(1.0)}, "fails"),
        ("C7", {**NEIGHBOURS, "neighbours_large": near(1.5)}, "depends"),
        ("C7", {**NEIGHBOURS, "neighbours_large": [0.9, 1.2]}, "unresolved"),
        ("C7", dict.fromkeys((*NEIGHBOURS, "neighbours_large"), near(1.5)), "holds"),
        ("P4", {**ZEROS, **PARTED}, "fails"),
        ("P4", {**ZEROS, **PARTED, "reversed_4": [0.0, 0.0]}, "unresolved"),
        ("P4", {**ZEROS, **PARTED, "again_4": [0.0, 1e-7]}, "holds"),
        ("P10", {**SHARDS, "local_lost": near(10.0)}, "depends"),
        ("P10", {**SHARDS, "norm_worse": near(2.0)}, "depends"),
        ("P10", {**SHARDS, "local_lost": near(-1.0), "norm_worse": near(0.9)}, "fails"),
        ("P10", {**SHARDS, "local_lost": [-1.0, 1.0]}, "unresolved"),
        ("P10", {**SHARDS, "plain_skewed": near(1e-3)}, "holds"),
        ("P11", {"per_step": near(1.2), "per_example": near(0.2)}, "fails"),
        ("P11", {"per_step": near(0.3), "per_example": near(0.2)}, "holds"),
        ("P11", {"per_step": near(1.2), "per_example": near(0.9)}, "unresolved"),
    ],
)
def test_a_verdict_follows_its_rule(claim_id, values, verdict):
    assert BY_ID[claim_id].verdict(values) == verdict
