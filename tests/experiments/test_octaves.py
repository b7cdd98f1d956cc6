"""A grid of learning rates that grows: it finds what lies beyond its ends, in order, and stops."""

import numpy as np
import pytest

from coursekit.experiments.octaves import until_inside

pytestmark = pytest.mark.quick


def valleys(*bottoms):
    """Return losses of three seeds over octaves, least at known octaves in several ways."""
    asked = []

    def run(octaves):
        asked.append(list(octaves))
        losses = [[(k - at) ** 2 for at in bottoms] for k in octaves]
        return np.array([losses] * 3, dtype=float) + np.arange(3).reshape(3, 1, 1)

    return asked, run


def lowest(found):
    return found.mean(axis=0).argmin(axis=0).tolist()


def test_a_best_inside_adds_nothing():
    asked, run = valleys(0)
    tried, _ = until_inside(range(-1, 2), run, lowest)
    assert tried == [-1, 0, 1]
    assert len(asked) == 1


@pytest.mark.parametrize(("bottom", "tried"), [(3, [-1, 0, 1, 2, 3, 4]), (-2, [-3, -2, -1, 0, 1])])
def test_it_grows_octave_by_octave_until_the_best_is_inside(bottom, tried):
    asked, run = valleys(bottom)
    octaves, found = until_inside(range(-1, 2), run, lowest)
    assert octaves == tried
    assert all(len(more) == 1 for more in asked[1:])  # nothing is run twice
    assert found[0, :, 0].tolist() == [(k - bottom) ** 2 for k in tried]
    assert octaves[lowest(found)[0]] == bottom


def test_each_run_is_told_when_it_is_done():
    told = []
    _, run = valleys(3)
    until_inside(range(-1, 2), run, lowest, tell=told.append, about="B=8")
    assert told == [f"B=8, octaves {some}" for some in ("-1, 0, 1", "2", "3", "4")]


def test_two_measures_may_pull_at_both_ends():
    _, run = valleys(2, -2)
    octaves, found = until_inside(range(-1, 2), run, lowest)
    assert octaves == [-3, -2, -1, 0, 1, 2, 3]
    assert found[1, :, 1].tolist() == [(k + 2) ** 2 + 1 for k in octaves]


def test_it_ends_where_the_best_never_comes_inside():
    _, run = valleys(100)
    octaves, found = until_inside(range(-1, 2), run, lowest, most=2)
    assert octaves == [-1, 0, 1, 2, 3]
    assert lowest(found) == [4]  # still at an end, for the caller to see


def test_one_octave_is_no_grid_and_gaps_are_refused():
    asked, run = valleys(3)
    assert until_inside([0], run, lowest)[0] == [0]
    assert asked == [[0]]
    with pytest.raises(ValueError, match=r"consecutive and ascending, got \[0, 2\]"):
        until_inside([0, 2], run, lowest)
