"""Settings carried from one batch size to another: the rules, and where there is none."""

import math

import pytest
import torch
from torch import nn

from coursekit.claims.register import CLAIMS
from coursekit.train.rescale import OPTIMIZERS, rescale

ADAM = {"betas": (0.9, 0.999), "eps": 1e-8, "weight_decay": 0.1, "warmup_steps": 400}


def by_name(carried):
    return {one.name: one for one in carried}


@pytest.mark.quick
def test_sgd_is_linear_while_lr_is_near_the_stable_limit_at_most():
    found = by_name(rescale("sgd", 16, 64, lr=0.01, sharpness=10.0))
    assert found["lr"].after == pytest.approx(0.04)  # 2/lambda_max is 0.2
    for lr, said in ((0.1, "2 of the stable limit"), (0.5, "10 of the stable limit")):
        found = by_name(rescale("sgd", 16, 64, lr=lr, sharpness=10.0))
        assert found["lr"].after is None
        assert said in found["lr"].depends_on
    momentum = by_name(rescale("momentum", 16, 64, lr=0.05, momentum=0.9, sharpness=10.0))
    assert momentum["lr"].after == pytest.approx(0.2)  # its limit is 2 (1 + 0.9) / 10
    assert momentum["momentum"].after == 0.9


@pytest.mark.quick
def test_what_nobody_said_stays_open_and_says_what_to_measure():
    found = by_name(rescale("sgd", 16, 64, lr=0.1, warmup_steps=100))
    assert found["lr"].after is None
    assert "measure sharpness" in found["lr"].depends_on
    assert found["lr"].candidates == {"linear": pytest.approx(0.4)}
    assert found["warmup_steps"].candidates == {"as many examples": 25, "as many steps": 100}
    found = by_name(rescale("adamw", 256, 1024, lr=1e-3, **ADAM))
    assert "measure noise" in found["lr"].depends_on
    assert found["weight_decay"].after is None
    assert by_name(rescale("muon", 256, 1024, lr=0.02))["lr"].after is None


@pytest.mark.quick
def test_adam_by_the_root_below_the_noise_scale_and_open_above_it():
    found = by_name(rescale("adamw", 64, 256, lr=1e-3, noise_scale=1000, **ADAM))
    assert found["lr"].after == pytest.approx(2e-3)
    assert found["beta1"].after == pytest.approx(0.9**4)
    assert found["beta2"].after == pytest.approx(0.999**4)
    assert found["eps"].after == pytest.approx(5e-9)
    assert found["weight_decay"].after == pytest.approx(0.2)
    assert found["warmup_steps"].after is None
    above = by_name(rescale("adamw", 64, 256, lr=1e-3, noise_scale=100, **ADAM))
    assert above["lr"].after is None
    assert "above the noise scale" in above["lr"].depends_on
    shrunk = by_name(rescale("adam", 256, 64, lr=1e-3, noise_scale=100))
    assert shrunk["lr"].after is None  # it was tuned above it


@pytest.mark.quick
def test_there_and_back_changes_nothing_and_the_same_batch_keeps_everything():
    there = by_name(rescale("adamw", 64, 256, lr=1e-3, noise_scale=1e4, **ADAM))
    back = rescale(
        "adamw",
        256,
        64,
        lr=there["lr"].after,
        betas=(there["beta1"].after, there["beta2"].after),
        eps=there["eps"].after,
        weight_decay=there["weight_decay"].after,
        noise_scale=1e4,
    )
    for one in back:
        assert one.after == pytest.approx(there[one.name].before)
    for optimizer in OPTIMIZERS:
        more = ADAM if optimizer.startswith("adam") else {"warmup_steps": 9}
        more = {**more, "momentum": 0.9} if optimizer == "momentum" else more
        assert all(
            c.after == pytest.approx(c.before) for c in rescale(optimizer, 8, 8, lr=0.1, **more)
        )


def test_the_half_life_in_examples_is_kept():
    """Oracle: an average over a constant stream after as many examples, by torch's own Adam."""
    beta = by_name(rescale("adam", 4, 12, lr=1.0, betas=(0.9, 0.999)))["beta2"].after
    states = []
    for decay, steps in ((0.999, 30), (beta, 10)):
        weight = nn.Parameter(torch.zeros(1, dtype=torch.float64))
        optimizer = torch.optim.Adam([weight], lr=0.0, betas=(0.0, decay))
        for _ in range(steps):
            weight.grad = torch.ones(1, dtype=torch.float64)
            optimizer.step()
        states.append(optimizer.state[weight]["exp_avg_sq"].item())
    assert states[0] == pytest.approx(states[1], rel=1e-12)


def test_weight_decay_shrinks_as_much_in_an_epoch():
    """Oracle: torch's AdamW on a weight without gradient, over the same examples."""
    found = by_name(rescale("adamw", 4, 16, lr=0.01, weight_decay=0.1, noise_scale=100))
    ends = []
    for lr, decay, steps in (
        (0.01, 0.1, 400),
        (found["lr"].after, found["weight_decay"].after, 100),
    ):
        weight = nn.Parameter(torch.ones(1, dtype=torch.float64))
        optimizer = torch.optim.AdamW([weight], lr=lr, weight_decay=decay)
        for _ in range(steps):
            weight.grad = torch.zeros(1, dtype=torch.float64)
            optimizer.step()
        ends.append(math.log(weight.item()))
    assert ends[0] == pytest.approx(ends[1], rel=0.01)  # (1 - x)^4 against 1 - 4x
    same_decay = 100 * math.log(1 - found["lr"].after * 0.1)
    assert abs(same_decay / ends[0] - 1) > 0.3  # the twin that leaves it alone is caught


def test_every_claim_that_is_named_exists():
    named = set()
    for optimizer in OPTIMIZERS:
        more = ADAM if optimizer.startswith("adam") else {"weight_decay": 0.1, "warmup_steps": 9}
        more = {**more, "momentum": 0.9} if optimizer in ("momentum", "muon") else more
        named |= {c for one in rescale(optimizer, 8, 16, lr=0.1, **more) for c in one.claims}
    assert named <= set(CLAIMS)
    assert {"L1", "L4", "L8"} <= named


@pytest.mark.parametrize(
    ("optimizer", "more", "said"),
    [
        ("rmsprop", {}, "sgd, momentum, adam, adamw, muon, got 'rmsprop'"),
        ("sgd", {"momentum": 0.9}, "sgd has no momentum"),
        ("momentum", {}, "say which momentum"),
        ("sgd", {"betas": (0.9, 0.99)}, "sgd has no betas"),
        ("adam", {"betas": (0.9, 1.0)}, r"beta2 must lie in \[0, 1\), got 1.0"),
        ("adam", {"betas": (0.9,)}, "two numbers"),
        ("adam", {"eps": -1e-8}, "eps must be >= 0 and finite, got -1e-08"),
        ("sgd", {"sharpness": 0.0}, "sharpness must be positive"),
        ("adam", {"noise_scale": math.nan}, "noise_scale must be positive and finite, got nan"),
        ("sgd", {"warmup_steps": -1}, "warmup_steps must be >= 0"),
    ],
)
def test_bad_settings_are_refused(optimizer, more, said):
    with pytest.raises(ValueError, match=said):
        rescale(optimizer, 8, 16, lr=0.1, **more)
