"""A batch ramp trains its stages, each at its batch and rate."""

import math

import pytest

from coursekit.data.splits import load
from coursekit.experiments.ramp import RAMPS, ROOT_8, Ramp, lr_factors, run_ramp


def test_stages_by_hand():
    ramp = Ramp(((2, 1, 1.0), (1, 4, 0.5)))
    assert ramp.num_epochs == 3
    assert [ramp.factor(e) for e in range(4)] == [1, 1, 4, 4]
    assert ramp.sized(100, 8) == [[2 * 96, 8], [96, 32]]
    at = lr_factors(ramp, 100, 8)
    assert [at(s) for s in range(27)] == [1.0] * 24 + [0.5] * 3


def test_all_schedules_see_the_same_examples():
    examples = {sum(e for e, _ in ramp.sized(4096, 32)) for ramp in RAMPS.values()}
    assert examples == {12 * 4096}
    assert RAMPS["large"].stages[0][2] == pytest.approx(math.sqrt(8)) == ROOT_8


def test_a_ramp_of_one_stage_is_a_plain_run():
    data = load("mnist1d", num_train=128)
    one = run_ramp(Ramp(((2, 1, 1.0),)), data, seeds=[0], batch_size=16, lr=0.1, device="cpu")
    two = run_ramp(
        Ramp(((1, 1, 1.0), (1, 1, 1.0))), data, seeds=[0], batch_size=16, lr=0.1, device="cpu"
    )
    assert one[0] == pytest.approx(two[0], rel=1e-5)
    grown = run_ramp(
        Ramp(((1, 1, 1.0), (1, 4, 2.0))), data, seeds=[0], batch_size=16, lr=0.1, device="cpu"
    )
    assert grown[0] != pytest.approx(one[0], rel=1e-3)
