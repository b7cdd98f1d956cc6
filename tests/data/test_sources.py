import random
import sys
import types

import numpy as np
import pytest
import torch

from coursekit.data.sources import mnist1d_splits
from coursekit.data.splits import load

pytestmark = pytest.mark.quick


def pretend_mnist1d(monkeypatch):
    """A stand-in with the package's interface; it sets the global seeds, as the package does."""

    def get_dataset_args():
        return types.SimpleNamespace(num_samples=5000, seed=42, train_split=0.8)

    def make_dataset(args):
        random.seed(args.seed)
        np.random.seed(args.seed)  # noqa: NPY002
        x = 3 + 2 * np.random.randn(args.num_samples, 40)  # noqa: NPY002
        split = int(args.num_samples * args.train_split)
        return {"x": x[:split], "y": np.arange(args.num_samples)[:split] % 10}

    module = types.ModuleType("mnist1d.data")
    module.get_dataset_args, module.make_dataset = get_dataset_args, make_dataset
    monkeypatch.setitem(sys.modules, "mnist1d", types.ModuleType("mnist1d"))
    monkeypatch.setitem(sys.modules, "mnist1d.data", module)


def test_a_larger_mnist1d_begins_with_the_smaller(monkeypatch):
    pretend_mnist1d(monkeypatch)
    small, large = (load("mnist1d-large", num_train=n) for n in (4001, 9000))
    assert len(small.train_inputs) == 4001
    assert torch.equal(small.train_inputs, large.train_inputs[:4001])
    assert torch.equal(small.test_inputs, large.test_inputs)
    splits = [large.train_inputs[:4000], large.train_inputs[4000:8000], large.test_inputs]
    assert not any(torch.equal(splits[i], splits[j]) for i, j in [(0, 1), (0, 2), (1, 2)])
    assert large.validation_inputs.shape == (4000, 40)
    assert large.train_inputs[:4000].std().item() == pytest.approx(1, abs=1e-3)
    assert large.train_inputs[:4000].mean().abs().item() < 1e-5


def test_making_it_leaves_the_global_random_states_alone(monkeypatch):
    pretend_mnist1d(monkeypatch)
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    expected = random.random(), np.random.rand()  # noqa: NPY002
    random.seed(5)
    np.random.seed(5)  # noqa: NPY002
    mnist1d_splits(10)
    assert (random.random(), np.random.rand()) == expected  # noqa: NPY002


def pretend_torchvision(monkeypatch, present=True):
    """A stand-in with torchvision's interface: bytes (N, 32, 32, 3) and a list of targets."""

    class CIFAR10:
        def __init__(self, root, train, download):
            if not (present or download):
                raise RuntimeError("Dataset not found or corrupted.")
            rng = np.random.default_rng(int(train))
            count = 50 if train else 10
            self.data = rng.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8)
            self.data[..., 2] //= 4  # blue is darker, so that channels can be told apart
            self.targets = (np.arange(count) % 10).tolist()
            self.root = root

    module = types.ModuleType("torchvision.datasets")
    module.CIFAR10 = CIFAR10
    monkeypatch.setitem(sys.modules, "torchvision", types.ModuleType("torchvision"))
    monkeypatch.setitem(sys.modules, "torchvision.datasets", module)
    return CIFAR10


def test_cifar10_is_split_and_standardised(monkeypatch, tmp_path):
    source = pretend_torchvision(monkeypatch)
    data = load("cifar10", folder=tmp_path)
    assert data.train_inputs.shape == (45, 3, 32, 32)
    assert data.validation_inputs.shape == (5, 3, 32, 32)
    assert data.test_inputs.shape == (10, 3, 32, 32)
    assert data.num_features == 3072
    assert data.train_inputs.mean(dim=(0, 2, 3)).abs().max() < 1e-4
    assert data.train_inputs.std().item() == pytest.approx(1, abs=1e-3)
    raw = source(tmp_path, True, False)
    assert data.validation_targets.tolist() == raw.targets[45:]
    blue = torch.from_numpy(raw.data[:, :, :, 2]).double()
    ours = data.train_inputs[:, 2].double()
    pairs = torch.stack([ours.flatten(), blue[:45].flatten()])
    assert torch.corrcoef(pairs)[0, 1].item() == pytest.approx(1, abs=1e-6)


def test_cifar10_that_is_not_there_says_how_to_get_it(monkeypatch, tmp_path):
    pretend_torchvision(monkeypatch, present=False)
    with pytest.raises(FileNotFoundError, match="download=True") as caught:
        load("cifar10", folder=tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert len(load("cifar10", folder=tmp_path, download=True).train_inputs) == 45


@pytest.mark.parametrize(
    ("name", "module", "words"),
    [
        ("mnist1d-large", "mnist1d.data", "pip install mnist1d"),
        ("cifar10", "torchvision.datasets", "pip install torchvision"),
    ],
)
def test_a_missing_package_is_named(monkeypatch, name, module, words):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=words):
        load(name)


def test_settings_without_use_are_refused(tmp_path):
    with pytest.raises(ValueError, match="for cifar10 alone, not for 'digits'"):
        load("digits", folder=tmp_path)
    with pytest.raises(ValueError, match="num_train must be >= 1, got 0"):
        load("mnist1d-large", num_train=0)
