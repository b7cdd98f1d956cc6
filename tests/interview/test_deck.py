"""The deck by Anki's rules of import: its header, its columns, its identifiers.

Anki reads lines of "#key:value" first. It maps columns to the fields of the note type by name, and
the type `Basic` has `Front` and `Back`: with `front` it imports empty backs.
"""

import pytest

from coursekit.interview.bank import all_questions
from coursekit.interview.deck import deck

pytestmark = pytest.mark.quick
FIELDS_OF_BASIC = ["Front", "Back"]


def read_as_anki(text):
    """Return (header, cards by identifier) of a text file as Anki's importer reads it."""
    lines = text.splitlines()
    head = dict(line[1:].split(":", 1) for line in lines if line.startswith("#"))
    separator = {"tab": "\t"}[head["separator"]]
    columns = head["columns"].split(separator)
    guid = int(head["guid column"]) - 1
    tags = int(head["tags column"]) - 1
    fields = {name: columns.index(name) for name in FIELDS_OF_BASIC if name in columns}
    cards = {}
    for line in lines:
        if not line.startswith("#"):
            row = line.split(separator)
            assert len(row) == len(columns)
            assert row[guid] not in cards, f"two cards {row[guid]}"
            card = {name: row[i] for name, i in fields.items()}
            cards[row[guid]] = card | {"tags": row[tags].split()}
    return head, cards


def test_the_deck_imports_with_a_front_and_a_back_for_each_card():
    head, cards = read_as_anki(deck(all_questions().values()))
    assert head["notetype"] == "Basic"
    assert head["deck"]
    assert head["html"] == "true"
    assert all(card["Front"].strip() and card["Back"].strip() for card in cards.values())
    expected = sum(1 + len(q.red_flags) + len(q.follow_ups) for q in all_questions().values())
    assert len(cards) == expected
    assert not any("{" in card["Front"] + card["Back"] for card in cards.values())


def test_small_letters_in_the_header_would_give_empty_backs():
    text = deck(all_questions().values()).replace("\tFront\tBack\tTags", "\tfront\tback\ttags")
    _, cards = read_as_anki(text)
    assert not any("Back" in card for card in cards.values())


def test_cards_are_short_and_keep_their_names_when_reworded():
    _, cards = read_as_anki(deck(all_questions().values()))
    backs = sorted(len(card["Back"]) for card in cards.values())
    assert backs[len(backs) // 2] < 400  # one fact; a model answer with rubric had 1,500
    for question in all_questions().values():
        card = cards[f"coursekit-{question.id}-headline"]
        assert card["tags"] == [question.level, *question.units]
        assert "then" not in card["Back"][:4]
