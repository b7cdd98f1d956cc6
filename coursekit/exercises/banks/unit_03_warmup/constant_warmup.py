"""Constant warmup as a function of the step."""

import numpy as np

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def constant_warmup(step: int, peak_lr: float, warmup_lr: float, warmup_steps: int) -> float:
    return warmup_lr if step < warmup_steps else peak_lr


def constant_by_table(step, peak_lr, warmup_lr, warmup_steps):
    return ([warmup_lr] * warmup_steps + [peak_lr] * (step + 1))[step]


def constant_by_arithmetic(step, peak_lr, warmup_lr, warmup_steps):
    late = int(step >= warmup_steps)
    return late * peak_lr + (1 - late) * warmup_lr


def constant_by_search(step, peak_lr, warmup_lr, warmup_steps):
    return np.array([warmup_lr, peak_lr])[np.searchsorted([warmup_steps], step, side="right")]


def draw_constant(rng: np.random.Generator) -> list[Case]:
    cases = []
    for k in range(4):
        warmup_steps, peak = int(rng.integers(4, 12)), float(rng.uniform(0.5, 2.0))
        low = peak * float(rng.uniform(0.3, 0.45) if k == 0 else rng.uniform(0.05, 0.3))
        before = (0, warmup_steps - 1, *(int(s) for s in rng.integers(1, warmup_steps - 1, 2)))[k]
        after = warmup_steps + (0, 1, 2, int(rng.integers(warmup_steps, 2 * warmup_steps)))[k]
        cases.append(Case("warmup", (before, peak, low, warmup_steps)))
        cases.append(Case("peak", (after, peak, low, warmup_steps)))
    cases.append(Case("peak", (0, float(rng.uniform(0.5, 2.0)), float(rng.uniform(0.1, 0.3)), 0)))
    for step, group in enumerate(("warmup", "peak")):  # a warmup of one step is one
        peak, low = float(rng.uniform(0.5, 2.0)), float(rng.uniform(0.1, 0.3))
        cases.append(Case(group, (step, peak, low, 1)))
    return cases


HOLD = "hold a low learning rate for exactly `warmup_steps` steps, then jump to the peak and"

U03_CONSTANT_WARMUP = Exercise(
    id="u03_constant_warmup",
    call="constant_warmup(step, peak_lr, warmup_lr, warmup_steps)",
    points={"warmup": 0.5, "peak": 0.5},
    by_hand=(
        Case("warmup", (0, 0.8, 0.25, 3), ("by hand",), HOLD),
        Case("warmup", (2, 0.8, 0.25, 3), ("boundary",), HOLD),
        Case("peak", (3, 0.8, 0.25, 3), ("boundary",), HOLD),
        Case("peak", (0, 0.8, 0.25, 0), ("smallest",), "With warmup_steps = 0 there is none."),
        Case("warmup", (0, 0.6, 0.2, 1), ("boundary",), HOLD),
        Case("peak", (1, 0.6, 0.2, 1), ("boundary",), HOLD),
        Case("warmup", (1, 0.8, 0.0, 2), ("range",), "warmup_lr: the low rate itself"),
        Case("peak", (7, 0.8, 0.25, 3), ("boundary",), f"{HOLD} stay there"),
    ),
    promises=(
        "by hand",
        "boundary",
        "smallest",
    ),
    draw=draw_constant,
    reference=constant_warmup,
    mistakes=(
        Mistake(
            "one step too long",
            "The step that carries the number of the warmup's length still gets the low rate. "
            "Steps count from zero: which number has the last step of the warmup?",
            lambda s, p, low, w: low if s <= w else p,
        ),
        Mistake(
            "one step too short",
            "The last step of the warmup is at the peak already. Steps count from zero: which "
            "number does it have?",
            lambda s, p, low, w: low if s < w - 1 else p,
        ),
        Mistake(
            "the two swapped",
            "You begin with the high rate and end with the low one. Which of them is the start "
            "afraid of?",
            lambda s, p, low, w: p if s < w else low,
        ),
        Mistake(
            "a straight line",
            "Your rate rises during the warmup. What does the word constant say about it?",
            lambda s, p, low, w: low + (p - low) * min(1.0, s / w) if w else p,
        ),
        Mistake(
            "gradual warmup",
            "You return the gradual warmup of the exercise before, and the low rate has no say. "
            "What is held here?",
            lambda s, p, low, w: p * min(1.0, (s + 1) / w) if w else p,
        ),
        Mistake(
            "a factor on the peak",
            "You multiply the peak by the low rate. Is the second number a share, or a learning "
            "rate of its own?",
            lambda s, p, low, w: p * low if s < w else p,
        ),
        Mistake(
            "added up",
            "After the warmup you add the two rates. Does the peak come on top of the low rate or "
            "in its place?",
            lambda s, p, low, w: low if s < w else p + low,
        ),
        Mistake(
            "always low",
            "Your rate never leaves the warmup. What ends it?",
            lambda s, p, low, w: low,
        ),
        Mistake(
            "never jumps",
            "Your rate stays low for ever, unless there is no warmup at all. What ends it?",
            lambda s, p, low, w: low if w else p,
        ),
        Mistake(
            "one step is none",
            "You treat a warmup of one step as none. Which exercise has that rule, and how many "
            "steps are held here?",
            lambda s, p, low, w: low if s < w and w > 1 else p,
        ),
        Mistake(
            "the peak for one step",
            "You jump to the peak, and then fall back at once. How long does the peak last?",
            lambda s, p, low, w: p if s == w or not w else low,
        ),
        Mistake(
            "stairs of the low rate",
            "Each step of your warmup adds the low rate once more. What does constant mean?",
            lambda s, p, low, w: min(p, low * (s + 1)) if s < w else p,
        ),
        Mistake(
            "nothing at first",
            "Your first step has a learning rate of zero. Which one should it have?",
            lambda s, p, low, w: 0.0 if s == 0 and w else (low if s < w else p),
        ),
        Mistake(
            "no warmup",
            "You take the peak from the first step on. What is left of the warmup?",
            lambda s, p, low, w: p,
        ),
        Mistake(
            "halfway",
            "During the warmup you take the middle between the two rates. Which of them is held?",
            lambda s, p, low, w: (low + p) / 2 if s < w else p,
        ),
        Mistake(
            "the first step alone",
            "Only your first step is gentle. How long does the warmup last?",
            lambda s, p, low, w: low if s < min(1, w) else p,
        ),
        Mistake(
            "the share of the steps",
            "During the warmup your rate rises from zero to the low rate. What does the word "
            "constant say?",
            lambda s, p, low, w: low * (s + 1) / w if s < w else p,
        ),
        Mistake(
            "an equal part of the peak",
            "Your low rate is the peak over the number of steps. Which low rate are you given?",
            lambda s, p, low, w: p / w if s < w else p,
        ),
        Mistake(
            "counted from one",
            "Your very first step is at the peak. Which number has the first step of the warmup?",
            lambda s, p, low, w: low if 1 <= s <= w else p,
        ),
        Mistake(
            "at least one step",
            "You warm up for a step even where none is wanted. What should a warmup without steps "
            "do?",
            lambda s, p, low, w: low if s < max(1, w) else p,
        ),
        Mistake(
            "a staircase",
            "After the warmup your rate climbs a stair at a time. How many jumps lead to the peak?",
            lambda s, p, low, w: min(p, low * 2 ** (s // w)) if w else p,
        ),
        Mistake(
            "gradual warmup with a floor",
            "You return the gradual warmup, with the low rate as its floor. What is held here?",
            lambda s, p, low, w: max(low, p * min(1.0, (s + 1) / w)) if w else p,
        ),
        Mistake(
            "taking turns",
            "Later in the run your rate falls back to the low one. How often is there a warmup?",
            lambda s, p, low, w: low if w and (s // w) % 2 == 0 else p,
        ),
        Mistake(
            "a straight line that moves at once",
            "You rise from the low rate to the peak, a part at each step. When does a constant "
            "warmup change?",
            lambda s, p, low, w: low + (p - low) * (s + 1) / w if s < w else p,
        ),
    ),
    accepted=(constant_by_table, constant_by_arithmetic, constant_by_search),
    lesson="One low rate, then a jump. The jump is only as safe as the curvature is low by then: "
    "a gradual warmup needs no guess of the low rate.",
    answered_by=("coursekit.train.schedules",),
)
