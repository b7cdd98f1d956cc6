"""Courses that branch: equal to plain training, paired over batch sizes, and read correctly."""

import math
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.data.splits import load
from coursekit.experiments import branching
from coursekit.experiments.branching import branch_losses, last_batch_within, start_course
from coursekit.experiments.trade_off import choose_by_others
from coursekit.models.perceptrons import mlp
from coursekit.train.optim import SGD, Adam, torch_optimizer

SIZES, LR = (40, 8, 10), 0.01


@pytest.fixture(scope="module")
def data():
    return load("mnist1d", num_train=256)


def course(data, *, lrs=(LR,), seeds=(0, 1), optimizer=None):
    return start_course(
        partial(mlp, SIZES),
        data,
        seeds=seeds,
        lrs=lrs,
        optimizer=optimizer or Adam(beta2=0.95),
        loss_fn=cross_entropy,
        device=torch.device("cpu"),
    )


def plain(data, seed, steps, optimizer):
    """Train one network by torch's own optimizer on the indices a course of this key draws."""
    model = mlp(SIZES, generator=torch.Generator().manual_seed(seed))
    rule = torch_optimizer(optimizer, model.parameters())
    for key, lr, batch_size, num_steps in steps:
        g = torch.Generator().manual_seed(1_000_003 * key + seed)
        drawn = torch.randint(256, (branching.BLOCK,), generator=g)
        for batch in drawn[: num_steps * batch_size].view(num_steps, batch_size):
            for group in rule.param_groups:
                group["lr"] = lr
            rule.zero_grad()
            cross_entropy(model(data.train_inputs[batch]), data.train_targets[batch]).backward()
            rule.step()
    with torch.no_grad():
        return cross_entropy(model(data.test_inputs), data.test_targets).item()


def test_a_branch_goes_on_as_one_run_with_its_optimizers_state(data):
    trunk = course(data)
    trunk.advance(8, 6, key=1)
    before = trunk.held_out()
    other = trunk.branch([LR, 2 * LR])
    late = other.advance(16, 4, key=2, looks=(4,))
    assert np.array_equal(trunk.held_out(), before)  # the trunk stays
    for seed in (0, 1):
        for k, lr in enumerate((LR, 2 * LR)):
            steps = [(1, LR, 8, 6), (2, lr, 16, 4)]
            expected = plain(data, seed, steps, Adam(beta2=0.95))
            assert late[2 * seed + k, 0] == pytest.approx(expected, rel=1e-5)


def test_branches_of_two_batch_sizes_read_the_same_examples(data):
    """With SGD at a tiny rate the move is the sum of gradients, whatever the cut."""
    rate = 1e-5
    trunk = course(data, lrs=[rate], optimizer=SGD())
    ends = []
    for b in (8, 32):
        branch = trunk.branch([rate * b])
        branch.advance(b, 64 // b, key=5)
        ends.append(torch.cat([w.flatten(1) for w in branch.replicas.weights], dim=1))
    start = torch.cat([w.flatten(1) for w in trunk.replicas.weights], dim=1)
    moved = [(end - start) for end in ends]
    assert ((moved[0] - moved[1]).norm() / moved[0].norm()).item() < 0.05
    other = trunk.branch([rate * 8])
    other.advance(8, 8, key=6)
    apart = torch.cat([w.flatten(1) for w in other.replicas.weights], dim=1) - start
    assert ((moved[0] - apart).norm() / moved[0].norm()).item() > 0.2


def test_a_branched_course_is_not_branched_again_and_models_are_its_own(data):
    trunk = course(data)
    branch = trunk.branch([LR, 2 * LR])
    with pytest.raises(ValueError, match="one replica a seed"):
        branch.branch([LR])
    made = trunk.models()
    with torch.no_grad():
        losses = [cross_entropy(m(data.test_inputs), data.test_targets).item() for m in made]
    assert losses == pytest.approx(trunk.held_out().tolist(), rel=1e-6)
    assert isinstance(made[0], nn.Module)


def test_a_look_of_several_losses_keeps_their_order(data):
    run = course(data, lrs=(LR, 2 * LR))
    seen = run.advance(
        8, 4, key=1, looks=(2, 4), look=lambda c: np.stack([c.held_out(), -c.held_out()])
    )
    assert seen.shape == (4, 2, 2)
    assert np.array_equal(seen[:, 0], -seen[:, 1])
    assert np.array_equal(seen[:, 0, -1], run.held_out())


def test_a_course_stops_when_it_has_seen_enough(data):
    whole = course(data)
    everything = whole.advance(8, 6, key=1, looks=(2, 4, 6))
    run = course(data)
    seen = run.advance(8, 6, key=1, looks=(2, 4, 6), enough=lambda found: len(found) == 2)
    assert run.num_updates == 4
    assert np.array_equal(seen[:, :2], everything[:, :2])
    assert np.isnan(seen[:, 2]).all()


def test_a_branch_tries_further_rates_until_its_best_is_inside(data):
    """From a rate 2^4 too small the loss falls with each octave: the grid has to climb."""
    trunk = course(data, seeds=(0, 1, 2), lrs=[LR / 16])
    trunk.advance(8, 4, key=1)
    settings = {"batch_sizes": (8, 16), "examples": 64, "lr": LR / 16, "key": 3}
    found = branch_losses(trunk, octaves=(-1, 0, 1), **settings)
    assert found.at_edge == 0
    assert (found.tuned < found.by_rule - 0.01).all()
    late = trunk.branch([LR / 16 * 2.0**k for k in range(-1, 7)])
    losses = late.advance(8, 8, key=3, looks=(6, 7, 8)).mean(axis=1).reshape(3, -1)
    assert 3 < losses.mean(axis=0).argmin() < 7  # beyond the first three
    assert found.tuned[:, 0] == pytest.approx(choose_by_others(losses)[0], rel=1e-6)


def test_branch_losses_are_those_of_the_branches(data):
    trunk = course(data, seeds=(0, 1, 2))
    found = branch_losses(trunk, batch_sizes=(8, 16), examples=64, lr=LR, octaves=(-1, 0), key=3)
    assert found.by_rule.shape == found.tuned.shape == (3, 2)
    by_hand = trunk.branch([LR * math.sqrt(2)]).advance(16, 4, key=3, looks=(3, 4))
    assert found.by_rule[:, 1] == pytest.approx(by_hand.mean(axis=1), rel=1e-6)
    with pytest.raises(ValueError, match="fewer than 4 steps"):
        branch_losses(trunk, batch_sizes=(8, 32), examples=64, lr=LR, octaves=(0,), key=3)
    with pytest.raises(ValueError, match="must hold 0"):
        branch_losses(trunk, batch_sizes=(8,), examples=64, lr=LR, octaves=(1,), key=3)


@pytest.mark.quick
def test_the_last_batch_within_is_interpolated_by_hand():
    sizes = (16, 32, 64, 128)
    losses = np.array(
        [
            [2.0, 2.0, 2.0, 2.02],  # leaves half way between 64 and 128
            [2.0, 2.04, 2.1, 2.2],  # at once: a quarter of the way to 32
            [2.0, 1.9, 1.95, 2.0],  # never
            [2.0, 2.0, math.nan, 2.0],  # one look gone: still within at the last
            [2.0, 2.0, math.nan, math.nan],  # diverged beyond 32
        ]
    )
    found, open_ended = last_batch_within(sizes, losses, 0.01)
    by_hand = [64 * 2**0.5, 16 * 2**0.25, 128, 128, 32]
    assert found == pytest.approx(by_hand)
    assert open_ended.tolist() == [False, False, True, True, False]
    each, _ = last_batch_within(sizes, losses[:2], np.array([0.02, 0.04]))
    assert each == pytest.approx([128, 32])
    with pytest.raises(ValueError, match="above 0 for every seed"):
        last_batch_within(sizes, losses, 0.0)
