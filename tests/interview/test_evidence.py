"""Evidence: what the ledger holds, told without torch."""

import pytest

from coursekit.interview.bank import the_bank, told
from coursekit.interview.evidence import PICTURES, picture_of, verdict_of, words_of

pytestmark = pytest.mark.quick


def test_the_ledger_speaks():
    assert verdict_of("N1").startswith("holds (")
    assert verdict_of("X99") == ""
    assert picture_of("X99") is None


@pytest.mark.parametrize("claim", the_bank().measured)
def test_what_was_measured_is_told_with_the_numbers_of_the_ledger(claim):
    sentence = told(claim)
    assert "{{" not in sentence
    assert "nan" not in sentence
    assert sentence.startswith(("On a small model: ", "From the literature: "))


def test_every_picture_has_its_words():
    claims = [path.stem for path in sorted(PICTURES.iterdir())]
    assert len(claims) > 80
    assert [claim for claim in claims if len(words_of(claim)) < 40] == []
    assert "seeds" in words_of("N1")
    assert words_of("X99") == ""
