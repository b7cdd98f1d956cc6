"""The command line: every command's options and help; the work is in ``coursekit.commands``.

A command is one function here and one line in ``coursekit.bootstrap.requirements``. Its module is
imported when it runs, so that ``--help`` stays fast.
"""

import re
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from coursekit.cli_teaching import teaching
from coursekit.commands.cli_measuring import measuring
from coursekit.commands.listing import ByPerson
from coursekit.commands.options import Unit, load, named_unit, one_of

app = typer.Typer(
    name="coursekit",
    cls=ByPerson,
    help="Batch Size and Learning Dynamics: the course and its tools.",
    epilog="Example: python3 -m coursekit lab 01",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


Gpu = Annotated[bool, typer.Option("--gpu", help="Set up with the CUDA build of torch.")]


@app.callback()
def options(
    debug: Annotated[
        bool, typer.Option("--debug", help="Show the traceback of an error (with any command).")
    ] = False,
) -> None:
    """Batch Size and Learning Dynamics: the course and its tools."""


@app.command(epilog="Example: python3 -m coursekit lab 01 -- --port 9000")
def lab(
    ctx: typer.Context,
    unit: Unit = "",
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Start the unit anew; your old copy is renamed.")
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Run the first unit in a real server, and report.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Start the server and open nothing.")
    ] = False,
    release: Annotated[
        Path | None,
        typer.Option(
            "--release", help="Take in what your class was given, a folder or a notebook."
        ),
    ] = None,
    gpu: Gpu = False,
) -> int:
    """Open your own copy of a unit in JupyterLab; where it runs already, in a new tab.

    Without a name: the course's home page, which shows where you are and links to every unit. What
    follows -- goes to JupyterLab as it is.
    """
    return load("lab")(
        unit, fresh=fresh, check=check, no_browser=no_browser, extra=ctx.obj, release=release
    )


@app.command("test", epilog="Example: python3 -m coursekit test -- -k noise -x")
def run_tests(
    ctx: typer.Context,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only the tests marked quick: under two minutes.")
    ] = False,
    gpu: Gpu = False,
) -> int:
    """Run the test suite. What follows -- goes to pytest as it is."""
    return load("test")(quick=quick, extra=ctx.obj)


@app.command(epilog="Example: python3 -m coursekit doctor")
def doctor() -> int:
    """Say what works on this machine, and what mends the rest."""
    return load("doctor")()


@app.command(epilog="Example: python3 -m coursekit progress 01")
def progress(
    unit: Unit = "",
    json: Annotated[bool, typer.Option("--json", help="Print every exercise as JSON.")] = False,
) -> int:
    """Print your points, your time and the next step; of one unit, every exercise."""
    return load("progress")(unit, json=json)


@app.command(epilog="Example: python3 -m coursekit solution 01")
def solution(
    ctx: typer.Context,
    unit: Unit,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Take the solved unit anew; your old copy is renamed.")
    ] = False,
    no_browser: Annotated[
        bool, typer.Option("--no-browser", help="Start the server and open nothing.")
    ] = False,
    public: Annotated[
        bool, typer.Option("--public", help="The public unit, also if your class has another.")
    ] = False,
) -> int:
    """Open the solved unit in JupyterLab."""
    return load("solution")(unit, fresh=fresh, no_browser=no_browser, extra=ctx.obj, public=public)


@app.command(epilog="Example: python3 -m coursekit build --check")
def build(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if something is out of step.")
    ] = False,
    site: Annotated[
        bool, typer.Option("--site", help="Run the units and make the web site, offline.")
    ] = False,
    size: Annotated[
        str,
        typer.Option(
            "--size",
            help="With --site: cpu, or tiny for a quick look.",
            callback=one_of("--size", "cpu", "tiny"),
        ),
    ] = "cpu",
    out: Annotated[
        Path | None,
        typer.Option("--out", help="With --site or --language: its folder."),
    ] = None,
    language: Annotated[
        str, typer.Option("--language", help="The units that are translated: de.")
    ] = "",
    missing: Annotated[
        str, typer.Option("--missing", help="With --language: print a unit's texts to translate.")
    ] = "",
) -> int:
    """Make the notebooks from solutions/, or with --site the web site."""
    if site and (check or language):
        raise ValueError("--site by itself: no --check and no --language beside it")
    if missing and not language:
        raise ValueError("--missing of which language? Add --language de")
    if language:
        return load("build_language")(language, out=out, check=check, missing=missing)
    if site:
        return load("build_site")(size=size, out=out)
    return load("build")(check=check)


app.registered_commands += teaching.registered_commands + measuring.registered_commands


@app.command(epilog="Example: python3 -m coursekit interview --mock 45")
def interview(
    minutes: Annotated[float, typer.Option("--minutes", help="Length of the session.")] = 15,
    level: Annotated[
        str,
        typer.Option(
            "--level",
            help="screen, onsite or staff; in a mock: applied for.",
            callback=one_of("--level", "screen", "onsite", "staff"),
        ),
    ] = "",
    unit: Annotated[
        str, typer.Option("--unit", help="Only questions of this unit: 05.", callback=named_unit)
    ] = "",
    due: Annotated[bool, typer.Option("--due", help="Only what is due for repetition.")] = False,
    mock: Annotated[
        float | None,
        typer.Option("--mock", help="A mock interview of so many minutes, marked at its end."),
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the mock you left.")] = False,
    case: Annotated[
        str, typer.Option("--case", help="Play a scenario with branches; `list` names them.")
    ] = "",
    until: Annotated[
        str, typer.Option("--until", help="Day of the interview, 2026-12-10; kept. `none`: forget.")
    ] = "",
    export: Annotated[
        Path | None, typer.Option("--export", help="Write a text deck (for Anki); ask nothing.")
    ] = None,
    aloud: Annotated[bool, typer.Option("--aloud", help="Answer aloud, then tick.")] = False,
    judge: Annotated[
        str, typer.Option("--judge", help="A program of yours that listens: JSON in, JSON out.")
    ] = "",
    report: Annotated[
        Path | None, typer.Option("--report", help="Write the report to a .csv or .json file too.")
    ] = None,
    seed: Annotated[int | None, typer.Option("--seed", help="The same session again.")] = None,
) -> int:
    """Practise interview questions: answer, follow-up, rubric, evidence."""
    return load("interview")(
        minutes=minutes,
        level=level,
        unit=unit,
        due=due,
        mock=mock,
        resume=resume,
        case=case,
        until=until,
        export=export,
        aloud=aloud,
        judge=judge,
        report=report,
        seed=seed,
    )


def main(argv: list[str]) -> int:
    """Run one command and return its exit status.

    A mistake of the caller, a file that cannot be used and the like end in one or more lines on
    stderr, the last of which says what to do; ``--debug`` shows the traceback as well.
    """
    cut = argv.index("--") if "--" in argv else len(argv)
    words, extra = argv[:cut], argv[cut + 1 :]
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    name = next((word for word in words if not word.startswith("-")), "")
    program = f"coursekit {name}".strip()
    try:
        status = app(words or ["--help"], prog_name="coursekit", standalone_mode=False, obj=extra)
        status = status if isinstance(status, int) else 0
    except BrokenPipeError:
        raise  # for the caller, who knows whose pipe it is
    except (KeyboardInterrupt, typer.Abort):
        status = 130
    except Exception as error:
        if debug:
            traceback.print_exc()
        return report(error, program)
    if status == 130:  # typer turns Ctrl-C into this
        print("\nStopped.", file=sys.stderr)
    return status


PASSED_ON = {  # whose arguments follow --
    "bench": "the benchmark",
    "lab": "JupyterLab",
    "measure": "your script",
    "solution": "JupyterLab",
    "test": "pytest",
}


def report(error: Exception, program: str) -> int:
    """Print an error for a person, the remedy last, and return the exit status."""
    wrong_words = getattr(error, "format_message", None)  # typer's own: unknown option and the like
    if wrong_words is not None:
        print(f"{program}: {wrong_words()}", file=sys.stderr)
        other = PASSED_ON.get(program.rpartition(" ")[2])
        if other and re.match("No such option|Got unexpected extra", wrong_words()):
            print(f"What is meant for {other} goes after --", file=sys.stderr)
        print(f"See: python3 -m {program} --help", file=sys.stderr)
        return 2
    if isinstance(error, ValueError | OSError | RuntimeError):
        print(f"{program}: {error}", file=sys.stderr)
        if isinstance(error, OSError):
            print("Mend that, then run the same command again.", file=sys.stderr)
        return 1
    print(f"{program}: unexpected {type(error).__name__}: {error}", file=sys.stderr)
    print(f"To see where, run it again as: python3 -m {program} --debug", file=sys.stderr)
    return 1
