"""The random states of torch, numpy and Python, together: kept, compared, put back."""

import pickle
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor


@contextmanager
def random_state_kept(device: torch.device) -> Iterator[None]:
    """Put the random states of torch, numpy and Python back on leaving."""
    states = random_state(device)
    try:
        yield
    finally:
        for (_, setter), state in zip(_sources(device), states, strict=True):
            setter(state)


def _sources(device: torch.device) -> list[tuple[Callable[[], Any], Callable[[Any], None]]]:
    sources: list[tuple[Callable[[], Any], Callable[[Any], None]]] = [
        (torch.get_rng_state, torch.set_rng_state),
        (np.random.get_state, np.random.set_state),
        (random.getstate, random.setstate),
    ]
    if device.type == "cuda":
        sources.append(
            (
                lambda: torch.cuda.get_rng_state(device),
                lambda state: torch.cuda.set_rng_state(state, device),
            )
        )
    return sources


def random_state(device: torch.device) -> list[Any]:
    """Return all states that a model on a device can draw from."""
    return [get() for get, _ in _sources(device)]


def same_state(one: list[Any], other: list[Any]) -> bool:
    """Tell whether nothing was drawn between two looks."""
    return all(
        torch.equal(a, b)
        if isinstance(a, Tensor)
        else pickle.dumps(a) == pickle.dumps(b)  # numpy's holds an array, which has no plain ==
        for a, b in zip(one, other, strict=True)
    )


def generator_on(device: torch.device, seed: int = 0) -> torch.Generator:
    """Return a new generator on a device.

    A CPU draws a hundred million numbers in the time of many gradients on a GPU.
    """
    return torch.Generator(device).manual_seed(seed)
