"""Run the released notebooks for their pages, several at once, and keep what they showed.

The release is run, not the solved unit: its checks say "not done yet" and its figures use the
library's functions, so that no solution can reach a page. What a run showed is kept under
`.build/site/executed/`, by a hash of the notebook, the package and the size.
"""

import asyncio
import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from nbformat import NotebookNode

from coursekit.site.capture import FIRST_CELL
from coursekit.storage import ROOT, write_atomically

RUN = ("capture", "execute")  # the modules of this package that a run depends on
CELL_SECONDS = 600  # for one cell; a machine with many neighbours is slow


class UnitFailed(RuntimeError):
    """A unit whose run ended in an error, or said something on stderr."""


def executed_units(
    texts: Mapping[str, str], kept: Path, *, size: str, at_once: int, run: Collection[str]
) -> dict[str, NotebookNode]:
    """Return each unit's notebook with what its cells showed.

    Args:
        texts: Unit name -> text of its released notebook.
        kept: Folder of earlier runs; those of the same text, package and size are used again.
        size: "tiny" or "cpu".
        at_once: How many kernels run at a time, each with one thread.
        run: The units to be run; the cells of others show nothing.

    Raises:
        UnitFailed: If a cell ends in an error.
    """
    code = package_hash()

    def one(name: str) -> NotebookNode:
        if name not in run:
            return nbformat.reads(texts[name], as_version=4)
        key = hashlib.sha256(f"{size}\n{code}\n{texts[name]}".encode()).hexdigest()[:16]
        path = kept / f"{name}-{key}.ipynb"
        if path.is_file():
            return nbformat.read(path, as_version=4)
        began = time.monotonic()
        notebook = run_notebook(name, texts[name], kept / "home", size=size)
        write_atomically(path, nbformat.writes(notebook))
        print(f"ran {name} in {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        return notebook

    kept.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(at_once) as pool:
        done = dict(zip(texts, pool.map(one, texts), strict=True))
    for name in texts:  # earlier runs of what is no longer so
        now = {path.name for path in kept.glob(f"{name}-*.ipynb")}
        for old in sorted(now, key=lambda n: (kept / n).stat().st_mtime)[:-4]:
            (kept / old).unlink(missing_ok=True)
    return done


def run_notebook(name: str, text: str, home: Path, *, size: str) -> NotebookNode:
    """Run one notebook from its first cell to its last, in a kernel of its own.

    Raises:
        UnitFailed: Naming the cell that ended in an error.
    """
    notebook = nbformat.reads(text, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_SECONDS,
        kernel_name="python3",
        allow_errors=True,
        resources={"metadata": {"path": str(ROOT)}},
    )
    notebook.cells.insert(0, nbformat.v4.new_code_cell(FIRST_CELL, id="capture"))
    environment = kernel_environment(home, size)
    asyncio.run(client.async_execute(env=environment, stderr=subprocess.DEVNULL))
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "error":
                raise UnitFailed(
                    f"{name}, cell {cell.id}: {output.ename}: {output.evalue}\n"
                    f"Open it with `python3 -m coursekit lab {name[:2]}` and mend the source."
                )
    del notebook.cells[0]
    return notebook


def kernel_environment(home: Path, size: str) -> dict[str, str]:
    """Return the environment of a kernel: one thread, static widgets, nobody's progress."""
    kept = {key: value for key, value in os.environ.items() if key != "NBGRADER_EXECUTION"}
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH", "")]))
    return {
        **kept,
        "COURSEKIT_SIZE": size,
        "COURSEKIT_WIDGETS": "0",
        "COURSEKIT_HOME": str(home),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": path,
    }


def package_hash() -> str:
    """Return a hash of every file of the package that a run may read."""
    digest = hashlib.sha256()
    for path in sorted((ROOT / "coursekit").rglob("*")):
        inside = path.relative_to(ROOT / "coursekit")
        ours = inside.parts[0] == "site" and path.stem not in RUN
        if ours or path.suffix == ".pyc" or inside.parts[:2] == ("explorers", "web"):
            continue
        if path.is_file():
            digest.update(inside.as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()
