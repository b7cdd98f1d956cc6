"""Local steps against a plain loop over models, and the outer optimizer against torch's."""

import copy

import pytest
import torch
from torch.nn.functional import cross_entropy

from coursekit.data import load
from coursekit.experiments import Outer, train_locally
from coursekit.experiments.local_steps import SIZES, own_parts
from coursekit.models import mlp

pytestmark = pytest.mark.quick
WORKERS, LOCAL, ROUNDS, B, LR = 2, 3, 2, 8, 0.3


@pytest.fixture(scope="module")
def data():
    return load("mnist1d", num_train=128)


def by_loops(data, seed, *, skewed, outer):
    """Train each worker's model in turn, and move torch parameters by torch's own SGD."""
    shared = mlp(SIZES, generator=torch.Generator().manual_seed(seed))
    outer_step = torch.optim.SGD(
        shared.parameters(), lr=outer.lr, momentum=outer.momentum, nesterov=outer.momentum > 0
    )
    g = torch.Generator().manual_seed(500 + seed)
    parts = own_parts(data.train_targets, WORKERS, skewed, g)
    for _ in range(ROUNDS):
        draws = [torch.randint(parts.shape[1], (WORKERS, B), generator=g) for _ in range(LOCAL)]
        ways = []
        for worker in range(WORKERS):
            own = copy.deepcopy(shared)
            optimizer = torch.optim.SGD(own.parameters(), lr=LR)
            for drawn in draws:
                index = parts[worker][drawn[worker]]
                optimizer.zero_grad()
                cross_entropy(own(data.train_inputs[index]), data.train_targets[index]).backward()
                optimizer.step()
            ways.append([p.detach() for p in own.parameters()])
        for i, p in enumerate(shared.parameters()):
            p.grad = p.detach() - torch.stack([way[i] for way in ways]).mean(dim=0)
        outer_step.step()
    right = shared(data.test_inputs).argmax(dim=1) == data.test_targets
    return 100 * right.float().mean().item()


@pytest.mark.parametrize("outer", [Outer(), Outer(lr=0.7, momentum=0.9)])
@pytest.mark.parametrize("skewed", [False, True])
def test_it_is_the_loop_over_workers(data, skewed, outer):
    found = train_locally(
        data, seeds=[3, 4], num_workers=WORKERS, batch_size=B, lr=LR, local_steps=LOCAL,
        rounds=ROUNDS, skewed=skewed, outer=outer,
    )  # fmt: skip
    wanted = [by_loops(data, seed, skewed=skewed, outer=outer) for seed in (3, 4)]
    assert found == pytest.approx(wanted, abs=0.11)  # rounding may turn one example of 1,000


def test_parts_share_the_data_out():
    targets = torch.arange(10).repeat(12)
    g = torch.Generator().manual_seed(0)
    for skewed in (False, True):
        parts = own_parts(targets, 4, skewed, g)
        assert parts.shape == (4, 30)
        assert sorted(parts.flatten().tolist()) == list(range(120))
        classes = [len(targets[part].unique()) for part in parts]
        assert max(classes) <= 4 if skewed else min(classes) >= 7
