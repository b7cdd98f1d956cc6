"""Numeric tasks about batches in parts: micro-batches, workers, the last batch, rare classes."""

import random

from coursekit.interview.numeric import NumericTask, Params, Slip

ADAM_BYTES = 16  # a parameter in float32 with Adam: weight, gradient, two moments, 4 bytes each


def _draw_ragged(rng: random.Random) -> dict[str, float]:
    return {"full": rng.choice([2, 3, 5]), "b": rng.choice([32, 64]), "last": rng.choice([2, 4, 8])}


def _ragged_weight(p: Params) -> float:
    examples = p["full"] * p["b"] + p["last"]
    return examples / ((p["full"] + 1) * p["last"])


RAGGED_WEIGHT = NumericTask(
    draw=_draw_ragged,
    value=_ragged_weight,
    unit="",
    working="It should count 1/n with n = {full} x {b} + {last} examples in all. It counts "
    "1/(K x {last}), with K = {full} + 1 micro-batches. The ratio is n/(K x {last}).",
    slips=(
        Slip(
            "against its neighbours",
            "That compares two examples of this run. What would the large batch give it?",
            lambda p: p["b"] / p["last"],
        ),
        Slip(
            "upside down",
            "Is a short micro-batch's example counted too much, or too little?",
            lambda p: 1 / _ragged_weight(p),
        ),
        Slip(
            "one piece missed",
            "How many micro-batches are there, the short one included?",
            lambda p: _ragged_weight(p) * (p["full"] + 1) / p["full"],
        ),
        Slip(
            "root",
            "Is a weight asked for, or a noise?",
            lambda p: _ragged_weight(p) ** 0.5,
        ),
        Slip(
            "share of the micro-batch",
            "That is the micro-batch's part of the step. And one example's, against the exact one?",
            lambda p: 1 / (p["full"] + 1),
        ),
        Slip(
            "pieces forgotten",
            "By what is the mean of a micro-batch divided once more?",
            lambda p: _ragged_weight(p) * (p["full"] + 1),
        ),
    ),
)


def _draw_sum(rng: random.Random) -> dict[str, float]:
    return {
        "workers": rng.choice([4, 8, 16]),
        "m": rng.choice([32, 64, 128]),
        "lr": rng.choice([0.0005, 0.001, 0.002]),
    }


LR_SUM_TO_MEAN = NumericTask(
    draw=_draw_sum,
    value=lambda p: p["lr"] * p["m"],
    unit="",
    working="A worker's summed gradient is {m} times its mean gradient. The all-reduce averages, "
    "so the old gradient is {m} times the new one, and the rate is multiplied by {m}.",
    slips=(
        Slip(
            "all examples",
            "The all-reduce averages already. By what is the old gradient too long, then?",
            lambda p: p["lr"] * p["m"] * p["workers"],
        ),
        Slip(
            "unchanged",
            "Is the new gradient as long as the old one?",
            lambda p: p["lr"],
        ),
        Slip(
            "divided",
            "If the gradient gets shorter, which way must the rate go for the same step?",
            lambda p: p["lr"] / p["m"],
        ),
        Slip(
            "root",
            "Is a noise rescaled here, or a gradient?",
            lambda p: p["lr"] * p["m"] ** 0.5,
        ),
        Slip(
            "workers alone",
            "Who divides by the number of workers, before and after?",
            lambda p: p["lr"] * p["workers"],
        ),
        Slip(
            "shared among workers",
            "The all-reduce averages before and after. What has changed, then?",
            lambda p: p["lr"] * p["m"] / p["workers"],
        ),
    ),
)


def _draw_partial(rng: random.Random) -> dict[str, float]:
    b, last = rng.choice([64, 128, 256]), rng.choice([7, 9, 20, 37])
    return {"n": rng.randrange(10, 40) * b + last, "b": b}


def _last(p: Params) -> float:
    return p["n"] % p["b"]


PARTIAL_BATCH = NumericTask(
    draw=_draw_partial,
    value=lambda p: p["b"] / _last(p),
    unit="",
    working="The last batch has {n} mod {b} examples. In a mean loss each counts one over that "
    "number; in a full batch it counts 1/{b}.",
    slips=(
        Slip(
            "upside down",
            "Does one of few examples weigh more in a mean, or less?",
            lambda p: _last(p) / p["b"],
        ),
        Slip(
            "the whole epoch",
            "Is the last batch compared with a full batch, or with the epoch?",
            lambda p: p["n"] / _last(p),
        ),
        Slip(
            "what is missing",
            "Is that the size of the last batch, or what it lacks?",
            lambda p: p["b"] / (p["b"] - _last(p)),
        ),
        Slip(
            "root",
            "Its noise goes with a root. And its weight?",
            lambda p: (p["b"] / _last(p)) ** 0.5,
        ),
        Slip(
            "what it lacks, as a share",
            "Is a factor asked for?",
            lambda p: 1 - _last(p) / p["b"],
        ),
        Slip(
            "how much more",
            "How many times as much, or how much more?",
            lambda p: p["b"] / _last(p) - 1,
        ),
    ),
)


def _draw_rare(rng: random.Random) -> dict[str, float]:
    return {"percent": rng.choice([1, 2, 3]), "b": rng.choice([32, 64, 128])}


def _none_of_them(p: Params) -> float:
    return (1 - p["percent"] / 100) ** p["b"]


RARE_CLASS = NumericTask(
    draw=_draw_rare,
    value=_none_of_them,
    unit="",
    working="One draw misses the class with probability 1 - p, p = {percent} %. All {b} draws miss "
    "it with (1 - p)^{b}.",
    slips=(
        Slip(
            "at least one",
            "Is that the share of batches with the class, or of those without it?",
            lambda p: 1 - _none_of_them(p),
        ),
        Slip(
            "expected number",
            "That is how many there are on average. How often are there none?",
            lambda p: p["b"] * p["percent"] / 100,
        ),
        Slip(
            "chances added",
            "May the chances of the draws be added, when two of them can hit at once?",
            lambda p: 1 - p["b"] * p["percent"] / 100,
        ),
        Slip(
            "one draw",
            "How many draws has a batch?",
            lambda p: 1 - p["percent"] / 100,
        ),
        Slip(
            "percent without its sign",
            "Is that a share between 0 and 1? Write % behind a percentage.",
            lambda p: 100 * _none_of_them(p),
        ),
        Slip(
            "every draw a hit",
            "What must happen in every single draw?",
            lambda p: float((p["percent"] / 100) ** p["b"]),
        ),
    ),
)


def _draw_memory(rng: random.Random) -> dict[str, float]:
    return {
        "millions": rng.choice([100, 300, 1000]),
        "mb": rng.choice([50, 100, 200]),
        "micro": rng.choice([4, 8, 16]),
        "batch": rng.choice([256, 512]),
    }


def _gigabytes(
    p: Params, *, bytes_each: float = ADAM_BYTES, examples: float | None = None
) -> float:
    held = p["micro"] if examples is None else examples
    return bytes_each * p["millions"] / 1000 + p["mb"] * held / 1000


MEMORY_ACCUMULATION = NumericTask(
    draw=_draw_memory,
    value=_gigabytes,
    unit="GB",
    working="Weights, gradients and two moments take 4 x 4 bytes for each of {millions} million "
    "parameters. Activations exist for one micro-batch at a time: {micro} x {mb} MB.",
    slips=(
        Slip(
            "the whole batch's activations",
            "After a backward pass, what is still held of that micro-batch?",
            lambda p: _gigabytes(p, examples=p["batch"]),
        ),
        Slip(
            "weights alone",
            "What does training with Adam hold for each weight besides the weight?",
            lambda p: _gigabytes(p, bytes_each=4),
        ),
        Slip(
            "a gradient for each micro-batch",
            "Are the micro-batches' gradients kept apart, or added up in place?",
            lambda p: _gigabytes(p, bytes_each=12 + 4 * p["batch"] / p["micro"]),
        ),
        Slip(
            "three numbers",
            "Weight, gradient, two moments: how many numbers is that?",
            lambda p: _gigabytes(p, bytes_each=12),
        ),
        Slip(
            "moments forgotten",
            "What does Adam keep besides weight and gradient?",
            lambda p: _gigabytes(p, bytes_each=8),
        ),
        Slip(
            "gibibytes",
            "Is a GB 10^9 bytes here, or 2^30?",
            lambda p: _gigabytes(p) * 1e9 / 2**30,
        ),
    ),
)

TASKS = {
    "ragged_weight": RAGGED_WEIGHT,
    "lr_sum_to_mean": LR_SUM_TO_MEAN,
    "partial_batch": PARTIAL_BATCH,
    "rare_class": RARE_CLASS,
    "memory_accumulation": MEMORY_ACCUMULATION,
}
