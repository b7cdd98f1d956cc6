"""opacus' PrivacyEngine without noise and with a clipping norm that nothing reaches."""

import logging
import warnings

import torch
from opacus import PrivacyEngine
from probe import Recorder, say, weights
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)
EACH, POISSON = "opacus, poisson_sampling=False", "opacus, defaults"
PACKAGES = ("opacus", "torch")


class Embedded(nn.Module):
    """The model of probe.py as a layer that opacus knows."""

    def __init__(self, count):
        super().__init__()
        self.table = nn.Embedding(count, 1)
        nn.init.zeros_(self.table.weight)

    def forward(self, index):
        return -self.table(index)


def steps(count, batch_size, accum_steps=1, *, clip=1e6, epochs=1, poisson=False):
    torch.manual_seed(0)
    loader = DataLoader(TensorDataset(torch.arange(count)), batch_size=batch_size)
    model = Embedded(count)
    weight, optimizer = model.table.weight, torch.optim.SGD(model.parameters(), lr=1.0)
    model, optimizer, loader = PrivacyEngine().make_private(
        module=model, optimizer=optimizer, data_loader=loader,
        noise_multiplier=0.0, max_grad_norm=clip, poisson_sampling=poisson,
    )  # fmt: skip
    recorder = Recorder(weight)
    for _ in range(epochs):
        for i, (index,) in enumerate(loader):
            model(index).mean().backward()
            if (i + 1) % accum_steps == 0:
                optimizer.step()
                optimizer.zero_grad()
    return [(moved.flatten(), lr) for moved, lr in recorder.close()]


def one():
    found = steps(10, 1, 4, epochs=2)
    say(EACH, "window", weights(found), "10 micro-batches of 1, K = 4, two epochs", *PACKAGES)
    found = steps(10, 4)
    say(EACH, "short", weights(found), "10 examples in batches of 4", *PACKAGES)
    found = steps(10, 4, 3)
    say(EACH, "short_window", weights(found), "10 examples in batches of 4, K = 3", *PACKAGES)
    found = steps(2, 1, 2, clip=0.5)
    say(EACH, "clip", f"{found[0][0].norm():.2f}", "clip at 0.5, K = 2", *PACKAGES)
    found = steps(10, 4, poisson=True)
    say(POISSON, "short", weights(found), "10 examples in batches of 4, seed 0", *PACKAGES)


if __name__ == "__main__":
    one()
