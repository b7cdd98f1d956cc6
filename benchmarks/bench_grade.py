"""Grade a made-up class of unit 01: nbgrader's own autograde, one after another, against `grade`.

    python3 -m coursekit bench grade                       40 both ways, then 500 through `grade`
    python3 -m coursekit bench grade -- --stock 8 --large 0
    python3 -m coursekit bench grade -- --stock 0 --large 0 --dask 500    one Dask worker, then two

Both grade the same notebooks on this machine, one after the other; start-up counts for both. The
bars are three times nbgrader's rate, 600 a minute on two idle cores for 500, and two Dask workers
(`pip install 'coursekit[cluster]'`) at 1.8 times the rate of one, once both are at work: the rate
is that of the last four fifths, and the ratio of the whole times, with some seconds for a gradebook
and torch, stands beside it. It needs four idle cores: one writes the gradebook and one runs the
scheduler.
"""

import argparse
import contextlib
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from coursekit.classroom.handing_in.due_dates import DueDates
from coursekit.classroom.handing_in.practice_class import ORDINARY, make_class
from coursekit.classroom.marking.gradebook import open_course
from coursekit.classroom.marking.grading import grade_unit
from coursekit.classroom.marking.open_judge import JudgeSettings, open_judge

ROOT = Path(__file__).resolve().parents[1]
UNIT = "01_gradient_noise"
BAR = 600  # a minute
DASK_BAR = 1.8
DUE = datetime(2026, 3, 1, 18, tzinfo=UTC)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--stock", type=int, default=40, help="submissions for both")
    parser.add_argument("--large", type=int, default=500, help="submissions for `grade` alone")
    parser.add_argument("--workers", type=int, help="processes of `grade`")
    parser.add_argument("--dask", type=int, default=0, help="submissions for Dask, by 1, then by 2")
    options = parser.parse_args()
    ratio = rate = gain = None
    with tempfile.TemporaryDirectory(prefix="bench-grade-") as place:
        if options.stock:
            course = make_course(Path(place) / "both", options.stock)
            nbgrader(course, "generate_assignment", UNIT, "--force")
            stock = timed(lambda: nbgrader(course, "autograde", UNIT))
            show("nbgrader autograde", options.stock, stock)
            shutil.rmtree(course / "grading" / "autograded")
            (course / "grading" / "gradebook.db").unlink()
            ours = timed(lambda: grade(course, options.workers))
            show("coursekit grade", options.stock, ours)
            ratio = stock[0] / ours[0]
            print(f"grade is {ratio:.1f} x as fast (bar: 3)")
        if options.large:
            course = make_course(Path(place) / "large", options.large)
            ours = timed(lambda: grade(course, options.workers))
            show("coursekit grade", options.large, ours)
            rate = 60 * options.large / ours[0]
            print(f"{rate:.0f} a minute on {os.cpu_count()} cores (bar: {BAR} on two)")
        if options.dask:
            (one, rate_of_one), (two, rate_of_two) = (
                on_dask(Path(place) / str(n), options.dask, n) for n in (1, 2)
            )
            gain = rate_of_two / rate_of_one
            print(f"two Dask workers are {gain:.2f} x as fast as one (bar: {DASK_BAR}), and")
            print(f"{one / two:.2f} x with the start")
    missed = (ratio, 3), (rate, BAR), (gain, DASK_BAR)
    return int(any(figure is not None and figure < bar for figure, bar in missed))


def make_course(folder: Path, size: int) -> Path:
    """Copy the release and let a class hand in: right, half right, wrong and blank notebooks."""
    for name in ("notebooks", ".build/source"):
        shutil.copytree(ROOT / name / UNIT, folder / name / UNIT)
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    release, solved = (
        folder / name / UNIT / f"{UNIT}.ipynb" for name in ("notebooks", ".build/source")
    )
    made = make_class(release, solved, folder / "grading", size=size, kinds=ORDINARY, due=DUE)
    assert len(made) == size
    return folder


def nbgrader(course: Path, *words: str) -> str:
    """Run one nbgrader command."""
    return run([sys.executable, "-m", "nbgrader", *words], course)


def grade(course: Path, workers: int | None) -> str:
    """Grade as an instructor would, and pass on what it says of memory."""
    more = ["--workers", str(workers)] if workers else []
    argv = [sys.executable, "-m", "coursekit", "grade", "grading/submitted", *more]
    said = run(argv, course)
    for line in said.splitlines():
        if "memory:" in line or re.match(r"\d+ to grade|\d\d_\w+: ", line):
            print(f"  {line}")
    return said


def on_dask(place: Path, size: int, workers: int) -> tuple[float, float]:
    """Return (seconds for a class, submissions a minute after the first fifth)."""
    from distributed import Client, LocalCluster

    os.environ["OMP_NUM_THREADS"] = "1"  # what the workers get, as `grade` gives its own
    course = make_course(place, size)
    home = open_course(course)
    with (
        LocalCluster(
            n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=None
        ) as cluster,
        Client(cluster) as client,
    ):
        began, done = time.monotonic(), []
        graded = grade_unit(
            home,
            home.grading / "submitted",
            UNIT,
            roster={},
            due=DueDates(),
            open_judge=open_judge,
            settings=JudgeSettings(),
            seconds_each=600.0,
            executor=client.get_executor(),
            on_record=lambda _: done.append(time.monotonic()),
        )
        took = time.monotonic() - began
    kinds = Counter(record.status for record in graded.records)
    print(
        f"{workers} Dask worker(s): {size} in {took:.0f} s, {60 * size / took:.0f} a minute {kinds}"
    )
    later = done[len(done) // 5 :]
    return took, 60 * (len(later) - 1) / (later[-1] - later[0])


def run(argv: list[str], course: Path) -> str:
    beside = str(Path(sys.executable).parent)
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([beside, os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "OMP_NUM_THREADS": "1",
        "COURSEKIT_HOME": str(course / "home"),
    }
    environment.pop("COURSEKIT_SIZE", None)
    done = subprocess.run(argv, cwd=course, env=environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)}\n{done.stdout[-2000:]}\n{done.stderr[-3000:]}")
    return done.stdout + done.stderr


def timed(work: Callable[[], object]) -> tuple[float, float, float]:
    """Return wall seconds, the most memory of all descendants together in bytes, CPU seconds."""
    peak, over = [0.0], threading.Event()

    def watch() -> None:
        while not over.wait(0.5):
            peak[0] = max(peak[0], memory_of_descendants())

    watcher = threading.Thread(target=watch)
    began, used = time.monotonic(), processor_seconds()
    watcher.start()
    try:
        work()
    finally:
        over.set()
        watcher.join()
    return time.monotonic() - began, peak[0], processor_seconds() - used


def processor_seconds() -> float:
    """Return the processor time of all descendants that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def memory_of_descendants() -> float:
    """Return the memory of our children and theirs, shared pages counted once (PSS)."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
                parents[int(entry.name)] = int(fields[1])
    total = 0.0
    for pid in parents:
        above = pid
        while above in parents and above != os.getpid():
            above = parents[above]
        if above == os.getpid() and pid != above:
            with contextlib.suppress(OSError):
                rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
                total += 1024 * float(rollup.split("Pss:")[1].split()[0])
    return total


def show(name: str, count: int, took: tuple[float, float, float]) -> None:
    wall, memory, used = took
    print(
        f"{name:20} {count:4d} submissions in {wall:6.0f} s: {60 * count / wall:5.1f} a minute; "
        f"{used / count:.3f} s of processor time each, start-up included; "
        f"at most {memory / 1e6:.0f} MB of memory, all processes together",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
