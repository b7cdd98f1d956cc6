import math

import pytest

from coursekit.hardware import Prices, StepTime, best_batches

pytestmark = pytest.mark.quick
TIME = StepTime(floor=1e-3, rate=2e5, misfit=0.0)  # knee 200
CRITICAL = 100
SIZES = range(1, 1001)


def steps(batch_size):
    return 50 * (1 + CRITICAL / batch_size)


def found(**changes):
    return best_batches(
        SIZES, **{"steps": steps, "step_seconds": TIME.seconds, "prices": Prices(1, 0.0), **changes}
    )


def test_examples_want_the_smallest_and_seconds_the_knee():
    best = found()
    assert (best.examples, best.seconds, best.money) == (1, 200, 200)
    assert best.table[200] == pytest.approx((200 * 75, 75 * 1e-3, 75e-3 / 3600))


def test_money_follows_the_root_law():
    """On the floor, price = p t_0 S + e B S is least at B = sqrt(B_crit p t_0 / e)."""
    hour, million = 3.6, 0.04  # p t_0 / e = 1e-6 / 4e-8 = 25
    assert found(prices=Prices(hour, million)).money == math.sqrt(CRITICAL * 25)


def test_free_hours_leave_the_examples_alone():
    assert found(prices=Prices(0.0, 1.0)).money == 1


def test_memory_limits_all_three():
    best = found(step_bytes=lambda b: 10.0 * b, memory=1200.0)
    assert (best.examples, best.seconds) == (1, 120)
    with pytest.raises(ValueError, match=r"none of .* fits"):
        found(step_bytes=lambda b: 2000.0, memory=1200.0)


def test_where_several_cost_the_same_the_smallest_counts():
    same = best_batches(
        (8, 2, 4),
        steps=lambda b: 1024 / b,
        step_seconds=lambda b: b / 2**20,
        prices=Prices(1.0, 1.0),
    )
    assert (same.examples, same.seconds, same.money) == (2, 2, 2)
