"""Numbers as people write them."""

import pytest

from coursekit.interview.quantity import in_unit, parse_quantity, unit_of

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("text", "number", "unit"),
    [
        ("512", 512, ""),
        ("1,024 steps", 1024, "steps"),
        ("3e-4", 3e-4, ""),
        ("3/4", 0.75, ""),
        ("about 2.5 × 10^6 examples", 2.5e6, "examples"),
        ("12 %", 12, "%"),
        ("−.5", -0.5, ""),
        ("~ 90 min", 90, "min"),
        ("2.4x", 2.4, "x"),
        ("16 GPU hours", 16, "gpu hours"),
    ],
)
def test_numbers_with_units(text, number, unit):
    assert parse_quantity(text) == (pytest.approx(number), unit)


@pytest.mark.parametrize("text", ["", "many", "1/0", "3 or 4", "1e999"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match=r"number|zero|large"):
        parse_quantity(text)


def test_units_are_converted_and_kinds_are_kept_apart():
    assert in_unit("1.5 h", "min") == pytest.approx(90)
    assert in_unit("2 GiB", "gb") == pytest.approx(2 * 2**30 / 1e9)
    assert in_unit("12 %", "") == pytest.approx(0.12)
    assert in_unit("90", "min") == 90
    with pytest.raises(ValueError, match="another kind"):
        in_unit("90 steps", "min")
    with pytest.raises(ValueError, match="unknown unit 'furlong'"):
        unit_of("furlong")
