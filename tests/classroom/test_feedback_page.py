"""The page a student gets back, and the zip in which an LMS hands it back."""

import io
import re
import zipfile

import pytest

from coursekit.classroom.handing_in.repair import Release, ReleaseCell
from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.handing_in.submissions import ABOUT
from coursekit.classroom.judge.marks import QuestionMark, Seen
from coursekit.classroom.marking.manifest import Record
from coursekit.classroom.returning.export import gradescope_result, moodle
from coursekit.classroom.returning.feedback import feedback_page, softened
from coursekit.classroom.returning.hand_back import feedback_zip
from coursekit.classroom.returning.results import Result
from coursekit.classroom.returning.unit_text import unit_text

UNIT = "07_small"
HOSTILE = "<script>alert(1)</script>"
PROSE = """# 07 · Small
## 7.1 Doubling
Prose.
```
# no heading
```
### Exercise 1 (2 points, 6 minutes): **double** it"""
STUB = '''def double(x):
    """Twice the number. The rest is not the task.

    Args: no.
    """
    raise NotImplementedError'''
RELEASE = Release(
    UNIT,
    (
        ReleaseCell("a", "markdown", PROSE, "", 0.0, None),
        ReleaseCell("b", "markdown", "> **In this release:** ask for `half`.", "", 0.0, None),
        ReleaseCell("u07_double", "code", STUB, "solution", 0.0, {}),
        ReleaseCell("u07_double_check", "code", "check()", "check", 2.0, {}),
        ReleaseCell("c", "markdown", "## 7.2 Means\nText.", "", 0.0, None),
        ReleaseCell("u07_mean", "code", "def mean(x):\n    pass", "solution", 0.0, {}),
    ),
)
TEXT = unit_text(RELEASE)
SHOWN = Seen(f"x = 1.5  # {HOSTILE}", f"Your function returned {HOSTILE}.", "3", public=True)
WRONG = QuestionMark(
    "u07_double", 0.0, 2.0, "wrong", "another result", "Once `x` or twice?", "zero", "a", SHOWN
)


def record(*questions, **more):
    fields = {"status": "ok", "judged": "ok", "reason": "", "seed": 1, **more}
    return Record(UNIT, "ada", "hash", questions=questions, **fields)


ADA = Student("ada", "Ada", "Love_lace", "", "4711")


def result(own, status="ok", student=ADA, **more):
    cells = {f"{q.exercise_id}_check": (q.points, q.max_points, "") for q in own.questions}
    fields = {"reason": "", "score": sum(q.points for q in own.questions), "max_score": 4.0}
    fields |= {"penalty": 0.0, "needs_person": False, "submitted_at": "", "manual": cells, **more}
    return Result(student, status, record=own, **fields)


def page(own, tmp_path, **more):
    return feedback_page(result(own, **more), TEXT, tmp_path / "none.ipynb")


def test_titles_tasks_and_sections_come_from_the_release():
    double, mean = TEXT.task("u07_double"), TEXT.task("u07_mean")
    assert TEXT.title == "07 · Small"
    assert (double.title, double.minutes) == ("Exercise 1: double it", 6)
    assert double.asks == "Twice the number. In this release: ask for half."
    assert double.section == "7.1 Doubling"
    assert (mean.title, mean.asks, mean.section) == ("7.2 Means", "", "")
    assert TEXT.task("u07_unknown").title == "u07_unknown"


def test_a_wrong_answer_reads_input_result_hint_and_section(tmp_path):
    text = page(record(WRONG), tmp_path)
    for said in (
        *("Exercise 1: double it", "not right yet", "Asked: Twice the number.", "<b>3</b>"),
        *("Once <code>x</code> or twice?", "Read again: <b>7.1 Doubling</b>", "0 of 2"),
        "1 exercise: 1 not right yet.",
    ):
        assert said in text, said
    assert HOSTILE not in text
    assert "status: ok" not in text


def test_what_is_right_for_a_drawn_input_is_not_on_the_page(tmp_path):
    hidden = QuestionMark(
        "u07_double", 1.0, 2.0, "wrong", "r", "h", "", "", Seen("x = 9", "It returned 5.")
    )
    text = page(record(hidden), tmp_path)
    assert "partly right" in text
    assert "the input was drawn for your class" in text


@pytest.mark.parametrize("status", ["timeout", "memory", "crashed", "unreadable", "missing"])
def test_whatever_happened_is_said_with_something_to_do(tmp_path, status):
    text = page(record(QuestionMark("u07_double", 0.0, 2.0, status, "reason 123")), tmp_path)
    assert "reason 123" not in text
    assert re.search(r"<p>[A-Z][^<]{40,}</p>", text)


def test_an_accusation_stays_with_the_teacher(tmp_path):
    said = "it wrote a reply to a request that the judge did not make"
    own = record(
        QuestionMark("u07_double", 0.0, 2.0, "tampered", said), reason=said, judged="tampered"
    )
    waits = {"u07_double_check": (None, 2.0, "")}
    one = result(own, status="tampered", reason=said, manual=waits, waits="tampered: look at it")
    rows = moodle([one], UNIT)
    for text in (
        feedback_page(one, TEXT, tmp_path / "none.ipynb"),
        gradescope_result(one),
        " ".join(map(str, rows[1])),
    ):
        assert "tampered" not in text.replace("_tampered_", "")
        assert said not in text
        assert "your teacher will look at it" in text


def test_what_was_put_back_comes_last_and_softly(tmp_path):
    notes = (
        "u07_double_check was edited: put back from the release",
        "u07_prelude was missing: put back",
        "u07_double was copied: the last copy counts",
        "u07_mean was copied: the copy was dropped",
    )
    said = softened(notes, TEXT)
    assert said[0] == "There was more than one answer, and the last one counted: Exercise 1."
    assert "the check of Exercise 1, the imports" in said[1]
    assert "That costs nothing" in said[1]
    text = page(record(WRONG, notes=notes), tmp_path)
    assert text.index("Exercise by exercise") < text.index("About the file")
    assert "edited" not in text


def test_who_handed_in_nothing_reads_what_to_do(tmp_path):
    own = record(QuestionMark("u07_double", 0.0, 2.0, "missing", "m"), handed_in=False)
    text = page(own, tmp_path, status="missing", manual={})
    assert "did not get to where it is marked" in text
    assert "Exercise by exercise" not in text
    assert "Nothing handed in." in text


def test_the_mean_is_there_if_it_is_wanted(tmp_path):
    one = result(record(WRONG))
    assert "mean of the class" not in feedback_page(one, TEXT, tmp_path / "none.ipynb")
    assert "mean of the class is 3.1" in feedback_page(one, TEXT, tmp_path / "n.ipynb", mean=3.14)


def moodles_reading(name, participants):
    """Take a name apart as `is_valid_filename_for_import` of Moodle's importziplib.php does."""
    parts = name.split("/")
    while parts:
        info = parts.pop(0).split("_", 4)
        if len(info) < 4 or not info[1].isdigit() or int(info[1]) not in participants:
            continue
        return int(info[1]), info[2], info[3], "/".join(filter(None, [*info[4:], *parts]))
    return None


def test_moodle_finds_its_participant_in_each_name(tmp_path):
    own = result(record(WRONG))
    nobody = result(record(WRONG), student=Student("bo", "Bo"))
    data, left = feedback_zip("moodle", [own, nobody], {"ada": "A", "bo": "B"}, UNIT, tmp_path)
    (name,) = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert moodles_reading(name, {4711}) == (4711, "assignfeedback", "file", f"{UNIT}.html")
    assert left == ["bo"]
    with pytest.raises(ValueError, match="lms_id"):
        feedback_zip("moodle", [nobody], {"bo": "B"}, UNIT, tmp_path)
    with pytest.raises(ValueError, match="choose one of moodle, canvas"):
        feedback_zip("word", [own], {"ada": "A"}, UNIT, tmp_path)


def test_the_number_of_moodles_own_zip_counts_before_the_roster(tmp_path):
    folder = tmp_path / "ada" / UNIT
    folder.mkdir(parents=True)
    name = f"Ada Lovelace_99_assignsubmission_file/{UNIT}.ipynb"
    (folder / ABOUT).write_text(f'{{"system": "moodle", "file": "{name}"}}')
    data, _ = feedback_zip("moodle", [result(record(WRONG))], {"ada": "A"}, UNIT, tmp_path)
    (name,) = zipfile.ZipFile(io.BytesIO(data)).namelist()
    assert moodles_reading(name, {99, 4711})[0] == 99


def test_canvas_finds_user_and_attachment_in_each_name(tmp_path):
    folder = tmp_path / "ada" / UNIT
    folder.mkdir(parents=True)
    file = f"lovelaceada_LATE_1001_5551_{UNIT}-1.ipynb"
    (folder / ABOUT).write_text(f'{{"system": "canvas", "file": "{file}"}}')
    data, left = feedback_zip("canvas", [result(record(WRONG))], {"ada": "A"}, UNIT, tmp_path)
    (name,) = zipfile.ZipFile(io.BytesIO(data)).namelist()
    digits = [part for part in name.split("_") if re.fullmatch(r"\d+", part)]  # as Canvas does
    assert (digits[:2], left) == (["1001", "5551"], [])
    assert name.endswith(".html")
    with pytest.raises(ValueError, match="Grade the zip itself"):
        feedback_zip("canvas", [result(record(WRONG))], {"ada": "A"}, UNIT, tmp_path / "x")
