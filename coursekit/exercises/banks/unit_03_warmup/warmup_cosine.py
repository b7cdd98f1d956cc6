"""Linear warmup, then a cosine, as a function of the step."""

import cmath
import math

import numpy as np

from coursekit.exercises.banks.unit_03_warmup.cosine_slips import (
    EDGES,
    half_cosine,
    joined,
    usual,
)
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def warmup_cosine(step: int, peak_lr: float, warmup_steps: int, num_steps: int) -> float:
    if step < warmup_steps:
        return peak_lr * (step + 1) / warmup_steps
    phase = math.pi * (step - warmup_steps) / (num_steps - warmup_steps)
    return peak_lr * (1 + math.cos(phase)) / 2


def cosine_by_half_angle(step, peak_lr, warmup_steps, num_steps):
    if step < warmup_steps:
        return np.interp(step + 1, [0, warmup_steps], [0, peak_lr])
    done = (step - warmup_steps) / (num_steps - warmup_steps)
    return peak_lr * math.cos(math.pi / 2 * done) ** 2


def cosine_by_turning(step, peak_lr, warmup_steps, num_steps):
    turn, point = cmath.exp(1j * math.pi / (num_steps - warmup_steps)), 1 + 0j
    lrs = [peak_lr * k / warmup_steps for k in range(1, warmup_steps + 1)]
    while len(lrs) <= step:
        lrs.append(peak_lr * (1 + point.real) / 2)
        point *= turn
    return lrs[step]


def draw_cosine(rng: np.random.Generator) -> list[Case]:
    cases = []
    for k in range(4):
        warmup_steps, peak = int(rng.integers(5, 12)), float(rng.uniform(0.2, 0.9))
        num_steps = 3 * warmup_steps + int(rng.integers(5, 12))
        below = (0, int(rng.integers(1, warmup_steps - 2)), 1, warmup_steps - 1)[k]
        later = int(rng.integers(warmup_steps + 2, num_steps - 3))
        late = (warmup_steps, num_steps - 1, later, warmup_steps + 1)[k]
        alone = (0, num_steps - 1, int(rng.integers(3, num_steps - 3)), 2)[k]
        cases.append(Case("warmup", (below, peak, warmup_steps, num_steps)))
        cases.append(Case("cosine", (late, peak, warmup_steps, num_steps)))
        cases.append(Case("no warmup", (alone, peak, 0, num_steps)))
    behind = int(rng.integers(1, num_steps))  # of a warmup of one step
    cases.append(Case("cosine", (behind, float(rng.uniform(0.2, 0.9)), 1, num_steps)))
    return cases


WARM = "Steps 0 to `warmup_steps - 1` are the linear warmup of exercise 3."
TWICE = "the peak comes twice: at the warmup's last step and at i = 0."

U03_WARMUP_COSINE = Exercise(
    id="u03_warmup_cosine",
    call="warmup_cosine(step, peak_lr, warmup_steps, num_steps)",
    points={"warmup": 1.0, "cosine": 1.0, "no warmup": 1.0},
    by_hand=(
        Case("warmup", (0, 0.8, 2, 6), ("range",), WARM),
        Case("warmup", (1, 0.8, 2, 6), ("boundary",), TWICE),
        Case("cosine", (2, 0.8, 2, 6), ("boundary",), TWICE),
        Case("cosine", (4, 0.8, 2, 6), ("by hand",), "with its own count i = 0, 1, ..., D − 1"),
        Case("cosine", (3, 0.8, 2, 5), ("uneven",), "at i = D/2 at half of it"),
        Case("cosine", (5, 0.8, 2, 6), ("range",), "So the last step still moves"),
        Case("no warmup", (0, 0.8, 0, 4), ("smallest",), "warmup_steps = 0: cosine alone"),
        Case("no warmup", (2, 0.8, 0, 4), ("by hand",), "warmup_steps = 0: cosine alone"),
        Case("cosine", (1, 0.8, 1, 5), ("boundary",), TWICE),
    ),
    promises=(
        "by hand",
        "boundary",
        "range",
        "smallest",
    ),
    draw=draw_cosine,
    reference=warmup_cosine,
    mistakes=(
        Mistake(
            "cosine from the run's beginning",
            "Your cosine has already fallen a good way when the warmup ends, so there is a drop. "
            "From which step does the decay count?",
            lambda s, p, w, n: joined(s, p, w, usual(w), lambda s: half_cosine(s / n)),
        ),
        Mistake(
            "cosine as long as the run",
            "Your cosine is not finished when the run is. How many steps are left for it after "
            "the warmup?",
            lambda s, p, w, n: joined(s, p, w, usual(w), lambda s: half_cosine((s - w) / n)),
        ),
        Mistake(
            "cosine not shifted",
            "Your cosine has the right length and starts too early: it is over before the run. "
            "What is its step number when the warmup ends?",
            lambda s, p, w, n: joined(s, p, w, usual(w), lambda s: half_cosine(s / (n - w))),
        ),
        Mistake(
            "zero at the last step",
            "Your last step has a learning rate of zero and does nothing. At which step may zero "
            "be reached?",
            lambda s, p, w, n: joined(
                s, p, w, usual(w), lambda s: half_cosine((s - w) / (n - w - 1))
            ),
        ),
        Mistake(
            "one step ahead",
            "The first step after the warmup is below the peak already. Which step number does "
            "the cosine begin with?",
            lambda s, p, w, n: joined(
                s, p, w, usual(w), lambda s: half_cosine((s - w + 1) / (n - w))
            ),
        ),
        Mistake(
            "a whole turn",
            "Your learning rate comes back up towards the end. Which part of a whole turn of the "
            "cosine falls only?",
            lambda s, p, w, n: joined(
                s, p, w, usual(w), lambda s: half_cosine(2 * (s - w) / (n - w))
            ),
        ),
        Mistake(
            "a quarter turn",
            "Your decay starts gently and ends steeply. A cosine decay is gentle at both ends: "
            "which part of a turn has that?",
            lambda s, p, w, n: joined(
                s, p, w, usual(w), lambda s: math.cos(math.pi / 2 * (s - w) / (n - w))
            ),
        ),
        Mistake(
            "below zero",
            "In the second half your learning rate is negative. A cosine goes from plus to minus: "
            "how is it lifted to end at zero?",
            lambda s, p, w, n: joined(
                s, p, w, usual(w), lambda s: math.cos(math.pi * (s - w) / (n - w))
            ),
        ),
        Mistake(
            "lifted, not halved",
            "When the decay begins you are at twice the peak. How large is a cosine that has been "
            "lifted by one, at its top?",
            lambda s, p, w, n: joined(
                s, p, w, usual(w), lambda s: 2 * half_cosine((s - w) / (n - w))
            ),
        ),
        Mistake(
            "rises",
            "After the warmup your learning rate drops to nothing and climbs again. Which sign "
            "has the cosine in a decay?",
            lambda s, p, w, n: joined(
                s, p, w, usual(w), lambda s: 1 - half_cosine((s - w) / (n - w))
            ),
        ),
        Mistake(
            "a straight line",
            "Your decay is a straight line. Where is a cosine flatter than that, where steeper?",
            lambda s, p, w, n: joined(s, p, w, usual(w), lambda s: 1 - (s - w) / (n - w)),
        ),
        Mistake(
            "no decay",
            "After the warmup you stay at the peak. Where is the cosine?",
            lambda s, p, w, n: joined(s, p, w, usual(w), lambda s: 1.0),
        ),
        Mistake(
            "degrees",
            "Your cosine jumps about. Does the cosine of Python take degrees or radians?",
            lambda s, p, w, n: joined(
                s, p, w, usual(w), lambda s: (1 + math.cos(180 * (s - w) / (n - w))) / 2
            ),
        ),
        Mistake(
            "warmup from zero",
            "Your first step of the warmup has a learning rate of zero. Which share of the peak "
            "should step number zero take?",
            lambda s, p, w, n: joined(
                s, p, w, lambda s: s / w, lambda s: half_cosine((s - w) / (n - w))
            ),
        ),
        Mistake(
            "both at once",
            "You multiply the warmup by a cosine over the whole run, so the peak is never "
            "reached. Do the two act together here, or one after the other?",
            lambda s, p, w, n: p * (min(1.0, (s + 1) / w) if w else 1.0) * half_cosine(s / n),
        ),
        Mistake(
            "no warmup",
            "You decay from the first step on. What happens during the warmup?",
            lambda s, p, w, n: p * half_cosine(s / n),
        ),
        Mistake(
            "the share alone",
            "Your result does not depend on the peak. Do you return a share, or a learning rate?",
            lambda s, p, w, n: joined(
                s, 1.0, w, usual(w), lambda s: half_cosine((s - w) / (n - w))
            ),
        ),
        Mistake(
            "one peak for both",
            "You let the last step of the warmup be the first of the cosine, so the peak comes "
            "once. Which step number does the cosine's own count begin with?",
            lambda s, p, w, n: joined(
                s,
                p,
                w,
                usual(w),
                lambda s: half_cosine((s - max(w - 1, 0)) / (n - max(w - 1, 0))),
            ),
        ),
        Mistake(
            "warmup one step too long",
            "The first step behind the warmup still rises, above the peak. Steps count from zero: "
            "which is the last one of the warmup?",
            lambda s, p, w, n: joined(
                s,
                p,
                w + 1 if w else 0,
                usual(w),
                lambda s: half_cosine((s - w) / (n - w)),
            ),
        ),
        *EDGES,
        Mistake(
            "a floor",
            "Your decay ends at a tenth of the peak. Where would this one be a step after the run?",
            lambda s, p, w, n: joined(
                s, p, w, usual(w), lambda s: 0.1 + 0.9 * half_cosine((s - w) / (n - w))
            ),
        ),
        Mistake(
            "cosine from the last step of the warmup",
            "Your last step of the warmup is a step of the cosine already. Which step number "
            "reaches the peak, and which begins the decay?",
            lambda s, p, w, n: (
                p * (s + 1) / w if s < w - 1 else p * half_cosine((s - w + 1) / (n - w + 1))
            ),
        ),
        Mistake(
            "cosine begun in the warmup",
            "Your last step of the warmup is a step of the cosine already, before its own zero. "
            "Which step is the first of the decay?",
            lambda s, p, w, n: p * (s + 1) / w if s < w - 1 else p * half_cosine((s - w) / (n - w)),
        ),
        Mistake(
            "pi forgotten",
            "Your cosine goes through less than a third of what it should, and ends near three "
            "quarters of the peak. How large is half a turn in radians?",
            lambda s, p, w, n: joined(
                s, p, w, usual(w), lambda s: (1 + math.cos((s - w) / (n - w))) / 2
            ),
        ),
        Mistake(
            "a part too many in the warmup",
            "Your warmup has a part more than steps, and ends below the peak. Which share has its "
            "last step?",
            lambda s, p, w, n: joined(
                s, p, w, lambda s: (s + 1) / (w + 1), lambda s: half_cosine((s - w) / (n - w))
            ),
        ),
        Mistake(
            "at the peak from the first step",
            "Your warmup is at the peak from the first step on. What should rise there?",
            lambda s, p, w, n: joined(
                s, p, w, lambda s: 1.0, lambda s: half_cosine((s - w) / (n - w))
            ),
        ),
        Mistake(
            "held low",
            "Your warmup holds its first rate and then jumps. What does the word linear say?",
            lambda s, p, w, n: joined(
                s, p, w, lambda s: 1 / w, lambda s: half_cosine((s - w) / (n - w))
            ),
        ),
        Mistake(
            "half a step ahead",
            "Your cosine is read in the middle of a step. Where does its count begin?",
            lambda s, p, w, n: joined(
                s, p, w, usual(w), lambda s: half_cosine((s - w + 0.5) / (n - w))
            ),
        ),
    ),
    accepted=(cosine_by_half_angle, cosine_by_turning),
    lesson="Two pieces, each with its own step count: the decay starts from its own zero when the "
    "warmup ends. Most bugs in schedules are a step counted from the wrong beginning.",
    answered_by=("coursekit.train.schedules",),
)
