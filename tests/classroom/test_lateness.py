"""Late work: every arrangement of penalty, extension and source, with the marks expected."""

import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import nbformat
import pytest
from fake_judge import open_fake
from lms_zips import packed
from small_course import UNIT, cell_of, hand_in, make_course, released, solved
from traitlets.config import Config

from coursekit.classroom.handing_in.archive import unpack
from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.handing_in.submissions import Handed
from coursekit.classroom.marking import grading
from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.marking.grading import Graded, grade_unit
from coursekit.classroom.marking.lateness import Lateness, labelled, lateness, penalty
from coursekit.classroom.marking.manifest import Record
from coursekit.classroom.returning.export import canvas
from coursekit.classroom.returning.results import results_of
from coursekit.commands.grade_report import about_time, compare

DUE = datetime(2026, 3, 1, 18, tzinfo=UTC)
NOW = DUE + timedelta(days=30)
DAY = 86400.0
PER_DAY = """
from nbgrader.plugins import LateSubmissionPlugin
class PerDay(LateSubmissionPlugin):
    def late_submission_penalty(self, student_id, score, total_seconds_late):
        return min(1.0 * -(-total_seconds_late // 86400), 3.0)
c.AssignLatePenalties.plugin_class = PerDay
"""
ZERO = "\nc.LateSubmissionPlugin.penalty_method = 'zero'\n"

# student: (timestamp.txt or LATE in Canvas's zip, extension in days or None)
ARRANGED = {
    "in_time": ("2026-03-01 17:00:00 UTC", None),
    "late": ("2026-03-02 18:00:00.5 UTC", None),
    "late_cet": ("2026-03-03 20:00:00.000000 CET", None),
    "extended": ("2026-03-02 18:00:00 UTC", 2),
    "beyond": ("2026-03-04 18:00:00 UTC", 2),
    "garbled": ("some time in March", None),
    "no_time": (None, None),
    "canvas": ("", None),
    "canvas_late": ("LATE", None),
    "canvas_ext_runs": ("LATE", 60),
    "canvas_ext_over": ("LATE", 10),
    "canvas_ext_zip": ("LATE", 20),
    "timeout": ("2026-03-02 19:00:00 UTC", None),
    "gone": ("nothing", None),
    "gone_ext": ("nothing", 60),
}
# status; mark without penalty, with "zero", with one point a day (at most three); None: it waits
EXPECTED = {
    "in_time": ("ok", 6, 6, 6),
    "late": ("late", 6, 0, 4),
    "late_cet": ("late", 6, 0, 3),  # 2 days and an hour
    "extended": ("ok", 6, 6, 6),
    "beyond": ("late", 6, 0, 5),
    "garbled": ("unsettled", 6, None, None),
    "no_time": ("ok", 6, 6, 6),
    "canvas": ("ok", 6, 6, 6),
    "canvas_late": ("late", 6, 0, None),  # by nobody knows how much: from one point to three
    "canvas_ext_runs": ("ok", 6, 6, 6),
    "canvas_ext_over": ("unsettled", 6, None, None),
    "canvas_ext_zip": ("ok", 6, 6, 6),  # the zip was made before the extension ended
    "timeout": ("timeout", 0, 0, 0),
    "gone": ("missing", 0, 0, 0),
    "gone_ext": ("missing", None, None, None),  # nobody gets 0 while an extension runs
}
ROSTER = {
    name: Student(name, name.title(), "X", lms_id=str(1000 + i)) for i, name in enumerate(ARRANGED)
}
DATES = DueDates(
    {(UNIT, ""): DUE}
    | {(UNIT, n): DUE + timedelta(days=d) for n, (_, d) in ARRANGED.items() if d is not None}
)


def answered(folder):
    """Return the release with every function right and the essay left alone: six points."""
    notebook = solved(folder)
    cell_of(notebook, "u07_why").source = cell_of(released(folder), "u07_why").source
    return notebook


def grade(folder, due=DATES, roster=ROSTER, **more):
    opened = open_course(folder)
    return grade_unit(
        opened,
        opened.grading / "submitted",
        UNIT,
        roster=roster,
        due=due,
        open_judge=open_fake,
        settings={},
        workers=1,
        now=NOW,
        **{"seconds_each": 60.0, **more},
    )


@pytest.fixture(autouse=True, scope="module")
def same_basis():
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(grading, "fingerprint", lambda course, unit: "basis")
        patch.setattr("os.fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """Grade the class once, without any penalty."""
    folder = make_course(tmp_path_factory.mktemp("late") / "course")
    notebook, members = nbformat.writes(answered(folder)).encode(), []
    for name, (source, _) in ARRANGED.items():
        if source in ("", "LATE"):
            late = "LATE_" if source else ""
            number = ROSTER[name].lms_id
            members.append((f"x{name.replace('_', '')}_{late}{number}_7_{UNIT}.ipynb", notebook))
        elif source != "nothing":
            hand_in(folder, name, notebook, at=source)
    endless = answered(folder)
    cell_of(endless, "u07_mean").source = "'run out of time'"
    hand_in(folder, "timeout", endless, at=ARRANGED["timeout"][0])
    zipped = folder / "canvas.zip"
    zipped.write_bytes(packed(members))
    count, told = unpack(zipped, UNIT, folder / "grading" / "submitted", ROSTER)
    assert (count, told) == (len(members), [])
    set_bound(folder, "canvas_ext_zip", DUE + timedelta(days=19))
    for name in ("canvas", "canvas_late", "canvas_ext_runs", "canvas_ext_over"):
        set_bound(folder, name, NOW)
    grade(folder, seconds_each=2.0)
    return folder


def set_bound(folder, student, at):
    """Say when the zip was made, as its own clock would."""
    import json

    path = folder / "grading" / "submitted" / student / UNIT / "handed_in.json"
    about = json.loads(path.read_text())
    path.write_text(json.dumps({**about, "not_after": at.isoformat()}))


def with_setting(course, tmp_path, text):
    folder = shutil.copytree(course, tmp_path / "course")
    with (folder / "nbgrader_config.py").open("a") as file:
        file.write(text)
    return folder


def marks(folder, due=None):
    results = results_of(open_course(folder), UNIT, ROSTER, due, now=NOW)
    rows = canvas(results, UNIT)[2:]
    return {one.student.id: row[-1] for one, row in zip(results, rows, strict=True)}


@pytest.mark.parametrize(
    ("setting", "column"), [("", 1), (ZERO, 2), (PER_DAY, 3)], ids=["none", "zero", "per day"]
)
def test_every_arrangement_has_the_mark_expected(course, tmp_path, setting, column):
    """The penalty is set after the class was graded, and nobody is graded again."""
    folder = with_setting(course, tmp_path, setting)
    expected = {n: "" if row[column] is None else row[column] for n, row in EXPECTED.items()}
    assert marks(folder) == expected
    again = grade(folder)
    assert again.graded == 0
    assert {record.student: record.status for record in again.records} == {
        name: row[0] for name, row in EXPECTED.items()
    }
    assert marks(folder) == expected
    unknown = {name for name, cost in again.penalties.items() if cost is None}
    waits = {n for n, row in EXPECTED.items() if row[column] is None}
    assert unknown == waits - {"gone_ext"}


def test_the_timed_out_lose_as_much_as_others_once_they_have_points(course, tmp_path):
    """The penalty follows the lateness and never the status."""
    from nbgrader.api import Gradebook

    folder = with_setting(course, tmp_path, ZERO)
    with Gradebook(open_course(folder).db_url) as gradebook:
        grade_ = gradebook.find_grade("u07_mean_check", UNIT, UNIT, "timeout")
        grade_.manual_score, grade_.needs_manual_grade = 2.0, False
        gradebook.db.commit()
    (one,) = [r for r in results_of(open_course(folder), UNIT, ROSTER) if r.student.id == "timeout"]
    assert (one.status, one.score, one.penalty) == ("timeout", 0.0, 2.0)


def test_an_extension_given_later_moves_the_label_and_judges_nobody(course, tmp_path):
    folder = with_setting(course, tmp_path, ZERO)
    later = DueDates({**DATES.dates, (UNIT, "late"): DUE + timedelta(days=5)})
    again = grade(folder, due=later)
    assert again.graded == 0
    (late,) = [record for record in again.records if record.student == "late"]
    assert (late.status, late.reason) == ("ok", "all questions judged")
    assert marks(folder)["late"] == 6
    path = folder / "grading" / "autograded" / "late" / UNIT / f"{UNIT}.ipynb"
    assert nbformat.read(path, 4).cells[0].source.startswith("**Status: ok**")
    back = grade(folder)
    (late,) = [record for record in back.records if record.student == "late"]
    assert (late.status, marks(folder)["late"]) == ("late", 0)
    assert late.reason.startswith("24 h 00 late; ")
    assert nbformat.read(path, 4).cells[0].source.startswith("**Status: late**")


def test_an_extension_after_the_last_grading_keeps_a_zero_back(course, tmp_path):
    folder = with_setting(course, tmp_path, "")
    later = DueDates({**DATES.dates, (UNIT, "gone"): NOW + timedelta(days=1)})
    assert marks(folder)["gone"] == 0
    assert marks(folder, later)["gone"] == ""


def test_a_time_written_down_settles_it(course, tmp_path):
    folder = with_setting(course, tmp_path, ZERO)
    for name, time in (("garbled", "2026-03-01 10:00"), ("canvas_ext_over", "2026-03-20 10:00")):
        place = folder / "grading" / "submitted" / name / UNIT / "timestamp.txt"
        place.write_text(time)
    statuses = {r.student: r.status for r in grade(folder).records}
    assert (statuses["garbled"], statuses["canvas_ext_over"]) == ("ok", "late")
    found = marks(folder)
    assert (found["garbled"], found["canvas_ext_over"]) == (6, 0)


def test_the_date_that_formgrader_set_holds_where_due_csv_has_none(course, tmp_path):
    from nbgrader.api import Gradebook

    folder = with_setting(course, tmp_path, "")
    with Gradebook(open_course(folder).db_url) as gradebook:
        assert gradebook.find_assignment(UNIT).duedate == DUE.replace(tzinfo=None)
    again = grade(folder, due=DueDates())
    assert (again.due, again.due_from) == (DUE, "Formgrader")
    assert {r.status for r in again.records if r.student in ("late", "extended")} == {"late"}


def test_what_is_known_of_time_is_said(course):
    first, *rest = about_time(grade(course))
    assert first == "Due 2026-03-01 18:00 UTC, by due.csv, 6 with a date of their own"
    said = " ".join(rest)
    assert "2 say nowhere when they were handed in, and count as in time: no_time" not in said
    assert "1 say nowhere when they were handed in, and count as in time: no_time" in said
    here = Record(UNIT, "a", "", "ok", "", (), 0)
    sent = replace(here, student="b", submitted_at="2026-03-01", clock="time")

    def said_of(*records, due=DUE):
        return about_time(Graded(UNIT, records, 0, "", False, (), due))

    assert said_of(here, due=None)[0].startswith("No due date for this unit")
    assert said_of(here)[1].startswith("Nobody can be late: no submission says when")
    assert said_of(here, sent)[1].startswith("1 say nowhere when")
    assert len(said_of(sent)) == 1
    assert said_of(replace(here, handed_in=False)) == []


# --- one student again -------------------------------------------------------------------------


def test_one_student_or_one_exercise_is_marked_again(course, tmp_path, capsys):
    folder = with_setting(course, tmp_path, "")
    again = grade(folder, student="late", exercise="u07_mean")
    assert (again.graded, again.changed) == (1, {"late"})
    compare(again, "u07_mean")
    said = capsys.readouterr().out
    assert "late: 6 of 6 before, 6 of 6 now (late)" in said
    assert said.count(" -> ") == 1
    notebook = answered(folder)
    cell_of(notebook, "u07_double").source = "def double(number):\n    return 0"
    hand_in(folder, "late", notebook, at=ARRANGED["late"][0])
    compare(grade(folder, student="late"), "")
    said = capsys.readouterr().out
    assert "late: 6 of 6 before, 5 of 6 now" in said
    assert said.count(" -> ") == 3
    assert "* u07_double" in said
    assert grade(folder).graded == 0
    for words, how in (
        ("no student 'LATE'.*did you mean late", {"student": "LATE"}),
        ("no exercise 'u07_x'.*u07_double", {"exercise": "u07_x"}),
    ):
        with pytest.raises(ValueError, match=words):
            grade(folder, **how)


# --- the rules by themselves -------------------------------------------------------------------

quick = pytest.mark.quick


@quick
def test_doubt_is_neither_late_nor_in_time():
    due = DueDates({(UNIT, ""): DUE})
    garbled = Handed("a", UNIT, None, time_fault="no time")
    assert lateness(garbled, due, NOW).doubt
    assert not lateness(garbled, due, DUE - timedelta(hours=1)).doubt  # whenever it was
    assert lateness(garbled, DueDates(), NOW) == Lateness()
    marked = Handed("a", UNIT, None, marked_late=True, not_after=NOW)
    assert lateness(marked, DueDates(), NOW).by is None
    assert lateness(marked, due, NOW).at_most == 30 * DAY
    early = Handed("a", UNIT, None, marked_late=True, not_after=DUE - timedelta(hours=1))
    assert lateness(early, due, NOW) == Lateness(None, None, due=DUE)  # Canvas has an earlier date
    extended = DueDates({(UNIT, ""): DUE - timedelta(days=9), (UNIT, "a"): DUE})
    assert lateness(early, extended, NOW) == Lateness(due=DUE)
    assert lateness(early, DueDates({(UNIT, "a"): DUE}), NOW) == Lateness(due=DUE)
    shortened = DueDates({(UNIT, ""): DUE + timedelta(days=9), (UNIT, "a"): DUE})
    assert lateness(marked, shortened, NOW).by is None
    assert not lateness(marked, shortened, NOW).doubt


@quick
@pytest.mark.parametrize(
    ("late", "method", "cost"),
    [
        (Lateness(), "zero", 0.0),
        (Lateness(5.0), "zero", 6.0),
        (Lateness(5.0), "none", 0.0),
        (Lateness(None, 5 * DAY), "zero", 6.0),
        (Lateness(None, None), "zero", 6.0),
        (Lateness(None, 5 * DAY, "doubt"), "zero", None),
        (Lateness(None, 5 * DAY, "doubt"), "none", 0.0),
    ],
)
def test_a_penalty_is_known_or_is_not(late, method, cost):
    config = Config({"LateSubmissionPlugin": {"penalty_method": method}})
    record = Record(UNIT, "a", "", "ok", "", (), 0, judged="ok", said="fine")
    assert penalty(config, labelled(record, late, NOW), 6.0) == cost


@quick
def test_a_plugin_that_fails_is_named():
    from nbgrader.plugins import LateSubmissionPlugin

    class Odd(LateSubmissionPlugin):
        def late_submission_penalty(self, student_id, score, total_seconds_late):
            return {"a": float("nan"), "b": -3.0, "c": 99.0}[student_id]

    config = Config({"AssignLatePenalties": {"plugin_class": Odd}})
    record = Record(UNIT, "a", "", "ok", "", (), 0, late_by=5.0)
    with pytest.raises(ValueError, match="answered nan for a"):
        penalty(config, record, 6.0)
    for student, cost in (("b", 0.0), ("c", 6.0)):
        assert penalty(config, Record(UNIT, student, "", "ok", "", (), 0, late_by=5.0), 6.0) == cost
    with pytest.raises(ValueError, match="failed for d, 5 s late: KeyError"):
        penalty(config, Record(UNIT, "d", "", "ok", "", (), 0, late_by=5.0), 6.0)
