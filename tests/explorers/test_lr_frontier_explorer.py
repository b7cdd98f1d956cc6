import math
import time

import pytest

from coursekit.explorers.lr_frontier import (
    HEIGHT,
    WIDTH,
    frontier_svg,
    lr_frontier,
    meeting,
    pixel,
)

pytestmark = pytest.mark.quick


@pytest.mark.parametrize("base_lr", [0.01, 0.05, 0.3])
def test_the_linear_rule_meets_the_frontier_where_the_algebra_says(base_lr):
    exact = 3.7 * 16 / base_lr - 52
    found = meeting(base_lr, 16, 3.7, 52.0, "linear")
    assert found == pytest.approx(exact, rel=1e-4)
    assert found != pytest.approx(exact + 52, rel=1e-3)


def test_the_root_rule_meets_it_where_both_rates_agree():
    b = meeting(0.3, 16, 3.7, 52.0, "sqrt")
    assert 0.3 * math.sqrt(b / 16) == pytest.approx(3.7 / (1 + 52 / b), rel=0.01)
    assert math.isinf(meeting(0.01, 16, 3.7, 52.0, "sqrt"))


def test_a_start_above_the_frontier_is_said():
    assert meeting(2.0, 16, 3.7, 52.0, "linear") == 16
    assert "starts above" in frontier_svg(2.0, 16, 3.7, 52.0)[1]


def test_the_picture_speaks_and_stays_inside():
    svg, text = frontier_svg(1 / 64, 16, 3.7, 52.0)
    assert "linear rule meets it at B = 3737" in text
    assert text in svg
    x, y = pixel(13.0, -8.0)
    assert 0 < x <= WIDTH
    assert 0 < y <= HEIGHT


def test_a_step_of_a_slider_is_drawn_in_150_ms():
    frontier_svg(0.1, 16, 3.7, 52.0)
    began = time.process_time()
    for i in range(10):
        frontier_svg(0.1 + 0.01 * i, 16, 3.7, 52.0)
    assert (time.process_time() - began) / 10 < 0.15


def test_in_a_plain_script_it_says_what_it_would_show(capsys):
    lr_frontier(3.7, 52.0)
    assert capsys.readouterr().out.count("the linear rule meets it at B =") == 2
