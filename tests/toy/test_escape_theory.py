import math

import numpy as np
import pytest
import torch
from scipy import integrate

from coursekit.toy.double_well import DoubleWell, barrier, potential, slope
from coursekit.toy.escape_theory import (
    discrete_escape_time,
    discrete_share,
    gibbs_share,
    kramers_time,
    sde_escape_time,
)

WELL = DoubleWell()
ROUND = DoubleWell(left_curvature=4.0, right_curvature=2.0, softness=0.2)


def backward_equation(well, start, temperature, num_points=40_001):
    """The oracle: T tau'' - U' tau' = -1 by finite differences, tau(target) = 0."""
    from scipy.linalg import solve_banded

    origin, target = (well.left, well.right) if start == "left" else (well.right, well.left)
    behind = origin - math.copysign(6.0, target - origin)
    x = np.linspace(behind, target, num_points)
    h = x[1] - x[0]  # negative from the right: the equation looks the same
    pull = slope(well, torch.from_numpy(x)).numpy()
    bands = np.zeros((3, num_points))
    bands[1] = -2 * temperature / h**2
    bands[0, 1:] = (temperature / h**2 - pull / (2 * h))[:-1]
    bands[2, :-1] = (temperature / h**2 + pull / (2 * h))[1:]
    bands[0, 1] = 2 * temperature / h**2  # reflecting behind the start
    bands[1, -1], bands[2, -2] = 1.0, 0.0
    right_side = np.full(num_points, -1.0)
    right_side[-1] = 0.0
    times = solve_banded((1, 1), bands, right_side)
    return np.interp(abs(origin - behind), np.abs(x - behind), times)


@pytest.mark.parametrize("start", ["left", "right"])
@pytest.mark.parametrize(("well", "temperature"), [(WELL, 0.3), (ROUND, 0.25)])
def test_the_integral_solves_the_backward_equation(well, start, temperature):
    found = sde_escape_time(well, start=start, temperature=temperature)
    assert found == pytest.approx(backward_equation(well, start, temperature), rel=1e-4)


@pytest.mark.quick
@pytest.mark.parametrize("temperature", [0.1, 0.3])
def test_gibbs_is_the_integral_of_the_density(temperature):
    top = barrier(WELL).position

    def density(x):
        return math.exp(-potential(WELL, torch.tensor(x, dtype=torch.float64)) / temperature)

    left = integrate.quad(density, -4, top, points=[-1])[0]
    right = integrate.quad(density, top, 8, points=[1])[0]
    found = gibbs_share(WELL, temperature=temperature)
    assert found == pytest.approx(right / (left + right), rel=1e-4)
    assert found == pytest.approx(1 / (1 + math.sqrt(1 / 8)), rel=1e-3)


@pytest.mark.quick
def test_a_symmetric_well_has_no_favourite():
    well = DoubleWell(left_curvature=2.0, right_curvature=2.0)
    assert gibbs_share(well, temperature=0.2) == pytest.approx(0.5, abs=1e-4)
    assert discrete_share(well, lr=0.3, temperature=0.2) == pytest.approx(0.5, abs=1e-9)
    one, two = (
        discrete_escape_time(well, start=s, lr=0.1, temperature=0.2) for s in ("left", "right")
    )
    assert one == pytest.approx(two, rel=1e-9)


def test_kramers_is_right_for_a_round_high_barrier():
    errors = []
    for heat in (0.2, 0.1, 0.05):
        exact = sde_escape_time(ROUND, start="left", temperature=heat)
        errors.append(kramers_time(ROUND, start="left", temperature=heat) / exact - 1)
    assert abs(errors[2]) < abs(errors[1]) < abs(errors[0])
    assert abs(errors[2]) < 0.1


def test_kramers_is_far_off_on_a_cusp():
    """The default barrier is nearly a corner at T = 0.2, which a test of units should not hide."""
    exact = sde_escape_time(WELL, start="left", temperature=0.2)
    assert exact / kramers_time(WELL, start="left", temperature=0.2) > 2


def test_the_slope_of_the_log_time_is_the_barrier():
    heats = np.array([0.08, 0.09, 0.1, 0.11])
    for start in ("left", "right"):
        times = [sde_escape_time(WELL, start=start, temperature=t) for t in heats]
        found = np.polyfit(1 / heats, np.log(times), 1)[0]
        assert found == pytest.approx(barrier(WELL).height, rel=0.1)


def test_the_discrete_walk_tends_to_the_sde():
    for start in ("left", "right"):
        sde = sde_escape_time(WELL, start=start, temperature=0.3)
        errors = [
            abs(discrete_escape_time(WELL, start=start, lr=lr, temperature=0.3) / sde - 1)
            for lr in (0.02, 0.004, 0.001)
        ]
        assert errors[2] < 0.01
        assert errors[2] < errors[0]
    gibbs = gibbs_share(WELL, temperature=0.3)
    near, far = (discrete_share(WELL, lr=lr, temperature=0.3) for lr in (0.005, 0.1))
    assert near == pytest.approx(gibbs, abs=0.005)
    assert far > gibbs + 0.1


def test_a_nearer_target_is_reached_sooner():
    settings = {"start": "left", "temperature": 0.3}
    near, far = (sde_escape_time(WELL, target=t, **settings) for t in (-0.17, 1.0))
    assert near < far
    near, far = (discrete_escape_time(WELL, lr=0.02, target=t, **settings) for t in (-0.17, 1.0))
    assert near < far


@pytest.mark.quick
def test_what_cannot_be_computed_is_refused():
    with pytest.raises(ValueError, match=r"curvature 8\.0 is unstable at lr 0\.26"):
        discrete_escape_time(WELL, start="left", lr=0.26, temperature=0.2)
    with pytest.raises(ValueError, match="use the SDE's formula"):
        discrete_share(WELL, lr=1e-6, temperature=0.2)
    with pytest.raises(ValueError, match="temperature must be > 0"):
        gibbs_share(WELL, temperature=0.0)
