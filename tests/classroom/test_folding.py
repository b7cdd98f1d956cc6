"""What is folded in a unit's notebook, and how one gets from a unit to the next."""

from pathlib import Path

import pytest
from small_unit import points_of, quote

from coursekit.classroom.release.build import release_files
from coursekit.classroom.release.folding import NOTE, plumbing
from coursekit.classroom.release.source import SourceCell, read_units

pytestmark = pytest.mark.quick
ROOT = Path(__file__).resolve().parents[2]


def cell(text, role="", tags=()):
    return SourceCell("code", text, role, "", None, tags, "x.py:1")


FIGURE = """stored = load_ledger()["P2"]["cpu"]["values"]
show(
    figures.dots_plot(
        {name: stored[key] for name, key in NAMES.items()},
        title=f"{len(stored)} seeds",
    )
)"""


@pytest.mark.parametrize(
    ("text", "does"),
    [
        ('predict("u", "k", "?", ["a", "b"])', "asks you below"),
        ('predict("u", "k", "?", [])\npredict_number("u", "n", "?")', "asks you below"),
        ('said = f"{x:g}"\ncompare_predictions("u", {"k": ("?", said)})', "what you predicted"),
        (FIGURE, "draws the figure below"),
        (f'{FIGURE}\nprint("slope", slope)', ""),
        (FIGURE.replace("load_ledger()", "run_grid()"), ""),
        (FIGURE.replace("show(", "display("), ""),
        (FIGURE.replace("stored[key]", "use_mine(key)"), ""),
        ("show(signal_plot(grad_sq_norm, trace))", ""),
        ('x = 1\npredict("u", "k", "?", [])', ""),
        ('for x in y:\n    pass\ncompare_predictions("u", {})', ""),
    ],
)
def test_only_what_asks_compares_or_draws_is_folded(text, does):
    assert plumbing(cell(text)).startswith(does)
    assert bool(plumbing(cell(text))) is bool(does)
    assert plumbing(cell(text, tags=("open",))) == ""


@pytest.mark.parametrize("role", ["solution", "check", "essay"])
def test_no_exercise_is_folded(role):
    assert plumbing(cell(FIGURE, role)) == ""
    assert plumbing(cell("import math", "prelude")) == "the imports"


def test_in_the_course_no_cell_with_a_learners_function_or_an_experiment_is_folded():
    telling = ("mine_or_library", "run_grid", "train(", "use_", "check(", "print(")
    folded = [one for unit in read_units(ROOT / "solutions") for one in unit.cells if plumbing(one)]
    assert len(folded) > 40
    for one in folded:
        if plumbing(one) not in ("the imports", "what you predicted and what was measured"):
            assert not [word for word in telling if word in one.text], one.place


UNIT = """# %% [markdown]
# # {number} · Unit {number}
#
# %% prelude
import math

# %%
print(math.pi)
"""


def test_units_link_to_each_other_and_to_the_home_page(tmp_path):
    for number in ("07", "08", "09"):
        (tmp_path / f"{number}_small.py").write_text(UNIT.format(number=number))
    files = release_files(read_units(tmp_path), points_of=points_of, quote=quote)
    middle = files["notebooks/08_small/08_small.ipynb"]
    assert "**Next: [09 · Unit 09](../09_small/09_small.ipynb)**" in middle
    assert "Before: [07 · Unit 07](../07_small/07_small.ipynb)" in middle
    assert "(../home.ipynb)" in middle
    assert "Next" not in files["notebooks/09_small/09_small.ipynb"]
    assert "Before" not in files["notebooks/07_small/07_small.ipynb"]
    assert NOTE.split("\n")[-1][:20] in middle
    assert '"source_hidden": true' in middle
    assert "# plumbing, skip: the imports" in middle
    home = files["notebooks/home.ipynb"]
    assert home.count("_small.ipynb)") == 3
    assert "3 units" in home


def test_a_unit_alone_has_no_links(tmp_path):
    (tmp_path / "07_small.py").write_text(UNIT.format(number="07"))
    files = release_files(read_units(tmp_path), points_of=points_of, quote=quote)
    assert not [name for name in files if name.endswith("home.ipynb")]
    assert "home.ipynb" not in "".join(files.values())
