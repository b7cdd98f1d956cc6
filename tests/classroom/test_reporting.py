"""What the class got wrong: shares, misconceptions, groups without a name, and no names."""

import csv
import html.parser
import io
import math

import numpy as np
import pytest

from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.judge.marks import QuestionMark, Seen
from coursekit.classroom.marking.manifest import Record
from coursekit.classroom.reporting.declared import declared_mistakes, example_of, with_examples
from coursekit.classroom.reporting.figures import class_figures, point_biserial
from coursekit.classroom.reporting.page import report_page, report_table
from coursekit.classroom.returning.results import Result
from coursekit.classroom.returning.unit_text import Task, UnitText
from coursekit.exercises.bank import EXERCISES

UNIT = "01_gradient_noise"
FIRST, SECOND = "u01_tr_cov", "u01_accumulated"
MISTAKE = EXERCISES[FIRST].mistakes[0]
TEXT = UnitText("01 · <Noise>", {FIRST: Task(FIRST, "Exercise 2: tr(Σ)", "One number.")})
HOSTILE = Seen("x = '<script>'", "Your function returned '<script>'.")


def right(name):
    return QuestionMark(name, 2.0, 2.0, "ok", "right")


def wrong(name, points=0.0, **more):
    return QuestionMark(name, points, 2.0, "wrong", more.pop("reason", "another result"), **more)


def person(name, *questions, **more):
    fields = {"status": "ok", "judged": "ok", **more}
    own = Record(UNIT, name, "hash", reason="", questions=questions, seed=1, **fields)
    cells = {f"{q.exercise_id}_check": (q.points, 2.0, "") for q in questions}
    score = sum(q.points for q in questions)
    rest = {"penalty": 0.0, "needs_person": False, "submitted_at": "", "manual": cells}
    return Result(Student(name), own.status, "", score, 4.0, record=own, **rest)


@pytest.fixture(scope="module")
def figures():
    class_ = [
        *(person(f"named{i}", wrong(FIRST, mistake=MISTAKE.name), right(SECOND)) for i in range(3)),
        person("old", wrong(FIRST, hint=MISTAKE.hint), right(SECOND)),  # an earlier version's
        *(person(f"same{i}", wrong(FIRST, output="a", seen=HOSTILE), right(SECOND)) for i in "12"),
        person("alone", wrong(FIRST, output="b"), right(SECOND)),
        person("error", wrong(FIRST, reason="ZeroDivisionError: x"), right(SECOND)),
        *(person(f"good{i}", right(FIRST), right(SECOND)) for i in range(6)),
        person("weak", QuestionMark(FIRST, 0.0, 2.0, "missing", "m"), wrong(SECOND, 1.0)),
        person("gone", right(FIRST), judged="missing", status="missing", handed_in=False),
    ]
    declared = declared_mistakes(EXERCISES, [FIRST, SECOND])
    declared = with_examples(declared, EXERCISES, [(FIRST, MISTAKE.name)])
    return class_figures(class_, UNIT, TEXT, declared)


def test_shares_are_of_those_who_handed_in(figures):
    assert (figures.students, figures.handed_in) == (16, 15)
    first, second = figures.exercises
    assert first.counts == {
        "right": 6, "partly right": 0, "not right yet": 8, "not done": 1, "other": 0
    }  # fmt: skip
    assert (first.share_right, second.share_right) == (6 / 15, 14 / 15)
    assert second.share_points == pytest.approx((14 + 0.5) / 15)


def test_a_misconception_has_its_share_hint_and_an_example_of_the_bank(figures):
    had = figures.exercises[0].mistakes[0]
    assert (had.name, len(had.who), had.hint) == (MISTAKE.name, 4, MISTAKE.hint)
    assert had.example == example_of(EXERCISES[FIRST], MISTAKE)
    assert had.example.right
    assert figures.most_frequent[0][1] == had


def test_wrong_results_without_a_name_are_grouped_by_what_came(figures):
    first = figures.exercises[0]
    assert [(had.who, had.name) for had in first.nameless] == [(("same1", "same2"), "")]
    assert first.alone == 1
    assert [(had.name, had.who) for had in first.stopped] == [("ZeroDivisionError", ("error",))]


def test_every_misconception_of_a_unit_has_an_example():
    for name in (FIRST, SECOND):
        for mistake in EXERCISES[name].mistakes:
            shown = example_of(EXERCISES[name], mistake)
            assert shown is None or (shown.public and shown.right and shown.got)
        assert example_of(EXERCISES[name], EXERCISES[name].mistakes[0]) is not None


def test_point_biserial_equals_its_formula_and_says_when_it_cannot_tell():
    rng = np.random.default_rng(1)
    score = rng.normal(size=40)
    had_it = (score + rng.normal(size=40) > 0).astype(float)
    p, sd = had_it.mean(), score.std()
    formula = (score[had_it == 1].mean() - score[had_it == 0].mean()) / sd * math.sqrt(p * (1 - p))
    assert point_biserial(list(had_it), list(score)) == pytest.approx(formula)
    assert math.isnan(point_biserial([1.0] * 40, list(score)))
    assert math.isnan(point_biserial(list(had_it), [3.0] * 40))
    assert math.isnan(point_biserial(list(had_it[:9]), list(score[:9])))


class Tags(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.seen, self.attributes = set(), set()

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        self.attributes |= set(attrs)


def test_the_page_names_nobody_loads_nothing_and_escapes(figures):
    page = report_page(figures, names=False)
    tags = Tags()
    tags.feed(page)
    assert not tags.seen & {"script", "img", "iframe", "link", "object", "form"}
    assert {value[0] for name, value in tags.attributes if name in ("src", "href")} == {"#"}
    assert "default-src 'none'" in page
    assert "&lt;script&gt;" in page
    for name in ("named0", "same1", "alone", "weak", "good0", "gone"):
        assert name not in page
        assert name not in report_table(figures, names=False)
        assert name in report_page(figures, names=True)


def test_the_table_has_a_row_for_everything_and_no_formula(figures):
    rows = list(csv.DictReader(io.StringIO(report_table(figures, names=True))))
    found = {(row["exercise"], row["what"], row["name"]): row for row in rows}
    row = found[FIRST, "misconception", MISTAKE.name]
    assert (row["people"], row["of"], float(row["share"])) == ("4", "15", round(4 / 15, 4))
    assert row["who"] == "named0; named1; named2; old"
    assert found["", "status", "missing"]["people"] == "1"
    assert all(
        not str(value).startswith(("=", "+", "-", "@")) for row in rows for value in row.values()
    )


def test_where_nothing_can_be_told_the_page_says_so():
    few = [person(f"p{i}", right(FIRST)) for i in range(3)]
    figures = class_figures(few, UNIT, TEXT, {})
    page = report_page(figures, names=False)
    assert "can&#39;t tell" in page or "can't tell" in page
    assert "No misconception was shared" in page
