"""Tasks about noise, rates and warmup: values by hand or by brute force."""

import numpy as np
import pytest

from coursekit.interview.tasks import noise, rates, schedule

TASKS = noise.TASKS | rates.TASKS | schedule.TASKS
pytestmark = pytest.mark.quick
BY_HAND = [
    # B = 11, rho = 0.1: inflation 2
    ("effective_batch", {"b": 11, "rho": 0.1}, 5.5),
    # noise may be 0.2 long: 0.04 = 40/B
    ("batch_for_noise", {"g": 2, "tr_cov": 40, "percent": 10}, 1000),
    # five views count as 5/3 images
    ("views_of_sources", {"sources": 30, "views": 5, "rho": 0.5}, 50),
    # 4 + 5 against 4 + 32
    ("logged_norm", {"g": 2, "tr_cov": 320, "b": 10, "large": 64}, 0.5),
    ("epochs_for_equal_steps", {"b": 128, "large": 512, "epochs": 20}, 80),
    ("pairs_needed", {"sd": 3, "half": 1}, 36),
    # four times the batch, a tenth for momentum 0.99 in place of 0.9
    ("rate_with_momentum", {"lr": 0.1, "b": 64, "large": 256, "m": 0.9, "m_new": 0.99}, 0.04),
    # at B = 300 the line is at 0.1 x 300/10 = 3, the frontier at 4/(1 + 100/300) = 3
    ("room_for_linear", {"b": 10, "lr": 0.1, "max_lr": 4, "b_c": 100}, 300),
    # 10 epochs each of 64, 32 and 16 steps
    ("updates_when_growing", {"n": 4096, "b": 64, "epochs": 30, "k": 2}, 1120),
    # 1,000 steps in all
    ("warmup_share", {"n": 51200, "epochs": 10, "b": 128, "large": 512, "warmup": 50}, 0.05),
]


@pytest.mark.parametrize(("name", "params", "value"), BY_HAND, ids=[row[0] for row in BY_HAND])
def test_values_by_hand(name, params, value):
    assert TASKS[name].value(params) == pytest.approx(value)


def test_no_task_is_left_unchecked():
    checked = {name for name, _, _ in BY_HAND} | {"variance_without"}  # the latter in test_numeric
    assert checked == set(TASKS)


def test_related_examples_against_a_covariance_matrix():
    """Variance of a mean is the mean of all covariances: no formula with rho is used."""
    sources, views, rho = 4, 3, 0.7
    block = np.full((views, views), rho) + (1 - rho) * np.eye(views)
    cov = np.kron(np.eye(sources), block)
    params = {"sources": sources, "views": views, "rho": rho}
    assert TASKS["views_of_sources"].value(params) == pytest.approx(1 / cov.mean())
    params = {"b": views, "rho": rho}
    assert TASKS["effective_batch"].value(params) == pytest.approx(1 / block.mean())
