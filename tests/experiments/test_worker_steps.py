"""Real processes: equal weights, one process's gradient, times for every batch size."""

import pytest

from coursekit.experiments import run_workers

pytestmark = pytest.mark.in_turn(thing="several processes", of=3, turn=0)


def test_two_processes_train_one_model():
    found = run_workers(2, widths=(40, 16, 10), batch_sizes=(8, 32), rounds=2, steps=1)
    assert found.num_workers == 2
    assert found.num_weights == 40 * 16 + 16 + 16 * 10 + 10
    assert found.weight_gap == 0.0
    assert 0 < found.gap_to_one < 1e-6
    assert {b: len(t) for b, t in found.step_seconds.items()} == {8: 2, 32: 2}
    assert len(found.exchange_seconds) == 2


@pytest.mark.quick
def test_a_batch_that_does_not_split_is_refused():
    with pytest.raises(ValueError, match=r"\[9\] do not split evenly over 2"):
        run_workers(2, widths=(4, 2), batch_sizes=(8, 9))


def test_processes_that_fail_say_why():
    with pytest.raises(OSError, match=r"1 processes did not run here: .*Error"):
        run_workers(1, widths=(4,), batch_sizes=(8,), rounds=1)
