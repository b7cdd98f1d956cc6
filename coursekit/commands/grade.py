"""``coursekit grade``: mark a class, sandboxed, in parallel, resumable."""

import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from coursekit.classroom.handing_in.archive import unpack
from coursekit.classroom.handing_in.due_dates import DueDates, read_due_dates
from coursekit.classroom.handing_in.put_away import is_unpacked, packed
from coursekit.classroom.handing_in.roster import Student, read_roster
from coursekit.classroom.handing_in.submissions import find_submissions, units_in
from coursekit.classroom.handing_in.table_file import same_look
from coursekit.classroom.learner.copies import find_unit, released_units
from coursekit.classroom.marking.cells_changed import put_aside, put_back
from coursekit.classroom.marking.class_run import Usage
from coursekit.classroom.marking.gradebook import Course, open_course
from coursekit.classroom.marking.grading import VARIANT, grade_unit
from coursekit.classroom.marking.manifest import STATUSES, Record
from coursekit.classroom.marking.open_judge import JudgeSettings, open_judge
from coursekit.commands.grade_explain import explain
from coursekit.commands.grade_report import compare, report
from coursekit.storage import open_to_others

SECONDS_EACH = 900.0  # for a judge that hangs; its own limits are shorter
RISK = "--i-trust-every-student"
WARNING = f"""--sandbox none runs what students wrote with your own rights: it can read and change
the gradebook, other students' work and your files, and use the network. If you know every line
that was handed in, add {RISK}; else leave out --sandbox none."""


def run(
    folder: Path,
    *,
    unit: str = "",
    roster: Path | None = None,
    due: Path | None = None,
    course: Path | None = None,
    workers: int | None = None,
    again: str = "",
    student: str = "",
    exercise: str = "",
    sandbox: str = "bubblewrap",
    risk_accepted: bool = False,
    explained: tuple[str, str] | None = None,
    cells_changed: bool = False,
) -> int:
    """Grade what a folder or an LMS's zip holds, and print what came of it.

    Args:
        folder: Folder of submissions, STUDENT/UNIT/UNIT.ipynb, or a zip from Canvas, Moodle or
            Gradescope.
        unit: Which unit; "" for every released unit of which the folder holds something.
        roster: CSV of students. By default roster.csv in the course's grading/, if there is one.
        due: CSV of due dates. By default due.csv there.
        course: Folder of the course. By default the one that holds `folder`, or else this one.
        workers: How many processes. By default as many as cores and memory allow.
        again: Statuses, separated by commas, to grade again though nothing changed.
        student: Mark this one again and nobody else; "" for everyone who changed.
        exercise: Judge this one again, of `student` or of everyone; "" for all of them.
        sandbox: "bubblewrap" or "none".
        risk_accepted: Has to be given with "none".
        explained: (student, exercise): say why that answer has its mark, and grade nothing.
        cells_changed: Take the release as it is now, though others of its cells were graded.

    Returns:
        0 if every submission has its status.

    Raises:
        ValueError: Naming what is missing or cannot be used, and the remedy.
        RuntimeError: If a wall of the sandbox is missing: then nothing is graded.
    """
    if not folder.exists():
        raise ValueError(f"{folder} does not exist: name a folder of submissions, or a zip")
    if sandbox == "none" and not risk_accepted:
        raise ValueError(WARNING)
    statuses = tuple(word for word in again.replace(" ", "").split(",") if word)
    if unknown := [word for word in statuses if word not in STATUSES]:
        raise ValueError(f"--again {unknown[0]}: the statuses are {', '.join(STATUSES)}")
    home = the_course(folder, course)
    if home.grading.is_dir() and open_to_others(home.grading):
        place = home.grading
        print(f"Others on this machine can read {place}: chmod -R go-rwx {place}", file=sys.stderr)
    released = [path.name for path in released_units(home.root / "notebooks")]
    told: list[str] = []
    students = read_roster(found, told) if (found := _file(home, roster, "roster.csv")) else {}
    for line in told:
        print(line, file=sys.stderr)
    dates = read_due_dates(found, released) if (found := _file(home, due, "due.csv")) else None
    if students and dates is not None:
        check_extensions(dates, students)
    if explained is not None:
        student, exercise = explained
    if exercise and not unit:
        unit = _unit_of(exercise, released)
    submitted, units = _submissions(folder, home, unit, released, students)
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS"):  # of the grading processes
        os.environ[name] = "1"
    settings = JudgeSettings(
        sandbox=sandbox,
        risk_accepted=risk_accepted,
        variant=home.root / VARIANT if (home.root / VARIANT).exists() else None,
        forbidden=_secret(home, submitted),
    )
    if explained is not None:
        return explain(home, submitted, units[0], student, exercise, settings)
    for name in units:
        progress, usage = Progress(), Usage()
        if cells_changed:
            waiting = put_aside(home, name)
            print(f"{name}: {waiting} marks and comments by hand are put aside", file=sys.stderr)
        graded = grade_unit(
            home,
            submitted,
            name,
            roster=students,
            due=dates or DueDates(),
            open_judge=open_judge,
            settings=settings,
            seconds_each=SECONDS_EACH,
            workers=workers,
            again=statuses,
            student=student,
            exercise=exercise,
            judged_by=sandbox,
            on_wait=progress.wait,
            on_start=progress.start,
            on_record=progress.show,
            usage=usage,
        )
        progress.end(usage)
        for line in put_back(home, name):
            print(line)
        if student or exercise:
            compare(graded, exercise)
        else:
            report(graded, home)
    return 0


def check_extensions(due: DueDates, students: Mapping[str, Student]) -> None:
    """Refuse an extension for nobody: it would leave somebody without theirs.

    Raises:
        ValueError: Naming the id that is not on the roster, and the one that may be meant.
    """
    for _, student in due.dates:
        if student and student not in students:
            near = [one for one in students if same_look(one) == same_look(student)]
            near += [s.id for s in students.values() if student in (s.email, s.number, s.name)]
            hint = f"write {near[0]}" if near else "write an id of the roster, or remove the row"
            raise ValueError(f"due dates: an extension for {student!r}, not on the roster: {hint}")


def _unit_of(exercise: str, released: list[str]) -> str:
    """Return the unit of an exercise, by its id: u01_tr_cov."""
    fits = [name for name in released if exercise.startswith(f"u{name[:2]}_")]
    if len(fits) != 1:
        raise ValueError(f"--exercise {exercise}: name its unit with --unit")
    return fits[0]


def the_course(folder: Path, course: Path | None) -> Course:
    """Return the course to grade in: the one named, else that of the folder, else the one here."""
    if course is not None:
        return open_course(course)
    try:
        return open_course(folder)
    except ValueError:
        return open_course(Path.cwd())


def _file(course: Course, given: Path | None, name: str) -> Path | None:
    if given is not None:
        return given
    usual = course.grading / name
    return usual if usual.is_file() else None


def _secret(course: Course, submitted: Path) -> tuple[Path, ...]:
    """Return what submissions must not see, as far as it exists."""
    places = ("gradebook.db", "manifest", "autograded", "roster.csv")
    found = [submitted, *(course.grading / name for name in places)]
    found += [course.root / ".build", course.root / "solutions", course.root / VARIANT]
    return tuple(path.resolve() for path in found if path.exists())


def _submissions(
    folder: Path, course: Course, unit: str, released: list[str], students: dict[str, Student]
) -> tuple[Path, list[str]]:
    """Return the folder in nbgrader's layout, and the units to grade; unpack a zip first."""
    there = units_in(folder) if folder.is_dir() else []
    unpacked = folder.is_dir() and not set(there) & set(released) and is_unpacked(folder)
    if folder.is_file() or unpacked:
        if not unit:
            raise ValueError(f"{folder}: for which unit was it collected? Add --unit 01")
        name = find_unit(unit, released)
        submitted = course.grading / "submitted"
        with tempfile.TemporaryDirectory() as place:
            zipped = packed(folder, Path(place) / f"{folder.name}.zip") if unpacked else folder
            count, told = unpack(zipped, name, submitted, students)
        for line in told:
            print(line, file=sys.stderr)
        print(f"{folder.name}: {count} notebooks, now in {submitted}", file=sys.stderr)
        if not count and name not in units_in(submitted):
            raise ValueError(
                f"{folder} holds no notebook whose owner its name says, as Canvas, Moodle and "
                "Gradescope name files; see the lines above"
            )
        return submitted, [name]
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.suffix in (".ipynb", ".zip"):
            print(f"left out: {path.name!r:.120} lies in no student's folder", file=sys.stderr)
    if unit:
        name = find_unit(unit, released)
        if not any(one.fault != "missing" for one in find_submissions(folder, name, [])):
            raise ValueError(
                f"{folder} holds no submission of {name} as STUDENT/{name}/{name}.ipynb, nor files "
                "as Canvas, Moodle or Gradescope name them"
            )
        return folder, [name]
    units = [name for name in there if name in released]
    if not units:
        listed = ", ".join(released) or "none: run `python3 -m coursekit build`"
        raise ValueError(
            f"{folder} holds no submission as STUDENT/UNIT/UNIT.ipynb of a released unit "
            f"({listed}).\nPut them there, or name the unit with --unit."
        )
    return folder, units


class Progress:
    """Lines on stderr: how many are done, how fast, how long it will take."""

    def __init__(self) -> None:
        self.began = self.told = time.monotonic()
        self.total = self.done = 0
        self.statuses: Counter[str] = Counter()

    def start(self, changed: int, unchanged: int, workers: int) -> None:
        """Say what there is to do."""
        self.total = changed
        kept = f", {unchanged} unchanged" if unchanged else ""
        print(f"{changed} to grade{kept}; processes: {workers if changed else 0}", file=sys.stderr)

    def wait(self) -> None:
        """Say why nothing happens."""
        print("Another `grade` is at work in this course: waiting for it.", file=sys.stderr)

    def show(self, record: Record) -> None:
        """Count one; on a terminal rewrite the line, elsewhere write one every ten seconds."""
        self.done += 1
        self.statuses[record.status] += 1
        now = time.monotonic()
        terminal = sys.stderr.isatty()
        if now - self.told < (0.2 if terminal else 10) and self.done < self.total:
            return
        self.told = now
        print(
            ("\r\x1b[K" if terminal else "") + self.line(now - self.began),
            end="" if terminal and self.done < self.total else "\n",
            file=sys.stderr,
            flush=True,
        )

    def line(self, seconds: float) -> str:
        """Return "12/40, 95 a minute, 18 s left: 10 ok, 2 late"."""
        rate = 60 * self.done / max(seconds, 1e-9)
        left = (self.total - self.done) * seconds / self.done
        time_left = f"{left:.0f} s" if left < 120 else f"{left / 60:.0f} min"
        seen = ", ".join(
            f"{self.statuses[word]} {word}" for word in STATUSES if self.statuses[word]
        )
        return f"{self.done}/{self.total}, {rate:.0f} a minute, {time_left} left: {seen}"

    def end(self, usage: Usage) -> None:
        """Say how fast it was and what memory it took."""
        if not self.done:
            return
        seconds = time.monotonic() - self.began
        largest = max(usage.workers.values(), default=0)
        print(
            f"{self.done} in {seconds:.0f} s, {60 * self.done / seconds:.0f} a minute; memory: "
            f"{usage.grader / 1e6:.0f} MB here, at most {largest / 1e6:.0f} MB a process",
            file=sys.stderr,
        )
