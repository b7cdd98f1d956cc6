"""Questions are data: files that break the schema are refused, every fault named with its place."""

import dataclasses

import pytest
from small_question import SPOKEN

from coursekit.interview.bank import faults, read_bank
from coursekit.interview.declare import build, reflowed

pytestmark = pytest.mark.quick
TOML = """
[measured]
Q1 = "It fell by {{Q1.change}} points."

[[question]]
id = "steps"
level = "screen"
units = ["00_start"]
concepts = ["number of steps"]
minutes = 3
prompt = '''
What
broke?'''
tests = "x"
headline = "A quarter of the steps."
beats = ["Count.", "Look.", "Run."]
points = [
  { text = "a", weight = 1, hear = ["a"] },
  { text = "b", weight = 1, hear = ["b"] },
  { text = "c", weight = 1, hear = ["c"] },
  { text = "d", weight = 1, hear = ["d"] },
]
follow_ups = [
  { after = "good", prompt = "x", answer = "x" },
  { after = "weak", prompt = "x", answer = "x" },
]
evidence = ["Q1"]
sources = ["Goyal et al. 2017, arXiv:1706.02677"]
"""


def test_a_file_becomes_questions(tmp_path):
    (tmp_path / "00_a.toml").write_text(TOML)
    bank = read_bank(tmp_path)
    (question,) = bank.questions.values()
    assert question.prompt == "What broke?"
    assert question.points[3].hear == ("d",)
    assert question.answer == "A quarter of the steps. Count. Look. Run."
    assert (question.numeric, question.family) == ("", "")
    assert bank.measured == {"Q1": "It fell by {{Q1.change}} points."}


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('level = "screen"', 'level = "boss"', "level must be one of"),
        ("minutes = 3", 'minutes = "3"', "minutes: want int, got '3'"),
        ('units = ["00_start"]', "units = []", "name a unit"),
        ('tests = "x"', 'test = "x"', "unknown field 'test'"),
        ('tests = "x"', "", "'tests' is missing"),
        ('{ text = "d", weight = 1, hear = ["d"] },', "", "4 to 7 points, got 3"),
        ('hear = ["d"]', "hear = []", "no way to hear 'd'"),
        ('hear = ["d"]', 'hear = ["a|"]', "can't listen for 'a"),
        ("weight = 1", "weight = 9", "weights must be"),
        ('after = "weak"', 'after = "good"', "two follow-ups"),
        ("of the steps.", "of the steps. And more.", "headline: one sentence"),
        ("A quarter", "word " * 40, "headline: 43 words, at most 35"),
        ('"Look.", ', "", "three beats, got 2"),
        ("Look.", "word " * 120, "beats: 122 words together, at most 110"),
        ("Look.", "In our small network it fell.", "'our small network' can't be said"),
        ('text = "a"', 'text = "We measured it"', "'We measured' can't be said"),
        ('evidence = ["Q1"]', 'evidence = ["N4"]', "claim N4 has no sentence"),
        ("Goyal et al. 2017, ", "Goyal et al., ", "needs its year"),
        ("[measured]", "[mesured]", "unknown table 'mesured'"),
        ("[[question]]", "[question", "no TOML"),
    ],
)
def test_what_breaks_the_schema_is_named(tmp_path, old, new, message):
    assert old in TOML
    (tmp_path / "00_a.toml").write_text(TOML.replace(old, new, 1))
    with pytest.raises(ValueError, match=message) as raised:
        read_bank(tmp_path)
    assert "00_a.toml" in str(raised.value)


def test_every_fault_of_every_file_is_named_at_once(tmp_path):
    (tmp_path / "00_a.toml").write_text(TOML)
    wrong = TOML.replace("minutes = 3", "minutes = 30").replace('level = "screen"', 'level = "x"')
    (tmp_path / "01_b.toml").write_text(wrong)
    with pytest.raises(ValueError, match="another question 'steps'") as raised:
        read_bank(tmp_path)
    assert len(str(raised.value).splitlines()) == 4  # the claim is worded twice as well
    assert "claim Q1 is worded in another file" in str(raised.value)


def test_the_question_of_these_tests_is_sound():
    measured = {"P7": "x"}
    assert list(faults(SPOKEN, measured)) == []
    bare = dataclasses.replace(SPOKEN, evidence=(), folklore="")
    assert len(list(faults(bare, measured))) == 2
    with pytest.raises(ValueError, match="want a table"):
        build(type(SPOKEN), 3, "here")


def test_lines_are_joined_and_paragraphs_kept():
    assert reflowed("a\n b\n\n\nc\n") == "a b\n\nc"
