"""The batch size from which on a layer is limited by computing, not by moving bytes."""

import math

import numpy as np

from coursekit.exercises.banks.unit_09_hardware.further_slips import ROOFLINE as FURTHER_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_c import ROOFLINE as LATE_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_e import ROOFLINE as LATEST_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def roofline_knee(
    fan_in: int, fan_out: int, bytes_per_number: int, flops: float, bandwidth: float
) -> float:
    pairs, ends = fan_in * fan_out, fan_in + fan_out
    slack = 2.0 * pairs * bandwidth / flops - bytes_per_number * ends
    return bytes_per_number * pairs / slack if slack > 0 else math.nan


def knee_by_seconds(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    weights = fan_in * fan_out * bytes_per_number / bandwidth
    example = (fan_in + fan_out) * bytes_per_number / bandwidth
    compute = 2 * fan_in * fan_out / flops
    return math.nan if compute <= example else weights / (compute - example)


def knee_by_bisection(fan_in, fan_out, bytes_per_number, flops, bandwidth):
    def ahead(b):
        moved = bytes_per_number * (fan_in * fan_out + b * (fan_in + fan_out))
        return 2 * b * fan_in * fan_out / flops - moved / bandwidth

    low, high = 0.0, 1e9
    if ahead(high) <= 0:
        return float("nan")
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if ahead(middle) < 0 else (low, middle)
    return high


def draw_layers(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for _ in range(4):
        n, m = (int(x) for x in rng.integers(60, 3000, 2))
        s = int(rng.choice([2, 4, 8]))
        most = 2 * n * m / (s * (n + m))  # operations a byte, were the weights free
        bandwidth = float(rng.uniform(0.5, 4.0))
        cases.append(
            Case("wide", (n, m, s, float(bandwidth * most * rng.uniform(0.2, 0.7)), bandwidth))
        )
    n, m = (int(x) for x in rng.integers(60, 3000, 2))
    slow = float(rng.uniform(0.1, 0.3))  # operations so slow that the knee lies below one row
    cases.append(Case("wide", (n, m, 4, slow, 1.0)))
    for share in rng.uniform(1.3, 3.0, 2):
        n, m = (int(x) for x in rng.integers(8, 60, 2))
        s = int(rng.choice([2, 4, 8]))
        bandwidth = float(rng.uniform(0.5, 4.0))
        most = 2 * n * m / (s * (n + m))
        cases.append(Case("narrow", (n, m, s, float(bandwidth * most * share), bandwidth)))
    n, m = (int(x) for x in rng.integers(8, 60, 2))
    cases.append(Case("narrow", (n, m, 4, float(n * m / (n + m) * rng.uniform(0.2, 0.4)), 1.0)))
    n, k = (int(2**x) for x in rng.integers(3, 7, 2))  # equally fast, in every rounding
    cases.append(Case("narrow", (n, n, 4, float(n * k), float(4 * k))))
    return cases


def variant(weights=None, ends=None, work=2.0, never=math.nan, size=None, ratio=None):
    """Return the mistake that counts something else, or answers otherwise where no batch does."""

    def answer(n, m, s, flops, bandwidth):
        pairs = n * m
        moved = pairs if weights is None else weights(n, m)
        example = n + m if ends is None else ends(n, m)
        s = s if size is None else size
        balance = bandwidth / flops if ratio is None else ratio(flops, bandwidth)
        slack = work * pairs * balance - s * example
        if slack <= 0:
            return never(s * moved, slack) if callable(never) else never
        return s * moved / slack

    return answer


U09_ROOFLINE = Exercise(
    id="u09_roofline",
    call="roofline_knee(fan_in, fan_out, bytes_per_number, flops, bandwidth)",
    points={"wide": 2.0, "narrow": 1.0},
    by_hand=(
        Case("wide", (4, 4, 1, 8.0, 4.0), keeps=("by hand",)),
        Case("wide", (4, 12, 2, 6.0, 8.0), keeps=("uneven",)),
        Case(  # hardly steeper, and far away: they meet all the same
            "wide",
            (10, 10, 1, 100000.0, 10001.0),
            keeps=("range",),
            quotes="If computing is the shorter one however large B is",
        ),
        Case("narrow", (4, 4, 1, 32.0, 4.0), keeps=("nan",)),
        Case("narrow", (4, 4, 1, 16.0, 4.0), keeps=("boundary", "nan")),
        Case("narrow", (1, 1, 2, 1.0, 8.0), keeps=("smallest",)),
    ),
    promises=("boundary", "by hand", "nan", "range", "smallest", "uneven"),
    draw=draw_layers,
    reference=roofline_knee,
    nan_says="You say that no batch is large enough for this layer. One is: how long do computing "
    "and moving take at a very large batch?",
    mistakes=(
        Mistake(
            "weights alone are moved",
            "You move the weights alone. What else has to come in and go out, for each example?",
            variant(ends=lambda n, m: 0),
        ),
        Mistake(
            "one operation a pair",
            "You count one operation for each weight and example. A product is made, and what is "
            "done with it?",
            variant(work=1.0),
        ),
        Mistake(
            "backward pass counted",
            "You count the work of the backward pass too. Which product does the text speak of?",
            variant(work=6.0),
        ),
        Mistake(
            "numbers in place of bytes",
            "Your answer does not depend on how many bytes a number has. In which unit is the "
            "bandwidth given?",
            variant(size=1),
        ),
        Mistake(
            "outputs forgotten",
            "You move weights and inputs. Where do the results go?",
            variant(ends=lambda n, m: n),
        ),
        Mistake(
            "inputs forgotten",
            "You move weights and outputs. Where does the layer read from?",
            variant(ends=lambda n, m: m),
        ),
        Mistake(
            "weights moved twice",
            "You move the weights twice. Does a product write its weights back?",
            variant(weights=lambda n, m: 2 * n * m),
        ),
        Mistake(
            "machine upside down",
            "On a machine that computes faster your knee comes earlier. Which of the two speeds "
            "stands below which amount?",
            variant(ratio=lambda flops, bandwidth: flops / bandwidth),
        ),
        Mistake(
            "a batch below zero",
            "Your batch size is below zero. What does that say about two lines that should cross?",
            variant(never=lambda moved, slack: moved / slack if slack else math.nan),
        ),
        Mistake(
            "sign dropped",
            "You drop a sign. Two lines of which the steeper began above: do they cross later?",
            variant(never=lambda moved, slack: -moved / slack if slack else math.nan),
        ),
        Mistake(
            "examples counted on the wrong side",
            "You add what inputs and outputs take to the computing. On which side of the equation "
            "do they stand?",
            lambda n, m, s, flops, bandwidth: (
                s * n * m / bandwidth / (2 * n * m / flops + s * (n + m) / bandwidth)
            ),
        ),
        Mistake(
            "no batch called zero",
            "You return zero for a layer that no batch fills. What does the docstring ask for?",
            variant(never=0.0),
        ),
        Mistake(
            "no batch called infinite",
            "You return infinity for a layer that no batch fills. What does the docstring ask for?",
            variant(never=math.inf),
        ),
        Mistake(
            "whole examples",
            "You round to whole examples. Does the text ask for that?",
            lambda *args: (lambda b: b if math.isnan(b) else float(math.ceil(b)))(
                roofline_knee(*args)
            ),
        ),
        Mistake(
            "operations a byte",
            "You return the machine's operations a byte. Which layers does that hold for, and with "
            "how many bytes a number?",
            lambda n, m, s, flops, bandwidth: flops / bandwidth,
        ),
        Mistake(
            "wide layers' limit",
            "You give the limit for very wide layers. What do inputs and outputs add where a layer "
            "is not so wide?",
            lambda n, m, s, flops, bandwidth: (
                s * flops / (2 * bandwidth)
                if not math.isnan(roofline_knee(n, m, s, flops, bandwidth))
                else math.nan
            ),
        ),
        Mistake(
            "bytes of inputs and outputs forgotten",
            "You count inputs and outputs as numbers, and the weights in bytes. In which unit is "
            "the bandwidth given?",
            lambda n, m, s, flops, bandwidth: variant(ends=lambda n, m: (n + m) / s)(
                n, m, s, flops, bandwidth
            ),
        ),
        Mistake(
            "bytes of the weights forgotten",
            "You count the weights as numbers, and the rest in bytes. In which unit is the "
            "bandwidth given?",
            lambda n, m, s, flops, bandwidth: variant(weights=lambda n, m: n * m / s)(
                n, m, s, flops, bandwidth
            ),
        ),
        Mistake(
            "equally fast called infinite",
            "Where both times grow equally fast you divide by nothing. Do they ever meet?",
            variant(never=lambda moved, slack: math.nan if slack else math.inf),
        ),
        Mistake(
            "rounded",
            "You round to the nearest example. Does the text ask for that?",
            lambda *args: (lambda b: b if math.isnan(b) else float(round(b)))(roofline_knee(*args)),
        ),
        Mistake(
            "bits",
            "You count bits. In which unit is the bandwidth given?",
            lambda n, m, s, flops, bandwidth: roofline_knee(n, m, 8 * s, flops, bandwidth),
        ),
        Mistake(
            "weights for every example",
            "You move the weights again for each example. How often does a layer need them for "
            "one batch?",
            variant(weights=lambda n, m: n + m, ends=lambda n, m: n * m),
        ),
        Mistake(
            "a square layer",
            "You take the layer for a square one. Where does the number of outputs come in?",
            lambda n, m, s, flops, bandwidth: roofline_knee(n, n, s, flops, bandwidth),
        ),
        Mistake(
            "as many outputs as weights",
            "You move as many numbers an example as the layer has weights. How many inputs and "
            "outputs are there?",
            variant(ends=lambda n, m: n * m),
        ),
        Mistake(
            "knee upside down",
            "Your number is one over a batch size. By what did you divide?",
            lambda *args: 1 / roofline_knee(*args),
        ),
        *FURTHER_SLIPS,
        *LATE_SLIPS,
        *LATEST_SLIPS,
    ),
    accepted=(knee_by_seconds, knee_by_bisection),
    lesson="Below the knee the weights' way from memory takes the time, and more examples ride "
    "along for nothing. A machine's operations a byte decide how many.",
    answered_by=("coursekit.hardware.roofline",),
)
