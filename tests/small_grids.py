"""What the tests of replicas share: small data, single runs, and an odd model or two."""

import dataclasses

import torch
from torch import nn
from torch.nn.functional import cross_entropy

from coursekit.data.splits import Dataset, load
from coursekit.models.perceptrons import mlp
from coursekit.train.loop import TrainConfig, train

SIZES = (64, 12, 8, 10)


def digits(num_train: int = 128, *, double: bool = False) -> Dataset:
    """Return a part of the digits with short validation and test splits."""
    data = load("digits", num_train=num_train)
    small = {}
    for split, count in (("train", num_train), ("validation", 50), ("test", 60)):
        inputs = getattr(data, f"{split}_inputs")[:count]
        small[f"{split}_inputs"] = inputs.double() if double else inputs
        small[f"{split}_targets"] = getattr(data, f"{split}_targets")[:count]
    return dataclasses.replace(data, **small)


def as_images(data: Dataset) -> Dataset:
    """Return the same digits in the shape (N, 1, 8, 8)."""
    splits = ("train_inputs", "validation_inputs", "test_inputs")
    return dataclasses.replace(data, **{s: getattr(data, s).view(-1, 1, 8, 8) for s in splits})


def double_mlp(*, generator: torch.Generator, activation: str = "relu") -> nn.Module:
    return mlp(SIZES, generator=generator, activation=activation).double()


def tanh_mlp(*, generator: torch.Generator) -> nn.Module:
    return double_mlp(generator=generator, activation="tanh")


def drawn(model: nn.Module, generator: torch.Generator) -> nn.Module:
    """Draw all weights of a model from a generator, in float64."""
    model = model.double()
    with torch.no_grad():
        for p in model.parameters():
            p.normal_(std=0.2, generator=generator)
    return model


def convnet(*, generator: torch.Generator, norm: bool = False) -> nn.Module:
    layers = [
        nn.Conv2d(1, 4, 3, bias=not norm),
        *([nn.BatchNorm2d(4)] * norm),
        nn.ReLU(),
        nn.Flatten(),
    ]
    return drawn(nn.Sequential(*layers, nn.Linear(144, 10)), generator)


def convnet_with_batchnorm(*, generator: torch.Generator) -> nn.Module:
    return convnet(generator=generator, norm=True)


class Residual(nn.Module):
    """A model that the hand-written path does not know, with a frozen layer and tied weights."""

    def __init__(self) -> None:
        super().__init__()
        self.frozen = nn.Linear(64, 12)
        self.frozen.requires_grad_(False)
        self.block = nn.Linear(12, 12)
        self.same = self.block
        self.norm = nn.LayerNorm(12)
        self.head = nn.Linear(12, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        h = torch.tanh(self.frozen(x))
        h = h + torch.tanh(self.block(h))
        return self.head(self.norm(h + self.same(h)))


def residual(*, generator: torch.Generator) -> nn.Module:
    return drawn(Residual(), generator)


def mean_squared(outputs: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    return (outputs - (targets.unsqueeze(-1) == torch.arange(10)).to(outputs)).square().mean()


def single_run(make, data, seed, batch_size, lr, num_steps, *, loss_fn=cross_entropy, **settings):
    """Return model and history of the one run that a replica must equal."""
    generator = torch.Generator().manual_seed(seed)
    model = make(generator=generator).train()
    schedule = settings.pop("lr_schedule", lambda step: lr)
    config = TrainConfig(batch_size, num_steps, schedule, **settings)
    return model, train(model, data, config, rng=generator, loss_fn=loss_fn)


def flat(model: nn.Module) -> torch.Tensor:
    """Return the trainable weights as one vector."""
    return torch.cat([p.detach().flatten() for p in model.parameters() if p.requires_grad])
