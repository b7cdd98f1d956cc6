"""Data sets that do not ship with the course: made or read only when asked for by name.

A set comes as six tensors: inputs and targets of the training, validation and test split.
"""

import random
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from coursekit.storage import home

BLOCK = 4000  # MNIST-1D is made in blocks of this many, each from its own seed
FIRST_SEED = 1000  # of the training blocks; the set that ships has seed 42
VALIDATION_SEED, TEST_SEED = 900, 901


def mnist1d_splits(num_train: int) -> tuple[Tensor, ...]:
    """Make MNIST-1D of any size with the package `mnist1d`.

    Training examples come in blocks of 4,000, one seed a block, so a larger set begins with the
    smaller one. Validation and test split are a block each. Nothing is downloaded.

    Args:
        num_train: Training examples, at 0.25 ms each.

    Returns:
        Six tensors; series of 40 points in float32. Standardised by the first training block.

    Raises:
        ModuleNotFoundError: If the package is missing.

    Source: Greydanus & Kobak 2020, arXiv:2011.14439.
    """
    seeds = [FIRST_SEED + k for k in range(-(-num_train // BLOCK))]
    train = [mnist1d_block(seed) for seed in seeds]
    centre = train[0][0].mean(dim=0)
    scale = (train[0][0] - centre).std()
    whole = (
        torch.cat([x for x, _ in train])[:num_train],
        torch.cat([y for _, y in train])[:num_train],
    )
    parts = [whole, mnist1d_block(VALIDATION_SEED), mnist1d_block(TEST_SEED)]
    return tuple(t for x, y in parts for t in ((x - centre) / scale, y))


def mnist1d_block(seed: int) -> tuple[Tensor, Tensor]:
    """Make one block of MNIST-1D, and put back the global random states that the package sets."""
    try:
        from mnist1d.data import get_dataset_args, make_dataset
    except ImportError as error:
        raise ModuleNotFoundError(
            "mnist1d-large needs the package mnist1d: pip install mnist1d==0.0.2.post1 "
            "(the set 'mnist1d' ships with the course and needs nothing)"
        ) from error
    args = get_dataset_args()
    args.num_samples, args.seed, args.train_split = BLOCK, seed, 1.0
    states = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        made = make_dataset(args)
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
    return torch.from_numpy(made["x"]).float(), torch.from_numpy(made["y"]).long()


def cifar10_splits(
    folder: Path | str | None = None, *, download: bool = False
) -> tuple[Tensor, ...]:
    """Read CIFAR-10 with torchvision; the last tenth of its training images is for validation.

    Args:
        folder: Holds `cifar-10-batches-py`. None: the course's data folder.
        download: Fetch it there if it is missing.

    Returns:
        Six tensors; images (3, 32, 32) in float32, standardised by the training split: each
        channel's mean, one scale for all.

    Raises:
        ModuleNotFoundError: If torchvision is missing or does not fit the installed torch.
        FileNotFoundError: If the files are missing or damaged.

    Source: Krizhevsky 2009, https://www.cs.toronto.edu/~kriz/cifar.html.
    """
    try:
        from torchvision.datasets import CIFAR10
    except (ImportError, RuntimeError) as error:  # built for another torch, it fails when imported
        raise ModuleNotFoundError(
            f"cifar10 needs torchvision built for torch {torch.__version__} ({error}): "
            f"pip install torchvision, from the index that torch came from"
        ) from error
    place = home() / "cifar10" if folder is None else Path(folder)
    try:
        train, test = (CIFAR10(str(place), train=part, download=download) for part in (True, False))
    except RuntimeError as error:
        raise FileNotFoundError(
            f"no whole CIFAR-10 in {place} ({error}): pass download=True (170 MB), or unpack "
            f"cifar-10-python.tar.gz there"
        ) from error
    num_train = len(train.data) - len(train.data) // 10
    inputs, targets = images(train)
    centre = inputs[:num_train].mean(dim=(0, 2, 3), keepdim=True)
    scale = (inputs[:num_train] - centre).std()
    test_inputs, test_targets = images(test)
    return (
        (inputs[:num_train] - centre) / scale,
        targets[:num_train],
        (inputs[num_train:] - centre) / scale,
        targets[num_train:],
        (test_inputs - centre) / scale,
        test_targets,
    )


def images(source: Any) -> tuple[Tensor, Tensor]:
    """Turn torchvision's bytes (N, 32, 32, 3) into floats (N, 3, 32, 32) from 0 to 1."""
    pixels = torch.from_numpy(source.data).permute(0, 3, 1, 2).float() / 255
    return pixels.contiguous(), torch.tensor(source.targets, dtype=torch.int64, device="cpu")
