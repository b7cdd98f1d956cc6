"""Which way things go: an answer against its opposite."""

import pytest
from small_question import SPOKEN

from coursekit.interview.relations import compared, relations
from coursekit.interview.words import is_list_of_words, spelled

pytestmark = pytest.mark.quick


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("The variance falls", ("vari", "size", -1)),
        ("variance grows", ("vari", "size", 1)),
        ("the ratio is not the same", ("ratio", "same", -1)),
        ("For Adam it is the root", ("adam", "rule", -1)),
        ("the estimate is unbiased", ("estimat", "bias", 1)),
    ],
)
def test_a_clause_says_which_way_a_thing_goes(text, told):
    assert told in {
        (thing.removesuffix("anc"), axis, sign) for thing, axis, sign in relations(text)
    }


def test_clauses_are_kept_apart():
    told = relations("Steps fall, but the noise grows.")
    assert ("step", "size", -1) in told
    assert ("step", "size", 1) not in told


def test_an_answer_and_its_opposite():
    assert compared(SPOKEN, "It takes fewer steps.") == (1, 0)
    assert compared(SPOKEN, "It takes more steps.") == (0, 1)
    assert compared(SPOKEN, "I like trees.") == (0, 0)


def test_a_list_of_words_is_told_from_notes_and_prose():
    assert is_list_of_words("warmup learning rate curvature lambda sharpness steps norm peak" * 2)
    assert not is_list_of_words("The learning rate is too large for the curvature of the start.")
    assert not is_list_of_words("lr > 2/lambda -> spike; warm up 10 steps; then lr = lr_max")
    assert not is_list_of_words("Fewer steps.")


def test_formulas_are_spelled_out():
    assert "critical batch" in spelled("S = S_min (1 + B_c/B)")
    assert "root" in spelled("std ~ 1/sqrt(B)")
    assert spelled("plain words").strip() == "plain words"
