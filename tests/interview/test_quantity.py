"""Numbers as people type them."""

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
        ("10k", 10_000, ""),
        ("5M tokens", 5e6, "tokens"),
        ("2.5 million", 2.5e6, ""),
        ("½", 0.5, ""),
        ("1½", 1.5, ""),
        ("2^10", 1024, ""),
        ("10^-3", 1e-3, ""),
        ("around 12", 12, ""),
        ("I get 0.75", 0.75, ""),
        ("12 288", 12288, ""),
        ("1,5", 1.5, ""),
        ("0,5", 0.5, ""),
        ("0,500", 0.5, ""),
        ("1,500", 1500, ""),
        ("1,234,567.8", 1234567.8, ""),
    ],
)
def test_numbers_with_units(text, number, unit):
    assert parse_quantity(text) == (pytest.approx(number), unit)


@pytest.mark.parametrize("text", ["", "many", "1/0", "3 or 4", "1e999", "9^9^9", "10^400", "-2^.5"])
def test_what_is_no_number_is_refused(text):
    with pytest.raises(ValueError, match=r"number|zero|large"):
        parse_quantity(text)


@pytest.mark.parametrize("text", ["1.234,5", "1.500.000", "1,23,4", "12 34", "1,5 00"])
def test_what_could_be_read_in_two_ways_is_refused(text):
    with pytest.raises(ValueError, match="two ways"):
        parse_quantity(text)


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("36 pairs", "", 36),
        ("4 micro-batches", "", 4),
        ("128 examples", "", 128),
        ("120 sequences", "examples", 120),
        ("12,288 iterations", "steps", 12288),
        ("300 optimizer steps", "steps", 300),
        ("24.5 hrs", "h", 24.5),
        ("17.6 Gigabytes", "GB", 17.6),
        ("1.5 h", "min", 90),
        ("2 GiB", "gb", 2 * 2**30 / 1e9),
        ("12 %", "", 0.12),
        ("90", "min", 90),
    ],
)
def test_units_are_converted(text, unit, number):
    assert in_unit(text, unit) == pytest.approx(number)


def test_kinds_are_kept_apart():
    with pytest.raises(ValueError, match="another kind"):
        in_unit("90 steps", "min")
    with pytest.raises(ValueError, match="another kind"):
        in_unit("5 h", "")
    with pytest.raises(ValueError, match="unknown unit 'furlong'"):
        unit_of("furlong")
    with pytest.raises(ValueError, match="unknown unit"):
        in_unit("3 pairs", "h")
