"""``coursekit lab --check``: a unit run in a real server, as a learner's Run All would run it."""

import json
import shutil
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from coursekit.classroom.learner.copies import exercises_in, notebook_in
from coursekit.classroom.learner.lab_server import lab_server, run_cells


@dataclass(frozen=True)
class CellError:
    """An error that a cell ended with."""

    cell: int  # counted from 1 among the code cells
    source: str
    name: str
    message: str


def check_unit(release: Path) -> int:
    """Run a copy of a released unit, print what its notebook then shows, return 1 on an error."""
    with tempfile.TemporaryDirectory(prefix="coursekit-check-") as place:
        folder = Path(place) / "work" / release.name
        shutil.copytree(release, folder)
        notebook = notebook_in(folder)
        path = f"/api/contents/work/{release.name}/{notebook.name}"
        began = time.monotonic()
        with lab_server(Path(place)) as server:
            model = server.ask(path)
            run_cells(server, f"work/{release.name}/{notebook.name}", model["content"])
            server.ask(path, method="PUT", body=model)
        return report(notebook, seconds=time.monotonic() - began)


def report(notebook: Path, *, seconds: float) -> int:
    """Print what an executed notebook shows: cells run, errors, exercises; return 1 on an error."""
    cells = [c for c in json.loads(notebook.read_text())["cells"] if c["cell_type"] == "code"]
    filled = [c for c in cells if "".join(c["source"]).strip()]
    ran = [c for c in filled if c["execution_count"] is not None]
    errors = [
        CellError(number, "".join(cell["source"]), output["ename"], output["evalue"])
        for number, cell in enumerate(filled, 1)
        for output in cell["outputs"]
        if output["output_type"] == "error"
    ]
    exercises = exercises_in(notebook)
    print(f"unit             {notebook.stem}")
    print(f"cells run        {len(ran)} of {len(filled)}")
    print(f"errors           {len(errors)}")
    print(f"exercises found  {len(exercises)}: {', '.join(exercises) or 'none'}")
    print(f"seconds          {seconds:.0f}")
    for error in errors:
        print(f"\ncell {error.cell}: {error.name}: {error.message}")
        print("\n".join(f"    {line}" for line in error.source.splitlines()[:12]))
    if not errors and len(ran) == len(filled):
        return 0
    print(
        "The unit does not run. What this machine lacks: python3 -m coursekit doctor",
        file=sys.stderr,
    )
    return 1
