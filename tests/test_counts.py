"""Numbers of things that a page names are the numbers that there are."""

import re
from pathlib import Path

import pytest

from coursekit.claims.register import CLAIMS
from coursekit.classroom.learner.copies import released_units
from coursekit.classroom.learner.home import stops
from coursekit.exercises import EXERCISES
from coursekit.explorers.live import explorer_names
from coursekit.interview.bank import all_questions
from coursekit.progress import Progress

ROOT = Path(__file__).resolve().parents[1]
pytestmark = pytest.mark.quick
WORDS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen")
PAGES = (
    "README.md",
    "CONTRIBUTING.md",
    "docs/*.md",
    "docs/teaching/*.md",
    "coursekit/site/pages/*.md",
)
SAID = re.compile(
    rf"\b(\d{{2,}}|{'|'.join(WORDS)}) (claims|explorers|questions|units|exercises)\b", re.IGNORECASE
)
THERE = {
    "claims": lambda: len(CLAIMS),
    "explorers": lambda: len(explorer_names()),
    "questions": lambda: len(all_questions()),
    "units": lambda: len(released_units()),
    "exercises": lambda: sum(exercise.graded for exercise in EXERCISES.values()),
}


def test_what_a_page_counts_is_as_many_as_there_are():
    paths = [path for pattern in PAGES for path in sorted(ROOT.glob(pattern))]
    found = [
        (path.relative_to(ROOT).as_posix(), what, int(n) if n.isdigit() else 10 + WORDS.index(n))
        for path in paths
        for n, what in SAID.findall(path.read_text(encoding="utf-8").lower())
    ]
    assert [one for one in found if one[2] != THERE[one[1]]()] == []
    pages = {(page, what) for page, what, _ in found}
    assert {
        ("README.md", "explorers"),
        ("docs/claims.md", "claims"),
        ("docs/interview.md", "questions"),
    } <= pages


def test_the_readmes_times_are_those_of_the_units_cards():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `(\w+)` \| .*? \| (\d+) min \|$", text, re.MULTILINE)
    cards = {}
    for stop in stops(released_units(), Progress()):
        minutes = [int(number) for number in re.findall(r"\d+", stop.minutes)]
        cards[stop.name] = sum(minutes) // (2 if " to " in stop.minutes else 1)
    assert {name: int(minutes) for name, minutes in listed} == cards
