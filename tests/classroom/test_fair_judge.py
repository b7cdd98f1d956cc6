"""Honest notebooks that show full marks in their kernel get full marks from the judge.

Each case changes the solved notebook of unit 01 as students do: scratch cells, figures, magics,
other versions of an answer tried below its check.
"""

from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell

from coursekit.classroom.handing_in.raw_notebook import cells_in
from coursekit.classroom.handing_in.repair import read_release, repair
from coursekit.classroom.judge.points_earned import judge_attempt
from coursekit.classroom.release.source import read_unit
from coursekit.classroom.sandbox.opening import Limits, open_sandbox
from coursekit.exercises import EXERCISES

ROOT = Path(__file__).resolve().parents[2]
NAME = "01_gradient_noise"
RELEASE = ROOT / "notebooks" / NAME / f"{NAME}.ipynb"
ANSWERS = {
    cell.name: cell.text.replace("### BEGIN SOLUTION", "#").replace("### END SOLUTION", "#")
    for cell in read_unit(ROOT / "solutions" / f"{NAME}.py").cells
    if cell.role == "solution"
}
FIRST, TR, AT, ERROR = "u01_minibatch_grad", "u01_tr_cov", "u01_variance_at", "u01_standard_error"
ASKED = (FIRST, TR, AT, ERROR)
DEVIATIONS = "per_example_grads - per_example_grads.mean(dim=0)"


@pytest.fixture(scope="module")
def sandbox():
    with open_sandbox(limits=Limits(cell_seconds=2.0, submission_seconds=60.0)) as opened:
        yield opened


@pytest.fixture(scope="module")
def release():
    return read_release(RELEASE)


class Notebook:
    """The solved notebook, to be changed."""

    def __init__(self):
        self.whole = nbformat.read(RELEASE, as_version=4)
        for cell in self.whole.cells:
            mark = cell.metadata.get("nbgrader", {}).get("grade_id", "")
            cell.source = ANSWERS.get(mark, cell.source)

    def cell(self, grade_id):
        marks = [c.metadata.get("nbgrader", {}).get("grade_id") for c in self.whole.cells]
        return self.whole.cells[marks.index(grade_id)]

    def add(self, text, *, above=None, below=None):
        anchor = self.whole.cells.index(self.cell(above or below)) if above or below else None
        place = len(self.whole.cells) if anchor is None else anchor + (below is not None)
        self.whole.cells.insert(place, new_code_cell(text))

    def change(self, grade_id, old, new):
        cell = self.cell(grade_id)
        assert old in cell.source
        cell.source = cell.source.replace(old, new)

    def put(self, grade_id, *, above="", below=""):
        cell = self.cell(grade_id)
        cell.source = above + cell.source + below


def helper_twice(book):
    book.put(TR, above="def centre(g):\n    return g - g.mean(dim=0)\n\n\n")
    book.change(TR, DEVIATIONS, "centre(per_example_grads)")
    book.put(ERROR, above="def centre(g):\n    return 0 * g\n\n\n")


def uses_a_constant(book, text="ddof = 1\n\n\n"):
    book.put(TR, above=text)
    book.change(TR, "(len(per_example_grads) - 1)", "(len(per_example_grads) - ddof)")


def uses_a_helper(book, above):
    """A line that this sandbox can't run, or runs otherwise, stands above a helper."""
    book.put(TR, above=f"{above}\n\n\ndef centre(g):\n    return g - g.mean(dim=0)\n\n\n")
    book.change(TR, DEVIATIONS, "centre(per_example_grads)")


def in_own_cell(book, text):
    """A cell of one's own defines a helper below some lines."""
    book.add(f"{text}\ndef centre(g):\n    return g - g.mean(dim=0)\n", above=TR)
    book.change(TR, DEVIATIONS, "centre(per_example_grads)")


def ddof_later(book):
    uses_a_constant(book)
    book.add("ddof = 0\nprint(ddof)")


def use_of_the_text(book):
    book.put(ERROR, above="law = use_variance_at(1.0, 4, 10, True)\n\n\n")
    book.change(ERROR, "/ math.sqrt(", "/ (4 * use_variance_at(1.0, 4, 10, True)) / math.sqrt(")


def one_in_the_check(book):
    book.put(TR + "_check", above="ONE: int = 1\n")
    book.change(TR, "- 1)", "- ONE)")


def made_in_the_check(book):
    book.put(TR + "_check", above="import itertools\nONE = len(list(itertools.islice([3], 1)))\n")
    book.change(TR, "- 1)", "- ONE)")


def made_in_the_prelude(book):
    grade_id = next(
        cell.metadata.nbgrader.grade_id
        for cell in book.whole.cells
        if cell.metadata.get("nbgrader", {}).get("grade_id", "").endswith("prelude")
    )
    book.put(grade_id, below="\nroot = math.sqrt\nlengths = [root(1.0)]\n")
    book.change(ERROR, "math.sqrt(", "lengths[0] / root(")


def from_an_experiment(book):
    """The answer reads a name that a cell of the text binds, further down."""
    book.change(AT, "= tr_cov / batch_size", "= tr_cov / batch_size * len(WAYS) / 2")


def other_version_below(book):
    book.add("def tr_cov(g):\n    return g.var(dim=0, correction=0).sum()\n", below=TR + "_check")


def check_in_the_middle(book):
    """Once in the order of the notebook, with a helper that a later cell needs otherwise."""
    book.add("scale = 1.0\n", above=TR)
    book.change(TR, "return deviations", "return scale * deviations")
    book.add("scale = 5.0\n", below=TR + "_check")


def answer_below_its_check(book):
    """Cells run out of order: the kernel knew the answer when the check ran again."""
    cell = book.cell(TR)
    book.whole.cells.remove(cell)
    book.whole.cells.append(cell)


def state_is_put_back(book):
    book.put(TR, below="\n\ntorch.manual_seed(0)\n")
    book.change(TR, "deviations =", "torch.set_default_dtype(torch.float64)\n    deviations =")
    book.add("assert torch.get_default_dtype() == torch.float32\nONE = 1\n", below=TR + "_check")
    book.change(AT, "variance = tr_cov / batch_size", "variance = ONE * tr_cov / batch_size")


CASES = {
    # --- the cases that were reported ----------------------------------------------------------
    "two cells define the same helper": helper_twice,
    "another constant in a later scratch cell": ddof_later,
    "a builtin's name bound later": lambda b: b.add("sum = 0\nlen = 3\nmax = min = None"),
    "an older version below its check": other_version_below,
    "a parameter's name bound later": lambda b: b.add("tr_cov = 3.7\nvariance_at = 1.0"),
    "a name that the text defines": use_of_the_text,
    "settings of figures": lambda b: in_own_cell(
        b,
        'import matplotlib.pyplot as plt\nplt.rcParams["figure.figsize"] = (4, 3)\n'
        'plt.rcParams.update({"font.size": 9})\nimport numpy as np',
    ),
    "axes unpacked": lambda b: in_own_cell(
        b,
        "import matplotlib.pyplot as plt\nfig, (a, b, c) = plt.subplots(1, 3)\n"
        "line, = a.plot([1, 2])\nn, bins, patches = b.hist([1, 2])\nfirst, *rest = c.bar([1], [2])",
    ),
    "a comparison with what a check returns": lambda b: in_own_cell(
        b, f'if check("{FIRST}", minibatch_grad) < 2.0:\n    raise SystemExit("stop")'
    ),
    "output of a command": lambda b: in_own_cell(b, "files = !ls\nprint(len(files), files[0])"),
    "a timing kept": lambda b: in_own_cell(
        b, "t = %timeit -o -n 1 -r 1 sum([1])\nprint(f'{t.average:.3f}', t.best * 1e3 < 5)"
    ),
    "a line that begins with an operator": lambda b: in_own_cell(
        b, "%matplotlib inline\nx = (10\n% 3)\nassert x == 1"
    ),
    "await in a cell": lambda b: in_own_cell(
        b, "import asyncio\nawait asyncio.sleep(0)\nasync def one():\n    return 1\nx = await one()"
    ),
    "a compiled answer": lambda b: b.put(TR, above="@torch.jit.script\n"),
    "a constant typed into a check": one_in_the_check,
    # --- more of the kind ----------------------------------------------------------------------
    "input above a helper": lambda b: uses_a_helper(b, 'name = input("your name: ")'),
    "a library that is not here": lambda b: uses_a_helper(b, "import no_such_library as nsl"),
    "a file that is not here": lambda b: uses_a_helper(b, 'rows = open("mine.csv").read()'),
    "a value computed in the check": made_in_the_check,
    "a value computed in the prelude": made_in_the_prelude,
    "a constant of the text": from_an_experiment,
    "a scale set anew below the check": check_in_the_middle,
    "the answer stands below its check": answer_below_its_check,
    "settings changed by an answer": state_is_put_back,
    "a training below the definition": lambda b: b.put(
        TR, below="\n\nimport time\nfor epoch in range(100):\n    time.sleep(0.1)\n"
    ),
    "a training above the definition": lambda b: b.put(
        TR, above="import time\nfor epoch in range(100):\n    time.sleep(0.1)\n\n\n"
    ),
    "%%time above the answer": lambda b: b.put(TR, above="%%time\n"),
    "%%capture above an own cell": lambda b: (
        b.add("%%capture out\n%time ddof = 1\n", above=TR) or uses_a_constant(b, "out.show()\n")
    ),
    "a module written by a cell": lambda b: (
        b.add("%%writefile mine.py\ndef centre(g):\n    return g - g.mean(dim=0)\n", above=TR)
        or uses_a_helper(b, "from mine import centre as centred")
    ),
    "axes in a grid": lambda b: in_own_cell(
        b,
        "import matplotlib.pyplot as plt\nfig, axs = plt.subplots(2, 2, squeeze=False)\n"
        "for ax, c in zip(axs.flat, 'abcd', strict=True):\n    ax.set_title(c)\n"
        "axs[0, 1].plot([1])\nfig2 = plt.figure(figsize=(3, 2))\n(p, q) = fig2.subplots(1, 2)\n"
        "p.plot([1]); lo, hi = q.get_ylim()\nq.fill_between([0], lo - 1, 2 * hi)",
    ),
    "a class derived from a figure's": lambda b: in_own_cell(
        b,
        "from matplotlib.ticker import Formatter\nclass Mine(Formatter):\n    unit = 'g'\nMine()\n"
        "import matplotlib.pyplot as plt\nwith plt.style.context('ggplot'):\n    plt.plot([1])",
    ),
    "a decorator of widgets": lambda b: uses_a_helper(
        b, "import ipywidgets\n@ipywidgets.interact(k=(1, 5))\ndef look(k=1):\n    print(k)"
    ),
    "annotations of the future": lambda b: in_own_cell(
        b, "from __future__ import annotations\ndef f(x: NotYetDefined) -> Nor: ..."
    ),
    "an assert on the score": lambda b: in_own_cell(
        b, f'score = check("{FIRST}", minibatch_grad)\nassert score == 2.0, score'
    ),
    "a seed set in a scratch cell": lambda b: b.add(
        "torch.manual_seed(3)\ntorch.set_grad_enabled(False)\nimport random; random.seed(1)"
    ),
    "names deleted at the end": lambda b: b.add("del tr_cov, variance_at\n%reset -f"),
    "help asked for": lambda b: in_own_cell(b, "torch.var?\nlen??\n!pip install x\n%pip list"),
    "a data class of one's own": lambda b: in_own_cell(
        b, "from dataclasses import dataclass\n@dataclass\nclass Run:\n    lr: float = 0.1\nRun()"
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_full_marks_in_the_notebook_are_full_marks_from_the_judge(case, sandbox, release):
    book = Notebook()
    CASES[case](book)
    cells, _ = cells_in(nbformat.writes(book.whole).encode())
    attempt = repair(release, cells).attempt
    mark = judge_attempt(attempt, bank=EXERCISES, exercise_ids=ASKED, sandbox=sandbox, seed=11)
    lost = [(q.exercise_id, q.status, q.reason) for q in mark.questions if q.status != "ok"]
    assert not lost


def test_wrong_answers_stay_wrong_wherever_they_are_asked(sandbox, release):
    """What comes right only by a later cell does; what never is right does not."""
    book = Notebook()
    book.change(TR, "- 1)", "- 0)")
    book.change(AT, "(num_examples - batch_size)", "num_examples")
    book.add("good = variance_at\n")
    cells, _ = cells_in(nbformat.writes(book.whole).encode())
    mark = judge_attempt(
        repair(release, cells).attempt,
        bank=EXERCISES,
        exercise_ids=[TR, AT],
        sandbox=sandbox,
        seed=11,
    )
    assert [question.status for question in mark.questions] == ["wrong", "wrong"]
    assert mark.questions[0].points == 0.0
