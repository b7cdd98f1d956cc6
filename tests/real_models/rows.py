"""The rows of docs/real_models.md: how one is declared, and the data that all of them share."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn

from coursekit.gradients import BatchLoss

N, T, VOCAB, CLASSES = 8, 6, 23, 3


@dataclass(frozen=True)
class Case:
    """One row of the page."""

    build: Callable
    way: str  # how the page says that it is measured
    error: float = 1e-5  # relative error allowed against float64


CASES: dict[str, Case] = {}
LAYERS = "right, about one pass"
SOME = "right; some layers' gradients are made"
EACH = "right; one backward pass per example"


def case(name: str, way: str = LAYERS, error: float = 1e-5):
    def keep(build: Callable) -> Callable:
        CASES[name] = Case(build, way, error)
        return build

    return keep


def rng(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tokens() -> torch.Tensor:
    return torch.randint(2, VOCAB, (N, T), generator=rng())


def classes() -> torch.Tensor:
    return torch.randint(0, CLASSES, (N,), generator=rng(2))


def floats(*shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=rng(3))


def padding() -> torch.Tensor:
    return (torch.arange(T) < torch.tensor([[6], [4], [5], [3], [6], [2], [5], [4]])).long()


OWN_LOSS = BatchLoss(lambda model, batch: model(**batch).loss)
PAIR = BatchLoss(lambda model, batch: F.cross_entropy(model(*batch[:-1]), batch[-1]))


def pair_of(model: nn.Module):
    return model, PAIR, (floats(N, 4), classes())
