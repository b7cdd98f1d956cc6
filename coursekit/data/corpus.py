"""Text for character models: the help topics that ship with Python, and text without end like it.

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
    numbers = [ALPHABET.index(character) for character in text]
    return torch.tensor(numbers, dtype=torch.int64, device="cpu")


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
    g = torch.Generator().manual_seed(seed)
    order = torch.randperm(len(inputs), generator=g, device=g.device)
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


def echoed_windows(
    text: Tensor, num_windows: int, context: int, *, order: int = 3, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Draw windows of a text without end that has a given text's statistics up to a few characters.

    A walk reads the text and after every character jumps to a place, drawn evenly, where the same
    `order` characters stand before. So the next character has the text's own frequencies given the
    last `order`, and nothing else: a Markov chain, which no amount of reading exhausts.

    Args:
        text: Character numbers, shape (length,), read as a ring.
        num_windows: How many.
        context: T.
        order: Characters that decide the next one, >= 1; at most 9 with this alphabet.
        generator: Source of the walks; a CPU generator.

    Returns:
        (inputs, targets), both (num_windows, T) on the text's device; targets are one ahead.

    Raises:
        ValueError: If a number is below 1, the order is too large, or the text is no longer than
            it.
    """
    most = 9  # 96^9 < 2^63
    if min(num_windows, context, order) < 1 or order > most or len(text) <= order:
        raise ValueError(
            f"need num_windows, context >= 1 and an order between 1 and {most} below the text's "
            f"length {len(text)}, got {num_windows}, {context} and {order}"
        )
    ring = text.cpu()
    before = torch.zeros_like(ring)
    for back in range(order, 0, -1):
        before = before * len(ALPHABET) + ring.roll(back)
    places = before.argsort(stable=True)  # places with equal characters before them, side by side
    _, group, counts = torch.unique_consecutive(
        before[places], return_inverse=True, return_counts=True
    )
    first = torch.cat([counts.new_zeros(1), counts.cumsum(0)[:-1]])
    group_of = torch.empty_like(group)
    group_of[places] = group
    at = torch.randint(len(ring), (num_windows,), generator=generator)
    read = [ring[at]]
    for _ in range(context):
        group_now = group_of[(at + 1) % len(ring)]
        chosen = torch.rand(num_windows, generator=generator, dtype=torch.float64)
        at = places[first[group_now] + (chosen * counts[group_now]).long()]
        read.append(ring[at])
    windows = torch.stack(read, dim=1).to(text.device)
    return windows[:, :-1], windows[:, 1:]
