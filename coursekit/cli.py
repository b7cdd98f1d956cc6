"""The command line: every command's options and help; the work is in ``coursekit.commands``.

A command is one function here and one line in ``coursekit.bootstrap.requirements``. Its module is
imported when it runs, so that ``--help`` stays fast.
"""

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from coursekit.cli_teaching import Unit, load, teaching

app = typer.Typer(
    name="coursekit",
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
    gpu: Gpu = False,
) -> int:
    """Open your own copy of a unit in JupyterLab.

    Without a name: the unit you worked on last. What follows -- goes to JupyterLab as it is.
    """
    return load("lab")(unit, fresh=fresh, check=check, no_browser=no_browser, extra=ctx.obj)


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


@app.command(epilog="Example: python3 -m coursekit progress")
def progress() -> int:
    """Print your points, your time and the next step."""
    return load("progress")()


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
) -> int:
    """Open the solved unit in JupyterLab."""
    return load("solution")(unit, fresh=fresh, no_browser=no_browser, extra=ctx.obj)


@app.command(epilog="Example: python3 -m coursekit build --check")
def build(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 if something is out of step.")
    ] = False,
) -> int:
    """Make the notebooks from solutions/."""
    return load("build")(check=check)


app.registered_commands += teaching.registered_commands


@app.command(epilog="Example: python3 -m coursekit claims N1 N2")
def claims(
    ids: Annotated[
        list[str] | None,
        typer.Argument(help="To measure and compare; after `show`: to print.", show_default=False),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Measure a quarter (or those named) and compare.")
    ] = False,
    all_: Annotated[bool, typer.Option("--all", help="Measure every claim again.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Put what comes out into the ledger.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    page: Annotated[bool, typer.Option("--page", help="Write docs/claims*, pictures.")] = False,
) -> int:
    """Print the ledger of claims, or measure some of them again and compare."""
    given = list(ids or [])
    return load("claims")(given, quick=quick, all=all_, write=write, json=json, page=page)


@app.command(epilog="Example: python3 -m coursekit interview --mock 45")
def interview(
    minutes: Annotated[float, typer.Option("--minutes", help="Length of the session.")] = 15,
    level: Annotated[
        str, typer.Option("--level", help="screen, onsite or staff; in a mock: applied for.")
    ] = "",
    unit: Annotated[str, typer.Option("--unit", help="Only questions of this unit: 05.")] = "",
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


@app.command(epilog="Example: python3 -m coursekit measure noise docs/examples/convnet.py")
def measure(
    ctx: typer.Context,
    what: Annotated[str, typer.Argument(help="noise, sharpness, batch-size or rescale.")],
    script: Annotated[
        Path | None, typer.Argument(help="Defines model, loss_fn and data; not for rescale.")
    ] = None,
    examples: Annotated[
        int | None, typer.Option("--examples", help="Measure the first so many. Default: all.")
    ] = None,
    lr: Annotated[
        float | None, typer.Option("--lr", help="Learning rate: compared with sharpness; carried.")
    ] = None,
    differences: Annotated[
        bool,
        typer.Option("--differences", help="Sharpness without second derivatives: approximate."),
    ] = False,
    seed: Annotated[int, typer.Option("--seed", help="Of random probes.")] = 0,
    json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    optimizer: Annotated[
        str | None, typer.Option(help="sgd, momentum, adam, adamw or muon: to rescale.")
    ] = None,
    batch: Annotated[
        tuple[float, float] | None, typer.Option(help="Tuned at this size, wanted at that.")
    ] = None,
    momentum: float | None = None,
    betas: Annotated[str | None, typer.Option(help="0.9,0.999")] = None,
    eps: float | None = None,
    weight_decay: float | None = None,
    warmup_steps: int | None = None,
    sharpness: Annotated[float | None, typer.Option(help="At the start, if known.")] = None,
    noise_scale: Annotated[float | None, typer.Option(help="In examples, if known.")] = None,
) -> int:
    """Measure your own model: gradient noise, sharpness, or what a batch size buys.

    What follows -- goes to your script as its own arguments. `rescale` needs no script: it carries
    an optimizer's settings to another batch size.
    """
    settings = {
        "optimizer": optimizer,
        "batch": batch,
        "momentum": momentum,
        "betas": betas,
        "eps": eps,
        "weight_decay": weight_decay,
        "warmup_steps": warmup_steps,
        "sharpness": sharpness,
        "noise_scale": noise_scale,
    }
    if what == "rescale":
        return load("rescale")(script, lr=lr, json=json, **settings)
    return load("measure")(
        what,
        script,
        ctx.obj,
        examples=examples,
        lr=lr,
        differences=differences,
        seed=seed,
        json=json,
        of_rescale=settings,
    )


@app.command(epilog="Example: python3 -m coursekit bench replicas -- --rounds 3")
def bench(
    ctx: typer.Context,
    topic: Annotated[str, typer.Argument(help="measure, replicas, grade or gpu.")],
) -> int:
    """Time this library against its peers on this machine, and print the ratios.

    What follows -- goes to the scripts of benchmarks/ as it is.
    """
    return load("bench")(topic, extra=ctx.obj)


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


def report(error: Exception, program: str) -> int:
    """Print an error for a person, the remedy last, and return the exit status."""
    wrong_words = getattr(error, "format_message", None)  # typer's own: unknown option and the like
    if wrong_words is not None:
        print(f"{program}: {wrong_words()}", file=sys.stderr)
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
