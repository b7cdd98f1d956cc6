"""Every unit as a plain script at the size for a GPU: device, seconds, marks, slowest cells.

    PYTHONPATH=. python benchmarks/gpu_units.py [--units 00,05] [--jobs 2] [--size gpu] [--cells 3]

Needs the core dependencies alone. Each unit runs in a process of its own, several at a time if
told to (they then wait for each other, and the seconds are upper bounds). It fails if a unit ends
with an error, misses a mark, or takes longer than a GPU's minute.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
LIMIT = 60.0  # seconds a unit may take on one GPU
REPORT = "REPORT "  # begins the line on stderr with what a run measured
SCORE = re.compile(r"^\[(right|not yet)\].*?: (?:(\d+) of (\d+) points|no marks here)", re.M)


def cells_of(source: str) -> list[tuple[int, str]]:
    """Return the code cells of a py:percent source, each with its first line's number."""
    lines = source.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith("# %%")]
    ends = [*starts[1:], len(lines)]
    return [
        (start + 1, "\n".join(lines[start:end]))
        for start, end in zip(starts, ends, strict=True)
        if not lines[start].startswith("# %% [markdown]")
    ]


def run_cells(unit: str) -> None:
    """Run one unit cell by cell in this process, as a script; report on stderr."""
    import torch

    from coursekit.device import device_name, pick_device

    path = ROOT / "solutions" / f"{unit}.py"
    names: dict[str, Any] = {"__name__": "__main__", "__file__": str(path)}
    began, times = time.perf_counter(), []
    for line, cell in cells_of(path.read_text(encoding="utf-8")):
        start = time.perf_counter()
        code = "\n" * (line - 1) + cell  # so that a traceback names the line in the source
        exec(compile(code, str(path), "exec"), names)
        if pick_device().type == "cuda":
            torch.cuda.synchronize()
        times.append((time.perf_counter() - start, line))
    report = {
        "seconds": time.perf_counter() - began,
        "device": device_name(),
        "cells": sorted(times, reverse=True),
        "gpu_gb": torch.cuda.max_memory_allocated() / 1e9 if torch.cuda.is_available() else 0.0,
    }
    print(REPORT + json.dumps(report), file=sys.stderr)


def run_unit(unit: str, size: str, threads: int) -> dict[str, Any]:
    """Run one unit in a process of its own; return what it said and measured."""
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "COURSEKIT_SIZE": size,
        "COURSEKIT_HOME": str(ROOT / ".build" / "gpu_units"),
        "OMP_NUM_THREADS": str(threads),
        "OMP_WAIT_POLICY": "PASSIVE",
        "MPLBACKEND": "agg",
    }
    argv = [sys.executable, __file__, "--one", unit]
    began = time.perf_counter()
    done = subprocess.run(argv, env=environment, capture_output=True, text=True)
    found = [x for x in done.stderr.splitlines() if x.startswith(REPORT)]
    report: dict[str, Any] = json.loads(found[-1].removeprefix(REPORT)) if found else {}
    scores = SCORE.findall(done.stdout)
    return {
        "unit": unit,
        "status": done.returncode,
        "wall": time.perf_counter() - began,
        "right": sum(word == "right" for word, _, _ in scores),
        "checks": len(scores),
        "points": sum(int(got or 0) for _, got, _ in scores),
        "of": sum(int(most or 0) for _, _, most in scores),
        "error": "" if done.returncode == 0 else done.stderr.strip()[-1500:],
        **report,
    }


def show(row: dict[str, Any], num_cells: int) -> bool:
    """Print what a unit measured; say whether it is as it should be."""
    if row["status"] != 0:
        print(f"{row['unit']:22s} FAILED after {row['wall']:.0f} s\n{row['error']}", flush=True)
        return False
    full = row["checks"] > 0 and row["right"] == row["checks"]
    late = row["seconds"] > LIMIT and "CPU" not in row["device"]
    print(
        f"{row['unit']:22s} {row['seconds']:6.1f} s  {row['points']} of {row['of']} points"
        f"{'' if full else ' MISSED SOME'}{'  TOO SLOW' if late else ''}  "
        f"{row['gpu_gb']:.1f} GB of the GPU  {row['device']}"
    )
    for seconds, line in row["cells"][:num_cells]:
        print(f"{'':22s} {seconds:6.1f} s  the cell at line {line}", flush=True)
    return full and not late


def main() -> int:
    """Run the units that are asked for and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--units", default="", help="numbers, such as 00,05; all by default")
    parser.add_argument("--jobs", type=int, default=2, help="units at a time")
    parser.add_argument("--size", default="gpu", choices=("tiny", "cpu", "gpu"))
    parser.add_argument("--cells", type=int, default=3, help="how many of the slowest to name")
    parser.add_argument("--one", default="", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        run_cells(asked.one)
        return 0
    numbers = asked.units.split(",") if asked.units else [""]
    sources = sorted(path.stem for path in (ROOT / "solutions").glob("*.py"))
    units = [name for name in sources if any(name.startswith(n) for n in numbers)]
    threads = max(1, (os.cpu_count() or 1) // max(1, asked.jobs))
    began = time.perf_counter()
    with ThreadPoolExecutor(max(1, asked.jobs)) as pool:
        rows = pool.map(lambda unit: run_unit(unit, asked.size, threads), units)
        fine = [show(row, asked.cells) for row in rows]
    print(f"{sum(fine)} of {len(fine)} units, {time.perf_counter() - began:.0f} s, "
          f"{asked.jobs} at a time, {threads} threads each")  # fmt: skip
    return 0 if fine and all(fine) else 1


if __name__ == "__main__":
    raise SystemExit(main())
