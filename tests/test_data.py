from importlib.resources import files

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from coursekit.data import SPLITS, epoch_batches, jittered_copies, load

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("name", SPLITS)
def test_splits_share_no_example_and_are_standardised(name):
    data = load(name)
    sizes = [
        len(data.train_inputs),
        len(data.validation_inputs),
        len(data.test_inputs),
    ]
    assert tuple(sizes) == SPLITS[name]
    assert data.train_inputs.dtype == torch.float32
    assert data.train_targets.dtype == torch.int64
    assert abs(data.train_inputs.mean().item()) < 1e-4
    assert data.train_inputs.std().item() == pytest.approx(1, abs=1e-4)
    rows = torch.cat([data.train_inputs, data.validation_inputs, data.test_inputs]).numpy()
    assert len(np.unique(rows.round(5), axis=0)) >= 0.999 * sum(sizes)


@pytest.mark.parametrize("name", SPLITS)
def test_every_class_is_in_every_split(name):
    data = load(name)
    for targets in (data.train_targets, data.validation_targets, data.test_targets):
        assert targets.unique().tolist() == list(range(data.num_classes))


def test_a_smaller_training_set_is_the_front_of_the_larger_and_leaves_the_rest_alone():
    small, large = load("mnist1d", num_train=100), load("mnist1d")
    assert torch.equal(small.train_inputs, large.train_inputs[:100])
    assert torch.equal(small.test_inputs, large.test_inputs)
    assert torch.equal(small.validation_targets, large.validation_targets)


def test_digits_are_those_of_their_source():
    with np.load(str(files("coursekit.datasets") / "digits.npz")) as packed:
        shipped = np.column_stack([packed["inputs"], packed["targets"]])
    source = np.column_stack([load_digits().data, load_digits().target]).astype(np.uint8)
    assert sorted(map(bytes, shipped)) == sorted(map(bytes, source))


@pytest.mark.parametrize(
    ("name", "num_train", "words"),
    [("cifar", None, "digits, mnist1d"), ("digits", 0, "1 to 1024"), ("digits", 2000, "not 2000")],
)
def test_bad_requests_name_the_remedy(name, num_train, words):
    with pytest.raises(ValueError, match=words):
        load(name, num_train=num_train)


def test_an_epoch_visits_each_example_once_and_drops_the_leftover():
    batches = epoch_batches(11, 4, generator=torch.Generator().manual_seed(0))
    for _ in range(3):
        seen = torch.cat([next(batches), next(batches)])
        assert len(seen.unique()) == 8


def test_batch_sizes_read_one_stream():
    """The same seed gives the same order whatever B is, so arms are paired."""
    small = epoch_batches(64, 8, generator=torch.Generator().manual_seed(3))
    large = epoch_batches(64, 32, generator=torch.Generator().manual_seed(3))
    assert torch.equal(
        torch.cat([next(small) for _ in range(8)]), torch.cat([next(large), next(large)])
    )


@pytest.mark.parametrize("batch_size", [0, 65])
def test_a_batch_that_does_not_fit_is_refused(batch_size):
    with pytest.raises(ValueError, match="between 1 and the 64 examples"):
        next(epoch_batches(64, batch_size, generator=torch.Generator()))


def test_jittered_copies_stand_in_a_row_and_differ_by_the_jitter():
    inputs, targets = torch.zeros(64, 50), torch.arange(64)
    copies, labels = jittered_copies(
        inputs, targets, copies=8, jitter=0.5, generator=torch.Generator().manual_seed(0)
    )
    assert copies.shape == inputs.shape
    assert labels.tolist() == [i // 8 for i in range(64)]
    assert copies.std().item() == pytest.approx(0.5, abs=0.02)
    with pytest.raises(ValueError, match="divide the 64 examples, got 7"):
        jittered_copies(inputs, targets, copies=7, jitter=0.5, generator=torch.Generator())
