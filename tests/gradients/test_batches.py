"""Every way to hand over data and loss, and every one that must be refused."""

from collections import UserDict, namedtuple

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from coursekit.gradients.batches import (
    BatchLoss,
    as_batch_loss,
    batch_tensors,
    is_one_batch,
    iter_batches,
    map_tensors,
    num_examples,
    slice_batch,
    tied_params,
    trainable_params,
)
from coursekit.gradients.checks import check_mean_loss, refuse_batch_norm, refuse_dropout

pytestmark = pytest.mark.quick
Pair = namedtuple("Pair", "inputs targets")
X, Y = torch.arange(20.0).reshape(10, 2), torch.arange(10)


@pytest.mark.parametrize(
    "batch", [X, (X, Y), [X, Y], {"x": X, "y": (Y, X)}, Pair(X, Y), UserDict(x=X)]
)
def test_one_batch_is_cut_and_joined(batch):
    assert is_one_batch(batch)
    assert num_examples(batch) == 10
    chunks = list(iter_batches(batch, chunk_size=4))
    assert [num_examples(c) for c in chunks] == [4, 4, 2]
    for whole, *parts in zip(
        batch_tensors(batch), *(batch_tensors(c) for c in chunks), strict=True
    ):
        assert torch.equal(whole, torch.cat(parts))
    assert len(list(iter_batches(batch))) == 1


def test_named_tuples_and_labels_survive():
    assert slice_batch(Pair(X, Y), 2, 5).targets.tolist() == [2, 3, 4]
    assert map_tensors(lambda t: t + 1, {"x": Y, "name": "digits"})["name"] == "digits"


@given(count=st.integers(1, 12), batch_size=st.integers(1, 13), chunk=st.integers(1, 13))
def test_loader_chunks_hold_every_example_once(count, batch_size, chunk):
    loader = DataLoader(TensorDataset(X[:1].expand(count, 2), torch.arange(count)), batch_size)
    chunks = list(iter_batches(loader, chunk_size=chunk))
    assert torch.cat([y for _, y in chunks]).tolist() == list(range(count))
    assert all(1 <= len(y) <= chunk for _, y in chunks)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ((X[:0], Y[:0]), "no examples"),
        ([], "no examples"),
        (iter([(X, Y)]), "only once"),
        (TensorDataset(X, Y), "DataLoader"),
        (3.0, "iterable"),
        ((X, Y[:4]), "first dimensions"),
        ([("a", "b")], "num_examples"),
    ],
)
def test_data_that_cannot_be_walked(data, said):
    with pytest.raises(ValueError, match=said):
        list(iter_batches(data))


def test_chunk_size_must_be_positive():
    with pytest.raises(ValueError, match="chunk_size"):
        list(iter_batches(X, chunk_size=0))


def test_loss_in_both_forms():
    model = nn.Linear(2, 1)
    pair = as_batch_loss(F.mse_loss)(model, (X, X[:, :1]))
    general = BatchLoss(lambda net, batch: F.mse_loss(net(batch["x"]), batch["x"][:, :1]))
    assert as_batch_loss(general) is general
    assert torch.equal(pair, general(model, {"x": X}))
    with pytest.raises(ValueError, match="BatchLoss"):
        as_batch_loss(F.mse_loss)(model, X)
    with pytest.raises(ValueError, match="callable"):
        as_batch_loss("mse")


def test_parameters_frozen_and_tied():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    model[0].bias.requires_grad_(False)
    assert list(trainable_params(model)) == ["0.weight", "1.weight", "1.bias"]
    assert tied_params(model) == []
    model[1].weight = model[0].weight
    assert list(trainable_params(model)) == ["0.weight", "1.bias"]
    assert tied_params(model) == [("0.weight", "1.weight")]
    with pytest.raises(ValueError, match="requires_grad_"):
        trainable_params(model.requires_grad_(False))


def test_batch_norm_is_refused_only_where_it_couples_examples():
    refuse_batch_norm(nn.BatchNorm1d(2).eval())
    refuse_batch_norm(nn.Sequential(nn.GroupNorm(1, 2), nn.InstanceNorm1d(2), nn.LayerNorm(2)))
    with pytest.raises(ValueError, match=r"'0'.*eval"):
        refuse_batch_norm(nn.Sequential(nn.BatchNorm2d(2)))
    with pytest.raises(ValueError, match="BatchNorm"):
        refuse_batch_norm(nn.BatchNorm1d(2, track_running_stats=False).eval())


@pytest.mark.parametrize(
    "layer",
    [
        nn.Dropout(0.1),
        nn.AlphaDropout(0.1),
        nn.LSTM(2, 2, num_layers=2, dropout=0.1),
        nn.MultiheadAttention(2, 1, dropout=0.1),
        nn.RReLU(),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_random_layers_are_refused_in_train_mode(layer):
    with pytest.raises(ValueError, match="random"):
        refuse_dropout(nn.Sequential(layer))
    refuse_dropout(nn.Sequential(layer).eval())


def test_dropout_of_rate_zero_is_no_dropout():
    refuse_dropout(nn.Dropout(0.0))


def loss_of(fn, *, count, dtype=torch.float32):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Linear(2, 3).to(dtype)
    inputs = (X[:count] / 10).to(dtype)
    check_mean_loss(model, fn, (inputs, Y[:count] % 3))


@pytest.mark.parametrize("count", [1, 2, 3, 10])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
def test_mean_passes_and_sum_is_refused(count, dtype):
    loss_of(F.cross_entropy, count=count, dtype=dtype)
    with pytest.raises(ValueError, match="sums over examples"):
        loss_of(nn.CrossEntropyLoss(reduction="sum"), count=count, dtype=dtype)


@pytest.mark.parametrize("count", [1, 10])
@pytest.mark.parametrize(
    ("fn", "said"),
    [
        (nn.CrossEntropyLoss(reduction="none"), "shape"),
        (lambda out, y: F.cross_entropy(F.dropout(out), y), "random"),
        (lambda out, y: F.cross_entropy(out * float("nan"), y), "nan"),
        (lambda out, y: F.cross_entropy(out, y).log() - float("inf"), "inf"),
    ],
)
def test_losses_that_mislead(fn, said, count):
    with torch.random.fork_rng():
        torch.manual_seed(1)  # one example's dropout may draw the same mask twice
        with pytest.raises(ValueError, match=said):
            loss_of(fn, count=count)


def test_losses_that_couple_examples():
    weighted = nn.CrossEntropyLoss(weight=torch.tensor([1.0, 5.0, 9.0]))
    padded = nn.CrossEntropyLoss(ignore_index=0)
    for fn in (weighted, padded):
        with pytest.raises(ValueError, match="couple the examples"):
            loss_of(fn, count=10)


def test_checking_leaves_the_random_state_alone():
    state = torch.get_rng_state()
    with pytest.raises(ValueError, match="random"):
        loss_of(lambda out, y: F.cross_entropy(F.dropout(out), y), count=10)
    assert torch.equal(state, torch.get_rng_state())
