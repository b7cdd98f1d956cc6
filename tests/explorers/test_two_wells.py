import numpy as np
import pytest

from coursekit.explorers.two_wells import DEPTHS, HEATS, TIME, two_wells, wander, well_of, wells_svg
from coursekit.toy.double_well import barrier
from coursekit.toy.escape_theory import discrete_escape_time

pytestmark = pytest.mark.quick


def test_walkers_leave_the_sharp_well_at_the_rate_of_theory():
    """Beyond a point well past the top, so that turning back counts for nothing."""
    top = barrier(well_of(0.0)).position
    gone = np.mean(np.array(wander(0.2, 0.1, 0.0)) > top)
    tau = discrete_escape_time(
        well_of(0.0), start="left", lr=0.1, temperature=0.2, target=top + 0.3
    )
    assert gone == pytest.approx(1 - np.exp(-TIME / tau), abs=0.1)


def test_heat_step_and_depth_move_walkers_the_way_they_should():
    def share(*case):
        return np.mean(np.array(wander(*case)) > barrier(well_of(case[2])).position)

    assert share(0.1, 0.1, 0.0) < 0.1 < share(0.3, 0.1, 0.0)
    assert share(0.1, 0.24, 0.0) > 0.9  # near its edge of stability nothing stays in the sharp well
    assert share(0.3, 0.1, 0.4) < share(0.3, 0.1, 0.0) - 0.1


@pytest.mark.parametrize("depth", DEPTHS)
def test_every_depth_has_a_barrier(depth):
    assert barrier(well_of(depth)).height > 0.5
    assert len(HEATS) == len(set(HEATS))


def test_the_picture_says_what_it_shows():
    said = wells_svg(0.3, 0.1, 0.0)
    assert "Gibbs 74 %" in said
    assert "ηλ = 0.80" in said


def test_in_a_plain_script_it_says_what_it_would_show(capsys):
    two_wells()
    assert "All walkers begin in the sharp well" in capsys.readouterr().out
