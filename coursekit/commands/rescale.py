"""`measure rescale`: an optimizer's settings at another batch size, and when to believe them."""

import dataclasses
import itertools
import json as json_format
import re
import textwrap
from pathlib import Path
from typing import Any

from coursekit.train.rescale import Carried, rescale


def run(
    script: Path | None = None,
    *,
    optimizer: str | None,
    batch: tuple[float, float] | None,
    lr: float | None,
    betas: str | None = None,
    json: bool = False,
    **others: Any,
) -> int:
    """Print each setting at the new batch size, its condition and the claims that test it.

    Args:
        script: None; the other quantities of `measure` take one.
        optimizer: "sgd", "momentum", "adam", "adamw" or "muon".
        batch: The old batch size and the new one.
        lr: At the old one.
        betas: "0.9,0.999", or None.
        json: Print JSON.
        others: As for `rescale`.

    Raises:
        ValueError: If one of the first three is missing, or for what `rescale` refuses.
    """
    if script is not None:
        raise ValueError(f"measure rescale takes no script, got {script}")
    for name, value in (("--optimizer", optimizer), ("--batch", batch), ("--lr", lr)):
        if value is None:
            raise ValueError(
                f"measure rescale needs {name}\n"
                f"Example: measure rescale --optimizer adamw --batch 256 1024 --lr 3e-4"
            )
    assert optimizer is not None
    assert batch is not None
    assert lr is not None
    carried = rescale(optimizer, *batch, lr=lr, betas=_pair(betas), **others)
    if json:
        found = [dataclasses.asdict(one) for one in carried]
        print(json_format.dumps({"optimizer": optimizer, "batch": batch, "settings": found}))
        return 0
    print(f"{optimizer}, batch {batch[0]:g} -> {batch[1]:g}, equal epochs")
    for one in carried:
        print("\n".join(lines_of(one)))
    return 0


def lines_of(one: Carried) -> list[str]:
    """Say what becomes of one setting."""
    if one.after is not None:
        head = f"{one.name:13} {one.before:.6g} -> {one.after:.6g}"
        told = [f"by {one.rule}", f"holds while {one.holds}"]
    else:
        head = f"{one.name:13} {one.before:.6g} -> open"
        told = [f"depends on {one.depends_on}"]
        told += [f"{name} would give {value:.6g}" for name, value in one.candidates.items()]
    if one.claims:
        told.append(f"tested by claims {', '.join(one.claims)}")
    lines = (
        textwrap.wrap(line, 96, initial_indent=14 * " ", subsequent_indent=16 * " ")
        for line in told
    )
    return [head, *itertools.chain.from_iterable(lines)]


def _pair(text: str | None) -> tuple[float, float] | None:
    if text is None:
        return None
    parts = re.split(r"[,\s]+", text.strip(" ()[]"))
    try:
        first, second = (float(part) for part in parts)
    except ValueError:
        raise ValueError(f"--betas takes two numbers such as 0.9,0.999, got {text!r}") from None
    return first, second
