import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy

from coursekit.exercises.engine.adapters import ADAPTERS

pytestmark = pytest.mark.quick
WEIGHTS = np.array([[1.0, -1.0], [0.0, 2.0], [0.5, 0.5]])
BATCH = [np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([2, 0])]


def test_a_refusal_is_an_empty_list_and_other_errors_stay_errors():
    def refuse(x):
        raise ValueError("no")

    def fail(x):
        raise TypeError("no")

    assert ADAPTERS["refusing"](refuse, 1) == []
    assert ADAPTERS["refusing"](lambda x: x + 1, 1) == 2
    assert ADAPTERS["refusing"](lambda x: [], 1) == "an empty result"  # that is no refusal
    with pytest.raises(TypeError):
        ADAPTERS["refusing"](fail, 1)


def test_the_gradient_is_read_from_the_model_whatever_is_returned():
    def answer(model, batch):
        assert model[0].weight.dtype == batch[0].dtype == torch.float64
        cross_entropy(model(batch[0]), batch[1]).backward()
        return "nothing"

    logits = BATCH[0] @ WEIGHTS.T
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    by_hand = (p - np.eye(3)[BATCH[1]]).T @ BATCH[0] / 2
    assert ADAPTERS["linear_grad"](answer, WEIGHTS, BATCH) == pytest.approx(by_hand)
    with pytest.raises(ValueError, match="backward"):
        ADAPTERS["linear_grad"](lambda model, batch: None, WEIGHTS, BATCH)


def test_every_step_is_recorded_with_its_rate_and_gradient():
    def answer(model, optimizer, batch):
        for factor in (1.0, 0.5):
            optimizer.param_groups[0]["lr"] *= factor
            cross_entropy(model(batch[0]), batch[1]).backward()
            optimizer.step()
            optimizer.zero_grad()

    rows = ADAPTERS["linear_steps"](answer, WEIGHTS, 0.1, BATCH)
    assert rows.shape == (2, 8)
    assert rows[:, :2].tolist() == [[0.1, 0.05], [0.05, 0.05]]  # the second group kept its rate
    assert not np.allclose(rows[0, 2:], rows[1, 2:])  # the weights moved in between
    assert ADAPTERS["linear_steps"](lambda *args: None, WEIGHTS, 0.1, BATCH).shape == (0,)


def test_runs_are_read_from_tables():
    tables = np.arange(8.0).reshape(2, 1, 2, 2)  # validation or test, seed, lr, batch size

    def answer(run, batch_sizes, lrs, seeds, num_steps):
        for wrong in ((5, 0.1, 7, 40), (10, 0.3, 7, 40), (10, 0.1, 8, 40), (10, 0.1, 7, 0)):
            with pytest.raises(ValueError, match="run"):
                run(*wrong)
        return run(batch_sizes[1], lrs[0], seeds[0], num_steps), run(10, 0.2, 7, 3 * num_steps)

    got = ADAPTERS["tabled_runs"](answer, tables, [10, 20], [0.1, 0.2], [7], 40)
    assert got == [[0.5, 2.5], [1.5, 4.5]]  # half after 40 steps, three quarters after 120


def test_a_model_that_is_trained_is_handed_over_twice():
    def trains(model, step):
        with torch.no_grad():
            model[0].bias += step
        return [model[0].bias.item(), model[0].weight[0, 0].item()]

    linear_call = ADAPTERS["linear_call"]
    assert linear_call(trains, np.array([[3.0, 1.0]]), 0.5) == [2.0, 3.0]  # the bias comes last
    assert linear_call(trains, np.array([[3.0, 1.0]]), 0.0) == [1.0, 3.0]
