"""What timing does, not how fast this machine is."""

import pytest

from coursekit.hardware import seconds_in_rounds

pytestmark = pytest.mark.quick


def test_one_value_a_round_and_every_piece_in_turn():
    calls = []
    found = seconds_in_rounds(
        {"a": lambda: calls.append("a"), "b": lambda: calls.append("b")},
        rounds=3,
        looks=2,
        at_least=0.0,
    )
    assert {name: len(times) for name, times in found.items()} == {"a": 3, "b": 3}
    assert all(t > 0 for times in found.values() for t in times)
    assert "".join(calls) == "aabb" + "abba" + "baab" + "abba"  # warm-up, then the order turns


def test_a_look_lasts_as_long_as_asked():
    calls = []
    seconds_in_rounds({"a": lambda: calls.append(1)}, rounds=1, looks=1, at_least=1e-3)
    assert len(calls) > 10


def test_no_round_is_refused():
    with pytest.raises(ValueError, match="at least one round"):
        seconds_in_rounds({}, rounds=0)
