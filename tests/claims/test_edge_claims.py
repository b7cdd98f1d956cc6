"""Claims on the edge with mini-batches, by forward passes and with momentum: rules and faults."""

from types import SimpleNamespace

import pytest
import torch
from torch import nn

from coursekit.claims.unit_06_sharpness import stability_claims
from coursekit.claims.unit_06_sharpness.stability_claims import CLAIMS
from coursekit.data.splits import Dataset
from coursekit.experiments.edge import half_squares

BY_ID = {claim.id: claim for claim in CLAIMS}


def near(value, spread=0.01):
    return [value * (1 - spread), value, value * (1 + spread)]


def along_batches(at_16, at_32, at_64, top):
    names = ("batch_sharpness_16", "batch_sharpness_32", "batch_sharpness_64", "lambda_16")
    return {n: near(v) for n, v in zip(names, (at_16, at_32, at_64, top), strict=True)}


@pytest.mark.parametrize(
    ("values", "verdict"),
    [
        (along_batches(0.95, 1.0, 1.05, 0.7), "holds"),
        (along_batches(0.5, 0.6, 1.3, 0.7), "fails"),
        (along_batches(0.5, 1.0, 1.0, 0.7), "depends"),
        (along_batches(0.95, 1.0, 1.05, 0.95), "unresolved"),  # lambda_max is there as well
        (along_batches(0.9, 1.0, 1.05, 0.7), "unresolved"),  # on the threshold
    ],
)
def test_the_verdict_on_mini_batches(values, verdict):
    assert BY_ID["W3"].verdict(values) == verdict


@pytest.mark.parametrize(
    ("early", "late", "passes", "verdict"),
    [
        (0.01, 0.97, 8, "depends"),
        (1.0, 0.97, 8, "holds"),
        (0.01, 0.5, 8, "fails"),
        (1.0, 1.0, 40, "fails"),
        (0.01, 0.85, 8, "unresolved"),
    ],
)
def test_the_verdict_on_forward_passes(early, late, passes, verdict):
    values = {"passes": near(passes)}
    for lr in ("0p2", "0p4"):
        values |= {f"early_{lr}": near(early), f"late_{lr}": near(late)}
    assert BY_ID["W5"].verdict(values) == verdict


@pytest.mark.parametrize(
    ("small", "full", "verdict"),
    [
        (0.1, 1.9, "holds"),
        (0.2, 1.9, "depends"),
        (0.1, 1.4, "depends"),
        (0.9, 1.9, "fails"),
        (0.1, 1.0, "fails"),
        (0.5, 1.9, "unresolved"),
    ],
)
def test_the_verdict_on_momentum(small, full, verdict):
    values = {f"batch_sharpness_small_{b}": near(small) for b in (4, 16)}
    values |= {f"lambda_{name}": near(full) for name in ("full", "full_low")}
    assert BY_ID["W4"].verdict(values) == verdict


def at_the_edge(num_seeds=3, classes=2):
    """A linear model whose batches bend along their own gradients at 2/lr, and the whole does not.

    Half squares of two outputs, features one-hot and scaled: example n has curvature s_n^2 along
    its own gradient, and batches of one feature alone bend by it.
    """
    g = torch.Generator().manual_seed(0)
    scale = 5.0**0.5  # 2 / lr at lr 0.4
    inputs = scale * torch.eye(16).repeat(16, 1)[:, :16]
    targets = torch.randint(0, classes, (256,), generator=g)
    pair = (inputs, targets)
    data = Dataset("features", *pair, *pair, *pair, num_classes=classes)
    models = []
    for _ in range(num_seeds):
        model = nn.Linear(16, classes, bias=False)
        with torch.no_grad():
            model.weight.normal_(generator=g)
        models.append(model)
    return data, models


def one_at_a_time(model, loss_fn, data, *, batch_size, num_batches, rng):
    """The library's estimator on batches of one example, whose curvature is known: 5."""
    return RIGHT(model, loss_fn, data, batch_size=1, num_batches=num_batches, rng=rng)


def with_the_full_gradient(model, loss_fn, data, *, batch_size, num_batches, rng):
    """The mistake: the whole set's gradient and Hessian in place of each batch's own."""
    inputs, targets = data
    weights = list(model.parameters())
    loss = loss_fn(model(inputs), targets)
    (grad,) = torch.autograd.grad(loss, weights, create_graph=True)
    (bent,) = torch.autograd.grad((grad * grad.detach()).sum(), weights)
    return SimpleNamespace(value=((bent * grad).sum() / grad.square().sum()).item())


RIGHT = stability_claims.batch_sharpness


def test_batch_sharpness_with_the_full_gradient_turns_w3(monkeypatch):
    """On a model at the edge by construction, lambda_max of the whole far below."""
    data, models = at_the_edge()
    monkeypatch.setattr(stability_claims, "edge_data", lambda size: data)
    monkeypatch.setattr(
        stability_claims, "models_at", lambda *a, **k: iter([(10 * i, models) for i in range(4)])
    )
    monkeypatch.setattr(stability_claims, "batch_sharpness", one_at_a_time)
    claim = BY_ID["W3"]
    assert claim.verdict(claim.measure("tiny")) == "holds"
    monkeypatch.setattr(stability_claims, "batch_sharpness", with_the_full_gradient)
    assert claim.verdict(claim.measure("tiny")) == "fails"


def test_critical_sharpness_without_its_two_turns_w5(monkeypatch):
    """On a quadratic bent alike in all directions, every update shows lambda_max."""
    data, models = at_the_edge()
    monkeypatch.setattr(stability_claims, "edge_data", lambda size: data)
    monkeypatch.setattr(
        stability_claims, "models_at", lambda *a, **k: iter([(10 * i, models) for i in range(5)])
    )
    claim, right = BY_ID["W5"], stability_claims.critical_sharpness
    assert claim.verdict(claim.measure("tiny")) == "holds"

    def one_over_the_step(*arguments):
        found = right(*arguments)
        return SimpleNamespace(value=1 / found.step, num_passes=found.num_passes)

    monkeypatch.setattr(stability_claims, "critical_sharpness", one_over_the_step)
    assert claim.verdict(claim.measure("tiny")) == "fails"


def test_a_run_that_diverged_leaves_the_verdict_open():
    values = along_batches(0.95, 1.0, 1.05, 0.7)
    values["batch_sharpness_32"][0] = float("nan")
    assert BY_ID["W3"].verdict(values) == "unresolved"
    data, _ = at_the_edge()
    assert stability_claims.top_eigenvalue(None, data) != stability_claims.top_eigenvalue(
        None, data
    )
    assert half_squares(torch.zeros(2, 2), torch.tensor([0, 1])).item() == 0.5
