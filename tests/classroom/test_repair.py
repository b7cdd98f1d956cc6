"""A submission put in order: what runs, what is put back, what stays the learner's own."""

import copy
import json
import random
import warnings
from pathlib import Path

import nbformat
import pytest
from mutations import mutate
from nbformat.v4 import new_code_cell, new_markdown_cell
from small_course import UNIT, cell_of, make_course, released, solved

from coursekit.classroom.handing_in import large_outputs, raw_notebook
from coursekit.classroom.handing_in.cell_parts import (
    definitions,
    needed_names,
    new_statements,
    without_statements,
)
from coursekit.classroom.handing_in.cell_text import as_python
from coursekit.classroom.handing_in.raw_notebook import Unreadable, cells_in
from coursekit.classroom.handing_in.repair import read_release, repair
from coursekit.classroom.marking.graded_notebook import graded_notebook

SOLUTIONS = ["u07_double", "u07_mean", "u07_spread"]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    return make_course(tmp_path_factory.mktemp("course") / "course")


@pytest.fixture(scope="module")
def release(course):
    return read_release(course / f"notebooks/{UNIT}/{UNIT}.ipynb")


def mended(release, notebook):
    data = notebook if isinstance(notebook, bytes) else nbformat.writes(notebook).encode()
    return repair(release, cells_in(data)[0])


def sources(repaired, kind):
    return [cell.source for cell in repaired.attempt.cells if cell.kind == kind]


def answered(repaired):
    return [cell.exercise_id for cell in repaired.attempt.cells if cell.kind == "solution"]


def shown_ids(repaired):
    notebook = graded_notebook(repaired, heading="", verdicts={})
    marks = [cell.metadata.get("nbgrader") for cell in notebook.cells]
    return [mark["grade_id"] for mark in marks if mark]


def marked_ids(release):
    return [cell.id for cell in release.cells if cell.role]


@pytest.mark.quick
def test_a_release_says_what_counts(release):
    assert release.points == {"u07_double": 1.0, "u07_mean": 2.0, "u07_spread": 3.0}
    assert [essay.id for essay in release.essays] == ["u07_why"]
    assert "def check" in release.prelude
    with pytest.raises(ValueError, match="coursekit build"):
        read_release(Path("nowhere.ipynb"))


@pytest.mark.quick
def test_an_honest_submission_needs_no_mending(course, release):
    repaired = mended(release, solved(course))
    assert repaired.notes == ()
    assert answered(repaired) == SOLUTIONS
    assert sources(repaired, "added") == []
    assert repaired.attempt.prelude == release.prelude
    assert shown_ids(repaired) == marked_ids(release)


def test_what_the_learner_added_stays_in_its_place(course, release):
    notebook = solved(course)
    i = notebook.cells.index(cell_of(notebook, "u07_mean"))
    notebook.cells.insert(i, new_code_cell("helper = 1"))
    notebook.cells.insert(i, new_markdown_cell("a thought"))
    repaired = mended(release, notebook)
    assert [cell.kind for cell in repaired.attempt.cells] == [
        *("solution", "check", "added", "solution", "check", "solution", "check")
    ]
    assert sources(repaired, "added") == ["helper = 1"]


def test_the_last_copy_that_is_no_stub_counts(course, release):
    notebook, stub = solved(course), cell_of(released(course), "u07_mean")
    i = notebook.cells.index(cell_of(notebook, "u07_mean"))
    first = copy.deepcopy(notebook.cells[i])
    first.source = "def mean(numbers):\n    return 0"
    notebook.cells.insert(i, first)
    notebook.cells.insert(i + 2, copy.deepcopy(stub))
    notebook.cells[i].id, notebook.cells[i + 2].id = "a-copy", "another-copy"
    repaired = mended(release, notebook)
    assert answered(repaired) == SOLUTIONS
    assert sources(repaired, "added") == [first.source]
    assert "total / len(numbers)" in sources(repaired, "solution")[1]
    assert not any("NotImplementedError" in cell.source for cell in repaired.attempt.cells)
    assert repaired.notes == ("u07_mean was copied: the last copy counts",)
    assert sorted(shown_ids(repaired)) == sorted(marked_ids(release))


def test_prelude_and_checks_come_from_the_release(course, release):
    notebook = solved(course)
    cell_of(notebook, "u07_mean_check").source = "check = lambda *a: 99.0\n99.0"
    cell_of(
        notebook, "u07_prelude"
    ).source = "import os\nimport itertools\nTOLERANCE = 1e-3\nx = f()"
    repaired = mended(release, notebook)
    assert repaired.attempt.prelude == release.prelude
    own = ["import itertools\nTOLERANCE = 0.001\nx = f()", "check = lambda *a: 99.0\n99.0"]
    assert sources(repaired, "released") == own
    assert len(repaired.notes) == 2
    texts = [place.cell.source for place in repaired.placed if place.released]
    assert not any("99.0" in text for text in texts)


def test_missing_cells_are_put_back_below_their_neighbours(course, release):
    notebook = solved(course)
    for name in ("u07_prelude", "u07_mean", "u07_mean_check", "u07_why"):
        notebook.cells.remove(cell_of(notebook, name))
    repaired = mended(release, notebook)
    assert shown_ids(repaired) == marked_ids(release)
    assert answered(repaired) == ["u07_double", "u07_spread"]
    assert len(repaired.notes) == 4


@pytest.mark.parametrize("keep_ids", [True, False])
def test_cells_that_lost_their_marks_are_found(course, release, keep_ids):
    notebook = solved(course)
    for i, cell in enumerate(notebook.cells):
        cell.metadata.pop("nbgrader", None)
        cell.id = cell.id if keep_ids else f"x{i}"
    repaired = mended(release, notebook)
    assert answered(repaired) == SOLUTIONS
    assert sources(repaired, "added") == []
    assert sorted(shown_ids(repaired)) == sorted(marked_ids(release))


def test_a_changed_kind_is_changed_back(course, release):
    notebook = json.loads(nbformat.writes(solved(course)))
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade_id") == "u07_spread":
            cell["cell_type"] = "markdown"
    repaired = mended(release, json.dumps(notebook).encode())
    assert answered(repaired) == SOLUTIONS


def test_unknown_marks_are_the_learners_own(course, release):
    notebook = solved(course)
    mark = {"grade_id": "u07_bonus", "grade": True, "solution": False, "points": 50}
    notebook.cells.append(new_code_cell("50.0", metadata={"nbgrader": mark}))
    repaired = mended(release, notebook)
    assert sources(repaired, "added") == ["50.0"]
    assert shown_ids(repaired) == marked_ids(release)


class Shell:
    """Keeps what it is asked to run."""

    def __init__(self):
        self.asked = []

    def __call__(self):
        return self

    def __getattr__(self, name):
        return lambda *args: self.asked.append((name, *args))


@pytest.mark.quick
def test_jupyters_own_lines_are_turned_into_calls():
    assert as_python("x = 10 % 3") == "x = 10 % 3"
    text = as_python("%%time\n!ls\nx = 1\nif x:\n    %timeit x\ny = (7\n% 4)\nx?\nz = !pwd")
    names = {"get_ipython": Shell()}
    exec(text, names)
    assert (names["x"], names["y"]) == (1, 3)
    assert names["get_ipython"].asked == [
        ("system", "ls"),
        ("run_line_magic", "timeit", "x"),
        ("run_line_magic", "pinfo", "x"),
        ("getoutput", "pwd"),
    ]
    assert as_python("s = '''\n%not magic\n'''") == "s = '''\n%not magic\n'''"
    assert as_python("%%capture out\n%%time\nx = 1") == "out = get_ipython()\n\nx = 1"


@pytest.mark.quick
@pytest.mark.parametrize("text", ["!ls\n" * 100_000, "%time\n" * 3000 + "(", "%%time\n" * 3000])
def test_a_cell_of_nothing_but_magics_is_not_read_anew_for_each_of_them(monkeypatch, text):
    from IPython.core import inputtransformer2

    monkeypatch.setattr(inputtransformer2, "TransformerManager", lambda: pytest.fail("asked"))
    assert "pass  # " in as_python(text)


@pytest.mark.quick
def test_what_runs_of_a_released_cell():
    text = "import re\nrun()\nN = [1, 2]\nuse_f = mine_or_library('f', f)\nM = run(N)\ng = f\n"
    kept = "import re\nN = [1, 2]\nuse_f = mine_or_library('f', f)\ng = f"
    assert definitions(text) == kept
    assert "M = run(N)" in definitions(text, needed_names(["M"], [text]))
    assert new_statements(text + "O = run()\n", text) == kept + "\nO = run()"
    assert without_statements(text + "O: int = 1\n", text) == "O: int = 1"
    assert (
        definitions("def (") == new_statements("def (", "") == without_statements("def (", "") == ""
    )


@pytest.mark.quick
def test_what_an_answer_needs_is_followed_through_all_cells():
    cells = [
        "def f(x):\n    return helper(x) + shift",
        "helper = make(k)",
        "shift = 1",
        "k, q = p()",
    ]
    assert needed_names(["f"], cells) == {"f", "helper", "shift", "make", "k", "p"}


def test_a_question_is_asked_where_a_copy_of_its_check_stands_too(course, release):
    notebook = solved(course)
    i = notebook.cells.index(cell_of(notebook, "u07_mean_check"))
    twin = copy.deepcopy(notebook.cells[i])
    twin.id = "a-copy"
    notebook.cells.append(new_code_cell("def mean(x):\n    return 0"))
    notebook.cells.append(twin)
    repaired = mended(release, notebook)
    asked = [cell.exercise_id for cell in repaired.attempt.cells if cell.kind == "check"]
    assert asked.count("u07_mean") == 2
    assert sorted(shown_ids(repaired)) == sorted(marked_ids(release))


@pytest.mark.quick
@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "empty"),
        (b"  \n", "empty"),
        (b'{"cells": [', "not JSON"),
        (b"[" * 100_000, "nested too deeply"),
        (b"[1, 2]", "a list"),
        (b"null", "NoneType"),
        (b'{"nbformat": 4}', "no list of cells"),
        (b'{"cells": {"0": 1}}', "no list of cells"),
        (b"\x00\xff\xfe\x80", "not JSON"),
        (b'{"a": ' + b"9" * 5000 + b"}", "not JSON"),
    ],
)
def test_what_is_no_notebook_is_said(data, words):
    with pytest.raises(Unreadable, match=words):
        cells_in(data)


@pytest.mark.quick
def test_odd_cells_are_read_as_far_as_they_go():
    odd = [
        3,
        {"cell_type": "code", "source": ["a\n", 5, "b"], "metadata": None},
        {"cell_type": ["code"], "source": {"x": 1}, "outputs": "none", "metadata": {"nbgrader": 7}},
        {"cell_type": "code", "source": "\ud800x", "id": 9, "outputs": [1, {"text": "hi"}]},
        {"cell_type": "code", "source": "x" * 2_000_000},
    ]
    cells, told = cells_in(json.dumps({"cells": odd}).encode())
    assert [cell.source for cell in cells] == ["a\nb", "", "?x"]
    assert [cell.kind for cell in cells] == ["code", "raw", "code"]
    assert len(told) == 2
    old = {"worksheets": [{"cells": [{"cell_type": "code", "input": "y = 1"}]}]}
    assert cells_in(json.dumps(old).encode())[0][0].source == "y = 1"
    assert cells_in(json.dumps(old).encode("utf-16"))[0][0].source == "y = 1"


# --- large files ---------------------------------------------------------------------------


def a_notebook(outputs, source="x = 1"):
    cell = {"cell_type": "code", "source": source, "metadata": {}, "outputs": outputs}
    other = {"cell_type": "code", "source": 'y = "\\"outputs\\": ["', "metadata": {}, "outputs": []}
    return {"cells": [cell, other], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def test_large_outputs_are_left_out_before_the_file_is_read(monkeypatch):
    monkeypatch.setattr(large_outputs, "MOST_BYTES", 300_000)
    picture = {"output_type": "display_data", "data": {"image/png": "iVBOR" * 50_000}}
    small = {"output_type": "stream", "name": "stdout", "text": ['a "quoted" ] bracket\n'] * 9000}
    for indent in (None, 1):
        data = json.dumps(a_notebook([small, picture]), indent=indent).encode()
        kept = large_outputs.without_large_outputs(data)
        assert len(kept) < 2000
        cells, told = cells_in(data)
        assert [cell.source for cell in cells] == ["x = 1", 'y = "\\"outputs\\": ["']
        assert "bytes left out" in cells[0].outputs[0]["text"]
        assert told == []
    data = json.dumps(a_notebook([small])).encode()
    assert len(data) > large_outputs.SMALL
    assert large_outputs.without_large_outputs(data) == data


def test_what_is_damaged_stays_damaged(monkeypatch):
    monkeypatch.setattr(large_outputs, "SMALL", 0)
    rng = random.Random(3)
    tricky = '[{"]}' + chr(92) * 3 + '"]'
    text = json.dumps(a_notebook([{"output_type": "stream", "text": tricky}])).encode()
    for _ in range(300):
        at = rng.randrange(len(text))
        broken = text[:at] + rng.choice([b"", b"[", b"}", b'"', b"\\"]) + text[at + 1 :]
        assert large_outputs.without_large_outputs(broken) == broken


def test_millions_of_empty_objects_are_refused_before_they_are_built(monkeypatch):
    """13 million would take 1.3 GB in the process that reads."""
    monkeypatch.setattr(raw_notebook, "MOST_VALUES", 200_000)
    many = b"[" + b"{}," * 300_000 + b"{}]"
    with pytest.raises(Unreadable, match="300003 brackets, far more"):
        cells_in(b'{"cells": ' + many + b"}")
    outputs = json.dumps(a_notebook(["HERE"])).encode().replace(b'["HERE"]', many)
    assert cells_in(outputs)[0][0].source == "x = 1"  # left out with the outputs
    monkeypatch.setattr(large_outputs, "MOST_SCANNED", 100_000)
    with pytest.raises(Unreadable, match="more than 100000 brackets"):
        cells_in(outputs)


# --- fuzzing ---------------------------------------------------------------------------------


def valid(data):
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            nbformat.validate(json.loads(data))
    except Exception:
        return False
    return True


def test_a_thousand_mutated_notebooks_are_read_or_said_to_be_unreadable(course, release):
    """What comes out is always a valid notebook with every marked cell once, in plain text."""
    rng = random.Random(2027)
    text = nbformat.writes(solved(course))
    unreadable = invalid = 0
    told = set()
    for _ in range(1000):
        data = mutate(text, rng)
        try:
            cells, _ = cells_in(data)
        except Unreadable as error:
            told.add(str(error))
            unreadable += 1
            continue
        invalid += not valid(data)
        repaired = repair(release, cells)
        assert sorted(shown_ids(repaired)) == sorted(marked_ids(release))
        assert len(answered(repaired)) == len(set(answered(repaired)))
        json.dumps([cell.source for cell in repaired.attempt.cells]).encode("utf-8")
        assert all(len(note) < 300 for note in repaired.notes)
    assert unreadable > 50
    assert all(10 < len(line) < 200 for line in told)
    assert invalid > 200
