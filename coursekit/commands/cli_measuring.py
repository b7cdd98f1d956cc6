"""The commands of somebody who measures: their options and help.

`coursekit.cli` adds them to the program.
"""

from pathlib import Path
from typing import Annotated

import typer

from coursekit.commands.options import load, named_unit, one_of

measuring = typer.Typer()
VERDICTS = ("holds", "fails", "depends", "not reproduced", "unresolved")  # a test compares
MEASURED = ("noise", "sharpness", "batch-size", "rescale")


def named_claims(ids: list[str] | None) -> list[str]:
    """Refuse a claim that does not exist, before anything heavy is imported."""
    from coursekit.commands.early import known_claims

    return known_claims(ids or [])


def refuse_missing(path: Path | None) -> None:
    """Refuse a script that does not exist, before anything heavy is imported."""
    if path is not None and not path.is_file():
        raise ValueError(
            f"no script at {path}\nName a Python file that defines model, loss_fn, data."
        )


@measuring.command(epilog="Example: python3 -m coursekit claims show N1")
def claims(
    ids: Annotated[
        list[str] | None,
        typer.Argument(
            help="To measure and compare; after `show`: to print.",
            show_default=False,
            callback=named_claims,
        ),
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
    unit: Annotated[
        str, typer.Option("--unit", help="List one unit's claims.", callback=named_unit)
    ] = "",
    verdict: Annotated[
        str,
        typer.Option(
            "--verdict",
            help="List those that came out so: holds, fails ...",
            callback=one_of("--verdict", *VERDICTS),
        ),
    ] = "",
) -> int:
    """List the claims and their verdicts, show one whole, or measure some again and compare."""
    from coursekit.commands.early import CLASH, clash

    given = list(ids or [])
    if clash(*given, quick=quick, all=all_, write=write, page=page, unit=unit, verdict=verdict):
        raise typer.BadParameter(CLASH)
    return load("claims")(
        given,
        quick=quick,
        all=all_,
        write=write,
        json=json,
        page=page,
        unit=unit,
        verdict=verdict,
    )


@measuring.command(epilog="Example: python3 -m coursekit measure noise docs/examples/convnet.py")
def measure(
    ctx: typer.Context,
    what: Annotated[
        str,
        typer.Argument(
            help="noise, sharpness, batch-size or rescale.",
            callback=one_of("what to measure", *MEASURED),
        ),
    ],
    script: Annotated[
        Path | None,
        typer.Argument(help="Defines model, loss_fn and data; not for rescale."),
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
    if all(value is None for value in settings.values()):  # those are refused by name
        refuse_missing(script)
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


@measuring.command(epilog="Example: python3 -m coursekit bench replicas -- --rounds 3")
def bench(
    ctx: typer.Context,
    topic: Annotated[str, typer.Argument(help="measure, replicas, grade or gpu.")],
) -> int:
    """Time this library against its peers on this machine, and print the ratios.

    What follows -- goes to the scripts of benchmarks/ as it is.
    """
    return load("bench")(topic, extra=ctx.obj)
