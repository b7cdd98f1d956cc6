"""Numeric tasks about comparing runs and about learning rates."""

import random

from coursekit.interview.numeric import NumericTask, Params, Slip


def _draw_epochs(rng: random.Random) -> dict[str, float]:
    b = rng.choice([64, 128, 256])
    return {"b": b, "large": b * rng.choice([3, 4, 6, 8]), "epochs": rng.choice([10, 15, 30, 90])}


EPOCHS_FOR_EQUAL_STEPS = NumericTask(
    draw=_draw_epochs,
    value=lambda p: p["epochs"] * p["large"] / p["b"],
    unit="epochs",
    working="Steps are epochs x N/B. N is the same, so the epochs grow as the batch does: "
    "{epochs} x {large}/{b}.",
    slips=(
        Slip(
            "equal epochs",
            "At equal epochs, which of the two runs makes more steps?",
            lambda p: p["epochs"],
        ),
        Slip(
            "upside down",
            "Does a larger batch make more steps an epoch, or fewer?",
            lambda p: p["epochs"] * p["b"] / p["large"],
        ),
        Slip(
            "root",
            "Steps are counted, not noise. Where would a root come from?",
            lambda p: p["epochs"] * (p["large"] / p["b"]) ** 0.5,
        ),
        Slip(
            "how many more",
            "Is that the number of epochs, or by how many it grows?",
            lambda p: p["epochs"] * (p["large"] / p["b"] - 1),
        ),
        Slip(
            "squared",
            "Are steps in proportion to one over the batch, or to its square?",
            lambda p: p["epochs"] * (p["large"] / p["b"]) ** 2,
        ),
        Slip(
            "the factor alone",
            "That is by how much the epochs grow. From how many?",
            lambda p: p["large"] / p["b"],
        ),
    ),
)


def _draw_pairs(rng: random.Random) -> dict[str, float]:
    return {"sd": rng.choice([1.5, 2.5, 3, 4]), "half": rng.choice([0.5, 1])}


PAIRS_NEEDED = NumericTask(
    draw=_draw_pairs,
    value=lambda p: (2 * p["sd"] / p["half"]) ** 2,
    unit="",
    working="Two standard errors are 2 x {sd}/sqrt(n); set them to {half} and solve for n.",
    slips=(
        Slip(
            "not squared",
            "How does a standard error fall with the number of pairs?",
            lambda p: 2 * p["sd"] / p["half"],
        ),
        Slip(
            "one standard error",
            "How many standard errors wide is the interval to each side?",
            lambda p: (p["sd"] / p["half"]) ** 2,
        ),
        Slip(
            "counted twice",
            "The spread given is that of differences. Does it hold both runs already?",
            lambda p: 2 * (2 * p["sd"] / p["half"]) ** 2,
        ),
        Slip(
            "1.96",
            "How many standard errors were asked for to each side?",
            lambda p: (1.96 * p["sd"] / p["half"]) ** 2,
        ),
        Slip(
            "half of the half width",
            "Is the width given to each side, or from end to end?",
            lambda p: (4 * p["sd"] / p["half"]) ** 2,
        ),
        Slip(
            "two standard errors too narrow",
            "Must two standard errors fit into the half width, or half of one?",
            lambda p: (p["sd"] / (2 * p["half"])) ** 2,
        ),
    ),
)


def _draw_momentum(rng: random.Random) -> dict[str, float]:
    b = rng.choice([64, 128, 256])
    return {
        "lr": rng.choice([0.02, 0.05, 0.1]),
        "b": b,
        "large": b * rng.choice([2, 4, 8]),
        "m": 0.9,
        "m_new": rng.choice([0.5, 0.8, 0.95, 0.98]),
    }


def _momentum(p: Params) -> float:
    return (1 - p["m_new"]) / (1 - p["m"])


RATE_WITH_MOMENTUM = NumericTask(
    draw=_draw_momentum,
    value=lambda p: p["lr"] * p["large"] / p["b"] * _momentum(p),
    unit="",
    working="lr/(B (1 - m)) stays: {lr} x {large}/{b} x (1 - {m_new})/(1 - {m}).",
    slips=(
        Slip(
            "linear rule alone",
            "The momentum changed too. How far does one gradient move the weights in all?",
            lambda p: p["lr"] * p["large"] / p["b"],
        ),
        Slip(
            "momentum upside down",
            "Does a larger momentum make one gradient count for more, or for less?",
            lambda p: p["lr"] * p["large"] / p["b"] / _momentum(p),
        ),
        Slip(
            "root rule",
            "Which quantity is to stay: the variance of one step, or the temperature?",
            lambda p: p["lr"] * (p["large"] / p["b"]) ** 0.5 * _momentum(p),
        ),
        Slip(
            "momentum alone",
            "The batch changed too. What does the temperature do with it?",
            lambda p: p["lr"] * _momentum(p),
        ),
        Slip(
            "root of momentum's part",
            "Does momentum enter the temperature with a root?",
            lambda p: p["lr"] * p["large"] / p["b"] * _momentum(p) ** 0.5,
        ),
        Slip(
            "m for 1 - m",
            "What do the powers of m add up to?",
            lambda p: p["lr"] * p["large"] / p["b"] * p["m"] / p["m_new"],
        ),
    ),
)


def _draw_room(rng: random.Random) -> dict[str, float]:
    return {
        "b": rng.choice([16, 32]),
        "lr": rng.choice([0.05, 0.1, 0.125]),
        "max_lr": rng.choice([2, 3, 4]),
        "b_c": rng.choice([60, 100, 200]),
    }


ROOM_FOR_LINEAR = NumericTask(
    draw=_draw_room,
    value=lambda p: p["max_lr"] * p["b"] / p["lr"] - p["b_c"],
    unit="examples",
    working="Set {lr} x B/{b} equal to {max_lr}/(1 + {b_c}/B) and solve: "
    "B = {max_lr} x {b}/{lr} - {b_c}.",
    slips=(
        Slip(
            "flat limit",
            "Is the limit the same at every batch size?",
            lambda p: p["max_lr"] * p["b"] / p["lr"],
        ),
        Slip(
            "sign",
            "Does the bend of the frontier give the linear rule more room, or less?",
            lambda p: p["max_lr"] * p["b"] / p["lr"] + p["b_c"],
        ),
        Slip(
            "where the frontier bends",
            "There the limit is half of its largest value. Has the line reached it by then?",
            lambda p: p["b_c"],
        ),
        Slip(
            "the factor",
            "By which factor may the batch grow: or to which size?",
            lambda p: p["max_lr"] / p["lr"] - p["b_c"] / p["b"],
        ),
        Slip(
            "the rate there",
            "That is the rate at that batch. At which batch?",
            lambda p: p["max_lr"] - p["lr"] * p["b_c"] / p["b"],
        ),
        Slip(
            "flat limit, as a factor",
            "Is a factor asked for, and is the limit flat?",
            lambda p: p["max_lr"] / p["lr"],
        ),
    ),
)


TASKS = {
    "epochs_for_equal_steps": EPOCHS_FOR_EQUAL_STEPS,
    "pairs_needed": PAIRS_NEEDED,
    "rate_with_momentum": RATE_WITH_MOMENTUM,
    "room_for_linear": ROOM_FOR_LINEAR,
}
