"""Every unit runs: solved it earns full marks, unsolved it ends without an error and earns none.

Each runs once in a kernel in either form, and once as a plain script, all at the tiny size. All
begin with torch loaded (see warm/), but for the first unit's script: it loads everything by itself.
"""

import importlib.metadata
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

from coursekit.bootstrap.repository import repository
from coursekit.bootstrap.requirements import distributions
from coursekit.claims import quote
from coursekit.classroom.release.build import RELEASE_FOLDER, SOURCE_FOLDER, release_files
from coursekit.classroom.release.place import drift
from coursekit.classroom.release.source import read_unit, read_units
from coursekit.commands.build import points_of

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "solutions").glob("*.py"))
KERNEL_SECONDS = 10.0  # what a unit may take at the tiny size; CPU, imports included
MARGIN = 2.0  # for machines slower than two 2020s cores
LAST_CELL = "import os, time; print(time.process_time() + float(os.environ['WARM_SECONDS']))"
CORE_ALONE = """
import importlib.machinery, sys

HIDDEN = {hidden!r}


class Hide(importlib.machinery.PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name.split(".")[0] in HIDDEN else super().find_spec(name, path, target)


sys.meta_path = [Hide if f is importlib.machinery.PathFinder else f for f in sys.meta_path]
for name in [name for name in sys.modules if name.split(".")[0] in HIDDEN]:
    del sys.modules[name]  # what torch took along, where it is loaded already
"""


def beyond_the_core():
    """Return every module that a machine with the core dependencies alone lacks."""
    core = set(distributions("core"))
    tops = {
        top
        for top, names in importlib.metadata.packages_distributions().items()
        if not any(name.lower().replace("_", "-") in core for name in names)
    }
    return sorted(tops - needed_by(core) - {"coursekit"})


def needed_by(names):
    """Return the modules of these distributions and of all that they need in turn."""
    seen, todo = set(), {name.lower() for name in names}
    while todo:
        name = todo.pop()
        seen.add(name)
        try:
            lines = importlib.metadata.requires(name) or []
        except importlib.metadata.PackageNotFoundError:
            continue
        needs = {re.match(r"[\w.-]+", line)[0].lower() for line in lines if "extra ==" not in line}
        todo |= {need.replace("_", "-") for need in needs} - seen
    return {
        top
        for top, owners in importlib.metadata.packages_distributions().items()
        if {owner.lower().replace("_", "-") for owner in owners} & seen
    }


@pytest.fixture(scope="session", params=SOURCES, ids=[path.stem for path in SOURCES])
def unit(request):
    """Return each unit's source in turn."""
    return read_unit(request.param)


def tiny(tmp_path, **more):
    """Return the environment of a run that is tiny and leaves the learner's progress alone."""
    environment = {key: os.environ[key] for key in os.environ if key != "NBGRADER_EXECUTION"}
    return {
        **environment,
        "COURSEKIT_SIZE": "tiny",
        "COURSEKIT_HOME": str(tmp_path / "home"),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": str(ROOT),
        **more,
    }


def executed(unit, folder, tmp_path, warm):
    """Run one form of a unit in a kernel; return its notebook and the kernel's CPU seconds."""
    files = release_files([unit], points_of=points_of, quote=quote)
    notebook = nbformat.reads(files[f"{folder}/{unit.name}/{unit.name}.ipynb"], as_version=4)
    notebook.cells.append(nbformat.v4.new_code_cell(LAST_CELL, id="cpu-seconds"))
    client = NotebookClient(
        notebook,
        timeout=120,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(tmp_path)}},
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", warm.jupyter)
        client.execute(env=tiny(tmp_path))
    return notebook, float(notebook.cells.pop().outputs[0].text)


def assert_clean(notebook):
    """Refuse errors, and anything on stderr: warnings, progress bars."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", f"{cell.id}: {output.ename}: {output.evalue}"
            stderr = output.output_type == "stream" and output.name == "stderr"
            assert not stderr, f"{cell.id} wrote to stderr: {output.text}"


def checks_of(notebook):
    """Return exercise id -> (printed, shown) for each check cell."""
    found = {}
    for cell in notebook.cells:
        if cell.id.endswith("_check"):
            printed = "".join(o.text for o in cell.outputs if o.output_type == "stream")
            shown = [
                o.data["text/plain"] for o in cell.outputs if o.output_type == "execute_result"
            ]
            found[cell.id.removesuffix("_check")] = (printed, shown)
    return found


def assert_quick(seconds):
    print(f"{seconds:.1f} s of CPU")  # pytest -rP shows it
    assert seconds < KERNEL_SECONDS * MARGIN, f"{seconds:.1f} s at the tiny size"


def test_there_are_units():
    assert SOURCES


@pytest.mark.in_turn(of=3, turn=0)
def test_the_solved_unit_earns_full_marks(unit, tmp_path, warm):
    notebook, seconds = executed(unit, SOURCE_FOLDER, tmp_path, warm)
    assert_clean(notebook)
    checks = checks_of(notebook)
    assert tuple(checks) == unit.exercises
    for exercise, (printed, shown) in checks.items():
        assert "[right]" in printed, printed
        points = points_of(exercise)
        if points is not None:
            assert shown == [repr(points)]
    assert_quick(seconds)


@pytest.mark.in_turn(of=3, turn=1)
def test_the_unsolved_unit_runs_to_its_end_and_earns_nothing(unit, tmp_path, warm):
    notebook, seconds = executed(unit, RELEASE_FOLDER, tmp_path, warm)
    assert_clean(notebook)
    for printed, shown in checks_of(notebook).values():
        assert "not done yet" in printed
        assert shown == ["0.0"]
    assert_quick(seconds)


def test_what_is_hidden_from_the_script_is_what_the_core_does_not_bring():
    hidden = set(beyond_the_core())
    assert {"IPython", "ipywidgets", "anywidget", "nbgrader", "jupytext", "fsrs"} <= hidden
    assert not hidden & {"torch", "numpy", "scipy", "matplotlib", "tqdm", "typer", "rich", "sympy"}


@pytest.mark.in_turn(of=3, turn=2)
def test_the_source_is_a_plain_script_on_any_device(unit, tmp_path, warm):
    """As `python solutions/NN_name.py` where only the core dependencies are, and there is a GPU.

    The GPU is pretended: a tensor that a unit forgets on the CPU is an error there.
    """
    (tmp_path / "sitecustomize.py").write_text(CORE_ALONE.format(hidden=beyond_the_core()))
    path = os.pathsep.join([str(tmp_path), str(ROOT), str(ROOT / "tests")])
    python = (sys.executable,) if unit.name == SOURCES[0].stem else warm.python
    done = subprocess.run(
        [*python, "-m", "pretended_gpu", str(ROOT / "solutions" / f"{unit.name}.py")],
        cwd=tmp_path,
        env=tiny(tmp_path, PYTHONPATH=path, MPLBACKEND="agg"),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert done.stdout.count("[right]") == len(unit.exercises)


def test_the_committed_notebooks_are_what_the_sources_make():
    units, place = read_units(ROOT / "solutions"), repository()
    files = release_files(units, points_of=points_of, quote=quote, repository=place)
    found = [line for line in drift(ROOT, files) if line.startswith(RELEASE_FOLDER)]
    assert found == [], "run `python3 -m coursekit build` and commit notebooks/"
