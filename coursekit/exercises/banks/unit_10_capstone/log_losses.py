"""Find the flaw: a logger that makes a stall."""

import numpy as np

from coursekit.exercises.banks.unit_10_capstone.further_slips_b import LOG_LOSSES as FURTHER_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_d import LOG_LOSSES as LATE_SLIPS
from coursekit.exercises.banks.unit_10_capstone.further_slips_f import LOG_LOSSES as LATEST_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake


def log_losses(losses: list[float], every: int) -> list[float]:
    return [float(np.mean(losses[start : start + every])) for start in range(0, len(losses), every)]


def log_by_summing(losses, every):
    shown, window = [], []
    for loss in losses:
        window.append(loss)
        if len(window) == every:
            shown.append(sum(window) / every)
            window = []
    if window:
        shown.append(sum(window) / len(window))
    return shown


def log_by_cumsum(losses, every):
    ends = [*range(every, len(losses), every), len(losses)]
    total = np.concatenate([[0.0], np.cumsum(losses)])
    starts = [0, *ends[:-1]]
    return [(total[e] - total[s]) / (e - s) for s, e in zip(starts, ends, strict=True)]


def since_the_start(losses, every):
    ends = [*range(every, len(losses), every), len(losses)]
    return [float(np.mean(losses[:e])) for e in ends]


def as_found(losses, every):
    return [float(np.mean(losses[: i + 1])) for i in range(0, len(losses), every)]


def windowed(value):
    """Return a mistake that shows something else of each window."""

    def answer(losses, every):
        return [float(value(losses[s : s + every])) for s in range(0, len(losses), every)]

    return answer


def shifted(losses, every):
    """Reset after the print at steps 0, every, 2 every: windows that are one step late."""
    starts = [0, *range(1, len(losses), every)]
    ends = [*starts[1:], len(losses)]
    return [float(np.mean(losses[s:e])) for s, e in zip(starts, ends, strict=True)]


def dropped(losses, every):
    whole = len(losses) // every * every
    return log_losses(losses[:whole], every) if whole else []


def smoothed(losses, every):
    value, shown = losses[0], []
    for i, loss in enumerate(losses):
        value = 0.9 * value + 0.1 * loss
        if (i + 1) % every == 0 or i + 1 == len(losses):
            shown.append(value)
    return shown


def windows(losses, every):
    return [(s, min(s + every, len(losses))) for s in range(0, len(losses), every)]


def shown_at_the_start(losses, every):
    ends = [1, *range(1 + every, len(losses) + 1, every)]
    starts = [0, *ends[:-1]]
    return [sum(losses[s:e]) / every for s, e in zip(starts, ends, strict=True)]


def joined(losses, every):
    count = max(1, len(losses) // every)
    ends = [*range(every, count * every, every), len(losses)]
    return [float(np.mean(losses[s:e])) for s, e in zip([0, *ends[:-1]], ends, strict=True)]


def one_lost(losses, every):
    shown: list[float] = []
    window: list[float] = []
    for step, loss in enumerate(losses):
        if step and step % every == 0:
            shown.append(sum(window) / len(window) if window else loss)
            window = []
        else:
            window.append(loss)
    return [*shown, sum(window) / len(window)] if window else shown


def draw_logs(rng: np.random.Generator) -> list[Case]:
    cases = []
    for number, group in enumerate(("whole windows", "a short last window") * 3):
        every = int(rng.integers(3, 6))
        count = every * int(rng.integers(3, 5))
        if group == "a short last window":
            count += 1 if number == 1 else int(rng.integers(1, every))
        losses = 3.0 * np.exp(-np.arange(count) / 6) + rng.uniform(0.1, 0.6, count)
        cases.append(Case(group, (losses.tolist(), every)))
    return cases


WHAT_IS_LEFT = "of what is left at the end, if anything is"

U10_LOG_LOSSES = Exercise(
    id="u10_log_losses",
    call="log_losses(losses, every)",
    points={"whole windows": 2.0, "a short last window": 1.0},
    by_hand=(
        Case("whole windows", ([8.0, 6.0, 3.0, 1.0], 2), ("by hand",)),
        Case("whole windows", ([5.0, 3.0], 1), ("smallest",), "every: whole number >= 1"),
        Case(  # a loss that is small, late in a run
            "whole windows",
            ([0.000125, 0.000375], 2),
            ("range",),
            "Return the mean loss of each window",
        ),
        Case("a short last window", ([8.0, 6.0, 3.0, 1.0, 0.5], 2), ("uneven",), WHAT_IS_LEFT),
        Case("a short last window", ([8.0, 6.0], 5), ("smallest", "uneven"), WHAT_IS_LEFT),
        Case("a short last window", ([4.0, 0.0, 0.0], 2), ("sign",), WHAT_IS_LEFT),
    ),
    promises=("by hand", "range", "sign", "smallest", "uneven"),
    draw=draw_logs,
    reference=log_losses,
    mistakes=(
        Mistake(
            "mean since the start",
            "Your mean goes back to the first step. What does it show of the last window, late in "
            "a long run?",
            since_the_start,
        ),
        Mistake(
            "as found",
            "This is the logger as it was found. How many losses stand behind its first number, "
            "and how many behind its last?",
            as_found,
        ),
        Mistake(
            "the last loss of a window",
            "You show one step of each window. What became of the others?",
            windowed(lambda w: w[-1]),
        ),
        Mistake(
            "the first loss of a window",
            "You show the first step of each window. How old is it when it is printed?",
            windowed(lambda w: w[0]),
        ),
        Mistake(
            "sums",
            "You show sums. Would a longer window mean a higher loss?",
            windowed(sum),
        ),
        Mistake(
            "lowest of a window",
            "You show the lowest loss of each window. Is a lucky batch the loss of the run?",
            windowed(min),
        ),
        Mistake(
            "middle of a window",
            "You show the median. Does the text ask for the middle value or for the mean?",
            windowed(np.median),
        ),
        Mistake(
            "last window dropped",
            "The steps behind the last whole window are never shown. Where did the run end?",
            dropped,
        ),
        Mistake(
            "last window divided by a whole one",
            "Your last number is too small. By how many losses is it divided, and how many are "
            "there?",
            lambda losses, every: [
                sum(losses[s : s + every]) / every for s in range(0, len(losses), every)
            ],
        ),
        Mistake(
            "windows one step late",
            "You reset the sum, but the first print still comes after a single loss. After how "
            "many steps is the first window full?",
            shifted,
        ),
        Mistake(
            "smoothed",
            "You smooth over more than the window. What does an old loss do in a new window?",
            smoothed,
        ),
        Mistake(
            "reset, but shown at the first step",
            "You reset the sum, but print when a window begins. How many losses stand behind your "
            "first number?",
            shown_at_the_start,
        ),
        Mistake(
            "never reset",
            "Your sum is never reset. What of the old losses is in a new window?",
            lambda losses, every: [sum(losses[:e]) / (e - s) for s, e in windows(losses, every)],
        ),
        Mistake(
            "divided by all steps so far",
            "You reset the sum and divide by all steps since the start. How many losses stand in "
            "the sum?",
            lambda losses, every: [sum(losses[s:e]) / e for s, e in windows(losses, every)],
        ),
        Mistake(
            "an empty window",
            "Your last number stands for no step at all. Is anything left at the end?",
            lambda losses, every: log_losses(losses, every) + [0.0] * (len(losses) % every == 0),
        ),
        Mistake(
            "last window twice",
            "Your last window is shown twice. Is anything left at the end?",
            lambda losses, every: (lambda m: m + m[-1:] * (len(losses) % every == 0))(
                log_losses(losses, every)
            ),
        ),
        Mistake(
            "the rest in the last whole window",
            "You put what is left into the window before. May a window be longer than `every`?",
            joined,
        ),
        Mistake(
            "the short window first",
            "Your short window comes first. Where is something left?",
            lambda losses, every: log_losses(losses[::-1], every)[::-1],
        ),
        Mistake(
            "last window reaching back",
            "Your last window goes back into the one before. To which window does a loss belong?",
            lambda losses, every: [
                float(np.mean(losses[max(0, e - every) : e])) for _, e in windows(losses, every)
            ],
        ),
        Mistake(
            "a number for each step, moving",
            "You return a number for each step, with a window that moves along. How many losses "
            "do two windows share?",
            lambda losses, every: [
                float(np.mean(losses[max(0, i + 1 - every) : i + 1])) for i in range(len(losses))
            ],
        ),
        Mistake(
            "every taken as a number of windows",
            "You make as many windows as `every` says. What does it count?",
            lambda losses, every: [
                float(w.mean()) for w in np.array_split(losses, min(every, len(losses)))
            ],
        ),
        Mistake(
            "windows of nearly equal length",
            "You spread the steps evenly. How long is each window but the last?",
            lambda losses, every: [
                float(w.mean()) for w in np.array_split(losses, len(windows(losses, every)))
            ],
        ),
        Mistake(
            "windows one step too long",
            "Your windows are one step too long. How many numbers are there from one print to the "
            "next?",
            lambda losses, every: log_losses(losses, every + 1),
        ),
        Mistake(
            "one step lost at each print",
            "A loss is lost wherever a window begins. In which order are adding, showing and "
            "resetting right?",
            one_lost,
        ),
        Mistake(
            "repeated for each step",
            "You repeat the mean for each step of its window. How many numbers does a window give?",
            lambda losses, every: [
                m
                for m, (s, e) in zip(log_losses(losses, every), windows(losses, every), strict=True)
                for _ in range(s, e)
            ],
        ),
        Mistake(
            "one number for all",
            "You return a single number. What can a curve of one point show?",
            lambda losses, every: [float(np.mean(log_losses(losses, every)))],
        ),
        *FURTHER_SLIPS,
        *LATE_SLIPS,
        *LATEST_SLIPS,
    ),
    accepted=(log_by_summing, log_by_cumsum),
    lesson="Before a curve is explained, say what one point of it is: the mean of which steps, "
    "renewed when. A mean since the start stalls whatever the run does.",
    answered_by=(),
)
