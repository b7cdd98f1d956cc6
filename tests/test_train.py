import copy

import pytest
import torch
from torch import nn

from coursekit.data import epoch_batches, load
from coursekit.models import mlp
from coursekit.train import TrainConfig, accuracy, train

pytestmark = pytest.mark.quick


def test_the_loop_equals_torch_sgd():
    """Oracle: torch.optim.SGD over the same batches with the same schedule."""
    data = load("digits", num_train=128)

    def schedule(step):
        return 0.1 / (1 + step)

    model = mlp((64, 16, 10), generator=torch.Generator().manual_seed(0)).double()
    data = type(data)(**{**vars(data), "train_inputs": data.train_inputs.double()})
    other = copy.deepcopy(model)
    history = train(
        model, data, TrainConfig(32, 12, schedule), rng=torch.Generator().manual_seed(1)
    )
    optimizer = torch.optim.SGD(other.parameters(), lr=1.0)
    batches = epoch_batches(128, 32, generator=torch.Generator().manual_seed(1))
    for step in range(12):
        optimizer.param_groups[0]["lr"] = schedule(step)
        batch = next(batches)
        loss = nn.functional.cross_entropy(
            other(data.train_inputs[batch]), data.train_targets[batch]
        )
        assert history.losses[step] == pytest.approx(loss.item(), rel=1e-12)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.allclose(p, q, rtol=0, atol=1e-12)


def test_divergence_stops_the_run_and_is_said():
    data = load("digits", num_train=128)
    model = mlp((64, 16, 10), generator=torch.Generator().manual_seed(0))
    history = train(
        model, data, TrainConfig(32, 500, lambda step: 1e12), rng=torch.Generator().manual_seed(0)
    )
    assert history.diverged_at is not None
    assert len(history.losses) == history.diverged_at + 1 < 500


def test_accuracy_counts_the_largest_logit():
    logits = nn.Identity()
    inputs = torch.tensor([[2.0, 1.0], [0.0, 1.0], [3.0, 4.0], [1.0, 0.0]])
    assert accuracy(logits, inputs, torch.tensor([0, 1, 0, 1])) == 0.5
