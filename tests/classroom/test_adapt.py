"""What an instructor changes after the release: grading/adapt.toml."""

import pytest
from nbgrader.api import Gradebook
from test_results import ROSTER, course  # noqa: F401  (a graded class of three)

from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.returning.adapt import (
    Adapted,
    adapted_marks,
    adapted_most,
    check_adapted,
    read_adapted,
)
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
        ("[pionts]\n", "nothing is called 'pionts'"),
        ("[feedback]\nmean = true\n", "knows class_mean"),
        ("x = = 1\n", "Mend that line"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path, text, said):
    (tmp_path / "adapt.toml").write_text(text)
    with pytest.raises(ValueError, match=said):
        read_adapted(tmp_path)


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
