import math
import re

import pytest

from coursekit.explorers import three_prices as module
from coursekit.explorers.three_prices import describe, three_best, three_prices, three_prices_svg

pytestmark = pytest.mark.quick


def test_the_three_best_follow_the_laws():
    best, curves = three_best(64, 512, 3e-4, 0.1, 0.01)
    assert (best["examples"], best["seconds"]) == (1, 512)
    even = 1e6 * 0.1 / 3600 * 3e-4 / 0.01
    assert best["money"] == pytest.approx(math.sqrt(64 * even), rel=0.06)
    assert all(min(curve.values()) == 1.0 for curve in curves.values())


def test_examples_for_nothing_make_time_money():
    best, _ = three_best(64, 512, 3e-4, 0.1, 0.0)
    assert best["money"] == best["seconds"]


def test_the_picture_marks_all_three():
    start = (64, 512, 3e-4, 0.1, 0.01)
    svg = three_prices_svg(*start)
    assert len(re.findall("<circle", svg)) == len(re.findall("<polyline", svg)) == 3
    assert "seconds: 512" in svg
    assert "512 for the fewest seconds" in describe(three_best(*start)[0])
    for i, other in enumerate((256, 32, 0.01, 8.0, 1.0)):
        assert three_prices_svg(*start[:i], other, *start[i + 1 :]) != svg


def test_in_a_plain_script_it_says_what_it_would_show(capsys):
    three_prices()
    assert "512 for the fewest seconds" in capsys.readouterr().out


def test_menus_change_the_one_picture(monkeypatch):
    widgets = pytest.importorskip("ipywidgets")
    shown = []
    monkeypatch.setattr(module, "interactive", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.append)
    three_prices()
    (box,) = shown
    sliders = [w for w in box.children if isinstance(w, widgets.SelectionSlider)]
    picture, told = box.children[len(sliders)], box.children[len(sliders) + 1]
    before = picture.value
    sliders[1].value = 32
    assert picture.value != before
    assert "32 for the fewest seconds" in told.value
