"""The text deck: a line a card, three columns, nothing that a card program would trip over."""

import pytest

from coursekit.interview.bank import all_questions
from coursekit.interview.deck import deck

pytestmark = pytest.mark.quick


def test_every_question_is_one_line_of_three_columns():
    lines = deck(all_questions().values()).splitlines()
    head = [line for line in lines if line.startswith("#")]
    cards = [line.split("\t") for line in lines if not line.startswith("#")]
    assert head[0] == "#separator:tab"
    assert len(cards) == len(all_questions())
    for question, card in zip(all_questions().values(), cards, strict=True):
        assert len(card) == 3
        assert "{" not in card[0]
        assert card[1].count("<li>") == len(question.points) + len(question.red_flags)
        assert card[2].split() == [question.level, *question.units]
