"""Text as plain words: lists told from prose and notes, formulas spelled out."""

import pytest

from coursekit.interview.words import is_list_of_words, spelled

pytestmark = pytest.mark.quick


def test_a_list_of_words_is_told_from_notes_and_prose():
    assert is_list_of_words("warmup learning rate curvature lambda sharpness steps norm peak" * 2)
    assert not is_list_of_words("The learning rate is too large for the curvature of the start.")
    assert not is_list_of_words("lr > 2/lambda -> spike; warm up 10 steps; then lr = lr_max")
    assert not is_list_of_words("Fewer steps.")


def test_formulas_are_spelled_out():
    assert "critical batch" in spelled("S = S_min (1 + B_c/B)")
    assert "root" in spelled("std ~ 1/sqrt(B)")
    assert spelled("plain words").strip() == "plain words"
