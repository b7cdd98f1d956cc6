"""Linear warmup as a function of the step."""

import math

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def linear_warmup(step: int, peak_lr: float, warmup_steps: int) -> float:
    return peak_lr * min(1.0, (step + 1) / warmup_steps)


def warmup_by_adding(step, peak_lr, warmup_steps):
    lr = 0.0
    for _ in range(step + 1):
        lr = min(peak_lr, lr + peak_lr / warmup_steps)
    return lr


def warmup_by_interpolation(step, peak_lr, warmup_steps):
    return np.interp(step + 1, [0, warmup_steps], [0.0, peak_lr])


def warmup_by_table(step, peak_lr, warmup_steps):
    rising = [peak_lr * k / warmup_steps for k in range(1, warmup_steps + 1)]
    return (rising + [peak_lr] * (step + 1))[step]


def draw_linear(rng: np.random.Generator) -> list[Case]:
    cases = []
    for k in range(4):
        warmup_steps, peak = int(rng.integers(5, 12)), float(rng.uniform(0.2, 0.9))
        below = int(rng.integers(1, warmup_steps - 2)) if k else 0
        after = warmup_steps + (-1, 0, 1, int(rng.integers(5, 30)))[k]
        cases.append(Case("rise", (below, peak, warmup_steps)))
        cases.append(Case("plateau", (after, peak, warmup_steps)))
    return cases


RISE = "The learning rate rises in equal parts to the peak and stays there."
LAST = "step of the warmup, number `warmup_steps - 1`, is the first at the peak."
MOVES = "The first step already moves"

U03_LINEAR_WARMUP = Exercise(
    id="u03_linear_warmup",
    call="linear_warmup(step, peak_lr, warmup_steps)",
    points={"rise": 1.0, "plateau": 1.0},
    by_hand=(
        Case("rise", (0, 0.8, 4), ("range",), MOVES),
        Case("rise", (2, 0.8, 4), ("by hand",), RISE),
        Case("plateau", (3, 0.8, 4), ("boundary",), LAST),
        Case("plateau", (9, 0.8, 4), ("by hand",), RISE),
        Case("plateau", (0, 0.3, 1), ("smallest",), "So `warmup_steps = 1` is no warmup"),
        Case("plateau", (5, 3.0, 2), ("range",), RISE),
    ),
    promises=(
        "by hand",
        "boundary",
        "range",
        "smallest",
    ),
    draw=draw_linear,
    reference=linear_warmup,
    mistakes=(
        Mistake(
            "starts at zero",
            "Your very first step has a learning rate of zero, so a batch is paid for and wasted. "
            "Which share of the peak should step number zero take?",
            lambda s, p, w: p * min(1.0, s / w),
        ),
        Mistake(
            "from zero to the peak",
            "You go from nothing to the peak within the warmup. Into how many equal parts does "
            "that cut the rise, and does the first step move at all?",
            lambda s, p, w: p * min(1.0, s / (w - 1) if w > 1 else 1.0),
        ),
        Mistake(
            "peak one step late",
            "Your rise has a part more than the warmup has steps. Which step is the last one of "
            "the warmup, and what should it reach?",
            lambda s, p, w: p * min(1.0, (s + 1) / (w + 1)),
        ),
        Mistake(
            "never stops rising",
            "Far behind the warmup your learning rate is above the peak. What holds it there?",
            lambda s, p, w: p * (s + 1) / w,
        ),
        Mistake(
            "the larger of the two",
            "During the warmup you are at the peak already, and after it above. Should the share "
            "of the peak be at least one, or at most?",
            lambda s, p, w: p * max(1.0, (s + 1) / w),
        ),
        Mistake(
            "constant warmup",
            "You hold the first value through the whole warmup and then jump. What does a "
            "gradual warmup do at each step?",
            lambda s, p, w: p / w if s < w - 1 else p,
        ),
        Mistake(
            "no warmup",
            "You take the peak from the first step on. What is left of the warmup?",
            lambda s, p, w: p,
        ),
        Mistake(
            "the share alone",
            "Your result does not depend on the peak. Do you return a share, or a learning rate?",
            lambda s, p, w: min(1.0, (s + 1) / w),
        ),
        Mistake(
            "whole-number division",
            "You stay at zero and then jump to the peak. Which division keeps the fraction?",
            lambda s, p, w: p * min(1, (s + 1) // w),
        ),
        Mistake(
            "falls instead of rising",
            "Your learning rate begins high and falls during the warmup. When is the start "
            "dangerous: early or late?",
            lambda s, p, w: p * max(0.0, 1 - s / w) if s < w else p,
        ),
        Mistake(
            "square",
            "You rise along a parabola. In a linear warmup, how much does each step add?",
            lambda s, p, w: p * min(1.0, (s + 1) / w) ** 2,
        ),
        Mistake(
            "root",
            "You rise fast at first and slowly later. In a linear warmup, how much does each step "
            "add?",
            lambda s, p, w: p * math.sqrt(min(1.0, (s + 1) / w)),
        ),
        Mistake(
            "doubling",
            "You double at every step. In a linear warmup, does a step multiply or add?",
            lambda s, p, w: p * 2.0 ** min(0, s + 1 - w),
        ),
        Mistake(
            "two steps ahead",
            "Your first step takes two parts of the rise, and the peak comes a step early. Steps "
            "count from zero: which number has the first one?",
            lambda s, p, w: p * min(1.0, (s + 2) / w),
        ),
        Mistake(
            "one step less",
            "You cut the rise into one part less than the warmup has steps. When is your peak "
            "reached, and when should it be?",
            lambda s, p, w: p * min(1.0, (s + 1) / max(1, w - 1)),
        ),
        Mistake(
            "nothing after the warmup",
            "After the warmup your learning rate is zero. What happens to training there?",
            lambda s, p, w: p * (s + 1) / w if s < w else 0.0,
        ),
        Mistake(
            "one step over the peak",
            "The step behind the warmup is above the peak. Which number has the last step of the "
            "warmup?",
            lambda s, p, w: p * (s + 1) / w if s <= w else p,
        ),
        Mistake(
            "equal factors",
            "Your learning rate grows by the same factor each time. In a linear warmup, what is "
            "the same at each step: a factor, or a difference?",
            lambda s, p, w: p * w ** (min(s + 1, w) / w - 1),
        ),
        Mistake(
            "half a cosine",
            "Your rise is gentle at both ends, like half a cosine. In a linear warmup, how much "
            "does each step add?",
            lambda s, p, w: p * (1 - math.cos(math.pi * min(1.0, (s + 1) / w))) / 2,
        ),
        Mistake(
            "falls again",
            "Behind the warmup your learning rate comes down again. Where does it stay?",
            lambda s, p, w: p * (s + 1) / w if s < w else max(0.0, p * (2 * w - 1 - s) / w),
        ),
        Mistake(
            "starts at a third",
            "You start at a third of the peak, as the default of a library does. Which share has "
            "step zero here?",
            lambda s, p, w: p * (1 / 3 + 2 / 3 * min(1.0, s / w)),
        ),
        Mistake(
            "the rate held at one",
            "You hold the learning rate at one. What should be held there: the rate, or the share "
            "of the peak?",
            lambda s, p, w: min(1.0, p * (s + 1) / w),
        ),
        Mistake(
            "falls with the root",
            "Behind the warmup your learning rate falls with the root of the step, as in one "
            "well-known schedule. Where does it stay here?",
            lambda s, p, w: p * min((s + 1) / w, (w / (s + 1)) ** 0.5),
        ),
        Mistake(
            "half a part behind",
            "You take the middle of each part. How many whole parts has the first step?",
            lambda s, p, w: p * min(1.0, (s + 0.5) / w),
        ),
        Mistake(
            "starts at a tenth",
            "You start at a tenth of the peak, however long the warmup is. Into how many equal "
            "parts is the rise cut, and how many has step zero?",
            lambda s, p, w: p * min(1.0, 0.1 + 0.9 * s / (w - 1)) if w > 1 else p,
        ),
        Mistake(
            "begins again",
            "Behind the warmup your rise begins again. How often is there a warmup?",
            lambda s, p, w: p * (s % w + 1) / w,
        ),
        Mistake(
            "one part over the peak for ever",
            "Behind the warmup you stay a part above the peak. What do you hold: the number of the "
            "step, or the share?",
            lambda s, p, w: p * (min(s, w) + 1) / w,
        ),
        Mistake(
            "the first value twice",
            "Your first two steps are equally long, and the peak comes a step late. How much does "
            "each step add?",
            lambda s, p, w: min(p, max(p / w, s * p / w)),
        ),
    ),
    accepted=(warmup_by_adding, warmup_by_interpolation, warmup_by_table),
    lesson="Every step moves, the last step of the warmup is the first at the peak, and a warmup "
    "of a single step is none. Libraries differ here by one step: look before you compare runs.",
    answered_by=("coursekit.train.schedules",),
)
