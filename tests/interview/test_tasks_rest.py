"""Tasks about SGD at rest: values by repeating the step, and by adding up a density."""

import math
import random

import pytest

from coursekit.interview.tasks.by_name import TASKS

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("seed", range(5))
def test_the_variance_at_rest_is_what_the_recursion_ends_with(seed):
    p = TASKS["rest_variance"].draw(random.Random(seed))
    variance = 0.0
    for _ in range(20_000):
        variance = (1 - p["lr"] * p["curvature"]) ** 2 * variance
        variance += p["lr"] ** 2 * p["noise"] / p["b"]
    assert TASKS["rest_variance"].value(p) == pytest.approx(variance)


def test_noise_of_two_batches_adds_up_to_that_of_the_small_one():
    b = TASKS["added_batch"].value({"big": 128, "small": 16})
    assert 1 / b + 1 / 128 == pytest.approx(1 / 16)
    assert b == pytest.approx(18.29, abs=0.01)


def test_the_share_of_a_well_is_that_of_the_area():
    def area(curvature):
        return sum(
            0.001 * math.exp(-curvature * (0.001 * i) ** 2 / 0.2) for i in range(-4000, 4000)
        )

    share = area(2) / (area(2) + area(9))
    assert TASKS["well_share"].value({"sharp": 9, "flat": 2}) == pytest.approx(share, rel=1e-3)
