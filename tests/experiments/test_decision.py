"""The arms of the decision experiment train what they say, and are paired."""

import numpy as np
import pytest
import torch

from coursekit.data.splits import load
from coursekit.experiments.decision import (
    ARMS,
    BASE,
    SIZES,
    Arm,
    changes_to_base,
    run_arm,
    schedule_of,
)
from coursekit.models.perceptrons import mlp
from coursekit.train.loop import TrainConfig, accuracy, train


@pytest.fixture(scope="module")
def data():
    return load("mnist1d", num_train=128)


def test_an_arm_is_the_plain_loop_with_its_settings(data):
    arm = Arm(4, 2, 1 / 2)
    found = run_arm(arm, data, lr=0.1, seeds=[0, 1], batch_size=16, num_epochs=4, device="cpu")
    for seed, value in enumerate(found):
        generator = torch.Generator().manual_seed(seed)
        model = mlp(SIZES, generator=generator)
        train(model, data, TrainConfig(64, 16, lambda step: 0.2), rng=generator)
        assert value == pytest.approx(
            100 * accuracy(model, data.test_inputs, data.test_targets), abs=0.2
        )


def test_a_run_that_diverges_counts_as_chance(data):
    found = run_arm(
        Arm(1, 1e6, 1), data, lr=1.0, seeds=[0, 1], batch_size=16, num_epochs=4, device="cpu"
    )
    assert found.tolist() == [10.0, 10.0]


def test_each_test_example_is_told_where_asked(data):
    settings = {"lr": 0.1, "seeds": [0, 1], "batch_size": 16, "num_epochs": 4, "device": "cpu"}
    table = run_arm(BASE, data, each_example=True, **settings)
    assert table.shape == (2, 2000)
    assert set(table.ravel()) == {0.0, 100.0}
    assert table.mean(axis=1) == pytest.approx(run_arm(BASE, data, **settings))


def test_each_arm_holds_what_it_says():
    names = {
        "steps": lambda a: a.steps == 1,
        "epochs": lambda a: a.batch is not None and a.batch * a.steps == 1,
        "temperature": lambda a: a.batch is not None and a.lr == a.batch,
        "lr": lambda a: a.lr == 1,
        "batch": lambda a: a.batch == 1,
    }
    for arm in ARMS.values():
        holds = set(arm.holds.split(", ")) - {"nothing"}
        for name in holds:
            assert names[name](arm), (arm, name)
        for name in ("steps", "epochs", "lr"):
            assert names[name](arm) == (name in holds), (arm, name)
    assert Arm(1, 1, 1, holds="everything") == BASE


def test_schedules_at_their_ends():
    warm = schedule_of("warmup", 40)
    assert [warm(s) for s in (0, 3, 39)] == [0.25, 1.0, 1.0]
    assert schedule_of("constant", 40)(7) == 1.0
    assert schedule_of("warmup and cosine", 40)(39) < 0.05
    with pytest.raises(ValueError, match="no schedule 'hope'"):
        schedule_of("hope", 40)


def test_changes_are_paired():
    luck = np.array([-20.0, 0.0, 20.0])
    mean, half = changes_to_base({"base": 50 + luck, "arm": 45 + luck})["arm"]
    assert (mean, half) == (pytest.approx(-5.0), pytest.approx(0.0, abs=1e-9))
