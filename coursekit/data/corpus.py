"""Text for character models: the help topics that ship with Python, packed once.

The text is a copy (see coursekit/data/files/make_datasets.py for its source, licence and changes),
so the same characters are read under every Python.
"""

from dataclasses import dataclass
from importlib.resources import files

import numpy as np
import torch
from torch import Tensor

from coursekit.data.splits import Dataset, from_splits

ALPHABET = "\n" + "".join(chr(code) for code in range(32, 127))  # newline and printable ASCII


@dataclass(frozen=True)
class Corpus:
    """Three texts that share no paragraph, as character numbers in int64, one dimension each."""

    train: Tensor
    validation: Tensor
    test: Tensor


def load_corpus(*, device: torch.device | str = "cpu") -> Corpus:
    """Load the text that ships with the course: 301,000 + 38,000 + 34,000 characters.

    English prose and grammar of Python, in lines of up to 72 characters. A model that knows only
    how often each character comes has a loss of 3.25 nats a character; one that knows the last
    character, 2.45 (entropies of the training text).
    """
    with np.load(str(files("coursekit.data.files") / "python_topics.npz")) as packed:
        parts = [packed[name].astype(np.int64) for name in ("train", "validation", "test")]
    numbers = [torch.from_numpy((part - 31).clip(min=0)).to(device) for part in parts]
    return Corpus(*numbers)


def encode(text: str) -> Tensor:
    """Turn text into character numbers, shape (len(text),), int64.

    Raises:
        ValueError: For a character outside `ALPHABET`.
    """
    unknown = sorted(set(text) - set(ALPHABET))
    if unknown:
        raise ValueError(f"the alphabet is newline and printable ASCII; it lacks {unknown[0]!r}")
    return torch.tensor([ALPHABET.index(character) for character in text], dtype=torch.int64)


def decode(numbers: Tensor) -> str:
    """Turn character numbers back into text."""
    return "".join(ALPHABET[number] for number in numbers.tolist())


def text_windows(numbers: Tensor, context: int) -> tuple[Tensor, Tensor]:
    """Cut a text into windows that do not overlap, each with the characters that come next.

    Args:
        numbers: A text, shape (length,).
        context: T, characters a model sees at most.

    Returns:
        (inputs, targets), both (windows, T); targets are inputs shifted by one. What is left at
        the end and fills no window is dropped.

    Raises:
        ValueError: If not even one window fits.
    """
    num_windows = (len(numbers) - 1) // context if context >= 1 else 0
    if num_windows < 1:
        raise ValueError(
            f"context must lie between 1 and {len(numbers) - 1}, one less than the text's "
            f"length, got {context}"
        )
    used = num_windows * context
    return numbers[:used].view(-1, context), numbers[1 : used + 1].view(-1, context)


def text_dataset(
    corpus: Corpus, context: int, *, num_train: int | None = None, seed: int = 0
) -> Dataset:
    """Make a data set of windows: one example is `context` characters to predict.

    Args:
        corpus: The texts.
        context: T.
        num_train: Windows for training, out of a fixed shuffle; None: all there are.
        seed: Of that shuffle.

    Returns:
        Inputs and targets (N, T) in int64. With `next_character_loss` each window is one example
        whose loss is the mean over T characters, so batches count windows, not characters.

    Raises:
        ValueError: If the context does not fit, or there are fewer windows.
    """
    inputs, targets = text_windows(corpus.train, context)
    if num_train is None:
        num_train = len(inputs)
    if not 1 <= num_train <= len(inputs):
        raise ValueError(
            f"the text has 1 to {len(inputs)} training windows of {context}, not {num_train}"
        )
    order = torch.randperm(len(inputs), generator=torch.Generator().manual_seed(seed))
    kept = order[:num_train].to(inputs.device)
    splits = [text_windows(text, context) for text in (corpus.validation, corpus.test)]
    tensors = [inputs[kept], targets[kept], *(tensor for pair in splits for tensor in pair)]
    return from_splits("python topics", tensors, num_classes=len(ALPHABET))


def next_character_loss(logits: Tensor, targets: Tensor) -> Tensor:
    """Return the mean cross-entropy over all characters of all windows, in nats.

    Args:
        logits: Shape (B, T, characters).
        targets: Shape (B, T).
    """
    return torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())
