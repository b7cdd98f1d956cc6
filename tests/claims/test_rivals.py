"""Rival curves: each is found again in its own points, and the wrong ones are told apart."""

import numpy as np
import pytest
from scipy import optimize

from coursekit.claims.rivals import (
    CURVES,
    chance_of_misfit,
    compare,
    fit,
    left_out_error,
    misfit,
    predicted,
)

pytestmark = pytest.mark.quick
SIZES = np.array([16, 32, 64, 128, 256, 512.0])


def points(name, c=80.0, p=1.5):
    return CURVES[name].log_shape(SIZES / c, p if CURVES[name].has_power else 1.0) + 0.7


def seeds(rng, name, num_seeds=12, noise=0.06):
    """Return log y of seeds: each has its own luck at all sizes, and each run its own."""
    luck = 0.1 * rng.standard_normal((num_seeds, 1))
    return points(name) + luck + noise * rng.standard_normal((num_seeds, len(SIZES)))


@pytest.mark.parametrize("name", CURVES)
def test_a_curve_is_found_in_its_own_points(name):
    curve, logs = CURVES[name], points(name)
    np.testing.assert_allclose(predicted(curve, fit(curve, SIZES, logs), SIZES), logs, atol=2e-3)
    assert misfit(curve, SIZES, logs) < 0.2


@pytest.mark.parametrize("name", ["law", "free", "rounded"])
def test_the_grid_finds_what_an_optimizer_finds(name):
    curve = CURVES[name]
    logs = points("capped") + 0.05 * np.random.default_rng(0).standard_normal(len(SIZES))

    def off(q):
        return q[0] + curve.log_shape(SIZES / np.exp(q[1]), np.exp(q[2])) - logs

    def residuals(q):
        return off([*q, 0.0]) if len(q) == 2 else off(q)

    start = [0.7, np.log(80.0), 0.2] if curve.has_power else [0.7, np.log(80.0)]
    far = np.log(4 * SIZES.max()), np.log(8.0)
    bounds = ([-9, 0, -1.4][: len(start)], [9, *far][: len(start)])
    best = optimize.least_squares(residuals, start, bounds=bounds)
    expected = 100 * np.sqrt(2 * best.cost / len(SIZES))
    assert misfit(curve, SIZES, logs) == pytest.approx(expected, rel=0.01)


def test_a_point_left_out_is_judged_by_the_others():
    logs = points("law")
    logs[2] += 0.3
    rest = np.arange(len(SIZES)) != 2
    curve = CURVES["law"]
    alone = logs[2] - predicted(curve, fit(curve, SIZES[rest], logs[rest]), SIZES[[2]])[0]
    assert alone == pytest.approx(0.3, abs=0.01)
    assert left_out_error(curve, SIZES, logs) > 100 * 0.3 / np.sqrt(len(SIZES))
    assert left_out_error(curve, SIZES, points("law")) < 0.5


def test_the_chance_is_uniform_where_the_curve_is_right_and_small_where_it_is_not():
    """300 sets of points, fixed beforehand: 5 % of the right curve's lie below 0.05."""
    rng = np.random.default_rng(0)
    drawn = [seeds(rng, "law") for _ in range(300)]
    right = np.array([chance_of_misfit(CURVES["law"], SIZES, columns) for columns in drawn])
    wrong = np.array([chance_of_misfit(CURVES["broken"], SIZES, columns) for columns in drawn[:50]])
    assert 0.02 < (right < 0.05).mean() < 0.09
    assert 0.42 < (right < 0.5).mean() < 0.58
    assert (wrong < 0.05).mean() > 0.95


def test_too_few_seeds_speak_against_nothing():
    assert chance_of_misfit(CURVES["law"], SIZES, seeds(np.random.default_rng(1), "power", 4)) == 1


def test_compare_names_every_curve():
    values = compare(SIZES, seeds(np.random.default_rng(2), "law"))
    assert set(values) == {f"{k}_{n}" for k in ("misfit", "left_out", "chance") for n in CURVES}
    assert values["left_out_law"][0] < min(
        values["left_out_broken"][0], values["left_out_power"][0]
    )
