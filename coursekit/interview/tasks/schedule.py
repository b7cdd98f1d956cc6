"""Numeric tasks about schedules: a growing batch, the share of warmup."""

import random

from coursekit.interview.numeric import NumericTask, Params, Slip


def _draw_growing(rng: random.Random) -> dict[str, float]:
    return {
        "n": rng.choice([12288, 24576, 49152]),
        "b": rng.choice([32, 64, 128]),
        "epochs": rng.choice([12, 24, 30]),
        "k": rng.choice([2, 4]),
    }


def _constant_updates(p: Params) -> float:
    return p["n"] * p["epochs"] / p["b"]


UPDATES_WHEN_GROWING = NumericTask(
    draw=_draw_growing,
    value=lambda p: _constant_updates(p) * (1 + 1 / p["k"] + 1 / p["k"] ** 2) / 3,
    unit="steps",
    working="A third of {n} x {epochs}/{b} steps at first; each later third has {k} times fewer "
    "than the one before. Add the three.",
    slips=(
        Slip(
            "as with the decay",
            "A decay of lr leaves the number of steps alone. Does a growing batch?",
            _constant_updates,
        ),
        Slip(
            "the last batch size throughout",
            "For which part of the run is the batch that large?",
            lambda p: _constant_updates(p) / p["k"] ** 2,
        ),
        Slip(
            "mean batch size",
            "Are the phases equally long in steps, or in epochs?",
            lambda p: 3 * _constant_updates(p) / (1 + p["k"] + p["k"] ** 2),
        ),
        Slip(
            "the first part alone",
            "The run has three parts. What do the other two add?",
            lambda p: _constant_updates(p) / 3,
        ),
        Slip(
            "one growth",
            "How large is the batch in the last part?",
            lambda p: _constant_updates(p) * (1 + 2 / p["k"]) / 3,
        ),
        Slip(
            "each part a whole run",
            "How many epochs has each part?",
            lambda p: _constant_updates(p) * (1 + 1 / p["k"] + 1 / p["k"] ** 2),
        ),
    ),
)


def _draw_warmup(rng: random.Random) -> dict[str, float]:
    b = rng.choice([64, 128, 256])
    return {
        "n": rng.choice([25600, 51200, 102400]),
        "epochs": rng.choice([10, 20]),
        "b": b,
        "large": b * rng.choice([4, 8]),
        "warmup": rng.choice([50, 100]),
    }


WARMUP_SHARE = NumericTask(
    draw=_draw_warmup,
    value=lambda p: p["warmup"] * p["large"] / (p["n"] * p["epochs"]),
    unit="",
    working="The run now has {n} x {epochs}/{large} steps; divide {warmup} by that.",
    slips=(
        Slip(
            "steps of the old run",
            "How many steps does the run have after the change?",
            lambda p: p["warmup"] * p["b"] / (p["n"] * p["epochs"]),
        ),
        Slip(
            "share of one epoch",
            "Of how many epochs does the run consist?",
            lambda p: p["warmup"] * p["large"] / p["n"],
        ),
        Slip(
            "percent without its sign",
            "Is that a fraction between 0 and 1? Write % behind a percentage.",
            lambda p: 100 * p["warmup"] * p["large"] / (p["n"] * p["epochs"]),
        ),
        Slip(
            "what follows",
            "Is that the share of warmup, or of what comes after it?",
            lambda p: 1 - p["warmup"] * p["large"] / (p["n"] * p["epochs"]),
        ),
        Slip(
            "an epoch of the old run",
            "Which batch holds now, and how many epochs are there?",
            lambda p: p["warmup"] * p["b"] / p["n"],
        ),
    ),
)

TASKS = {
    "updates_when_growing": UPDATES_WHEN_GROWING,
    "warmup_share": WARMUP_SHARE,
}
