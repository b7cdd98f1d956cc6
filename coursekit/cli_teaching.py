"""The commands of somebody who teaches: their options and help.

`coursekit.cli` adds them to the program.
"""

from pathlib import Path
from typing import Annotated

import typer

from coursekit.commands.options import Unit, existing, load, named_unit, named_units, one_of

teaching = typer.Typer()


Course = Annotated[
    Path | None, typer.Option("--course", help="The course's folder, or a variant's.")
]


@teaching.command(epilog="Example: python3 -m coursekit grade grading/submitted --unit 01")
def grade(
    folder: Annotated[
        Path,
        typer.Argument(
            help="STUDENT/UNIT/UNIT.ipynb below it, or a zip of Canvas, Moodle, Gradescope.",
            callback=existing,
        ),
    ],
    unit: Annotated[
        str, typer.Option("--unit", help="One unit. Default: all.", callback=named_unit)
    ] = "",
    roster: Annotated[
        Path | None, typer.Option("--roster", help="CSV. Default: grading/roster.csv.")
    ] = None,
    due: Annotated[
        Path | None, typer.Option("--due", help="CSV of due dates. Default: grading/due.csv.")
    ] = None,
    course: Course = None,
    workers: Annotated[
        int | None, typer.Option("--workers", help="Processes. Default: what this machine bears.")
    ] = None,
    again: Annotated[
        str, typer.Option("--again", help="Statuses to grade once more: timeout,crashed.")
    ] = "",
    student: Annotated[
        str, typer.Option("--student", help="Mark this one again; shows the old and the new mark.")
    ] = "",
    exercise: Annotated[
        str, typer.Option("--exercise", help="Judge this one again, for --student or for all.")
    ] = "",
    cells_changed: Annotated[
        bool,
        typer.Option(
            "--cells-changed",
            help="The release has other cells than before: marks by hand are carried over.",
        ),
    ] = False,
    explain: Annotated[
        tuple[str, str] | None,
        typer.Option(
            "--explain",
            metavar="STUDENT EXERCISE",
            help="Why an answer has its mark, case by case; nothing is graded.",
        ),
    ] = None,
    sandbox: Annotated[str, typer.Option("--sandbox", help="bubblewrap or none.")] = "bubblewrap",
    i_trust_every_student: Annotated[
        bool,
        typer.Option(
            "--i-trust-every-student",
            help="With --sandbox none: their code runs with your rights and your files.",
        ),
    ] = False,
) -> int:
    """Mark a class: sandboxed, in parallel, resumable. Marks go to nbgrader's gradebook."""
    return load("grade")(
        folder,
        unit=unit,
        roster=roster,
        due=due,
        course=course,
        workers=workers,
        again=again,
        student=student,
        exercise=exercise,
        sandbox=sandbox,
        risk_accepted=i_trust_every_student,
        explained=explain,
        cells_changed=cells_changed,
    )


@teaching.command(epilog="Example: python3 -m coursekit feedback 01")
def feedback(
    unit: Unit,
    student: Annotated[str, typer.Option("--student", help="One student. Default: all.")] = "",
    course: Course = None,
    zip_for: Annotated[
        str, typer.Option("--zip", help="moodle or canvas: also one zip, as it takes it back.")
    ] = "",
    class_mean: Annotated[
        bool, typer.Option("--class-mean", help="Students read the mean of the class.")
    ] = False,
) -> int:
    """Write a page of feedback for each student: what is right, what is not, and why."""
    return load("feedback")(
        unit, student=student, course=course, zip_for=zip_for, class_mean=class_mean
    )


@teaching.command(epilog="Example: python3 -m coursekit report 01")
def report(
    unit: Unit,
    course: Course = None,
    names: Annotated[bool, typer.Option("--names", help="Say who. By default nobody is.")] = False,
    similar: Annotated[
        bool, typer.Option("--similar", help="List answers that are alike: a sign, no proof.")
    ] = False,
) -> int:
    """Write what the class got wrong, and how often: grading/report/UNIT.html and .csv."""
    return load("report")(unit, course=course, names=names, similar=similar)


@teaching.command(epilog="Example: python3 -m coursekit split 10 --between ann,bob --blind")
def split(
    unit: Unit,
    between: Annotated[str, typer.Option("--between", help="Who marks: ann,bob.")] = "",
    blind: Annotated[
        bool, typer.Option("--blind", help="Sheets name students by a code alone.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="Every question, not only what waits for a person.")
    ] = False,
    take: Annotated[Path | None, typer.Option("--take", help="A sheet that was filled in.")] = None,
    by: Annotated[str, typer.Option("--by", help="Whose sheet it is, with --take.")] = "",
    course: Course = None,
) -> int:
    """Split marking between assistants: a list and a sheet for each, and take sheets back."""
    return load("split")(
        unit, between=between, blind=blind, whole=whole, take=take, by=by, course=course
    )


@teaching.command(epilog="Example: python3 -m coursekit export 01 --to canvas")
def export(
    unit: Unit,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            help="nbgrader, canvas, moodle or gradescope.",
            callback=one_of("--to", "nbgrader", "canvas", "moodle", "gradescope"),
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", help="File. Default: grading/UNIT-TO.csv.")
    ] = None,
    roster: Annotated[
        Path | None, typer.Option("--roster", help="CSV. Default: grading/roster.csv.")
    ] = None,
    course: Course = None,
    into: Annotated[
        Path | None,
        typer.Option("--into", help="Canvas's gradebook or Moodle's worksheet, to fill in."),
    ] = None,
    column: Annotated[
        str, typer.Option("--column", help="Its column of marks. Default: the unit's.")
    ] = "",
) -> int:
    """Write the marks as a table for a learning management system."""
    return load("export")(
        unit, to=to, out=out, roster=roster, course=course, into=into, column=column
    )


@teaching.command(
    epilog="Example: python3 -m coursekit variant --unit 01 --seed 2027 --out ../spring"
)
def variant(
    seed: Annotated[
        int | None, typer.Option("--seed", help="Chooses what is changed. Default: drawn.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", help="The release's folder, outside what students see; new or begun."
        ),
    ] = None,
    unit: Annotated[
        str, typer.Option("--unit", help="One unit. Default: all.", callback=named_unit)
    ] = "",
    without: Annotated[
        list[str] | None,
        typer.Option("--not", help="Leave out a change, 'ID: NAME'; an ID alone stays public."),
    ] = None,
    show: Annotated[bool, typer.Option("--show", help="Print old and new side by side.")] = False,
) -> int:
    """Make a private release whose exercises ask for something else than the public ones."""
    return load("variant")(seed=seed, out=out, unit=unit, without=without or (), show=show)


@teaching.command(epilog="Example: python3 -m coursekit teach slides 01")
def teach(
    what: Annotated[
        str,
        typer.Argument(
            help="slides, notes (for assistants) or exam.",
            callback=one_of("what to make", "slides", "notes", "exam"),
        ),
    ],
    units: Annotated[
        list[str] | None,
        typer.Argument(
            help="A unit; of an exam those to draw from. Default: all.", callback=named_units
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Chooses an exam's tasks.")] = 0,
    minutes: Annotated[int, typer.Option("--minutes", help="An exam's length.")] = 60,
    title: Annotated[
        str, typer.Option("--title", help="An exam's heading.")
    ] = "Batch size and learning dynamics",
    out: Annotated[Path | None, typer.Option("--out", help="The file to write.")] = None,
) -> int:
    """Make slides of a unit's claims, notes on its mistakes, or an exam with a key."""
    return load("teach")(what, units or [], seed=seed, minutes=minutes, title=title, out=out)


@teaching.command(epilog="Example: python3 -m coursekit forget lovelace000 --course ../spring")
def forget(
    student: Annotated[str, typer.Argument(help="Whose data to delete.")],
    course: Course = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Delete. Without it: only list what would go.")
    ] = False,
) -> int:
    """Delete one student from a course: submissions, marks, feedback, comments."""
    return load("forget")(student, course=course, yes=yes)
