import pytest
import torch

from coursekit.toy.double_well import DoubleWell, barrier, ends, energies, potential, slope

pytestmark = pytest.mark.quick
WELLS = [
    DoubleWell(),
    DoubleWell(left_curvature=2.0, right_curvature=5.0, softness=0.3),
    DoubleWell(right_energy=0.4),
]


@pytest.mark.parametrize("well", WELLS)
def test_the_slope_is_the_derivative(well):
    x = torch.linspace(-3, 3, 601, dtype=torch.float64, requires_grad=True)
    potential(well, x).sum().backward()
    assert torch.allclose(slope(well, x.detach()), x.grad, rtol=1e-10, atol=1e-12)


def test_near_a_minimum_the_other_parabola_is_not_felt():
    well = DoubleWell()
    x = torch.tensor([-1.1, -0.95, 0.9, 1.4], dtype=torch.float64)
    left, right = energies(well, x)
    assert torch.allclose(potential(well, x), torch.minimum(left, right), atol=1e-12)


@pytest.mark.parametrize("well", WELLS)
def test_the_barrier_is_the_highest_point_between(well):
    top = barrier(well)
    x = torch.linspace(well.left, well.right, 100_001, dtype=torch.float64)
    heights = potential(well, x)
    assert top.height == pytest.approx(heights.max().item(), abs=1e-6)
    assert top.position == pytest.approx(x[heights.argmax()].item(), abs=1e-4)
    assert top.curvature < 0


def test_a_sharp_corner_has_the_height_where_the_parabolas_cross():
    """8 (x+1)^2 / 2 = (x-1)^2 / 2 at x = -0.4776; softness lowers that by s log 2."""
    top = barrier(DoubleWell(softness=1e-4))
    assert top.position == pytest.approx(-0.47759, abs=1e-4)
    assert top.height == pytest.approx(1.09164 - 1e-4 * 0.693, abs=1e-4)


def test_a_walk_must_end_beyond_the_barrier():
    well = DoubleWell()
    assert ends(well, "left") == (-1.0, 1.0)
    assert ends(well, "right", -0.7) == (1.0, -0.7)
    with pytest.raises(ValueError, match="left, right, got 'middle'"):
        ends(well, "middle")
    with pytest.raises(ValueError, match=r"beyond the barrier at -0\.4739, seen from the left"):
        ends(well, "left", -0.5)


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ({"left_curvature": 0.0}, "curvatures and softness must be > 0"),
        ({"softness": -1.0}, "curvatures and softness must be > 0"),
        ({"left": 1.0}, "left must lie left of right"),
    ],
)
def test_impossible_shapes_are_refused(shape, words):
    with pytest.raises(ValueError, match=words):
        DoubleWell(**shape)


def test_a_well_that_swallows_the_other_has_no_barrier():
    with pytest.raises(ValueError, match="no single barrier"):
        barrier(DoubleWell(right_energy=20.0))
