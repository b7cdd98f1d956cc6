"""Numeric tasks about layouts and machines: pipelines, replicas, decoding, growth with the data."""

import random

from coursekit.interview.numeric import NumericTask, Params, Slip


def _draw_layout(rng: random.Random) -> dict[str, float]:
    tp, pp = rng.choice([2, 4, 8]), rng.choice([2, 4, 8])
    return {
        "gpus": tp * pp * rng.choice([4, 8, 16]),
        "tp": tp,
        "pp": pp,
        "micro": rng.choice([1, 2, 4]),
        "count": rng.choice([16, 24, 32]),
    }


def _replicas(p: Params) -> float:
    return p["gpus"] / (p["tp"] * p["pp"])


GLOBAL_BATCH_SHARDED = NumericTask(
    draw=_draw_layout,
    value=lambda p: _replicas(p) * p["micro"] * p["count"],
    unit="examples",
    working="{gpus}/({tp} x {pp}) replicas, each with {count} micro-batches of {micro}.",
    slips=(
        Slip(
            "every GPU counted",
            "Do the GPUs that share one example's layers add examples?",
            lambda p: p["gpus"] * p["micro"] * p["count"],
        ),
        Slip(
            "pipeline forgotten",
            "Do the stages of a pipeline work on examples of their own?",
            lambda p: p["gpus"] / p["tp"] * p["micro"] * p["count"],
        ),
        Slip(
            "tensor parallelism forgotten",
            "Do GPUs that hold slices of one layer see different examples?",
            lambda p: p["gpus"] / p["pp"] * p["micro"] * p["count"],
        ),
        Slip(
            "one micro-batch",
            "How many micro-batches go into one optimizer step?",
            lambda p: _replicas(p) * p["micro"],
        ),
        Slip(
            "one replica",
            "How many replicas of the model are there, each with its own examples?",
            lambda p: p["micro"] * p["count"],
        ),
    ),
)


def _draw_bubble(rng: random.Random) -> dict[str, float]:
    return {"stages": rng.choice([4, 8, 16]), "micro": rng.choice([12, 20, 24, 48])}


BUBBLE = NumericTask(
    draw=_draw_bubble,
    value=lambda p: (p["stages"] - 1) / (p["micro"] + p["stages"] - 1),
    unit="",
    working="A step takes {micro} + {stages} - 1 slots; a stage works in {micro} of them.",
    slips=(
        Slip(
            "against the work",
            "That compares idle slots with busy ones. Which share of all slots are they?",
            lambda p: (p["stages"] - 1) / p["micro"],
        ),
        Slip(
            "the busy share",
            "Is that the share of the time in which it works, or in which it waits?",
            lambda p: p["micro"] / (p["micro"] + p["stages"] - 1),
        ),
        Slip(
            "one too many",
            "How long does the last stage wait for the first micro-batch?",
            lambda p: p["stages"] / (p["micro"] + p["stages"]),
        ),
        Slip(
            "a single micro-batch",
            "That is so if one micro-batch goes through alone. What do the others fill?",
            lambda p: (p["stages"] - 1) / p["stages"],
        ),
        Slip(
            "filling and draining counted apart",
            "While the pipe drains for one stage, does the same stage also wait at the start?",
            lambda p: 2 * (p["stages"] - 1) / (p["micro"] + 2 * (p["stages"] - 1)),
        ),
    ),
)


def _draw_power(rng: random.Random) -> dict[str, float]:
    small = rng.choice([5, 10, 20])
    return {
        "small": small,
        "large": small * rng.choice([16, 50, 100]),
        "b_pilot": rng.choice([256, 400, 640]),
        "power": rng.choice([0.4, 0.45]),
    }


def _growth(p: Params) -> float:
    return p["large"] / p["small"]


DATA_POWER = NumericTask(
    draw=_draw_power,
    value=lambda p: p["b_pilot"] * _growth(p) ** p["power"],
    unit="examples",
    working="{b_pilot} x ({large}/{small})^{power}.",
    slips=(
        Slip(
            "in proportion",
            "Does the critical batch grow as fast as the data?",
            lambda p: p["b_pilot"] * _growth(p),
        ),
        Slip(
            "no growth",
            "Is the critical batch a constant of the model?",
            lambda p: p["b_pilot"],
        ),
        Slip(
            "the other way",
            "With more data, does a larger batch pay, or a smaller one?",
            lambda p: p["b_pilot"] * _growth(p) ** -p["power"],
        ),
        Slip(
            "power times ratio",
            "Is the power an exponent, or a factor?",
            lambda p: p["b_pilot"] * _growth(p) * p["power"],
        ),
        Slip(
            "the factor alone",
            "That is by how much it grows. From which batch?",
            lambda p: _growth(p) ** p["power"],
        ),
    ),
    rel_tol=0.04,  # a power in the head
)


def _draw_decode(rng: random.Random) -> dict[str, float]:
    return {
        "tflops": rng.choice([300, 500, 700, 1000]),
        "tb": rng.choice([1.5, 2, 3.2]),
        "bytes": rng.choice([2, 4]),
    }


def _balance(p: Params) -> float:
    return p["tflops"] / p["tb"]  # operations a byte; the tera cancel


ROOFLINE_DECODE = NumericTask(
    draw=_draw_decode,
    value=lambda p: _balance(p) * p["bytes"] / 2,
    unit="examples",
    working="2 B operations for {bytes} bytes read; the machine does {tflops}/{tb} operations a "
    "byte. So B = {tflops}/{tb} x {bytes}/2.",
    slips=(
        Slip(
            "two operations forgotten",
            "A weight is multiplied, and what else?",
            lambda p: _balance(p) * p["bytes"],
        ),
        Slip(
            "bytes the other way",
            "If a weight takes more bytes, must more requests share its reading, or fewer?",
            lambda p: _balance(p) / p["bytes"] / 2,
        ),
        Slip(
            "operations in place of weights",
            "With twice the operations a weight, does compute limit sooner, or later?",
            lambda p: 2 * _balance(p) * p["bytes"],
        ),
        Slip(
            "upside down",
            "Is that operations a byte, or bytes an operation?",
            lambda p: p["tb"] / p["tflops"] * p["bytes"] / 2,
        ),
        Slip(
            "half the balance",
            "How many bytes are read for each weight?",
            lambda p: _balance(p) / 2 / p["bytes"] ** 2,
        ),
    ),
)


def _draw_decay(rng: random.Random) -> dict[str, float]:
    b = rng.choice([256, 512])
    return {
        "b": b,
        "large": b * rng.choice([4, 9, 16]),
        "lr": rng.choice([0.0003, 0.001]),
        "decay": rng.choice([0.05, 0.1]),
    }


def _k(p: Params) -> float:
    return p["large"] / p["b"]


DECAY_TIMESCALE = NumericTask(
    draw=_draw_decay,
    value=lambda p: p["decay"] * _k(p) ** 0.5,
    unit="",
    working="B/(lr x decay) stays. B grows {large}/{b} times and lr by the root of that, so the "
    "decay of {decay} grows by the root, too.",
    slips=(
        Slip(
            "unchanged",
            "With longer and fewer steps, how many tokens does a weight remember?",
            lambda p: p["decay"],
        ),
        Slip(
            "linear",
            "The rate has grown, too. What is left for the decay?",
            lambda p: p["decay"] * _k(p),
        ),
        Slip(
            "the other way",
            "There are fewer steps for the same tokens. Must each forget more, or less?",
            lambda p: p["decay"] / _k(p) ** 0.5,
        ),
        Slip(
            "as the rate shrinks it",
            "Is it the memory in steps that you keep, or the one in tokens?",
            lambda p: p["decay"] / _k(p),
        ),
        Slip(
            "three halves",
            "Does the growth of the rate help the decay to forget, or hinder it?",
            lambda p: p["decay"] * _k(p) ** 1.5,
        ),
    ),
)


def _draw_linear(rng: random.Random) -> dict[str, float]:
    b = rng.choice([64, 128, 256])
    return {"b": b, "large": b * rng.choice([4, 9, 16]), "lr": rng.choice([0.02, 0.05, 0.1])}


LINEAR_NUMBER = NumericTask(
    draw=_draw_linear,
    value=lambda p: p["lr"] * _k(p),
    unit="",
    working="{lr} x {large}/{b}.",
    slips=(
        Slip(
            "root rule",
            "Which rule keeps the distance of an epoch?",
            lambda p: p["lr"] * _k(p) ** 0.5,
        ),
        Slip(
            "unchanged",
            "With fewer steps of the same length, how far does an epoch get?",
            lambda p: p["lr"],
        ),
        Slip(
            "divided",
            "Fewer steps: must each be longer, or shorter?",
            lambda p: p["lr"] / _k(p),
        ),
        Slip(
            "squared",
            "A step is rate times mean gradient. With which power does the rate enter?",
            lambda p: p["lr"] * _k(p) ** 2,
        ),
        Slip(
            "root, downwards",
            "Which way must the rate go if there are fewer steps?",
            lambda p: p["lr"] / _k(p) ** 0.5,
        ),
    ),
)

TASKS = {
    "global_batch_sharded": GLOBAL_BATCH_SHARDED,
    "pipeline_bubble": BUBBLE,
    "data_power": DATA_POWER,
    "roofline_decode": ROOFLINE_DECODE,
    "decay_timescale": DECAY_TIMESCALE,
    "linear_number": LINEAR_NUMBER,
}
