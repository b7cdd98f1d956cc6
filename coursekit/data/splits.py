"""Data sets with fixed train, validation and test splits, and the order in which SGD reads them."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from coursekit.data.sources import cifar10_splits, mnist1d_splits

# name: (largest training set, validation examples, test examples)
SPLITS = {"digits": (1024, 373, 400), "mnist1d": (4096, 1904, 2000)}  # these ship with the course
ON_REQUEST = ("mnist1d-large", "cifar10")  # these need another package, and one of them a download


@dataclass(frozen=True)
class Dataset:
    """Inputs (N, ...) in float32 and targets of one split each.

    Targets are class numbers (N,) in int64; real values (N, outputs) for regression, where
    `num_classes` is 0; and next characters (N, context) for text.
    """

    name: str
    train_inputs: Tensor
    train_targets: Tensor
    validation_inputs: Tensor
    validation_targets: Tensor
    test_inputs: Tensor
    test_targets: Tensor
    num_classes: int = 10

    @property
    def num_features(self) -> int:
        """How many numbers one input holds."""
        return self.train_inputs[0].numel()

    def to(self, device: torch.device | str) -> "Dataset":
        """Return the data set on a device."""
        tensors = {n: v.to(device) for n, v in vars(self).items() if isinstance(v, Tensor)}
        return dataclasses.replace(self, **tensors)  # type: ignore[arg-type]


def load(
    name: str,
    *,
    num_train: int | None = None,
    device: torch.device | str = "cpu",
    folder: Path | str | None = None,
    download: bool = False,
) -> Dataset:
    """Load a data set by name, standardised by its training split.

    Two ship with the course; their arrays were shuffled once when they were packed. Training
    examples are taken from the front, and the other splits never depend on ``num_train``.

    Args:
        name: "digits" (1,797 images of 8x8) or "mnist1d" (8,000 series of 40 points);
            "mnist1d-large" (as many as asked for, made by the package mnist1d in 0.25 ms each);
            "cifar10" (60,000 images of 3x32x32, read by torchvision).
        num_train: Training examples, from the front; None: all there are, or 32,768 for
            "mnist1d-large".
        device: Where the tensors live.
        folder: For "cifar10" alone: where it lies. None: the course's data folder.
        download: For "cifar10" alone: fetch it (170 MB) if it is not there.

    Returns:
        The splits. Mean and scale come from the largest training split, whatever ``num_train``
        is; for "mnist1d-large" from its first 4,000 examples.

    Raises:
        ValueError: For another name, more training examples than there are, or a folder for a set
            that has none.
        ModuleNotFoundError: If the package that a set needs is missing; it says which.
        FileNotFoundError: If CIFAR-10 is not in the folder.
    """
    if name != "cifar10" and (folder is not None or download):
        raise ValueError(f"folder and download are for cifar10 alone, not for {name!r}")
    if name == "mnist1d-large":
        num_train = 32_768 if num_train is None else num_train
        if num_train < 1:
            raise ValueError(f"num_train must be >= 1, got {num_train}")
        splits = mnist1d_splits(num_train)
    elif name == "cifar10":
        splits = cifar10_splits(folder, download=download)
    elif name in SPLITS:
        splits = shipped_splits(name)
    else:
        names = ", ".join([*SPLITS, *ON_REQUEST])
        raise ValueError(f"no data set named {name!r}: choose one of {names}")
    inputs, targets, *others = splits
    max_train = len(inputs)
    if num_train is None:
        num_train = max_train
    if not 1 <= num_train <= max_train:
        raise ValueError(f"{name} has 1 to {max_train} training examples, not {num_train}")
    kept = [inputs[:num_train], targets[:num_train], *others]
    return from_splits(name, [tensor.to(device) for tensor in kept])


def from_splits(name: str, tensors: Sequence[Tensor], *, num_classes: int = 10) -> Dataset:
    """Make a data set of six tensors: inputs and targets of training, validation, test split."""
    train_x, train_y, validation_x, validation_y, test_x, test_y = tensors
    return Dataset(name, train_x, train_y, validation_x, validation_y, test_x, test_y, num_classes)


def shipped_splits(name: str) -> tuple[Tensor, ...]:
    """Return inputs and targets of training, validation and test split, as they were packed."""
    num_train, num_validation, num_test = SPLITS[name]
    with np.load(str(files("coursekit.data.files") / f"{name}.npz")) as packed:
        inputs = torch.from_numpy(packed["inputs"].astype(np.float32) * packed["scale"])
        targets = torch.from_numpy(packed["targets"].astype(np.int64))
    inputs = inputs - inputs[:num_train].mean(dim=0)
    inputs = inputs / inputs[:num_train].std()
    sizes = [num_train, num_validation, num_test]
    parts = zip(inputs.split(sizes), targets.split(sizes), strict=True)
    return tuple(tensor for part in parts for tensor in part)


def jittered_copies(
    inputs: Tensor, targets: Tensor, *, copies: int, jitter: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Replace a data set by near-duplicates of a few of its examples, as many as it had.

    The first N / c examples are the sources; each comes c times in a row, with Gaussian noise of
    standard deviation ``jitter`` added to its input.

    Raises:
        ValueError: If ``copies`` does not divide N.
    """
    if copies < 1 or len(inputs) % copies:
        raise ValueError(f"copies must divide the {len(inputs)} examples, got {copies}")
    num_sources = len(inputs) // copies
    repeated = inputs[:num_sources].repeat_interleave(copies, dim=0)
    noise = torch.randn(repeated.shape, generator=generator).to(inputs.device)
    return repeated + jitter * noise, targets[:num_sources].repeat_interleave(copies)


def flip_labels(
    targets: Tensor, fraction: float, *, num_classes: int, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Give a share of the examples a wrong class, drawn evenly from the others.

    Exactly round(fraction N) labels change. (Elsewhere "20 % label noise" often means a fresh
    label for 20 %, the right one among them, so that only 18 % of ten classes are wrong.) Equal
    generators flip nested sets: what is wrong at 10 % is wrong in the same way at 20 %.

    Args:
        targets: Class numbers, shape (N,). Flip the training split only.
        fraction: 0 to 1.
        num_classes: C >= 2.
        generator: Source of the choice.

    Returns:
        (new targets, which are wrong), both of shape (N,); the given targets stay as they are.

    Raises:
        ValueError: If the fraction, the number of classes or a target is out of range.
    """
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction must lie in [0, 1], got {fraction}")
    if targets.dim() != 1 or targets.is_floating_point():
        raise ValueError(
            f"targets must be class numbers of shape (N,), got {targets.dtype} of shape "
            f"{tuple(targets.shape)}"
        )
    if num_classes < 2 or (len(targets) and not 0 <= targets.min() <= targets.max() < num_classes):
        raise ValueError(f"targets must lie in 0 to num_classes - 1, with {num_classes} classes")
    order = torch.randperm(len(targets), generator=generator)
    shifts = torch.randint(1, num_classes, (len(targets),), generator=generator)
    wrong = torch.zeros(len(targets), dtype=torch.bool)
    wrong[order[: round(fraction * len(targets))]] = True
    wrong, shifts = wrong.to(targets.device), shifts.to(targets.device)
    return torch.where(wrong, (targets + shifts) % num_classes, targets), wrong
