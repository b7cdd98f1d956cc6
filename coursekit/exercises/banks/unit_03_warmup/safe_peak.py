"""The largest peak learning rate for which a warmup stays below the limit of stability."""

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def safe_peak(sharpness: Tensor, warmup_steps: int) -> Tensor:
    steps = torch.arange(len(sharpness))
    share = ((steps + 1) / warmup_steps).clamp(max=1.0)
    return (2 / (share * sharpness)).min()


def safe_by_loop(sharpness, warmup_steps):
    lowest = float("inf")
    for step, curvature in enumerate(sharpness.tolist()):
        share = (step + 1) / warmup_steps if step < warmup_steps else 1.0
        if lowest * share * curvature > 2:
            lowest = 2 / (share * curvature)
    return lowest


def safe_by_bisection(sharpness, warmup_steps):
    curvatures = sharpness.double().numpy()
    share = np.concatenate([np.linspace(0, 1, warmup_steps + 1)[1:], np.ones(len(curvatures))])
    low, high = 0.0, 2 * warmup_steps / curvatures[0] + 1e-9
    for _ in range(60):
        peak = (low + high) / 2
        fine = (peak * share[: len(curvatures)] * curvatures <= 2).all()
        low, high = (peak, high) if fine else (low, peak)
    return low


def shares(s: Tensor, w: int) -> Tensor:
    return torch.minimum(torch.arange(1, len(s) + 1) / w, torch.tensor(1.0))


def without_step(s: Tensor, w: int, step: int) -> Tensor:
    """Return the safe peak of a trace with one step left out, its shares kept."""
    return (2 / (shares(s, w) * s))[torch.arange(len(s)) != step].min()


def draw_traces(rng: np.random.Generator) -> list[Case]:
    """Draw traces whose tightest step is known: the first, in the rise, its end, or behind it."""
    cases = []
    for k in range(4):
        num_steps = int(rng.integers(8, 12))
        w = int(rng.integers(4, 6))
        tightest = (0, int(rng.integers(1, w - 1)), w - 1, int(rng.integers(w, num_steps - 1)))[k]
        load = rng.uniform(0.5, 0.85, num_steps)
        if k == 2:  # the largest curvature is that of step 1, and not the tightest
            load[0], load[1] = 0.1, 0.85
        load[tightest] = 1.0
        trace = load / np.minimum(np.arange(1, num_steps + 1) / w, 1.0) * rng.uniform(1.0, 9.0)
        cases.append(Case("warmup", (trace, w)))
        tightest = (0, 1, int(rng.integers(2, num_steps - 1)), num_steps - 1)[k]
        load = rng.uniform(0.4, 0.85, num_steps)
        load[tightest] = 1.0
        cases.append(Case("no warmup", (load * rng.uniform(1.0, 9.0), 1)))
    return cases


EVERY = "step of the trace, also behind the warmup."
SHARE = "a share of the peak, min(1, (t + 1)/warmup_steps)"

U03_SAFE_PEAK = Exercise(
    id="u03_safe_peak",
    call="safe_peak(sharpness, warmup_steps)",
    points={"no warmup": 1.0, "warmup": 2.0},
    by_hand=(
        Case("no warmup", (np.array([4.0, 8.0, 5.0]), 1), ("by hand", "smallest"), EVERY),
        Case("no warmup", (np.array([8.0, 4.0, 5.0]), 1), ("range",), EVERY),
        Case("no warmup", (np.array([4.0, 5.0, 8.0]), 1), ("range",), EVERY),
        Case("warmup", (np.array([20.0, 5.0, 8.0, 5.0]), 4), ("by hand",), SHARE),
        Case("warmup", (np.array([8.0, 4.0, 5.0, 2.0]), 2), ("boundary",), EVERY),
        Case("warmup", (np.array([20.0, 5.0, 2.0]), 2), ("range",), SHARE),
        Case("warmup", (np.array([2.0, 3.0, 4.0, 8.0]), 2), ("range",), EVERY),
    ),
    promises=(
        "by hand",
        "boundary",
        "range",
        "smallest",
    ),
    draw=draw_traces,
    reference=safe_peak,
    mistakes=(
        Mistake(
            "as if there were no warmup",
            "You divide by the largest curvature of the whole trace. How large is the learning "
            "rate at the moment when the curvature is largest?",
            lambda s, w: 2 / s.max(),
        ),
        Mistake(
            "the first step alone",
            "You look at the first step alone. Is it always the one that is closest to its limit?",
            lambda s, w: 2 * w / s[0],
        ),
        Mistake(
            "the start alone, at the peak",
            "You divide by the first curvature alone. Which other steps are there, and is the "
            "first one as long as the peak?",
            lambda s, w: 2 / s[0],
        ),
        Mistake(
            "the rate of the tightest step",
            "You found the tightest step, and return the rate that it allows. Is the rate there "
            "the peak, or a share of it?",
            lambda s, w: 2 / s[(2 / (shares(s, w) * s)).argmin()],
        ),
        Mistake(
            "the last step of the warmup left out",
            "You leave the last step of the warmup out. Which of your two ranges should hold it?",
            lambda s, w: without_step(s, w, w - 1 if w > 1 else len(s)),
        ),
        Mistake(
            "as if curvature only fell",
            "You carry the smallest curvature seen so far along. May it grow again?",
            lambda s, w: (2 / (shares(s, w) * s.cummin(0).values)).min(),
        ),
        Mistake(
            "first and last alone",
            "You look at the first step and at the last. What about those between them?",
            lambda s, w: torch.minimum(2 * w / s[0], 2 / s[-1]),
        ),
        Mistake(
            "a first step of length zero",
            "Your warmup begins with a step of length zero, so the first curvature allows any "
            "peak. Which share has step zero in exercise 3?",
            lambda s, w: (
                (2 / ((torch.arange(len(s)) / (w - 1)).clamp(max=1.0) * s)[1:]).min()
                if w > 1
                else (2 / s).min()
            ),
        ),
        Mistake(
            "the end of the warmup alone",
            "You look at the step that reaches the peak. Were the steps before it safe, and those "
            "behind it?",
            lambda s, w: 2 / s[w - 1],
        ),
        Mistake(
            "the peak alone",
            "You check the steps at the peak and no others. Can a step of the rise be too long?",
            lambda s, w: 2 / s[w - 1 :].max(),
        ),
        Mistake(
            "the warmup alone",
            "You check the steps of the warmup and no others. What if the curvature grows later?",
            lambda s, w: (2 / (shares(s, w) * s))[:w].min(),
        ),
        Mistake(
            "the warmup's curvatures, without its shares",
            "You take the largest curvature of the warmup as if its steps were as long as the "
            "peak. How long are they?",
            lambda s, w: 2 / s[:w].max(),
        ),
        Mistake(
            "a warmup as long as the trace",
            "Your share rises until the trace ends. After how many steps is the peak reached?",
            lambda s, w: (2 / (shares(s, len(s)) * s)).min(),
        ),
        Mistake(
            "keeps rising",
            "Your share of the peak goes on growing behind the warmup. How large is it there?",
            lambda s, w: (2 * w / (s * torch.arange(1, len(s) + 1))).min(),
        ),
        Mistake(
            "a part too many",
            "Your rise has a part more than the warmup has steps. Which share has its last step?",
            lambda s, w: (
                2 / (torch.minimum(torch.arange(1, len(s) + 1) / (w + 1), torch.tensor(1.0)) * s)
            ).min(),
        ),
        Mistake(
            "the most generous step",
            "Your peak suits the step that has most room. Which step decides whether all are safe?",
            lambda s, w: (2 / (shares(s, w) * s)).max(),
        ),
        Mistake(
            "the average step",
            "Your peak is safe on average. Does one step over the limit do no harm?",
            lambda s, w: 2 / (shares(s, w) * s).mean(),
        ),
        Mistake(
            "average of the limits",
            "You average the limits of all steps. Does one step over the limit do no harm?",
            lambda s, w: (2 / (shares(s, w) * s)).mean(),
        ),
        Mistake(
            "the last curvature",
            "You trust the curvature at the end of the trace. Does the run get there?",
            lambda s, w: 2 / s[-1],
        ),
        Mistake(
            "the smallest curvature",
            "You divide by the smallest curvature. Which curvature is dangerous: the small or "
            "the large?",
            lambda s, w: 2 / s.min(),
        ),
        Mistake(
            "the Newton step",
            "At your limit a step lands right in the minimum. How far may it overshoot and still "
            "come closer?",
            lambda s, w: (1 / (shares(s, w) * s)).min(),
        ),
        Mistake(
            "multiplied by the share",
            "You multiply the limit by the share of the peak. If the learning rate is a share of "
            "the peak, what is the peak in terms of the learning rate?",
            lambda s, w: (2 * shares(s, w) / s).min(),
        ),
        Mistake(
            "one step off",
            "You pair each curvature with the share of the step before it, so the first curvature "
            "never counts. Which share does step number zero have?",
            lambda s, w: (2 / (shares(s, w)[:-1] * s[1:])).min(),
        ),
        Mistake(
            "the whole warmup at every step",
            "You let the warmup lift the limit by its whole length at every step. How much gentler "
            "is its last step than the peak?",
            lambda s, w: 2 * w / s.max(),
        ),
        Mistake(
            "the step of the largest curvature",
            "You trust the step with the largest curvature to be the tightest. A flatter step may "
            "be longer: which of them comes closest to its limit?",
            lambda s, w: (2 / (shares(s, w) * s))[s.argmax()],
        ),
        Mistake(
            "the first step behind the warmup skipped",
            "You leave the first step behind the warmup out. Is it not at the peak as well?",
            lambda s, w: without_step(s, w, w),
        ),
        Mistake(
            "the last step dropped",
            "You leave the last step of the trace out. Where does your range end?",
            lambda s, w: without_step(s, w, len(s) - 1),
        ),
        Mistake(
            "the first step dropped",
            "You leave the first step of the trace out. Is its short step always a safe one?",
            lambda s, w: without_step(s, w, 0),
        ),
    ),
    accepted=(safe_by_loop, safe_by_bisection),
    lesson="A warmup buys a higher peak where the curvature falls faster than the learning rate "
    "rises. Where the trace is flat, or grows later, it buys nothing.",
)
