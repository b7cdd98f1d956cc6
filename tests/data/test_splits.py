import math
from importlib.resources import files

import numpy as np
import pytest
import torch
from sklearn.datasets import load_digits

from coursekit.data.orders import epoch_batches
from coursekit.data.splits import (
    SPLITS,
    flip_labels,
    from_splits,
    jittered_copies,
    load,
)

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
    with np.load(str(files("coursekit.data.files") / "digits.npz")) as packed:
        shipped = np.column_stack([packed["inputs"], packed["targets"]])
    source = np.column_stack([load_digits().data, load_digits().target]).astype(np.uint8)
    assert sorted(map(bytes, shipped)) == sorted(map(bytes, source))


@pytest.mark.parametrize(
    ("name", "num_train", "words"),
    [
        ("cifar", None, "digits, mnist1d, mnist1d-large, cifar10"),
        ("digits", 0, "1 to 1024"),
        ("digits", 2000, "not 2000"),
    ],
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


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def test_flipped_labels_are_wrong_counted_and_nested():
    targets = torch.arange(1000) % 10
    small, wrong_small = flip_labels(targets, 0.1, num_classes=10, generator=seeded())
    large, wrong_large = flip_labels(targets, 0.2, num_classes=10, generator=seeded())
    assert wrong_small.sum() == 100
    assert torch.equal(small != targets, wrong_small)
    assert not (wrong_small & ~wrong_large).any()
    assert torch.equal(small[wrong_small], large[wrong_small])
    assert torch.equal(targets, torch.arange(1000) % 10)
    for fraction, count in ((0.0, 0), (1.0, 1000)):
        flipped, _ = flip_labels(targets, fraction, num_classes=10, generator=seeded())
        assert (flipped != targets).sum() == count


def test_wrong_labels_are_drawn_evenly_from_the_others():
    targets = torch.zeros(9000, dtype=torch.int64)
    flipped, _ = flip_labels(targets, 1.0, num_classes=10, generator=seeded(1))
    counts = flipped.bincount(minlength=10)
    assert counts[0] == 0
    chi_square = ((counts[1:] - 1000.0) ** 2 / 1000).sum().item()
    assert chi_square < 8 + 4 * 4  # mean 8, standard deviation 4


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"fraction": 1.5}, r"fraction must lie in \[0, 1\], got 1\.5"),
        ({"fraction": math.nan}, "fraction must lie"),
        ({"num_classes": 9}, "0 to num_classes - 1, with 9"),
        ({"targets": torch.zeros(4)}, "class numbers of shape"),
    ],
)
def test_labels_that_cannot_be_flipped_are_refused(settings, words):
    settings = {"targets": torch.arange(10), "fraction": 0.5, "num_classes": 10} | settings
    with pytest.raises(ValueError, match=words):
        flip_labels(**settings, generator=seeded())


def test_features_are_counted_over_all_dimensions():
    digits = load("digits", num_train=8)
    assert (digits.num_features, digits.num_classes) == (64, 10)
    images = [t.view(-1, 1, 8, 8) for t in (digits.train_inputs, digits.test_inputs)]
    labels = (digits.train_targets, digits.test_targets)
    shaped = from_splits(
        "shaped", [images[0], labels[0], images[1], labels[1], images[1], labels[1]], num_classes=3
    )
    assert (shaped.num_features, shaped.num_classes) == (64, 3)
