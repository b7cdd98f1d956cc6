import pytest
import torch
from torch.nn.functional import cross_entropy

from coursekit.data.splits import load
from coursekit.experiments.equal_loss import mlp_with, train_to_loss
from coursekit.models.perceptrons import mlp
from coursekit.train.loop import TrainConfig, train

SIZES = (40, 16, 10)


@pytest.fixture(scope="module")
def data():
    return load("mnist1d", num_train=128)


def run(data, **more):
    settings = {"seeds": [0, 1], "batch_size": 16, "lr": 0.1, "target": 1.6, "check_every": 4}
    return train_to_loss(SIZES, data, **{**settings, **more}, device="cpu")


def loss_of(model, data):
    with torch.no_grad():
        return cross_entropy(model(data.train_inputs), data.train_targets).item()


def test_the_weights_are_those_of_the_plain_loop_at_that_step(data):
    stopped = run(data)
    assert stopped.reached.all()
    for seed, steps in enumerate(stopped.steps):
        generator = torch.Generator().manual_seed(seed)
        model = mlp(SIZES, generator=generator)
        train(model, data, TrainConfig(16, int(steps), lambda step: 0.1), rng=generator)
        flat = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
        assert torch.allclose(stopped.weights[seed], flat, atol=1e-4)


def test_it_stops_at_the_first_look_below_the_target(data):
    stopped = run(data)
    for seed, steps in enumerate(stopped.steps):
        model = mlp_with(SIZES, stopped.weights[seed])
        assert loss_of(model, data) == pytest.approx(stopped.train_loss[seed], rel=1e-4)
        assert stopped.train_loss[seed] < 1.6
        assert steps % 4 == 0
        generator = torch.Generator().manual_seed(seed)
        model = mlp(SIZES, generator=generator)
        train(model, data, TrainConfig(16, int(steps) - 4, lambda step: 0.1), rng=generator)
        assert loss_of(model, data) >= 1.6


def test_what_is_not_reached_is_nan(data):
    stopped = run(data, target=1e-6, max_steps=8)
    assert not stopped.reached.any()
    assert stopped.weights.isnan().all()


def test_a_run_that_diverges_ends_the_wait(data):
    stopped = run(data, lr=1e6, target=1e-6, max_steps=10**6)
    assert not stopped.reached.any()


@pytest.mark.quick
def test_impossible_settings_are_refused(data):
    with pytest.raises(ValueError, match="target > 0"):
        run(data, target=0.0)
    with pytest.raises(ValueError, match="826 weights, got"):
        mlp_with(SIZES, torch.zeros(5))
