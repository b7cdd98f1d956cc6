"""What a unit's source may hold, and what is refused with the place and the remedy."""

import pytest
from small_unit import SOURCE

from coursekit.classroom.release.regions import UnpairedMarkers, solution_regions, without_regions
from coursekit.classroom.release.source import SourceError, read_unit, read_units

pytestmark = pytest.mark.quick


@pytest.fixture
def read(tmp_path):
    """Return a function that writes a text as a unit and reads it."""

    def write_and_read(text, name="07_small.py"):
        folder = tmp_path / "solutions"
        folder.mkdir(exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
        return read_unit(folder / name)

    return write_and_read


def test_cells_come_out_in_order_with_role_name_and_line(read):
    unit = read(SOURCE)
    marked = [(c.kind, c.role, c.name) for c in unit.cells if c.role]
    assert marked == [
        ("code", "prelude", ""),
        ("code", "solution", "u07_double"),
        ("code", "check", "u07_double"),
        ("code", "solution", "u07_mean"),
        ("code", "check", "u07_mean"),
        ("code", "solution", "u07_spread"),
        ("code", "check", "u07_spread"),
        ("markdown", "essay", "u07_why"),
    ]
    assert unit.name == "07_small"
    assert unit.prefix == "u07"
    assert unit.exercises == ("u07_double", "u07_mean", "u07_spread")
    assert unit.cells[-1].points == 2
    lines = SOURCE.splitlines()
    for cell in unit.cells:
        assert lines[int(cell.place.split(":")[1]) - 1].startswith("# %%")


def test_markdown_loses_its_comment_signs_and_code_keeps_its_own(read):
    unit = read(
        "# %% [markdown]\n# # Title\n#\n# a $x^{2}$\n\n# %%\n# !ls is no magic here\nx = 1\n"
    )
    assert unit.cells[0].text == "# Title\n\na $x^{2}$"
    assert unit.cells[1].text == "# !ls is no magic here\nx = 1"


def test_code_that_is_long_ends_without_blank_lines(read):
    unit = read("# %%\nx = 1\n\n\n\n# %%\ny = 2\n\n\n")
    assert [c.text for c in unit.cells] == ["x = 1", "y = 2"]


def changed(old, new):
    assert SOURCE.count(old) >= 1, old
    return SOURCE.replace(old, new)


REFUSED = {
    "mistyped mark": (
        changed('solution="u07_mean"', 'soluton="u07_mean"'),
        "'soluton' is not known",
    ),
    "title": (changed("# %% prelude", "# %% imports"), "'imports' is not known"),
    "two roles": (
        changed('solution="u07_mean"', 'solution="u07_mean" check="u07_mean"'),
        "a cell has one role",
    ),
    "points on an exercise": (
        changed('check="u07_mean"', 'check="u07_mean" points=3'),
        "points= belongs to an essay",
    ),
    "essay without points": (changed(" points=2", ""), "points= belongs to an essay"),
    "essay for nothing": (changed("points=2", "points=0"), "above 0"),
    "id of another unit": (changed("u07_mean", "u08_mean"), "does not start with u07_"),
    "id with a dot": (changed("u07_mean", "u07.mean"), "lower-case letters"),
    "id that ends in _check": (changed("u07_mean", "u07_mean_check"), "not ending in _check"),
    "no check": (changed('# %% check="u07_mean"', "# %%"), "u07_mean has no check"),
    "no solution": (
        SOURCE[: SOURCE.index('# %% solution="u07_mean"')]
        + SOURCE[SOURCE.index('# %% check="u07_mean"') :],
        "no solution cell for u07_mean above",
    ),
    "twice": (SOURCE + SOURCE[SOURCE.index('# %% solution="u07_mean"') :], "a second solution"),
    "unclosed region": (changed("    ### END SOLUTION\n\n\n", "\n\n"), "without 'END SOLUTION'"),
    "unopened region": (
        changed("    ### BEGIN SOLUTION\n    return number", "    return number"),
        "without 'BEGIN SOLUTION'",
    ),
    "nested region": (
        changed("    return number + number", "    ### BEGIN SOLUTION\n    return 2"),
        "twice",
    ),
    "mistyped marker": (
        changed("### BEGIN SOLUTION", "### Begin Solution"),
        "looks like a marker but is none",
    ),
    "no region": (
        SOURCE.replace("    ### BEGIN SOLUTION\n    return number", "    return number", 1).replace(
            "    ### END SOLUTION\n", "", 1
        ),
        "removes the whole cell",
    ),
    "region in a plain cell": (
        "# %%\n### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n",
        "outside a solution or essay cell",
    ),
    "statement beside a definition": (
        changed("def mean(numbers):", "STEPS = 3\n\n\ndef mean(numbers):"),
        "`STEPS = 3` stands outside a function",
    ),
    "region at the top level": (
        changed(
            "def spread(numbers):", "### BEGIN SOLUTION\nx = 1\n### END SOLUTION\ndef spread(n):"
        ),
        "definitions only",
    ),
    "score hidden by a semicolon": (
        changed('check("u07_mean", mean)', 'check("u07_mean", mean);'),
        "without a semicolon",
    ),
    "score kept in a name": (
        changed('check("u07_mean", mean)', 'score = check("u07_mean", mean)'),
        "nbgrader reads the score",
    ),
    "check of another exercise": (
        changed('check("u07_mean", mean)', 'check("u07_double", mean)'),
        'check("u07_mean", ...)',
    ),
    "code that does not parse": (changed("import os", "import os os"), "line 1 of the cell"),
    "stub that does not parse": (
        changed(
            "    ### BEGIN SOLUTION\n    return number", "  ### BEGIN SOLUTION\n    return number"
        ),
        "of the cell",
    ),
    "markdown prelude": (
        changed("# %% prelude", "# %% [markdown] prelude"),
        "holds code, not markdown",
    ),
    "markdown solution": ('# %% [markdown] solution="u07_a"\n# x\n', "holds code"),
    "raw cell": ("# %% [raw]\n# x\n", "a raw cell"),
    "empty cell": ("# %%\n\n# %%\nx = 1\n", "empty cell"),
    "text above the first cell": ("x = 1\n\n# %%\ny = 2\n", "belongs below a line"),
    "nothing": ("", "0 cell markers"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_refused_with_place_and_remedy(read, why):
    text, message = REFUSED[why]
    with pytest.raises(SourceError) as caught:
        read(text)
    assert str(caught.value).startswith("solutions/07_small.py:")
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["small.py", "7_small.py", "07-small.py", "07_Small.py"])
def test_a_unit_has_a_number_and_a_lower_case_name(read, name):
    with pytest.raises(SourceError, match="NN_name"):
        read(SOURCE, name)


def test_units_come_sorted_and_an_empty_folder_is_an_error(tmp_path):
    with pytest.raises(SourceError, match="no unit in"):
        read_units(tmp_path)
    for name in ("02_b.py", "01_a.py"):
        (tmp_path / name).write_text("# %%\nx = 1\n")
    assert [unit.name for unit in read_units(tmp_path)] == ["01_a", "02_b"]


def test_regions_are_cut_as_nbgrader_cuts_them():
    """The look-ahead here and nbgrader's own ClearSolutions must not disagree."""
    from nbformat.v4 import new_code_cell, new_notebook
    from nbgrader.preprocessors import ClearSolutions

    from coursekit.classroom.release.build import clear_solutions_config

    texts = [
        "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION",
        "def f():\n\t# BEGIN SOLUTION\n\ta\n\n\tb\n\t# END SOLUTION\n\nclass C:\n    x = 1",
        "def f():\n  # BEGIN SOLUTION\n  # END SOLUTION\n  # BEGIN SOLUTION\n  2\n  # END SOLUTION",
    ]
    for text in texts:
        mark = {"grade": False, "solution": True, "locked": False, "grade_id": "a"}
        cell = new_code_cell(text, metadata={"nbgrader": {**mark, "schema_version": 3}})
        cleared, _ = ClearSolutions(config=clear_solutions_config())(new_notebook(cells=[cell]), {})
        assert cleared.cells[0].source == without_regions(text)


def test_solution_regions_return_what_learners_may_not_see():
    text = "a\n# BEGIN SOLUTION\nb\nc\n# END SOLUTION\nd\n# BEGIN SOLUTION\n# END SOLUTION"
    assert solution_regions(text) == [["b", "c"], []]
    with pytest.raises(UnpairedMarkers):
        solution_regions("# END SOLUTION")
