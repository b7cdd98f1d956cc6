"""Numeric tasks about the machine: knees, rooflines, checkpoints, workers, loaders."""

import random

from coursekit.interview.numeric import NumericTask, Params, Slip


def _draw_knee(rng: random.Random) -> dict[str, float]:
    large = rng.choice([512, 1024, 2048])
    return {
        "floor": rng.choice([5, 10, 20]),
        "large": large,
        "slow": rng.choice([80, 160, 320]),
    }


KNEE = NumericTask(
    draw=_draw_knee,
    value=lambda p: p["floor"] * p["large"] / p["slow"],
    unit="examples",
    working="On the slope {large} examples take {slow} ms, so {floor} ms are filled by "
    "{floor} x {large} / {slow} examples.",
    slips=(
        Slip(
            "the batch on the slope",
            "That batch is on the slope already. Where does the slope meet the floor?",
            lambda p: p["large"],
        ),
        Slip(
            "upside down",
            "Does a longer floor hide more examples, or fewer?",
            lambda p: p["large"] * p["slow"] / p["floor"],
        ),
        Slip(
            "examples per ms",
            "That is a throughput. How many examples pass during the floor?",
            lambda p: p["large"] / p["slow"],
        ),
    ),
)


def _draw_roofline(rng: random.Random) -> dict[str, float]:
    return {"tera": rng.choice([120, 300, 600, 1000]), "bandwidth": rng.choice([1, 2, 4])}


ROOFLINE = NumericTask(
    draw=_draw_roofline,
    value=lambda p: p["tera"] / p["bandwidth"],
    unit="tokens",
    working="2 B operations a weight against 2 bytes a weight: B is operations per byte, "
    "{tera} / {bandwidth}.",
    slips=(
        Slip(
            "one operation",
            "A product and a sum for each weight: how many operations are that?",
            lambda p: 2 * p["tera"] / p["bandwidth"],
        ),
        Slip(
            "four bytes",
            "How many bytes has a 16-bit number?",
            lambda p: p["tera"] / p["bandwidth"] / 2,
        ),
        Slip(
            "upside down",
            "Is that operations a byte, or bytes an operation?",
            lambda p: p["bandwidth"] / p["tera"],
        ),
    ),
)


def _draw_checkpoint(rng: random.Random) -> dict[str, float]:
    segment = rng.choice([4, 6, 8])
    return {
        "layers": segment * rng.choice([3, 5, 10]),
        "segment": segment,
        "mb": rng.choice([10, 25, 40]),
    }


def _segments(p: Params) -> float:
    return p["layers"] / p["segment"]


CHECKPOINT = NumericTask(
    draw=_draw_checkpoint,
    value=lambda p: p["mb"] * (_segments(p) + p["segment"] - 1),
    unit="MB",
    working="{layers} / {segment} segments keep one input each; the one at work holds {segment}, "
    "of which one is kept already. Times {mb} MB.",
    slips=(
        Slip(
            "segments alone",
            "What is there while a segment is gone through backwards?",
            lambda p: p["mb"] * _segments(p),
        ),
        Slip("no checkpoints", "What are the checkpoints for?", lambda p: p["mb"] * p["layers"]),
        Slip(
            "one input twice",
            "The segment at work: is its first layer's input not among the kept ones?",
            lambda p: p["mb"] * (_segments(p) + p["segment"]),
        ),
    ),
)


def _draw_efficiency(rng: random.Random) -> dict[str, float]:
    workers, batch = rng.choice([4, 8, 16]), rng.choice([64, 128, 256])
    one = rng.choice([40, 80, 100])
    return {
        "workers": workers,
        "batch": batch,
        "total": workers * batch,
        "one": one,
        "many": one * rng.choice([1.25, 1.6, 2]),
    }


def _efficiency(p: Params) -> float:
    return 100 * (p["total"] / p["workers"] / p["many"]) / (p["batch"] / p["one"])


EFFICIENCY = NumericTask(
    draw=_draw_efficiency,
    value=_efficiency,
    unit="%",
    working="{total} / {workers} examples a GPU in {many} ms, over {batch} in {one} ms.",
    slips=(
        Slip(
            "speed-up",
            "That is how many times faster examples go. How many times would be perfect?",
            lambda p: p["workers"] * _efficiency(p) / 100,
        ),
        Slip(
            "upside down",
            "Above 100 %: do workers together do more a worker than alone?",
            lambda p: 1e4 / _efficiency(p),
        ),
        Slip("a share", "Percent is asked for, is it not?", lambda p: _efficiency(p) / 100),
    ),
)


def _draw_loader(rng: random.Random) -> dict[str, float]:
    batch, workers, each = rng.choice([64, 128, 256]), rng.choice([4, 8]), rng.choice([2, 5])
    load = batch * each / workers
    return {
        "batch": batch,
        "workers": workers,
        "each": each,
        "step": round(load * rng.choice([0.25, 0.5, 2.5])),
    }


def _loading(p: Params) -> float:
    return p["batch"] * p["each"] / p["workers"]


LOADER = NumericTask(
    draw=_draw_loader,
    value=lambda p: max(_loading(p), p["step"]),
    unit="ms",
    working="Loading takes {batch} x {each} / {workers} ms, computing {step} ms; ahead of time, "
    "the longer of the two counts.",
    slips=(
        Slip(
            "the sum",
            "Does the GPU wait for loading that happens meanwhile?",
            lambda p: _loading(p) + p["step"],
        ),
        Slip(
            "one process",
            "How many processes load?",
            lambda p: max(p["batch"] * p["each"], p["step"]),
        ),
        Slip(
            "the shorter",
            "Can a step be done before its examples are there, or before it is computed?",
            lambda p: min(_loading(p), p["step"]),
        ),
    ),
)

TASKS = {
    "knee_of_step": KNEE,
    "roofline_batch": ROOFLINE,
    "checkpoint_layers": CHECKPOINT,
    "scaling_efficiency": EFFICIENCY,
    "loader_rate": LOADER,
}
