"""Questions are data: a file that breaks the schema is refused with its place."""

import dataclasses

import pytest
from small_question import SPOKEN

from coursekit.interview.declare import build, check, read_questions, reflowed

pytestmark = pytest.mark.quick
TOML = """
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
answer = "x"
points = [
  { text = "a", weight = 1, terms = [["a"]] },
  { text = "b", weight = 1, terms = [["b"]] },
  { text = "c", weight = 1, terms = [["c"]] },
  { text = "d", weight = 1, terms = [["d"]] },
]
follow_ups = [
  { after = "good", prompt = "x", answer = "x" },
  { after = "weak", prompt = "x", answer = "x" },
]
evidence = [{ claim = "Q1", says = "x" }]
"""


def test_a_file_becomes_questions(tmp_path):
    (tmp_path / "00_a.toml").write_text(TOML)
    (question,) = read_questions(tmp_path).values()
    assert question.prompt == "What broke?"
    assert question.points[3].terms == (("d",),)
    assert question.numeric == ""


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('level = "screen"', 'level = "boss"', "level must be one of"),
        ("minutes = 3", 'minutes = "3"', "minutes: want int, got '3'"),
        ('units = ["00_start"]', "units = []", "name a unit"),
        ('tests = "x"', 'test = "x"', "unknown field 'test'"),
        ('tests = "x"', "", "'tests' is missing"),
        ('{ text = "d", weight = 1, terms = [["d"]] },', "", "4 to 7 points, got 3"),
        ('terms = [["d"]]', "terms = [[]]", "no terms"),
        ("weight = 1", "weight = 9", "weights must be"),
        ('after = "weak"', 'after = "good"', "two follow-ups"),
        ('answer = "x"\npoints', f'answer = "{"word " * 200}"\npoints', "200 words"),
        ("[[question]]", "[question", "no .*question"),
    ],
)
def test_what_breaks_the_schema_is_named(tmp_path, old, new, message):
    assert old in TOML
    (tmp_path / "00_a.toml").write_text(TOML.replace(old, new, 1))
    with pytest.raises(ValueError, match=message):
        read_questions(tmp_path)


def test_two_questions_of_one_name_are_refused(tmp_path):
    (tmp_path / "00_a.toml").write_text(TOML)
    (tmp_path / "01_b.toml").write_text(TOML)
    with pytest.raises(ValueError, match="another question 'steps'"):
        read_questions(tmp_path)


def test_the_question_of_these_tests_is_sound():
    check(SPOKEN)
    with pytest.raises(ValueError, match="claim that carries"):
        check(dataclasses.replace(SPOKEN, evidence=()))
    with pytest.raises(ValueError, match="want a table"):
        build(type(SPOKEN), 3, "here")


def test_lines_are_joined_and_paragraphs_kept():
    assert reflowed("a\n b\n\n\nc\n") == "a b\n\nc"
