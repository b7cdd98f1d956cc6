import re

import pytest

from coursekit.explorers import trade_off as module
from coursekit.explorers.trade_off import describe, factors, trade_off, trade_off_svg

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("batch_size", [8, 100, 5000])
def test_the_factors_follow_the_law(batch_size):
    found = factors(batch_size, 128, 1024)
    assert (found["steps"] - 1) * (found["examples"] - 1) == pytest.approx(1)
    assert found["examples"] == pytest.approx(found["steps"] * batch_size / 128)


def test_time_is_least_where_the_hardware_is_just_full():
    times = {2**k: factors(2**k, 128, 1024)["time"] for k in range(3, 15)}
    assert min(times, key=times.get) == 1024
    assert times[1024] == pytest.approx(1)
    assert times[2048] == pytest.approx((2048 + 128) / (1024 + 128))  # then examples alone count


def test_the_picture_marks_the_batch_on_every_curve():
    svg = trade_off_svg(256, 128, 1024)
    assert len(re.findall("<circle", svg)) == len(re.findall("<polyline", svg)) == 3
    assert "aria-label" in svg
    assert "steps 1.50 x" in describe(256, 128, 1024)
    assert svg != trade_off_svg(512, 128, 1024) != trade_off_svg(512, 256, 1024)


def test_in_a_plain_script_it_says_what_it_would_show(capsys):
    trade_off()
    assert "steps 2.00 x the least" in capsys.readouterr().out


def test_sliders_change_the_one_picture(monkeypatch):
    widgets = pytest.importorskip("ipywidgets")
    shown = []
    monkeypatch.setattr(module, "interactive", lambda: True)
    monkeypatch.setattr("IPython.display.display", shown.append)
    trade_off()
    (box,) = shown
    sliders = [w for w in box.children if isinstance(w, widgets.SelectionSlider)]
    picture = box.children[3]
    before = picture.value
    sliders[0].value = 4096
    assert picture.value == trade_off_svg(4096, 128, 1024) != before
    assert "B = 4096" in box.children[4].value
