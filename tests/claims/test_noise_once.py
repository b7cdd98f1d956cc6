"""Claims on noise in one pass and on flatness of what replaces it: arms and verdicts."""

import numpy as np
import pytest
import torch

from coursekit.claims.unit_07_flat_minima.noise_once import (
    CLAIMS,
    CURES,
    FEW,
    pool,
    sharpness_of,
)
from coursekit.data.splits import load
from coursekit.experiments.arms import SIZES, flat_weights, stacked_weights
from coursekit.models.perceptrons import mlp

BY_ID = {claim.id: claim for claim in CLAIMS}
pytestmark = pytest.mark.quick


def near(value):
    return [value - 0.1, value, value + 0.1]


def gains(many, once):
    """Gains of the small batch and of the noise, (both ways); equal for both."""
    return {
        f"{way}_{what}_gains": near(value)
        for way, value in (("many", many), ("once", once))
        for what in ("small", "noise")
    }


@pytest.mark.parametrize(
    ("many", "once", "verdict"),
    [
        (3.0, -10.0, "depends"),
        (3.0, 4.0, "holds"),
        (-1.0, -10.0, "fails"),
        (3.0, 0.05, "unresolved"),
        (-1.0, 3.0, "unresolved"),
    ],
)
def test_the_verdict_on_noise(many, once, verdict):
    assert BY_ID["N11"].verdict(gains(many, once)) == verdict


@pytest.mark.parametrize(
    ("decay", "dropout", "gain", "verdict"),
    [
        ([0.3, 0.31, 0.32], [0.2, 0.21, 0.22], 5.0, "holds"),
        ([0.95, 0.96, 0.97], [0.25, 0.26, 0.27], 5.0, "depends"),
        ([0.95, 0.96, 0.97], [1.2, 1.3, 1.25], 5.0, "fails"),
        ([0.95, 0.96, 0.97], [0.25, 0.26, 0.27], -1.0, "not reproduced"),
        ([0.6, 0.8, 1.0], [0.25, 0.26, 0.27], 5.0, "unresolved"),
    ],
)
def test_the_verdict_on_flatness(decay, dropout, gain, verdict):
    values = {
        "ratio_loss_weight_decay": decay,
        "ratio_loss_dropout": dropout,
        "gains_loss_weight_decay": near(gain),
        "gains_loss_dropout": near(gain),
    }
    assert BY_ID["G14"].verdict(values) == verdict


def test_few_examples_are_the_first_of_the_pool():
    one, two = pool(FEW, torch.device("cpu")), pool(FEW, torch.device("cpu"))
    assert torch.equal(one.train_inputs, two.train_inputs)
    assert torch.equal(one.test_targets, two.test_targets)


def test_a_network_that_did_not_arrive_has_no_sharpness():
    data = load("mnist1d", num_train=64)
    weights = flat_weights(stacked_weights([0], torch.device("cpu")))[0]
    top, trace, right = sharpness_of(weights, data)
    assert 0 < top < trace
    model = mlp(SIZES, generator=torch.Generator().manual_seed(0))
    hits = (model(data.test_inputs).argmax(dim=1) == data.test_targets).double()
    assert right.tolist() == (100 * hits).tolist()
    none = sharpness_of(torch.full_like(weights, torch.nan), data)
    assert all(np.isnan(v).all() for v in none)
    assert set(CURES) == {"plain", "small", "weight_decay", "dropout"}
