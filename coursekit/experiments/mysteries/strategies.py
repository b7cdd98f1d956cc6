"""Ten ways to answer a mystery from its evidence, to see who earns the points.

A strategy sees what a learner sees, `Evidence`, and a source of random numbers; never the answers.
"""

from collections.abc import Callable
from random import Random

import numpy as np

from coursekit.experiments.mysteries.evidence import Evidence
from coursekit.experiments.mysteries.score import Answer
from coursekit.experiments.mysteries.words import EXPERIMENTS

Strategy = Callable[[Evidence, Random], Answer]
RATES = ("lr too small", "diverged early")
CHANGES_OF_RATE = ("lr x 4", "lr / 4")
NOTES = {  # what somebody knows who has seen these faults: what tells each, and what it will say
    "diverged early": ("two norms", "equal"),
    "sums": ("two norms", "K times"),
    "lr too small": ("no clipping", "same"),
    "clips each": ("no clipping", "better"),
    "tiny batch norm": ("loss at evaluation", "far below"),
    "duplicates": ("count rows", "copies"),
    "grid edge": ("wider grid", "better"),
    "warmup in micro-steps": ("warmup by steps", "better"),
    "logging interval": ("log each step", "a fall"),
    "last window": ("drop last window", "better"),
}


def first_of(names: tuple[str, ...], offered: tuple[str, ...] | dict[str, float]) -> str:
    """Return the first of some names that is offered, else the first offered."""
    return next((name for name in names if name in offered), next(iter(offered)))


def guess(evidence: Evidence, rng: Random) -> Answer:
    """Answer at random."""
    experiment = rng.choice(list(evidence.menu))
    return Answer(
        rng.choice(evidence.suspects), experiment, rng.choice(EXPERIMENTS[experiment].outcomes)
    )


def always(
    faults: tuple[str, ...] = (), experiments: tuple[str, ...] = (), *, dearest: int = 0
) -> Strategy:
    """Make a strategy that names one thing and tries one thing; what it leaves open is random.

    Args:
        faults: The first of these that is among the suspects.
        experiments: The first of these that is on the menu.
        dearest: 1: the dearest experiment; -1: the cheapest.
    """

    def answer(evidence: Evidence, rng: Random) -> Answer:
        fault = first_of(faults, evidence.suspects) if faults else rng.choice(evidence.suspects)
        by_price = sorted(evidence.menu, key=lambda name: evidence.menu[name])
        chosen = by_price[-1] if dearest > 0 else by_price[0]
        if experiments:
            chosen = first_of(experiments, evidence.menu)
        return Answer(fault, chosen, EXPERIMENTS[chosen].outcomes[0])

    return answer


def by_the_curve(evidence: Evidence, rng: Random) -> Answer:
    """Look at the loss alone: dead, slow, or good in training and bad in validation."""
    last = np.nan_to_num(evidence.loss[:, -1], nan=9.0).mean()
    gap = evidence.train - evidence.validation[:, -1].mean() if len(evidence.epoch_ends) else 0.0
    if evidence.table:
        names: tuple[str, ...] = ("noise lost",)
    elif gap > 10:
        names = ("trained too long",)
    else:
        names = RATES if last < 2 else RATES[::-1]
    tries = ("half the epochs",) if gap > 10 else CHANGES_OF_RATE
    experiment = first_of(tries, evidence.menu)
    return Answer(first_of(names, evidence.suspects), experiment, "better")


def by_the_changes(evidence: Evidence, rng: Random) -> Answer:
    """Blame what was changed in the settings, and take it back."""
    changed = [name for name, (old, new) in evidence.config.items() if old != new]
    names = ("sums", "clips each", "tiny batch norm") if "micro-batch size" in changed else RATES
    experiment = first_of(("one micro-batch", "larger micro-batch", "lr / 4"), evidence.menu)
    return Answer(first_of(names, evidence.suspects), experiment, "better")


def experts_fault(evidence: Evidence) -> str:
    """Name the fault by what each leaves in a log, the most telling trace first."""
    if evidence.table:
        best = [int(rows.mean(axis=1).argmax()) for rows in evidence.table.values()]
        return "grid edge" if best[-1] in (0, len(evidence.grid) - 1) else "noise lost"
    said = {name: new for name, (_, new) in evidence.config.items()}
    if len(evidence.loss[0]) > 2 and (evidence.loss[:, 1:5] == evidence.loss[:, :1]).all():
        return "logging interval"  # a loss never repeats to the last digit
    if evidence.lr[-1] < 0.99 * float(said["learning rate"]):
        return "warmup in micro-steps"  # the warmup outlasts the run
    if said["BatchNorm"] == "yes" and int(said["micro-batch size"]) <= 4:
        return "tiny batch norm"
    if evidence.train < 20:  # dead: was the first gradient as long as it should be?
        longer = evidence.grad_norm[:, 0].mean() > 3 * evidence.before["first |g|"]
        return "sums" if longer else "diverged early"
    rows = evidence.config["training rows"]
    if rows[0] != rows[1] and int(rows[1]) % int(said["batch size"]):
        return "last window"
    validation = evidence.validation.mean(axis=0)
    if evidence.train - validation[-1] > 10:  # does validation fall, or was it never better?
        fell = validation.max() - validation[-1] > 5
        return "trained too long" if fell else "duplicates"
    if said["clipping"] != "none":
        clip = float(said["clipping"].split()[-1])
        if evidence.grad_norm.max() <= clip:
            return "clips each" if evidence.grad_norm.max() > 0.4 * clip else "lr too small"
    return "lr too small"


def expert(evidence: Evidence, rng: Random) -> Answer:
    """Read the log, then take the cheapest experiment that the rival would answer otherwise."""
    fault = experts_fault(evidence)
    return Answer(fault, *NOTES.get(fault, ("more seeds", "same")))


def experts_eye(evidence: Evidence, rng: Random) -> Answer:
    """Name the fault as the expert does, and change the learning rate all the same."""
    return Answer(
        experts_fault(evidence),
        first_of(CHANGES_OF_RATE, evidence.menu),
        EXPERIMENTS["lr / 4"].outcomes[0],
    )


STRATEGIES: dict[str, Strategy] = {
    "random": guess,
    'always "the learning rate"': always(RATES, CHANGES_OF_RATE),
    "always the dearest experiment": always(dearest=1),
    "always the cheapest experiment": always(dearest=-1),
    "always more seeds": always(experiments=("more seeds",)),
    'always "the noise was lost"': always(("noise lost",), ("twice the epochs",)),
    "by the curve alone": by_the_curve,
    "by what was changed": by_the_changes,
    "expert's fault, then the learning rate": experts_eye,
    "expert": expert,
}
