"""What an instructor changes after the release: grading/adapt.toml."""

import csv
import io
import re

import pytest
from nbgrader.api import Gradebook
from test_results import ROSTER, course  # noqa: F401  (a graded class of three)

from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.returning.adapt import (
    Adapted,
    adapted_marks,
    adapted_most,
    check_adapted,
    hundredths,
    read_adapted,
)
from coursekit.classroom.returning.export import table
from coursekit.classroom.returning.results import results_of
from coursekit.commands import export, feedback

UNIT = "07_small"
MARKS = {"a_check": (1.0, 2.0, "well"), "b_check": (None, 3.0, ""), "essay": (2.0, 4.0, "")}


@pytest.fixture
def wish(course):  # noqa: F811
    """Write the file for one test."""
    path = course / "grading" / "adapt.toml"
    yield path.write_text
    path.unlink(missing_ok=True)


def of_class(course):  # noqa: F811
    return {one.student.id: one for one in results_of(open_course(course), UNIT, ROSTER)}


def test_without_the_file_nothing_changes(tmp_path):
    assert read_adapted(tmp_path) == Adapted()
    assert adapted_marks(MARKS, Adapted(), "ok") == MARKS
    assert adapted_most({"a_check": 2.0, "essay": 4.0}, Adapted()) == 6.0


def test_points_scale_marks_by_hand_too_and_a_drop_is_full_only_for_work():
    adapted = Adapted(points={"essay": 8.0, "a": 0.0}, full=frozenset({"b"}))
    assert adapted_marks(MARKS, adapted, "ok") == {
        "a_check": (0.0, 0.0, "well"),
        "b_check": (3.0, 3.0, ""),
        "essay": (4.0, 8.0, ""),
    }
    assert adapted_marks(MARKS, adapted, "unreadable")["b_check"] == (None, 3.0, "")
    assert adapted_most({"a_check": 2.0, "b_check": 3.0, "essay": 4.0}, adapted) == 11.0


def test_dropping_and_reweighing_reach_results_export_and_feedback(course, wish, capsys):  # noqa: F811
    before = of_class(course)["ada"]
    wish('[points]\nu07_mean = 4\n[drop]\nu07_spread = "full"\nu07_why = "out"\n')
    after = of_class(course)
    ada, bo, gone = (after[name] for name in ("ada", "bo", "gone"))
    assert (before.score, before.max_score, before.needs_person) == (3.0, 8.0, True)
    assert (ada.score, ada.max_score, ada.needs_person) == (1 + 4 + 3, 8.0, False)
    assert (bo.score, gone.score) == (3.0, 0.0)  # bo handed in the empty release
    assert export.run(UNIT, to="canvas", course=course) == 0
    assert feedback.run(UNIT, student="ada", course=course) == 0
    folder = course / "grading" / "feedback" / "ada" / UNIT
    text = (folder / f"{UNIT}.html").read_text()
    assert "8 of 8 points" in text
    assert "everybody has full points" in text
    assert "counts 4 points, not 2" in text


def test_a_mark_by_hand_stays_and_the_file_can_be_taken_back(course, wish):  # noqa: F811
    with Gradebook(open_course(course).db_url) as gradebook:
        essay = gradebook.find_grade("u07_why", UNIT, UNIT, "ada")
        essay.manual_score, essay.needs_manual_grade = 1.0, False
        gradebook.db.commit()
    try:
        wish("[points]\nu07_why = 10\n")
        assert of_class(course)["ada"].manual["u07_why"][:2] == (5.0, 10.0)
        wish("")
        assert of_class(course)["ada"].manual["u07_why"][:2] == (1.0, 2.0)
    finally:
        with Gradebook(open_course(course).db_url) as gradebook:
            essay = gradebook.find_grade("u07_why", UNIT, UNIT, "ada")
            essay.manual_score, essay.needs_manual_grade = None, True
            gradebook.db.commit()


def test_who_is_excluded_is_nowhere(course, wish):  # noqa: F811
    wish('exclude = ["bo"]\n')
    assert list(of_class(course)) == ["ada", "gone"]
    wish('exclude = ["b0"]\n')
    with pytest.raises(ValueError, match="exclude names 'b0', who is neither"):
        of_class(course)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("points = 3\n", "points is a section"),
        ("[points]\nu07_mean = -1\n", "points are 0 or more"),
        ('[points]\nu07_mean = "all"\n', "points are a number"),
        ("[points]\nu07_mean = nan\n", "points are 0 or more"),
        ('[drop]\nu07_mean = "half"\n', 'write "full" or "out"'),
        ('[points]\nu07_mean = 1\n[drop]\nu07_mean = "out"\n', r"under \[points\] and \[drop\]"),
        ('exclude = "bo"\n', "exclude = "),
        ("[points]\nu07_mean = 3.333\n", "two decimals at most"),
        ("[pionts]\n", "nothing is called 'pionts'"),
        ("[feedback]\nmean = true\n", "knows class_mean"),
        ("x = = 1\n", "Mend that line"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_line(tmp_path, text, said):
    before = "exclude = []  # u07_mean, points\n\n" if "exclude" not in text else "\n\n"
    (tmp_path / "adapt.toml").write_text(before + text)
    with pytest.raises(ValueError, match=said) as error:
        read_adapted(tmp_path)
    line = 2 + (text.count("\n") if "[" in text and "pionts" not in text else 1)
    assert f"adapt.toml:{line}: " in str(error.value)


def test_the_line_of_an_unknown_question_and_person_is_named(course, wish):  # noqa: F811
    wish('exclude = [\n  "bo",\n  "b0",\n]\n')
    with pytest.raises(ValueError, match=r"adapt\.toml:3: exclude names 'b0'"):
        of_class(course)
    wish("[points]\nu07_mean = 4\nu07_maen = 2\n")
    with pytest.raises(ValueError, match=r"adapt\.toml:3: 07_small has no 'u07_maen'"):
        of_class(course)


def test_marks_go_out_in_hundredths_and_the_columns_add_up(course, wish):  # noqa: F811
    wish("[points]\nu07_double = 0.67\nu07_mean = 3.5\nu07_spread = 2.83\nu07_why = 1.99\n")
    with Gradebook(open_course(course).db_url) as gradebook:
        essay = gradebook.find_grade("u07_why", UNIT, UNIT, "ada")
        essay.manual_score, essay.needs_manual_grade = 1 / 3, False
        gradebook.db.commit()
    try:
        ada = of_class(course)["ada"]
        text = table([ada], UNIT, "nbgrader")
        row = next(csv.DictReader(io.StringIO(text)))
        points = [float(row[f"u07_{name}"]) for name in ("double", "mean", "spread", "why")]
        assert points == [0.67, 3.5, 0.0, 0.33]
        assert float(row["score"]) == round(sum(points), 2) == 4.5
    finally:
        with Gradebook(open_course(course).db_url) as gradebook:
            essay = gradebook.find_grade("u07_why", UNIT, UNIT, "ada")
            essay.manual_score, essay.needs_manual_grade = None, True
            gradebook.db.commit()
    assert [hundredths(x) for x in (1 / 3, 2 / 3, 0.125, 2.675, 1.0)] == [0.33, 0.67, 0.13, 2.68, 1]


def test_a_dropped_exercise_is_not_red_and_one_that_counts_more_is_still_right(course, wish):  # noqa: F811
    wish('[points]\nu07_mean = 1\n[drop]\nu07_spread = "out"\n')
    assert feedback.run(UNIT, student="ada", course=course) == 0
    page = course / "grading" / "feedback" / "ada" / UNIT / f"{UNIT}.html"
    sections = re.findall(r'<section class="(\w+)">(.*?)</section>', page.read_text(), re.DOTALL)
    kinds = {re.search(r"<h3>(.*?)</h3>", text)[1]: (kind, text) for kind, text in sections}
    assert [kind for kind, _ in kinds.values()].count("wrong") == 0
    (dropped,) = [
        text
        for kind, text in kinds.values()
        if "It counts for nobody" in text or "it counts for nobody" in text
    ]
    assert '<span class="word none">dropped</span>' in dropped
    assert "of 0" not in page.read_text()
    assert "2 exercises: 2 right" in page.read_text()


def test_a_question_of_another_unit_waits_and_an_unknown_one_is_refused():
    check_adapted(Adapted(points={"u08_x": 1.0}), UNIT, ["u07_mean_check"])
    with pytest.raises(ValueError, match="07_small has no 'u07_maen': it has u07_mean"):
        check_adapted(Adapted(points={"u07_maen": 1.0}), UNIT, ["u07_mean_check"])
    with pytest.raises(ValueError, match="has no 'mean'"):
        check_adapted(Adapted(full=frozenset({"mean"})), UNIT, ["u07_mean_check"])


def test_feedback_of_an_excluded_student_says_so_and_names_the_page_that_was_made(
    course,  # noqa: F811
    wish,
    capsys,
):
    assert feedback.run(UNIT, course=course) == 0
    wish('exclude = ["ada"]\n')
    capsys.readouterr()
    assert feedback.run(UNIT, course=course) == 0
    assert "ada is excluded, and an earlier page is still in" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"ada is excluded by .*adapt\.toml"):
        feedback.run(UNIT, student="ada", course=course)
