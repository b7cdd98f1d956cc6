"""Tasks about layouts and machines: values by hand, and one pipeline that is simulated."""

import pytest

from coursekit.interview.tasks.layout import TASKS

pytestmark = pytest.mark.quick
BY_HAND = {
    # 64/(4 x 2) = 8 replicas, each with 10 x 2 sequences
    "global_batch_sharded": ({"gpus": 64, "tp": 4, "pp": 2, "micro": 2, "count": 10}, 160),
    "pipeline_bubble": ({"stages": 4, "micro": 12}, 0.2),
    # 16 to the power 0.5
    "data_power": ({"small": 10, "large": 160, "b_pilot": 100, "power": 0.5}, 400),
    # 300 operations a byte, 2 bytes a weight, 2 operations a weight
    "roofline_decode": ({"tflops": 900, "tb": 3, "bytes": 2}, 300),
    "decay_timescale": ({"b": 256, "large": 1024, "lr": 0.001, "decay": 0.1}, 0.2),
    "linear_number": ({"b": 128, "large": 512, "lr": 0.05}, 0.2),
}


@pytest.mark.parametrize("name", TASKS)
def test_value_by_hand(name):
    params, value = BY_HAND[name]
    assert TASKS[name].value(params) == pytest.approx(value)


@pytest.mark.parametrize(("stages", "micro"), [(4, 6), (8, 8), (3, 20)])
def test_a_simulated_pipeline_stands_idle_that_long(stages, micro):
    """Slot by slot: a stage starts a micro-batch once the stage before it has finished it."""
    done_at = [[0] * micro for _ in range(stages)]
    for stage in range(stages):
        for m in range(micro):
            fed = done_at[stage - 1][m] if stage else 0
            free = done_at[stage][m - 1] if m else 0
            done_at[stage][m] = max(fed, free) + 1
    slots = done_at[-1][-1]
    idle = 1 - micro / slots
    assert TASKS["pipeline_bubble"].value({"stages": stages, "micro": micro}) == pytest.approx(idle)


def test_the_kept_memory_is_the_same_number_of_tokens():
    params = {"b": 256, "large": 2304, "lr": 0.001, "decay": 0.1}
    decay = TASKS["decay_timescale"].value(params)
    before = 256 / (0.001 * 0.1)
    assert 2304 / (0.001 * 3 * decay) == pytest.approx(before)
