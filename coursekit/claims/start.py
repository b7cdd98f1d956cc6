"""The claim of unit 00: the interview question, as a run that anyone can repeat."""

import torch

from coursekit.claims.declare import Claim, Values
from coursekit.data import load
from coursekit.intervals import t_interval
from coursekit.models import mlp
from coursekit.train import TrainConfig, accuracy, train

NUM_EPOCHS = 20
BASE = (256, 0.25)  # batch size and learning rate before the change


def accuracy_of(batch_size: int, lr: float, seed: int, num_examples: int) -> float:
    """Return test accuracy after NUM_EPOCHS epochs of SGD on MNIST-1D."""
    data = load("mnist1d", num_train=num_examples)
    g = torch.Generator().manual_seed(seed)
    model = mlp((40, 64, 64, 10), generator=g)
    num_steps = NUM_EPOCHS * (num_examples // batch_size)
    train(model, data, TrainConfig(batch_size, num_steps, lambda step: lr), rng=g)
    return accuracy(model, data.test_inputs, data.test_targets)


def measure_fall(size: str) -> dict[str, list[float]]:
    """Q1: test accuracy before and after batch x 4, lr x 4, at equal epochs, paired by seed."""
    num_seeds, n = {"tiny": (2, 1024), "cpu": (10, 4096), "gpu": (10, 4096)}[size]
    batch_size, lr = BASE
    before = [100 * accuracy_of(batch_size, lr, s, n) for s in range(num_seeds)]
    after = [100 * accuracy_of(4 * batch_size, 4 * lr, s, n) for s in range(num_seeds)]
    change = [a - b for a, b in zip(after, before, strict=True)]
    return {"before": before, "after": after, "change": change}


def fall_verdict(values: Values) -> str:
    """Q1 holds if the 95 % interval of the paired change lies below zero."""
    mean, half = t_interval(values["change"])
    return "holds" if mean + half < 0 else "fails"


CLAIMS = (
    Claim(
        id="Q1",
        statement="Batch 256 to 1024 with the learning rate x 4, at equal epochs, costs accuracy.",
        heard="the interview question that opens this course",
        unit="00_start",
        source="",
        rule="holds if the 95 % interval of the paired change in test accuracy lies below zero",
        setting="MLP 40-64-64-10 on MNIST-1D, N=4096, SGD, 20 epochs, lr 0.25 to 1",
        measure=measure_fall,
        verdict=fall_verdict,
    ),
)
