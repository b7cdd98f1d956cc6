"""What goes wrong when the width of a window of learning rates is measured."""

import math

import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Mistake


def window_octaves(accuracy: Tensor, lrs: list[float], within: float) -> list[float]:
    widths = []
    for column in accuracy.T:
        low = high = int(column.argmax())
        level = column.max() - within
        while low > 0 and column[low - 1] >= level:
            low -= 1
        while high < len(lrs) - 1 and column[high + 1] >= level:
            high += 1
        widths.append(math.log2(lrs[high] / lrs[low]))
    return widths


def all_within(a, lrs, within, level=None):
    """Spread over every rate within the level, islands too: what a mistake of that name gives."""
    level = a.amax(dim=0) - within if level is None else level
    logs = torch.tensor(lrs).double().log2()
    return [float(logs[a[:, j] >= level[j]].max() - logs[a[:, j] >= level[j]].min())
            for j in range(a.shape[1])]  # fmt: skip


def ends(a: Tensor, lrs: list[float], within: float) -> list[tuple[int, int, int]]:
    """Return (low, top, high) places of each window."""
    found = []
    for column in a.T:
        top = low = high = int(column.argmax())
        while low > 0 and column[low - 1] >= column[top] - within:
            low -= 1
        while high < len(lrs) - 1 and column[high + 1] >= column[top] - within:
            high += 1
        found.append((low, top, high))
    return found


def neighbours(column: Tensor, lrs: list[float], within: float) -> float:
    """Walk on while each rate is at most `within` below the one before."""
    low = high = int(column.argmax())
    while low > 0 and column[low - 1] >= column[low] - within:
        low -= 1
    while high < len(lrs) - 1 and column[high + 1] >= column[high] - within:
        high += 1
    return math.log2(lrs[high] / lrs[low])


def interpolated(
    column: Tensor, lrs: list[float], within: float, low: int, top: int, high: int
) -> float:
    """Return the octaves between the places where straight lines cross the level."""
    level, width = float(column[top]) - within, math.log2(lrs[high] / lrs[low])
    for end, beyond in ((low, low - 1), (high, high + 1)):
        if 0 <= beyond < len(lrs):
            part = float((column[end] - level) / (column[end] - column[beyond]))
            width += part * abs(math.log2(lrs[beyond] / lrs[end]))
    return width


def all_or_zero(a: Tensor, lrs: list[float], within: float) -> list[float]:
    """Windows below one level for the whole plane; nothing where no rate reaches it."""
    widths = []
    for column in a.T:
        good = [i for i in range(len(lrs)) if column[i] >= a.max() - within]
        widths.append(math.log2(lrs[good[-1]] / lrs[good[0]]) if good else 0.0)
    return widths


MISTAKES = (
    Mistake(
        "islands counted",
        "You span all rates within the level, also one that lies beyond a bad one. Does a "
        "window reach across a wall?",
        all_within,
    ),
    Mistake(
        "rates counted",
        "You count rates. Would the width change if the same window were measured on a finer grid?",
        lambda a, lrs, w: [high - low + 1 for low, _, high in ends(a, lrs, w)],
    ),
    Mistake(
        "steps counted",
        "You count steps of the grid. How many octaves is one of them here?",
        lambda a, lrs, w: [high - low for low, _, high in ends(a, lrs, w)],
    ),
    Mistake(
        "difference of rates",
        "You subtract the rates. From one to two and from ten to eleven: is that the same "
        "change of a learning rate?",
        lambda a, lrs, w: [lrs[high] - lrs[low] for low, _, high in ends(a, lrs, w)],
    ),
    Mistake(
        "ratio",
        "You return how many times the upper end is larger. How many doublings is that?",
        lambda a, lrs, w: [lrs[high] / lrs[low] for low, _, high in ends(a, lrs, w)],
    ),
    Mistake(
        "another logarithm",
        "Your logarithm has another base. What is an octave?",
        lambda a, lrs, w: [math.log(lrs[high] / lrs[low]) for low, _, high in ends(a, lrs, w)],
    ),
    Mistake(
        "one level for all",
        "You measure every batch size against the best of the whole plane. Whose best does "
        "the docstring name?",
        lambda a, lrs, w: all_or_zero(a, lrs, w),
    ),
    Mistake(
        "one level for all, walls kept",
        "Your level comes from the best of the whole plane. Against which best is each batch "
        "size to be measured?",
        lambda a, lrs, w: [
            window_octaves(column[:, None], lrs, max(0.0, float(w - (a.max() - column.max()))))[0]
            for column in a.T
        ],
    ),
    Mistake(
        "a share, not points",
        "You take the distance from the best as a share of it. Is `within` a share here, or "
        "points?",
        lambda a, lrs, w: [
            math.log2(lrs[high] / lrs[low])
            for column in a.T
            for low, _, high in ends(column[:, None], lrs, float(column.max()) * w / 100)
        ],
    ),
    Mistake(
        "above the best only",
        "You go up from the best rate only. Can a rate below it not be good too?",
        lambda a, lrs, w: [math.log2(lrs[high] / lrs[top]) for _, top, high in ends(a, lrs, w)],
    ),
    Mistake(
        "below the best only",
        "You go down from the best rate only. Can a rate above it not be good too?",
        lambda a, lrs, w: [math.log2(lrs[top] / lrs[low]) for low, top, _ in ends(a, lrs, w)],
    ),
    Mistake(
        "out to the first bad rates",
        "Your ends are the first rates that are not good. Is a bad rate part of the window?",
        lambda a, lrs, w: [
            math.log2(lrs[min(high + 1, len(lrs) - 1)] / lrs[max(low - 1, 0)])
            for low, _, high in ends(a, lrs, w)
        ],
    ),
    Mistake(
        "one end too far",
        "Your upper end is the first rate that is not good. Is a bad rate part of the window?",
        lambda a, lrs, w: [
            math.log2(lrs[min(high + 1, len(lrs) - 1)] / lrs[low])
            for low, _, high in ends(a, lrs, w)
        ],
    ),
    Mistake(
        "twice as deep",
        "You allow twice the distance from the best. What does `within` stand for?",
        lambda a, lrs, w: window_octaves(a, lrs, 2 * w),
    ),
    Mistake(
        "half as deep",
        "You allow half of the distance from the best. Does `within` span both sides of it, "
        "or the way down from it?",
        lambda a, lrs, w: window_octaves(a, lrs, w / 2),
    ),
    Mistake(
        "batch sizes for learning rates",
        "You walk along the wrong axis. Which one holds the learning rates?",
        lambda a, lrs, w: window_octaves(a.T, lrs[: a.shape[1]], w),
    ),
    Mistake(
        "averaged over batch sizes",
        "You average over batch sizes first. How would you then see the window change with B?",
        lambda a, lrs, w: window_octaves(a.mean(dim=1, keepdim=True), lrs, w) * a.shape[1],
    ),
    Mistake(
        "the level itself left out",
        "You stop at a rate that is exactly best minus within. Do the words 'at least' count "
        "it in?",
        lambda a, lrs, w: window_octaves(a, lrs, w * (1 - 1e-4)),
    ),
    Mistake(
        "compared with the neighbour",
        "You compare each rate with its neighbour. Could accuracy sink as far as it likes that "
        "way, a little at a time?",
        lambda a, lrs, w: [neighbours(column, lrs, w) for column in a.T],
    ),
    Mistake(
        "points for a share",
        "Your level lies a hundred times nearer to the best. In which unit does the docstring "
        "give accuracy?",
        lambda a, lrs, w: window_octaves(a, lrs, w / 100),
    ),
    Mistake(
        "interpolated",
        "Your ends lie between rates of the grid. What does the text say about interpolation?",
        lambda a, lrs, w: [
            interpolated(column.double(), lrs, w, *ends(column[:, None], lrs, w)[0])
            for column in a.T
        ],
    ),
    Mistake(
        "a step at least",
        "A best rate without good neighbours has a width of its own with you. How far "
        "does the highest good rate lie above the lowest there?",
        lambda a, lrs, w: [
            math.log2(lrs[high] / lrs[low]) if high > low else math.log2(lrs[1] / lrs[0])
            for low, _, high in ends(a, lrs, w)
        ],
    ),
    Mistake(
        "whole octaves",
        "You round to whole octaves. Does the text ask for that?",
        lambda a, lrs, w: [round(x) for x in window_octaves(a, lrs, w)],
    ),
)
