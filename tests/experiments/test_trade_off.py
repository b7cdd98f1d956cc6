import math

import numpy as np
import pytest

from coursekit.data.splits import load
from coursekit.experiments.trade_off import (
    choose_by_others,
    run_to_target,
)
from coursekit.replicas.grid import run_grid

NAN = math.nan


@pytest.mark.quick
def test_a_seed_runs_at_the_choice_of_the_others():
    steps = np.array([[10.0, 1.0], [10.0, 30.0], [10.0, 30.0]])
    # seed 0 alone would choose column 1, and does so for nobody: the others' mean is 30 there
    assert choose_by_others(steps)[0].tolist() == [10.0, 10.0, 10.0]
    steps = np.array([[10.0, 30.0], [10.0, 1.0], [10.0, 1.0]])
    assert choose_by_others(steps)[0].tolist() == [30.0, 10.0, 10.0]
    assert choose_by_others(steps)[1] == 0  # means 10 and 10.67


@pytest.mark.quick
def test_a_miss_is_never_chosen_for_another_and_is_nan_for_oneself():
    steps = np.array([[NAN, 20.0], [5.0, 20.0], [5.0, 20.0]])
    assert choose_by_others(steps)[0][1:].tolist() == [20.0, 20.0]
    assert math.isnan(choose_by_others(steps)[0][0])
    assert choose_by_others(steps)[1] == 1
    nobody = choose_by_others(np.full((3, 2), NAN))
    assert np.isnan(nobody[0]).all()


@pytest.fixture(scope="module")
def found():
    return run_to_target(
        (40, 16, 10),
        load("mnist1d", num_train=256),
        targets=(2.2, 2.0),
        seeds=range(3),
        lrs={16: [0.05, 0.1, 0.2], 64: [0.1, 0.2]},
        num_steps={16: 96, 64: 48},
        device="cpu",
    )


def test_steps_are_those_of_plain_runs(found):
    runs = run_grid(
        (40, 16, 10),
        load("mnist1d", num_train=256),
        seeds=range(3),
        batch_sizes=(16,),
        lrs=(0.2,),
        num_steps=96,
        num_records=12,
        progress=False,
        device="cpu",
    )
    losses = runs.recorded["train_loss"][:, 0, 0]
    assert found[2.0].best_lrs[0] == 0.2
    for steps, curve in zip(found[2.0].steps[:, 0], losses, strict=True):
        after = 8 * (1 + np.flatnonzero(curve <= 2.0)[0])
        assert after - 8 <= steps <= after


def test_an_easier_target_is_met_sooner(found):
    assert (found[2.2].steps <= found[2.0].steps).all()
    assert np.allclose(found[2.0].examples, found[2.0].steps * [16, 64])
    assert found[2.0].batch_sizes == (16, 64)
    assert found[2.0].interior == (False, False)


@pytest.mark.quick
def test_what_cannot_be_is_refused():
    data = load("mnist1d", num_train=64)
    with pytest.raises(ValueError, match="3 seeds"):
        run_to_target((40, 10), data, targets=(1.0,), seeds=[0], lrs={8: [0.1]}, num_steps={8: 2})
    with pytest.raises(ValueError, match="differ"):
        run_to_target(
            (40, 10), data, targets=(1.0,), seeds=range(3), lrs={8: [0.1]}, num_steps={4: 2}
        )
