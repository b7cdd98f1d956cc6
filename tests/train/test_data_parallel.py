"""Data parallel for real: N workers with m examples are one with N m, and the exceptions."""

import pytest
import torch
import torch.nn.functional as F
from accumulation_examples import (
    IGNORED,
    batch_norm_net,
    examples,
    net,
    padded,
    relative_error,
    token_loss,
)
from torch import nn
from torchrun import on_two_workers

from coursekit.train.accumulation import accumulate, clip
from coursekit.train.workers import Workers, workers_of

pytestmark = pytest.mark.in_turn(thing="several processes", of=3, turn=1)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    first, second = on_two_workers("data_parallel.py", tmp_path_factory.mktemp("workers"))
    assert first == second  # every worker ends with the same numbers, to the last bit
    return first


def error(one, truth):
    return relative_error(torch.tensor(one, dtype=torch.float64), truth)


def whole_gradient(loss_fn, batch, model=None):
    model = model or net()
    loss = loss_fn(model(batch[0]), batch[1])
    grads = torch.autograd.grad(loss, list(model.parameters()))
    return torch.cat([g.flatten() for g in grads]), loss.item()


def test_two_workers_with_equal_shards_train_one_model(found):
    """Five steps of momentum: N x m = N m."""
    model = net()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(5):
        inputs, targets = examples(24, seed=step)
        F.cross_entropy(model(inputs), targets).backward()
        optimizer.step()
        optimizer.zero_grad()
    truth = torch.cat([p.detach().flatten() for p in model.parameters()])
    assert error(found["equal"], truth) < 1e-12


def test_shards_of_unequal_size_are_another_gradient(found):
    """6 examples here and 18 there: the first 6 weigh three times as much."""
    batch = examples(24)
    truth, _ = whole_gradient(F.cross_entropy, batch)
    parts = [
        whole_gradient(F.cross_entropy, (batch[0][s], batch[1][s]))[0]
        for s in (slice(6), slice(6, None))
    ]
    assert error(found["unequal"], truth) > 0.05
    assert error(found["unequal"], (parts[0] + parts[1]) / 2) < 1e-12


def test_means_over_tokens_are_another_gradient(found):
    """Equal numbers of sequences, other numbers of tokens."""
    truth, _ = whole_gradient(token_loss, padded())
    assert error(found["tokens"], truth) > 0.05


def test_batch_norm_normalises_each_worker_by_itself(found):
    batch = examples(24)
    truth, _ = whole_gradient(F.cross_entropy, batch, batch_norm_net())
    parts = [
        whole_gradient(F.cross_entropy, (batch[0][s], batch[1][s]), batch_norm_net())[0]
        for s in (slice(12), slice(12, None))
    ]
    assert error(found["batch_norm"], truth) > 0.05
    assert error(found["batch_norm"], (parts[0] + parts[1]) / 2) < 1e-12


def test_accumulate_counts_over_all_workers(found):
    """20 padded sequences here, 28 there, micro-batches of 7: the mean over all tokens."""
    batch = padded()
    truth, loss = whole_gradient(token_loss, batch)
    ours = found["accumulated"]
    assert error(ours["gradient"], truth) < 1e-12
    assert ours["loss"] == pytest.approx(loss, rel=1e-12)
    assert ours["count"] == (batch[1] != IGNORED).sum().item()
    assert ours["norm"] == pytest.approx(truth.norm().item(), rel=1e-12)


def test_clipping_comes_after_the_workers_average(found):
    truth, _ = whole_gradient(F.cross_entropy, examples(24))
    assert error(found["clipped"]["gradient"], truth * 0.01 / truth.norm()) < 1e-9
    assert found["clipped"]["norm"] == pytest.approx(truth.norm().item(), rel=1e-12)


def test_a_worker_with_nothing_to_count_stops_all_instead_of_hanging(found):
    assert "all 1 micro-batches count 0 on 1 of 2 workers" in found["idle"]


def test_parameters_that_nobody_averages_are_refused(found):
    assert "average some parameters and not others (1.weight)" in found["outside"]


@pytest.mark.quick
def test_a_model_by_itself_has_one_worker():
    assert workers_of(net()) == Workers()
    assert Workers().sums(3.0, 4.0) == [3.0, 4.0]


@pytest.mark.quick
def test_sparse_gradients_accumulate_and_clip():
    def embedder(sparse):
        torch.manual_seed(0)
        layers = nn.Embedding(11, 4, sparse=sparse), nn.Flatten(), nn.Linear(12, 3)
        return nn.Sequential(*layers).double()

    g = torch.Generator().manual_seed(1)
    batch = torch.randint(11, (9, 3), generator=g), torch.randint(3, (9,), generator=g)
    norms, grads = [], []
    for sparse in (True, False):
        model = embedder(sparse)
        found = accumulate(model, F.cross_entropy, batch, micro_batch_size=2, max_norm=0.1)
        norms.append(found.grad_norm)
        grads.append(model[0].weight.grad.to_dense())
        with pytest.raises(ValueError, match="leftovers"):
            accumulate(model, F.cross_entropy, batch)
    assert norms[0] == pytest.approx(norms[1], rel=1e-12)
    assert relative_error(*grads) < 1e-12
    assert clip([torch.zeros(3).to_sparse()], 1.0) == 0.0
