"""Data sets with fixed train, validation and test splits, and the order in which SGD reads them."""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import torch
from torch import Tensor

# name: (largest training set, validation examples, test examples)
SPLITS = {"digits": (1024, 373, 400), "mnist1d": (4096, 1904, 2000)}


@dataclass(frozen=True)
class Dataset:
    """Inputs (N, features) in float32 and targets (N,) in int64 of one split each."""

    name: str
    train_inputs: Tensor
    train_targets: Tensor
    validation_inputs: Tensor
    validation_targets: Tensor
    test_inputs: Tensor
    test_targets: Tensor

    @property
    def num_features(self) -> int:
        """Length of one input vector."""
        return self.train_inputs.shape[1]

    @property
    def num_classes(self) -> int:
        """Number of classes; both shipped sets have ten."""
        return 10


def load(name: str, *, num_train: int | None = None, device: torch.device | str = "cpu") -> Dataset:
    """Load a data set that ships with the course, standardised by its training split.

    The arrays were shuffled once when they were packed. Training examples are taken from the
    front, test examples from the back, so a larger ``num_train`` never reaches into the others.

    Args:
        name: "digits" (1,797 images of 8x8) or "mnist1d" (8,000 series of 40 points).
        num_train: Training examples, from the front; None: all there are.
        device: Where the tensors live.

    Returns:
        The splits. Mean and scale come from the largest training split, whatever ``num_train`` is.

    Raises:
        ValueError: For another name, or more training examples than there are.
    """
    if name not in SPLITS:
        raise ValueError(f"no data set named {name!r}: choose one of {', '.join(SPLITS)}")
    max_train, num_validation, num_test = SPLITS[name]
    if num_train is None:
        num_train = max_train
    if not 1 <= num_train <= max_train:
        raise ValueError(f"{name} has 1 to {max_train} training examples, not {num_train}")
    with np.load(str(files("coursekit.datasets") / f"{name}.npz")) as packed:
        inputs = torch.from_numpy(packed["inputs"].astype(np.float32) * packed["scale"])
        targets = torch.from_numpy(packed["targets"].astype(np.int64))
    inputs = inputs - inputs[:max_train].mean(dim=0)
    inputs = inputs / inputs[:max_train].std()
    inputs, targets = inputs.to(device), targets.to(device)
    validation = slice(max_train, max_train + num_validation)
    return Dataset(
        name,
        inputs[:num_train],
        targets[:num_train],
        inputs[validation],
        targets[validation],
        inputs[-num_test:],
        targets[-num_test:],
    )


def epoch_batches(
    num_examples: int, batch_size: int, *, generator: torch.Generator
) -> Iterator[Tensor]:
    """Yield index batches without end: shuffle, cut into batches, shuffle again.

    One generator state gives one stream of examples, and batch size B reads that stream B at a
    time. Two runs that differ only in B therefore see the same examples in the same order:
    they are paired. The leftover of an epoch that fills no whole batch is dropped.

    Args:
        num_examples: N, size of the training set.
        batch_size: B, examples per optimizer step.
        generator: Source of the shuffles.

    Raises:
        ValueError: If not 1 <= B <= N.
    """
    if not 1 <= batch_size <= num_examples:
        raise ValueError(
            f"batch_size must lie between 1 and the {num_examples} examples, got {batch_size}"
        )
    steps_per_epoch = num_examples // batch_size
    while True:
        order = torch.randperm(num_examples, generator=generator)
        yield from order[: steps_per_epoch * batch_size].view(steps_per_epoch, batch_size)


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
