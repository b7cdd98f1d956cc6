import dataclasses

import numpy as np
import pytest

from coursekit.replicas.population import Population

pytestmark = pytest.mark.quick


def small_population(**changed):
    """2 seeds x 3 learning rates x 2 batch sizes; one run has diverged."""
    axes = {"seed": (0, 1), "lr": (0.1, 0.2, 0.4), "batch_size": (16, 64)}
    validation = np.array([[0.5, 0.3], [0.7, 0.4], [0.9, 0.6]])
    validation = np.stack([validation, validation + 0.02])
    diverged_at = np.full((2, 3, 2), -1)
    diverged_at[1, 2, 0] = 5
    validation[1, 2, 0] = np.nan
    test = validation - 0.1
    population = Population(
        axes=axes,
        train_loss=1 - validation,
        validation_accuracy=validation,
        test_accuracy=test,
        diverged_at=diverged_at,
        num_steps=np.array([40, 10]),
        record_steps=np.array([[20, 40], [5, 10]]),
        recorded={"train_loss": np.zeros((2, 3, 2, 2))},
        weights=None,
        seconds=1.0,
        setup_seconds=0.0,
        backend="mlp",
        stack_sizes=np.array([6, 6]),
    )
    return dataclasses.replace(population, **changed)


def test_the_best_lr_has_no_diverged_seed():
    population = small_population()
    assert population.best_lr().tolist() == [1, 2]  # at 16 the largest lr diverged once
    assert population.best_lr(by="train_loss").tolist() == [1, 2]
    best = population.at_best_lr()
    assert best.shape == (2, 2)
    assert best == pytest.approx(np.array([[0.6, 0.5], [0.62, 0.52]]))


def test_where_all_diverged_there_is_no_best():
    values = small_population().validation_accuracy.copy()
    values[0, :, 1] = np.nan
    population = small_population(validation_accuracy=values)
    assert population.best_lr().tolist() == [1, -1]
    assert np.isnan(population.at_best_lr()[:, 1]).all()


def test_selecting_drops_the_axis_everywhere():
    part = small_population().at(batch_size=64)
    assert list(part.axes) == ["seed", "lr"]
    assert part.test_accuracy.shape == (2, 3)
    assert part.recorded["train_loss"].shape == (2, 3, 2)
    assert part.num_steps == 10
    assert part.best_lr() == 2
    assert part.at_best_lr() == pytest.approx([0.5, 0.52])


def test_what_diverged_counts_as_the_caller_says():
    population = small_population()
    assert population.diverged.sum() == 1
    assert population.values("test_accuracy", diverged_as=0.1)[1, 2, 0] == 0.1
    assert np.isnan(population.values("test_accuracy")[1, 2, 0])


@pytest.mark.parametrize("seed", [0, 1])
def test_one_run_has_one_value(seed):
    """An older numpy's scalar can't be reshaped to no dimensions."""
    one = small_population().at(lr=0.4, batch_size=16, seed=seed)
    assert one.values("test_accuracy", diverged_as=0.1).shape == ()


@pytest.mark.parametrize(
    ("chosen", "words"),
    [({"size": 16}, "no axis 'size': there are seed, lr, batch_size"), ({"lr": 0.3}, "no lr 0.3")],
)
def test_what_is_not_there_is_named(chosen, words):
    with pytest.raises(ValueError, match=words):
        small_population().at(**chosen)


def test_what_is_right_of_each_example_is_kept_where_asked():
    correct = np.zeros((2, 3, 2, 5))
    correct[..., :3] = 1.0
    population = small_population(test_correct=correct)
    assert population.at(lr=0.4, batch_size=16).test_correct.shape == (2, 5)
    seen = population.values("test_correct", diverged_as=0.1)
    assert seen[0, 0, 0].tolist() == [1, 1, 1, 0, 0]
    assert (seen[1, 2, 0] == 0.1).all()  # diverged
    with pytest.raises(ValueError, match="keep_correct=True"):
        small_population().values("test_correct")
