"""The experiments behind the claims of accumulation, against what algebra says."""

import math

import pytest
import torch
from torch.nn.functional import cross_entropy

from coursekit.claims.ledger import load_entries
from coursekit.claims.unit_04_accumulation.accumulation import CLAIMS
from coursekit.claims.unit_04_accumulation.accumulation_grads import (
    MICRO_SIZES,
    SIZES,
    clip_rows,
    draw,
    fresh_net,
    grad,
    micro_grads,
    random_counts,
    relative_error,
)
from coursekit.claims.unit_04_accumulation.accumulation_runs import (
    backward,
    outputs_of,
    right_of,
    run_epochs,
    short_last,
    stack_nets,
    step,
    windows,
)
from coursekit.data.splits import load
from coursekit.models.perceptrons import mlp

CPU = torch.device("cpu")
BY_ID = {claim.id: claim for claim in CLAIMS}


@pytest.fixture(scope="module")
def data():
    return load("mnist1d", num_train=1024)


@pytest.mark.quick
def test_random_counts_sum_to_the_total():
    for seed in range(20):
        counts = random_counts(seed)
        assert (len(counts), sum(counts)) == (16, 512)
        assert min(counts) >= 1


@pytest.mark.quick
def test_the_two_initialisations_differ_and_are_repeatable():
    he, again, default = fresh_net(3), fresh_net(3), fresh_net(3, init="torch")
    assert torch.equal(he[0].weight, again[0].weight)
    assert torch.equal(default[0].weight, fresh_net(3, init="torch")[0].weight)
    assert he[0].weight.std() > 2 * default[0].weight.std()  # sqrt(2/40) against 1/sqrt(120)
    torch.manual_seed(5)
    before = torch.rand(1)
    torch.manual_seed(5)
    fresh_net(3, init="torch")
    assert torch.equal(torch.rand(1), before)  # the global seed is left alone


@pytest.mark.quick
def test_micro_gradients_average_to_the_gradient_when_equal(data):
    model, batch = fresh_net(0, dtype=torch.float64), draw(data, 96, 0, torch.float64)
    rows = micro_grads(model, batch, 32)
    assert relative_error(rows.mean(dim=0), grad(model, batch)) < 1e-14
    rows = micro_grads(model, batch, [64, 32])
    assert relative_error(rows.mean(dim=0), grad(model, batch)) > 1e-3  # the test has power


@pytest.mark.quick
def test_rows_are_clipped_one_by_one():
    rows = clip_rows(torch.tensor([[3.0, 4.0], [0.3, 0.4]]), 1.0)
    assert rows == pytest.approx(torch.tensor([[0.6, 0.8], [0.3, 0.4]]).numpy())


@pytest.mark.quick
def test_a_stack_computes_what_its_nets_compute(data):
    stack = stack_nets((0, 1), (0.1, 0.2), CPU)
    index = torch.arange(24).view(4, 6)
    backward(stack, data, index, 0.5)
    grads = [p.grad.clone() for p in stack]
    for replica, seed in enumerate((0, 0, 1, 1)):
        net = mlp(SIZES, generator=torch.Generator().manual_seed(seed))
        inputs = data.train_inputs[index[replica]]
        outputs = outputs_of(stack, data.train_inputs[index])[replica]
        assert torch.allclose(outputs, net(inputs), atol=1e-5)
        (0.5 * cross_entropy(net(inputs), data.train_targets[index[replica]])).backward()
        for param, grad_of_all in zip(net.parameters(), grads, strict=True):
            assert torch.allclose(grad_of_all[replica], param.grad, atol=1e-6)
    before = stack[0].detach().clone()
    step(stack, torch.tensor([0.1, 0.2, 0.1, 0.2]))
    moved = (before - stack[0]) / grads[0]
    assert moved[1].nanmedian().item() == pytest.approx(0.2, rel=1e-2)
    assert stack[0].grad is None


def steps_seen(epoch, count, data, monkeypatch):
    """Return for each step the examples in its gradient with their weights, over two epochs."""
    pending, steps = {}, []

    def note(stack, data, index, factor):
        for i in index[0].tolist():
            pending[i] = pending.get(i, 0.0) + factor / index.shape[1]

    def take(stack, lrs):
        steps.append(dict(pending))
        pending.clear()

    monkeypatch.setattr("coursekit.claims.unit_04_accumulation.accumulation_runs.backward", note)
    monkeypatch.setattr("coursekit.claims.unit_04_accumulation.accumulation_runs.step", take)
    for _ in range(2):
        epoch([], data, torch.arange(count)[None], torch.tensor([0.1]))
    return steps


@pytest.mark.quick
@pytest.mark.parametrize(
    ("leftovers", "totals"),
    [("flush", [1, 1, 1, 1]), ("drop", [1, 1]), ("leak", [1, 1 + 1 / 2])],
)
def test_windows_treat_leftovers_as_they_are_called(leftovers, totals, data, monkeypatch):
    """Three micro-batches of 4, K = 2: the weights of all examples in each step."""
    steps = steps_seen(windows(4, 2, leftovers), 12, data, monkeypatch)
    assert [sum(s.values()) for s in steps] == pytest.approx(totals)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("treat", "totals"),
    [("keep", [1, 1, 1] * 2), ("drop", [1, 1] * 2), ("weight", [1, 1, 0.25] * 2)],
)
def test_a_short_last_batch_is_treated_as_called(treat, totals, data, monkeypatch):
    steps = steps_seen(short_last(4, treat), 9, data, monkeypatch)
    assert [sum(s.values()) for s in steps] == pytest.approx(totals)


@pytest.mark.quick
def test_training_learns_and_is_paired(data):
    validation, test = run_epochs(data, 256, (0, 1), 6, short_last(32, "keep"), (1e-6, 0.2))
    assert validation.shape == (2, 2)
    assert test.shape == (2, 2, len(data.test_targets))
    test = test.mean(dim=2)
    assert (test[:, 1] > test[:, 0] + 5).all()
    start = right_of(stack_nets((0, 1), (1.0,), CPU), data.test_inputs, data.test_targets)
    assert torch.allclose(test[:, 0], start.mean(dim=1), atol=0.5)


def leaks(same_lr, tuned):
    return {"leak_minus_flush_same_lr": same_lr, "leak_minus_flush_tuned": tuned}


@pytest.mark.quick
@pytest.mark.parametrize(
    ("claim_id", "values", "verdict"),
    [
        ("N7", {"to_large": [1.0, 1.001], "to_micro": [0.0312, 0.0313]}, "fails"),
        ("N7", {"to_large": [0.9, 1.1], "to_micro": [0.0312, 0.0313]}, "unresolved"),
        ("N7", {"to_large": [32.0, 31.0], "to_micro": [1.0, 1.01]}, "holds"),
        (
            "P1",
            {"equal_he": [1e-7] * 2, "last_2_he": [0.5, 0.51], "last_2_trained": [0.0] * 2},
            "depends",
        ),
        ("P1", {"equal_he": [1e-7] * 2, "last_2_he": [1e-7, 2e-7]}, "holds"),
        ("P1", {"equal_he": [1e-7] * 2, "last_2_he": [1e-7, 0.5]}, "unresolved"),
        ("P1", {"equal_he": [0.1, 0.1], "last_2_he": [0.5, 0.51]}, "fails"),
        ("P2", {"ratio_half_he": [0.6, 0.61]}, "fails"),
        ("P2", {"ratio_half_he": [1.0, 0.999]}, "holds"),
        ("P3", {"float64_gap": [1e-15], "float32_accuracy_change": [-0.01, 0.02]}, "holds"),
        ("P3", {"float64_gap": [1e-15], "float32_accuracy_change": [-1.0, 1.1]}, "unresolved"),
        ("P3", {"float64_gap": [1e-3], "float32_accuracy_change": [-1.0, 1.1]}, "fails"),
        ("P3", {"float64_gap": [1e-15], "float32_accuracy_change": [-9.0, -9.1]}, "depends"),
        ("P6", {"keep_minus_drop_37": [0.1, -0.1, 0.0]}, "fails"),
        ("P6", {"keep_minus_drop_37": [-5.0, -5.1, -5.2]}, "holds"),
        ("P8", leaks([0.0, 0.1], [0.0, 0.1]), "holds"),
        ("P8", leaks([-9.0, -9.1], [0.0, 0.1]), "depends"),
        ("P8", leaks([-9.0, -9.1], [-9.0, -9.1]), "fails"),
        ("P8", leaks([-9.0, -9.1], [-9.0, 9.1]), "unresolved"),
        ("L9", {"mean_ratio": [0.3, 0.31], "sum_ratio": [19.0, 20.0]}, "fails"),
        ("L9", {"mean_ratio": [2.0, 2.01], "sum_ratio": [19.0, 20.0]}, "holds"),
    ],
)
def test_a_verdict_follows_its_rule(claim_id, values, verdict):
    assert BY_ID[claim_id].verdict(values) == verdict


@pytest.mark.quick
def test_batch_norm_fails_only_where_every_size_is_off():
    off = {f"{i}_{m}": [0.1, 0.11] for i in ("he", "torch") for m in MICRO_SIZES}
    off["float64_32"] = [0.1, 0.11]
    assert BY_ID["A1"].verdict(off) == "fails"
    assert BY_ID["A1"].verdict({**off, "he_256": [1e-7, 1e-7]}) == "depends"


@pytest.mark.parametrize("claim_id", ["P1", "P2", "L9", "A1"])
def test_tiny_measurements_have_the_ledgers_names(claim_id):
    values = BY_ID[claim_id].measure("tiny")
    assert set(values) == set(load_entries(claim_id)["cpu"]["values"])
    assert all(math.isfinite(v) for column in values.values() for v in column)
