"""Numeric tasks about plans: steps, examples, time and GPU-hours at B."""

import random

from coursekit.interview.numeric import NumericTask, Params, Slip


def _draw_double(rng: random.Random) -> dict[str, float]:
    return {
        "gpus": rng.choice([8, 16, 32]),
        "local": rng.choice([64, 128, 256]),
        "b_crit": rng.choice([1000, 2000, 4000, 8000]),
    }


def _steps_ratio(p: Params) -> float:
    b = p["gpus"] * p["local"]
    return (1 + p["b_crit"] / (2 * b)) / (1 + p["b_crit"] / b)


DOUBLE_BATCH = NumericTask(
    draw=_draw_double,
    value=_steps_ratio,
    unit="",
    working="B is {gpus} x {local}. Steps follow S(B) = S_min (1 + B_crit/B) with "
    "B_crit = {b_crit}; the ratio is S(2B)/S(B).",
    slips=(
        Slip(
            "half the steps",
            "Twice the batch halves the steps only far below B_crit. How far below are you?",
            lambda p: 0.5,
        ),
        Slip(
            "ratio of examples",
            "That is what it costs in examples. Which of S and E is asked for?",
            lambda p: 2 * _steps_ratio(p),
        ),
        Slip(
            "upside down",
            "Does a larger batch need more steps, or fewer?",
            lambda p: 1 / _steps_ratio(p),
        ),
        Slip(
            "the saving",
            "Is the factor asked for, or what is saved?",
            lambda p: 1 - _steps_ratio(p),
        ),
        Slip(
            "the local batch",
            "What does the optimizer see, one GPU's examples or all?",
            lambda p: _steps_ratio({**p, "gpus": 1}),
        ),
        Slip(
            "nothing gained",
            "Are you so far above the critical batch that nothing is left to gain?",
            lambda p: 1.0,
        ),
    ),
)


def _draw_gpu_hours(rng: random.Random) -> dict[str, float]:
    return _draw_double(rng) | {"efficiency": rng.choice([75, 80, 90])}


def _gpu_hours(p: Params) -> float:
    return 2 * _steps_ratio(p) / (p["efficiency"] / 100)


GPU_HOURS = NumericTask(
    draw=_draw_gpu_hours,
    value=_gpu_hours,
    unit="",
    working="B is {gpus} x {local}; steps fall by S(2B)/S(B) = (1 + B_crit/2B)/(1 + B_crit/B) with "
    "B_crit = {b_crit}, a step takes 100/{efficiency} times as long, and twice the GPUs are held.",
    slips=(
        Slip(
            "time alone",
            "That is how the time changes. How many GPUs are held meanwhile?",
            lambda p: _gpu_hours(p) / 2,
        ),
        Slip(
            "efficiency forgotten",
            "Does a step take as long on twice the GPUs as before?",
            lambda p: 2 * _steps_ratio(p),
        ),
        Slip(
            "efficiency the other way",
            "At an efficiency below 100 %, does a step get longer, or shorter?",
            lambda p: 2 * _steps_ratio(p) * p["efficiency"] / 100,
        ),
        Slip(
            "steps alone",
            "How long is a step now, and how many GPUs are held?",
            lambda p: _steps_ratio(p),
        ),
        Slip(
            "half the steps",
            "Does twice the batch halve the steps at this size?",
            lambda p: 100 / p["efficiency"],
        ),
        Slip(
            "efficiency twice",
            "Is a step longer once, or twice?",
            lambda p: _gpu_hours(p) / (p["efficiency"] / 100),
        ),
    ),
)


def _draw_examples(rng: random.Random) -> dict[str, float]:
    b_crit = rng.choice([400, 1000, 2000])
    return {
        "s_min": rng.choice([2000, 5000, 10000]),
        "b_crit": b_crit,
        "b": b_crit * rng.choice([0.25, 0.5, 2, 4]),
    }


EXAMPLES_AT = NumericTask(
    draw=_draw_examples,
    value=lambda p: p["s_min"] * (p["b"] + p["b_crit"]),
    unit="examples",
    working="Steps are S_min (1 + B_crit/B) with S_min = {s_min}; times B = {b} that is "
    "S_min (B + B_crit) with B_crit = {b_crit}.",
    slips=(
        Slip(
            "the least examples",
            "That many do for a tiny batch. What does a batch of this size add?",
            lambda p: p["s_min"] * p["b_crit"],
        ),
        Slip(
            "the least steps",
            "Do you reach the least number of steps at a finite batch?",
            lambda p: p["s_min"] * p["b"],
        ),
        Slip(
            "steps for examples",
            "Is that the number of steps, or of examples?",
            lambda p: p["s_min"] * (1 + p["b_crit"] / p["b"]),
        ),
        Slip(
            "at the critical size",
            "That is the bill at the critical batch. Which batch is asked for?",
            lambda p: 2 * p["s_min"] * p["b_crit"],
        ),
        Slip(
            "batch twice",
            "Steps times batch: how often does the batch enter?",
            lambda p: p["s_min"] * (p["b"] + p["b_crit"]) * p["b"],
        ),
        Slip(
            "parts multiplied",
            "Does the bill add its two parts, or multiply them?",
            lambda p: float(p["s_min"] * (p["b"] * p["b_crit"]) ** 0.5),
        ),
    ),
)


def _draw_two_runs(rng: random.Random) -> dict[str, float]:
    s_min, b_crit = rng.choice([5120, 10240]), rng.choice([250, 1200, 3000])
    b1, b2 = rng.choice([128, 256]), rng.choice([1024, 2048])
    return {
        "b1": b1,
        "s1": s_min * (1 + b_crit / b1),
        "b2": b2,
        "s2": s_min * (1 + b_crit / b2),
    }


def _critical_of_two(p: Params) -> float:
    least_examples = (p["s1"] - p["s2"]) / (1 / p["b1"] - 1 / p["b2"])
    return least_examples / (p["s1"] - least_examples / p["b1"])


CRITICAL_OF_TWO = NumericTask(
    draw=_draw_two_runs,
    value=_critical_of_two,
    unit="examples",
    working="S = S_min + E_min/B is a straight line in 1/B: "
    "E_min = ({s1} - {s2})/(1/{b1} - 1/{b2}), S_min = {s1} - E_min/{b1}, and B_crit = E_min/S_min.",
    slips=(
        Slip(
            "the runs taken for the limits",
            "Is the small batch's run at the least of examples, and the large one's of steps?",
            lambda p: p["b1"] * p["s1"] / p["s2"],
        ),
        Slip(
            "middle of the two",
            "Why should it lie halfway? What do the numbers of steps say?",
            lambda p: float((p["b1"] * p["b2"]) ** 0.5),
        ),
        Slip(
            "least examples",
            "That is the least number of examples. Divided by what?",
            lambda p: (p["s1"] - p["s2"]) / (1 / p["b1"] - 1 / p["b2"]),
        ),
        Slip(
            "least steps",
            "That is the intercept, the least number of steps. Which ratio is asked for?",
            lambda p: p["s1"] - (p["s1"] - p["s2"]) / (1 - p["b1"] / p["b2"]),
        ),
        Slip(
            "upside down",
            "Is it examples over steps, or steps over examples?",
            lambda p: 1 / _critical_of_two(p),
        ),
    ),
    rel_tol=0.03,  # two subtractions of rounded numbers
)


def _draw_time(rng: random.Random) -> dict[str, float]:
    return {
        "s_min": rng.choice([5000, 10000, 20000]),
        "b_crit": rng.choice([1000, 2000]),
        "b": rng.choice([250, 500, 4000, 8000]),
        "rate": 20000,
        "floor": 0.05,
    }


def _step_times(p: Params) -> tuple[float, float]:
    return p["floor"], p["b"] / p["rate"]


def _hours(p: Params, step_seconds: float) -> float:
    return p["s_min"] * (1 + p["b_crit"] / p["b"]) * step_seconds / 3600


TIME_TO_TARGET = NumericTask(
    draw=_draw_time,
    value=lambda p: _hours(p, max(_step_times(p))),
    unit="h",
    working="Steps are {s_min} (1 + {b_crit}/{b}). One takes the longer of {floor} s and "
    "{b}/{rate} s.",
    slips=(
        Slip(
            "the shorter time",
            "When one limit says fast and the other slow, which of them is felt?",
            lambda p: _hours(p, min(_step_times(p))),
        ),
        Slip(
            "the least steps",
            "How many steps does it take at this batch size, and not at the best one?",
            lambda p: p["s_min"] * max(_step_times(p)) / 3600,
        ),
        Slip(
            "both times added",
            "Do the two follow each other, or does one hide behind the other?",
            lambda p: _hours(p, sum(_step_times(p))),
        ),
        Slip(
            "seconds",
            "Hours were asked for. Which unit is that?",
            lambda p: _hours(p, max(_step_times(p))) * 3600,
        ),
        Slip(
            "minutes",
            "Hours were asked for. Which unit is that?",
            lambda p: _hours(p, max(_step_times(p))) * 60,
        ),
        Slip(
            "the law turned round",
            "Does a larger batch take more steps, or fewer?",
            lambda p: p["s_min"] * (1 + p["b"] / p["b_crit"]) * max(_step_times(p)) / 3600,
        ),
    ),
)

TASKS = {
    "double_batch": DOUBLE_BATCH,
    "gpu_hours": GPU_HOURS,
    "examples_at": EXAMPLES_AT,
    "critical_of_two": CRITICAL_OF_TWO,
    "time_to_target": TIME_TO_TARGET,
}
