"""A number quoted beside a figure says whose it is: the learner's run, or the ledger's.

Numbers of the ledger come into a text as {{N1.slope}}. Where one stands in a paragraph, the
paragraph names the ledger; where a folded section quotes it (verdicts, the GPU), its summary does.
Figures that show both name both in their legend or labels.
"""

import re
from pathlib import Path

import pytest

from coursekit.classroom.release.source import read_units

pytestmark = pytest.mark.quick

SOLUTIONS = Path(__file__).parents[2] / "solutions"
UNITS = read_units(SOLUTIONS)
QUOTE = re.compile(r"\{\{[A-Z]+\d+\.(?!gpu)[^}]*\}\}")
GPU = re.compile(r"\{\{[A-Z]+\d+\.gpu\.[^}]*\}\}")
COUNTS = re.compile(r"\{\{[^}]*\.seeds\}\}")  # how many seeds: says the source by itself
each_unit = pytest.mark.parametrize("unit", UNITS, ids=lambda u: u.name)


def paragraphs(cells):
    """Yield (text of the cell so far, paragraph) for each paragraph or table of markdown cells."""
    for cell in cells:
        if cell.kind == "markdown":
            before = ""
            for paragraph in re.split(r"\n\s*\n", cell.text):
                yield before, paragraph
                before += paragraph + "\n"


def names_the_ledger(text):
    return "ledger" in text.lower()


def unsourced(cells):
    """Return the paragraphs that quote a number of the ledger and do not say so."""
    found = []
    for before, paragraph in paragraphs(cells):
        quoted = QUOTE.search(COUNTS.sub("", paragraph)) or GPU.search(paragraph)
        is_table = paragraph.lstrip().startswith("|")
        context = before + paragraph if is_table or "<details>" in before else paragraph
        if quoted and not names_the_ledger(context):
            found.append(paragraph)
    return found


@each_unit
def test_a_number_of_the_ledger_is_said_to_be_the_ledgers(unit):
    assert unsourced(unit.cells) == []


@each_unit
def test_a_sentence_about_a_figure_quotes_no_number_of_another_picture(unit):
    """Behind "What the figure says" either the ledger is named, or nothing of it is quoted."""
    for _, paragraph in paragraphs(unit.cells):
        if re.match(r"\*\*What (the figures? says?|it says)", paragraph.strip()):
            assert names_the_ledger(paragraph) or not QUOTE.search(paragraph)
            assert not GPU.search(paragraph)


@each_unit
def test_the_ledger_is_explained_before_or_where_it_is_used(unit):
    text = "\n".join(cell.text for cell in unit.cells if cell.kind == "markdown")
    first = text.lower().find("ledger")
    assert first == -1 or "beforehand" in text[max(0, first - 300) : first + 600]


@each_unit
def test_the_gpu_section_is_folded(unit):
    for cell in unit.cells:
        if cell.kind == "markdown" and GPU.search(cell.text) and "On a GPU" in cell.text:
            assert GPU.search(cell.text.split("<details>")[0]) is None


def test_what_is_missing_is_found():
    class Cell:
        kind = "markdown"
        text = "The slope is {{N1.slope}}.\n\nIn the ledger it is {{N1.slope}}."

    assert unsourced([Cell]) == ["The slope is {{N1.slope}}."]
