"""A class of sixty through every system's file shapes: everybody and every file accounted for."""

import json
import unicodedata
import zipfile

import pytest
from lms_zips import (
    KINDS,
    UNIT,
    Person,
    canvas,
    canvas_name,
    files_of,
    gradescope,
    moodle,
    moodle_name,
    notebook,
    packed,
    people,
    rezipped,
)

from coursekit.classroom.handing_in.archive import unpack, unpack_entries
from coursekit.classroom.handing_in.file_names import readings, spelled
from coursekit.classroom.handing_in.put_away import is_unpacked
from coursekit.classroom.handing_in.put_away import packed as packed_folder
from coursekit.classroom.handing_in.roster import Student
from coursekit.classroom.handing_in.submissions import find_submissions

pytestmark = pytest.mark.quick
CLASS = people()


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    monkeypatch.setattr("os.fsync", lambda descriptor: None)


def roster_of(everyone, group=""):
    return {
        p.id: Student(p.id, p.first, p.last, p.email, str(p.number), group=group) for p in everyone
    }


def taken_in(tmp_path, members, roster):
    """Unpack; return the entries and, by student, (fault, what the notebook says)."""
    path = tmp_path / "class.zip"
    path.write_bytes(packed(members))
    entries = unpack_entries(path, UNIT, tmp_path / "in", roster)
    found = {}
    for handed in find_submissions(tmp_path / "in", UNIT, list(roster)):
        said = ""
        if handed.path is not None:
            said = json.loads(handed.path.read_bytes())["cells"][0]["source"]
        found[handed.student] = (handed.fault, said, handed)
    return entries, found


SHAPES = {
    "canvas": canvas(CLASS),
    "canvas, late": canvas(CLASS, late=True),
    "canvas, re-zipped by a Mac": rezipped(canvas(CLASS), "unit 1 submissions"),
    "moodle": moodle(CLASS),
    "moodle without folders": moodle(CLASS, folders=False),
    "moodle, re-zipped by a Mac": rezipped(moodle(CLASS), "COURSE-Unit 1-4242"),
    "moodle, blind": moodle(CLASS, name="Participant"),
    "moodle, blind in German": moodle(CLASS, name="Teilnehmer/in"),
    "gradescope": gradescope(CLASS),
}


@pytest.mark.parametrize("shape", ["canvas", "moodle", "gradescope"])
def test_what_a_browser_unpacked_is_the_same_as_the_zip(shape, tmp_path):
    (tmp_path / "class.zip").write_bytes(packed(SHAPES[shape]))
    with zipfile.ZipFile(tmp_path / "class.zip") as zipped:
        zipped.extractall(tmp_path / "unpacked")
    assert is_unpacked(tmp_path / "unpacked")
    assert not is_unpacked(tmp_path / "in")
    folder_zip = packed_folder(tmp_path / "unpacked", tmp_path / "again.zip")
    roster, told = roster_of(CLASS), []
    for source in (tmp_path / "class.zip", folder_zip):
        entries = unpack_entries(source, UNIT, tmp_path / "in", roster)
        told.append({(one.name, one.fate, one.students) for one in entries})
    assert told[0] == told[1]


@pytest.mark.parametrize("shape", SHAPES)
def test_sixty_people_and_every_file_are_accounted_for(shape, tmp_path):
    members = SHAPES[shape]
    entries, found = taken_in(tmp_path, members, roster_of(CLASS))
    assert len(entries) == len(members)
    assert {entry.fate for entry in entries} == {"taken", "replaced", "left out"}
    assert all(entry.reason or entry.fate == "taken" for entry in entries)
    assert set(found) == {p.id for p in CLASS}
    for person in CLASS:
        fault, said, handed = found[person.id]
        assert fault == KINDS[person.kind], (person, handed)
        assert said == ("" if fault else f"{person.id} final"), person
        if fault == "unreadable":  # with the file's name, never "nothing was handed in"
            names = [name for name, _ in files_of(person)]
            assert any(name in handed.reason for name in [*names, "a.ipynb"]), handed.reason
            assert "nothing was handed in" not in handed.reason
    taken = [entry for entry in entries if entry.fate == "taken"]
    assert sorted(s for entry in taken for s in entry.students) == sorted(
        p.id for p in CLASS if not KINDS[p.kind]
    )


def test_every_line_names_its_file_and_nothing_is_dropped_in_silence(tmp_path):
    path = tmp_path / "class.zip"
    path.write_bytes(packed(canvas(CLASS)))
    count, told = unpack(path, UNIT, tmp_path / "in", roster_of(CLASS))
    assert count == sum(not fault for fault in (KINDS[p.kind] for p in CLASS))
    entries = unpack_entries(path, UNIT, tmp_path / "in", roster_of(CLASS))
    for entry in entries:
        if entry.fate != "taken":
            assert sum(line.startswith(repr(entry.name)[:120]) for line in told) == 1
    assert len({e.name for e in entries}) == len(entries)


def test_the_same_zip_twice_changes_nothing(tmp_path):
    roster = roster_of(CLASS)
    taken_in(tmp_path, canvas(CLASS), roster)
    before = {p: p.read_bytes() for p in (tmp_path / "in").rglob("*") if p.is_file()}
    taken_in(tmp_path, canvas(CLASS), roster)
    assert {p: p.read_bytes() for p in (tmp_path / "in").rglob("*") if p.is_file()} == before


def test_without_a_roster_numbers_stand_for_people(tmp_path):
    entries, found = taken_in(tmp_path, canvas(CLASS), {})
    named = {s for entry in entries for s in entry.students}
    assert named <= {f"lms-{p.number}" for p in CLASS}
    unclear = [entry for entry in entries if not entry.students]
    assert all("without a roster nobody can say" in entry.reason for entry in unclear)
    for student, (_, said, _) in found.items():
        person = next(p for p in CLASS if f"lms-{p.number}" == student)
        assert said in ("", f"{person.id} final")


def test_an_anonymous_class_is_kept_and_nobody_gets_nothing_for_it(tmp_path):
    codes = {p.id: f"A{i:02d}xQ" for i, p in enumerate(CLASS)}
    members = [
        (canvas_name(p, 50_000 + i, f"{UNIT}.ipynb", code=codes[p.id], late=i % 2), notebook(p))
        for i, p in enumerate(CLASS)
    ]
    _, found = taken_in(tmp_path, members, roster_of(CLASS[:3]))
    for p in CLASS:
        assert found[f"anon-{codes[p.id]}"][1] == f"{p.id} final"
    for p in CLASS[:3]:
        fault, _, handed = found[p.id]
        assert fault == "missing"
        assert handed.doubt.startswith("60 anonymous submissions")
    mapped = {p.id: Student(p.id, p.first, p.last, lms_id=codes[p.id]) for p in CLASS}
    (tmp_path / "mapped").mkdir()
    _, found = taken_in(tmp_path / "mapped", members, mapped)
    assert {s: said for s, (_, said, _) in found.items()} == {p.id: f"{p.id} final" for p in CLASS}


def test_a_group_is_named_in_the_roster_or_its_file_is_told(tmp_path):
    ana, bo = Person("ana", "Ana", "Example", 1001, ""), Person("bo", "Bo", "Test", 1002, "")
    canvas_file = canvas_name(ana, 5, f"{UNIT}.ipynb", group="Team Blue_2")
    moodle_file = moodle_name(ana, f"{UNIT}.ipynb", name="Team Blue_2")
    for i, file in enumerate((canvas_file, moodle_file)):
        (tmp_path / str(i)).mkdir()
        members = [(file, notebook(ana))]
        _, found = taken_in(tmp_path / str(i), members, roster_of([ana, bo], "Team Blue_2, x"))
        assert [said for _, said, _ in found.values()] == ["ana final", "ana final"]
    plain = canvas_name(ana, 5, f"{UNIT}.ipynb", group="Team Blue")
    for file, fate in ((plain, "taken"), (canvas_file, "left out")):
        (tmp_path / fate).mkdir()
        entries, found = taken_in(tmp_path / fate, [(file, notebook(ana))], roster_of([ana, bo]))
        assert entries[0].fate == fate
        assert "a column group" in entries[0].reason
    (tmp_path / "moodle").mkdir()  # there the number is the group's, and may be anybody's
    entries, found = taken_in(
        tmp_path / "moodle", [(moodle_file, notebook(ana))], roster_of([ana, bo])
    )
    assert entries[0].fate == "left out"
    assert found["ana"][0] == "unreadable"
    assert "may belong to ana" in found["ana"][2].reason


# --- names -----------------------------------------------------------------------------------

CARL = Student("carl", "Carl", "Other", lms_id="3")


def one_file(tmp_path, name, roster):
    return taken_in(tmp_path, [(name, notebook(Person("x", "", "", 0, "")))], roster)


def test_team_3_is_no_work_of_student_3(tmp_path):
    for i, file in enumerate((f"{UNIT}.ipynb", "x.ipynb", "2_x.ipynb")):
        for j, with_team in enumerate((True, False)):
            place = tmp_path / f"{i}{j}"
            place.mkdir()
            team = Student("team", "", "Team 3", lms_id="1003")
            roster = {"carl": CARL, **({"team": team} if with_team else {})}
            entries, found = one_file(place, f"team_3_1003_50003_{file}", roster)
            assert found["carl"][1] == ""
            if with_team:
                assert found["team"][1] == "x final"
                assert found["carl"][0] == "missing"
            else:
                assert entries[0].fate == "left out"
                assert "may belong to carl" in entries[0].reason
                assert found["carl"][0] == "unreadable"


def test_two_people_who_both_fit_get_nothing(tmp_path):
    roster = {
        "t": Student("t", "", "Team", lms_id="3"),
        "t3": Student("t3", "", "Team 3", lms_id="1003"),
    }
    entries, found = one_file(tmp_path, "team_3_1003_50003_x.ipynb", roster)
    assert entries[0].fate == "left out"
    assert {fault for fault, _, _ in found.values()} == {"unreadable"}
    assert all("may belong to t or t3" in handed.doubt for _, _, handed in found.values())
    # the roster mended: no note of a doubt stays behind
    del roster["t"]
    _, found = one_file(tmp_path, "team_3_1003_50003_x.ipynb", roster)
    assert {s: said for s, (_, said, _) in found.items()} == {"t3": "x final"}


@pytest.mark.parametrize(
    ("name", "students"),
    [
        ("Kim Lee_77_assignsubmission_file/x.ipynb", ()),  # two of that name, a third number
        ("Kim Lee_11_assignsubmission_file/x.ipynb", ("k1",)),
        ("Carl Other_11_assignsubmission_file/x.ipynb", ()),  # Carl's name, Kim's number
        ("Carl Other_99_assignsubmission_file/x.ipynb", ("carl",)),  # numbers differ by assignment
        ("Somebody_3_assignsubmission_file/x.ipynb", ()),  # 3 may be a group's number
        ("Participant_3_assignsubmission_file/x.ipynb", ("carl",)),
        ("Default group_assignsubmission_file/x.ipynb", ()),
        ("carl Carl Other_3_assignsubmission_file_x.ipynb", ("carl",)),
        # named by its owner so that it looks like another's
        ("strange_4_7_Carl Other_3_assignsubmission_file_x.ipynb", ("lms-4",)),
        ("Some Body_9_assignsubmission_file/othercarl_3_7_x.ipynb", ("lms-9",)),
        ("othercarl_3_7_12_01_gradient_noise.ipynb", ("carl",)),
        ("othercarl_3_7_x.ipynb", ("carl",)),
        ("othercarl_LATE_3_7_x.ipynb", ("carl",)),
        ("othercarlmaria_3_7_1_2_x.ipynb", ("carl",)),
        ("leekim_3_7_x.ipynb", ()),  # Kim's name, Carl's number
        ("leekim_12_7_x.ipynb", ("k2",)),
        ("othercarl_4_7_x.ipynb", ()),  # Carl's name, a number that is not his
        ("strange_4_7_x.ipynb", ("lms-4",)),
        ("nobody.ipynb", ()),
    ],
)
def test_a_number_and_a_name_must_not_contradict(tmp_path, name, students):
    roster = {
        "carl": CARL,
        "k1": Student("k1", "Kim", "Lee", lms_id="11"),
        "k2": Student("k2", "Kim", "Lee", lms_id="12"),
    }
    entries, _ = one_file(tmp_path, name, roster)
    assert entries[0].students == students
    assert (entries[0].fate == "taken") == bool(students)
    assert students or entries[0].reason


def test_a_namesake_of_another_number_is_nobody_on_the_roster(tmp_path):
    members = [
        ("othercarl_3_7_x.ipynb", notebook(Person("own", "", "", 0, ""))),
        ("othercarl_4_8_x.ipynb", notebook(Person("twin", "", "", 0, ""))),
    ]
    _, found = taken_in(tmp_path, members, {"carl": CARL})
    assert found["carl"][1] == "own final"
    assert found["lms-4"][1] == "twin final"


def test_names_are_compared_in_one_unicode_form(tmp_path):
    jose = Student("jose", "José", "Núñez", lms_id="")
    for i, form in enumerate(("NFC", "NFD")):
        name = unicodedata.normalize(form, "José Núñez_5_assignsubmission_file/x.ipynb")
        (tmp_path / str(i)).mkdir()
        _, found = one_file(tmp_path / str(i), name, {"jose": jose})
        assert found["jose"][1] == "x final"


def test_names_in_a_zip_that_does_not_say_its_encoding():
    for raw in (
        "José".encode(),
        "José".encode("cp1252"),
        unicodedata.normalize("NFD", "José").encode(),
    ):
        info = zipfile.ZipInfo(raw.decode("cp437"))
        assert spelled(info) == "José"
    info = zipfile.ZipInfo("José".encode("cp437").decode("cp437"))
    assert spelled(info) == "José"


def test_typed_text_and_links_are_no_notebooks(tmp_path):
    roster = {"carl": CARL}
    for i, name in enumerate(("othercarl_3_text.html", "othercarl_LATE_3_link.html")):
        (tmp_path / str(i)).mkdir()
        _, found = one_file(tmp_path / str(i), name, roster)
        assert found["carl"][0] == "unreadable"
        assert name.rpartition("_")[2] in found["carl"][2].reason
    name = "Carl Other_3_assignsubmission_onlinetext/onlinetext.html"
    (tmp_path / "m").mkdir()
    assert one_file(tmp_path / "m", name, roster)[1]["carl"][0] == "unreadable"


def test_a_name_is_never_taken_apart_by_digits_alone():
    """Numbers in Canvas's middle are gone, so a reading with one there is none."""
    found = readings("a_1_b_1001_50001_x.ipynb", UNIT)
    assert [(one.name, one.number) for one in found] == [("a_1_b", "1001")] or not any(
        one.number == "1" for one in found
    )
    assert readings("readme_1.ipynb", UNIT) == []


# --- what a person settled by hand -------------------------------------------------------------


def test_a_notebook_put_there_by_hand_stays(tmp_path):
    html = [("othercarl_3_7_x.html", b"<html>")]
    taken_in(tmp_path, html, {"carl": CARL})
    own = tmp_path / "in" / "carl" / UNIT / f"{UNIT}.ipynb"
    own.write_bytes(notebook(Person("by hand", "", "", 0, "")))
    _, found = taken_in(tmp_path, html, {"carl": CARL})
    assert found["carl"][1] == "by hand final"


def test_a_notebook_that_was_replaced_by_something_else_is_kept_aside(tmp_path):
    one_file(tmp_path, f"othercarl_3_7_{UNIT}.ipynb", {"carl": CARL})
    html = [("othercarl_3_8_x.html", b"<html>")]
    _, found = taken_in(tmp_path, html, {"carl": CARL})
    assert found["carl"][0] == "unreadable"
    kept = list((tmp_path / "in" / "carl").glob(f"{UNIT}.earlier*/*.ipynb"))
    assert len(kept) == 1


# --- sizes -----------------------------------------------------------------------------------


def test_bombs_cost_one_person_their_own_file(tmp_path, monkeypatch):
    from coursekit.classroom.handing_in import archive

    monkeypatch.setattr(archive, "LARGEST", 1_000_000)
    bomb = packed([("x.ipynb", b" " * 3_000_000)])
    deep = packed([("a.zip", packed([("b.zip", packed([("c.zip", packed([("d.zip", b"")]))]))]))])
    nested = b'{"cells":' + b"[" * 300_000 + b"]" * 300_000 + b"}"
    many = b'{"nbformat":4,"cells":[' + b",".join([b"{}"] * 400) + b"]}"
    members = [
        ("a_1_1_x.zip", bomb),
        ("b_2_2_x.zip", deep),
        ("c_3_3_x.json", nested),
        ("d_4_4_x.txt", many),
        (f"e_5_5_{UNIT}.ipynb", notebook(Person("e", "", "", 0, ""))),
        ("f_6_6_x.zip", packed([(f"{i}.ipynb", b"{}") for i in range(2500)])),
    ]
    monkeypatch.setattr("coursekit.classroom.handing_in.raw_notebook.MOST_VALUES", 300)
    entries, found = taken_in(tmp_path, members, {})
    assert [entry.fate for entry in entries] == [*["left out"] * 4, "taken", "left out"]
    assert found["lms-5"][1] == "e final"
    assert "unpacks to more than 1 MB" in found["lms-1"][2].reason
    assert "more than 3 deep" in found["lms-2"][2].reason


def test_a_list_in_somebodys_own_folder_says_nothing_of_others(tmp_path):
    """Ana hands in a file that names Bo's folder as hers."""
    claim = b"Bo Test_2_assignsubmission_file:\n  :submitters:\n  - :sid: ana\n"
    ana, bo = Person("ana", "Ana", "Example", 1, ""), Person("bo", "Bo", "Test", 2, "")
    roster = roster_of([ana, bo])
    for i, name in enumerate(
        ("Ana Example_1_assignsubmission_file/submission_metadata.yml", "submission_metadata.yml")
    ):
        (tmp_path / str(i)).mkdir()
        members = [(name, claim), (moodle_name(bo, "x.ipynb"), notebook(bo))]
        _, found = taken_in(tmp_path / str(i), members, roster)
        assert found["bo"][1] == "bo final"
        assert found["ana"][1] == ""
    members = gradescope([Person("ana", "Ana", "Example", 1, "ordinary"), bo_with(bo)])
    inner = ("assignment_1_export/submission_90001/submission_metadata.yml", b"- no metadata")
    (tmp_path / "g").mkdir()
    _, found = taken_in(tmp_path / "g", [*members, inner], roster)
    assert [said for _, said, _ in found.values()] == ["ana final", "bo final"]


def bo_with(person):
    return Person(person.id, person.first, person.last, person.number, "ordinary")


def test_gradescope_says_when_and_a_time_it_garbles_is_no_time(tmp_path):
    ana = Person("ana", "Ana", "Example", 1, "ordinary")
    _, found = taken_in(tmp_path, gradescope([ana]), roster_of([ana]))
    assert found["ana"][2].submitted_at.isoformat() == "2027-03-01T17:00:00.123456+00:00"
    (tmp_path / "x").mkdir()
    for _ in range(2):
        _, found = taken_in(tmp_path / "x", gradescope([ana], at="next Monday"), roster_of([ana]))
        assert "next Monday" in found["ana"][2].time_fault
    stamp = tmp_path / "x" / "in" / "ana" / UNIT / "timestamp.txt"
    stamp.write_text("2027-03-01 10:00")
    _, found = taken_in(tmp_path / "x", gradescope([ana], at="next Monday"), roster_of([ana]))
    assert found["ana"][2].time_fault == ""


def test_a_metadata_file_that_is_no_metadata_is_said(tmp_path):
    path = tmp_path / "x.zip"
    for text in (b"- 1\n- 2\n", b"a: &a [*a]\n", b"\xff\xfe", b"a:\n  :submitters: 3\n"):
        path.write_bytes(packed([("submission_metadata.yml", text), ("submission_1/x", b"")]))
        with pytest.raises(ValueError, match=r"submission_metadata.yml cannot be read"):
            unpack(path, UNIT, tmp_path / "in", {})
