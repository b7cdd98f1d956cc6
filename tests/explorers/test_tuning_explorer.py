import itertools

import pytest

from coursekit.explorers import tuning as module
from coursekit.explorers.tuning import (
    HIGH,
    LOW,
    MOST,
    TEST,
    VALIDATION,
    best_of,
    gap,
    sentence,
    tuning,
    tuning_svg,
)

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("tries", [1, 2, 5, MOST])
def test_the_expected_best_is_the_mean_over_all_draws(tries):
    found = [
        TEST[max(drawn, key=lambda i: VALIDATION[i])]
        for drawn in itertools.combinations(range(MOST), tries)
    ]
    assert best_of(tries, VALIDATION, TEST) == pytest.approx(sum(found) / len(found))


def test_a_method_gains_nothing_over_itself_at_equal_tries():
    assert all(gap(k, k) == 0 for k in range(1, MOST + 1))
    assert gap(8, 1) > 5
    assert gap(1, 8) == -gap(8, 1)


def test_every_point_lies_in_the_picture():
    assert all(LOW < best_of(k, VALIDATION, TEST) < HIGH for k in range(1, MOST + 1))
    svg = tuning_svg(8, 1)
    assert svg.count("<circle") == 2
    assert "aria-label" in svg
    assert svg != tuning_svg(8, 2) != tuning_svg(7, 2)
    assert "Gain: +0.0 points" in sentence(3, 3)


def test_in_a_plain_script_it_says_what_it_would_show(capsys):
    tuning()
    assert "Both are the same optimizer" in capsys.readouterr().out


def test_sliders_change_the_one_picture(monkeypatch):
    pytest.importorskip("ipywidgets")
    shown = []
    monkeypatch.setattr(module, "interactive", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.append)
    tuning()
    (box,) = shown
    before = box.children[2].value
    box.children[1].value = 8
    assert box.children[2].value == tuning_svg(8, 8) != before
    assert "Gain: +0.0 points" in box.children[3].value
