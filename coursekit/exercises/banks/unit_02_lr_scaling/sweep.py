"""A sweep of learning rates: does its best lie inside the grid, and how wide is its window."""

import math

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake

# --- a sweep that is interior to its grid -----------------------------------------------------


def next_lr(accuracy: Tensor, diverged: Tensor, lrs: list[float]) -> float:
    usable = ~diverged.any(dim=0)
    best = int(accuracy.mean(dim=0).where(usable, torch.tensor(-1.0)).argmax())
    if best == 0:
        return lrs[0] * lrs[0] / lrs[1]
    if best == len(lrs) - 1:
        return lrs[-1] * lrs[-1] / lrs[-2]
    return lrs[best]


def next_by_loop(accuracy, diverged, lrs):
    num_seeds = len(accuracy)
    best, highest = -1, -1.0
    for i in range(len(lrs)):
        if any(bool(diverged[s, i]) for s in range(num_seeds)):
            continue
        total = sum(float(accuracy[s, i]) for s in range(num_seeds))
        if total > highest:
            best, highest = i, total
    ratio = lrs[1] / lrs[0]
    return {0: lrs[0] / ratio, len(lrs) - 1: lrs[-1] * ratio}.get(best, lrs[best])


def next_by_padding(accuracy, diverged, lrs):
    logs = np.log(lrs)
    step = logs[1] - logs[0]
    longer = np.concatenate([[logs[0] - step], logs, [logs[-1] + step]])
    mean = np.where(diverged.numpy().max(axis=0), -np.inf, accuracy.numpy().sum(axis=0))
    order = np.argsort(mean)[-1]
    move = -1 if order == 0 else (1 if order == len(lrs) - 1 else 0)
    return float(np.exp(longer[order + 1 + move]))


def draw_sweeps(rng: np.random.Generator) -> list[Case]:
    cases = []
    for i, group in enumerate(("inside", "edge", "diverged") * 4):
        size, seeds = int(rng.integers(5, 7)), 3
        ratio = float(rng.choice([3.0, 4.0]))
        lrs = [float(0.01 * ratio**j) for j in range(size)]
        best = {"inside": size - 3, "edge": (0, size - 1)[i // 3 % 2], "diverged": size - 3}[group]
        mean = 0.6 - 0.06 * np.abs(np.arange(size) - best)
        accuracy = mean + rng.uniform(-0.004, 0.004, (seeds, size))
        diverged = np.zeros((seeds, size), dtype=bool)
        if group == "diverged":  # above the best that is left; stopped while they looked good
            diverged[:, -1], diverged[2, -2] = True, True
            accuracy[:, -2] = ((0.95, 0.95, 0.1), (0.8, 0.8, 0.7), (0.8, 0.8, 0.1))[i // 3 % 3]
            accuracy[:, -1] = 0.98 if i % 2 else 0.2
            if i // 3 == 3:  # one more below the best: cutting it out would move all places
                diverged[0, 0], accuracy[:, 0] = True, 0.9
        else:  # one lucky run, a pair of fairly lucky ones, and the best with an unlucky one
            accuracy[:, (best + 2) % size] += (0.3, -0.25, -0.25)
            accuracy[:, best - 1 if best else 1] = (0.62, 0.625, 0.3)
            accuracy[1, best] -= 0.1
        order = rng.permutation(seeds)
        cases.append(Case(group, (accuracy[order], diverged[order], lrs)))
    return cases


NONE_DIVERGED = np.zeros((2, 3), dtype=bool)


def best_row(a: Tensor, d: Tensor) -> int:
    """Return the place of the best usable learning rate."""
    return int(a.mean(dim=0).where(~d.any(dim=0), torch.tensor(-1.0)).argmax())


def from_place(best: int, lrs: list[float]) -> float:
    """Return what the exercise asks for, once the best place is known."""
    ratio = lrs[1] / lrs[0]
    return {0: lrs[0] / ratio, len(lrs) - 1: lrs[-1] * ratio}.get(best, lrs[best])


def lost_diverged(a, d, lrs):
    kept = [i for i in range(len(lrs)) if not bool(d[:, i].any())]
    small = a[:, kept].mean(dim=0)
    return from_place(int(small.argmax()), [lrs[i] for i in kept])


U02_NEXT_LR = Exercise(
    id="u02_next_lr",
    call="next_lr(accuracy, diverged, lrs)",
    points={"inside": 1.0, "edge": 1.0, "diverged": 1.0},
    by_hand=(
        Case(
            "inside",
            (np.array([[0.5, 0.7, 0.9], [0.4, 0.6, 0.2]]), NONE_DIVERGED, [0.01, 0.04, 0.16]),
        ),
        Case(
            "edge",
            (np.array([[0.3, 0.5, 0.7], [0.4, 0.6, 0.8]]), NONE_DIVERGED, [0.01, 0.04, 0.16]),
        ),
        Case(
            "edge",
            (np.array([[0.7, 0.5, 0.3], [0.8, 0.6, 0.4]]), NONE_DIVERGED, [0.01, 0.04, 0.16]),
        ),
        Case(
            "diverged",
            (
                np.array([[0.3, 0.6, 0.8], [0.4, 0.5, 0.7]]),
                np.array([[False, False, False], [False, False, True]]),
                [0.01, 0.04, 0.16],
            ),
        ),
        Case(
            "diverged",
            (
                np.array([[0.3, 0.5, 0.9], [0.2, 0.5, 0.95], [0.3, 0.4, 0.1]]),
                np.array([[False] * 3, [False] * 3, [False, False, True]]),
                [0.01, 0.04, 0.16],
            ),
        ),
    ),
    draw=draw_sweeps,
    reference=next_lr,
    mistakes=(
        Mistake(
            "the edge is taken for the best",
            "You return a learning rate on the edge of the grid. What do you know of the rates "
            "beyond it?",
            lambda a, d, lrs: lrs[best_row(a, d)],
        ),
        Mistake(
            "the upper edge alone",
            "You go on beyond the largest rate only. Can a grid not start too high?",
            lambda a, d, lrs: max(from_place(best_row(a, d), lrs), lrs[0]),
        ),
        Mistake(
            "the lower edge alone",
            "You go on below the smallest rate only. Can a grid not end too low?",
            lambda a, d, lrs: min(from_place(best_row(a, d), lrs), lrs[-1]),
        ),
        Mistake(
            "adds in place of multiplying",
            "You go on by the difference of two rates. How are the rates of this grid spaced, by "
            "equal differences or by equal factors?",
            lambda a, d, lrs: {
                0: lrs[0] - (lrs[1] - lrs[0]),
                len(lrs) - 1: lrs[-1] + (lrs[-1] - lrs[-2]),
            }.get(best_row(a, d), lrs[best_row(a, d)]),
        ),
        Mistake(
            "always a factor of two",
            "You double or halve, whatever the grid. By which factor is this grid spaced?",
            lambda a, d, lrs: {0: lrs[0] / 2, len(lrs) - 1: lrs[-1] * 2}.get(
                best_row(a, d), lrs[best_row(a, d)]
            ),
        ),
        Mistake(
            "always a factor of ten",
            "You go up or down by a power of ten, whatever the grid. By which factor is this "
            "grid spaced?",
            lambda a, d, lrs: {0: lrs[0] / 10, len(lrs) - 1: lrs[-1] * 10}.get(
                best_row(a, d), lrs[best_row(a, d)]
            ),
        ),
        Mistake(
            "back into the grid",
            "At an edge you step back into the grid, to a rate that has been tried. On which side "
            "lies what you don't know?",
            lambda a, d, lrs: {0: lrs[1], len(lrs) - 1: lrs[-2]}.get(
                best_row(a, d), lrs[best_row(a, d)]
            ),
        ),
        Mistake(
            "other end",
            "You extend the grid at the other end. On which side of the best is nothing known?",
            lambda a, d, lrs: {
                0: lrs[-1] * lrs[1] / lrs[0],
                len(lrs) - 1: lrs[0] * lrs[0] / lrs[1],
            }.get(best_row(a, d), lrs[best_row(a, d)]),
        ),
        Mistake(
            "divergence ignored",
            "You let a rate win at which a run diverged. What is its accuracy worth?",
            lambda a, d, lrs: from_place(int(a.mean(dim=0).argmax()), lrs),
        ),
        Mistake(
            "only if all seeds diverge",
            "You drop a rate only if every seed diverged there. Would you start a long run at a "
            "rate that kills some?",
            lambda a, d, lrs: from_place(
                int(a.mean(dim=0).where(~d.all(dim=0), torch.tensor(-1.0)).argmax()), lrs
            ),
        ),
        Mistake(
            "average over the survivors",
            "You average over the runs that survived. Is a rate good because its lucky runs are?",
            lambda a, d, lrs: from_place(
                int(torch.nan_to_num(a.masked_fill(d, math.nan).nanmean(dim=0), nan=-1.0).argmax()),
                lrs,
            ),
        ),
        Mistake(
            "diverged rates cut out of the grid",
            "You throw diverged rates out of the grid and then look for its edge. Was the rate "
            "above the best not tried?",
            lost_diverged,
        ),
        Mistake(
            "the luckiest run",
            "You pick the rate of the single luckiest run. What do the other seeds say of it?",
            lambda a, d, lrs: from_place(
                int(a.amax(dim=0).where(~d.any(dim=0), torch.tensor(-1.0)).argmax()), lrs
            ),
        ),
        Mistake(
            "place in the grid",
            "You return a place in the grid. Which learning rate stands there?",
            lambda a, d, lrs: best_row(a, d),
        ),
        Mistake(
            "between the best two",
            "You return a rate between grid points. What does the docstring ask for when the "
            "best lies inside?",
            lambda a, d, lrs: (
                lrs[best_row(a, d)] * math.sqrt(lrs[1] / lrs[0])
                if 0 < best_row(a, d) < len(lrs) - 1
                else from_place(best_row(a, d), lrs)
            ),
        ),
        Mistake(
            "always one further",
            "You go one step beyond the best even where it lies inside. Was the next rate not "
            "tried?",
            lambda a, d, lrs: (
                lrs[best_row(a, d)] * lrs[1] / lrs[0]
                if best_row(a, d)
                else from_place(best_row(a, d), lrs)
            ),
        ),
        Mistake(
            "a diverged run counts as nothing",
            "You count a diverged run as accuracy zero and average it in. Can a rate that kills "
            "one run in three still win so?",
            lambda a, d, lrs: from_place(int(a.masked_fill(d, 0.0).mean(dim=0).argmax()), lrs),
        ),
        Mistake(
            "median",
            "You compare medians. Which average does the text name?",
            lambda a, d, lrs: from_place(
                int(a.where(~d.any(dim=0), torch.tensor(-1.0)).median(dim=0).values.argmax()), lrs
            ),
        ),
        Mistake(
            "the worst seed decides",
            "You compare the unluckiest runs. Which average does the text name?",
            lambda a, d, lrs: from_place(
                int(a.where(~d.any(dim=0), torch.tensor(-1.0)).amin(dim=0).argmax()), lrs
            ),
        ),
        Mistake(
            "the first seed",
            "You look at the first seed alone. What are the others for?",
            lambda a, d, lrs: from_place(
                int(a.where(~d.any(dim=0), torch.tensor(-1.0))[0].argmax()), lrs
            ),
        ),
        Mistake(
            "factor of the whole grid",
            "Your next rate is a whole grid further. By which factor do neighbours differ?",
            lambda a, d, lrs: {
                0: lrs[0] * lrs[0] / lrs[-1],
                len(lrs) - 1: lrs[-1] * lrs[-1] / lrs[0],
            }.get(best_row(a, d), lrs[best_row(a, d)]),
        ),
        Mistake(
            "a place in the shortened grid",
            "You cut diverged rates out and then use the place in what is left. Which rate stands "
            "at that place in the list that you were given?",
            lambda a, d, lrs: from_place(int(a[:, ~d.any(dim=0)].mean(dim=0).argmax()), lrs),
        ),
    ),
    accepted=(next_by_loop, next_by_padding),
    lesson="A best value on the edge of its grid is a lower bound, not a result. A diverged "
    "neighbour is knowledge: there the window ends.",
    answered_by=("coursekit.replicas.population",),
)

# --- the width of the window ------------------------------------------------------------------


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


def window_by_runs(accuracy, lrs, within):
    logs = np.log2(np.array(lrs))
    widths = []
    for column in accuracy.numpy().T:
        good = column >= column.max() - within
        run = np.cumsum(~good)  # constant along each stretch of good rates
        same = good & (run == run[column.argmax()])
        widths.append(np.ptp(logs[same]))
    return widths


def window_by_products(accuracy, lrs, within):
    good = (accuracy >= accuracy.max(dim=0).values - within).double()
    steps = torch.tensor(lrs).double().log2().diff()
    widths = torch.zeros(accuracy.shape[1], dtype=torch.float64)
    for j, top in enumerate(accuracy.argmax(dim=0).tolist()):
        up = good[top + 1 :, j].cumprod(dim=0) @ steps[top:]
        down = good[:top, j].flip(0).cumprod(dim=0) @ steps[:top].flip(0)
        widths[j] = up + down
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


def draw_windows(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("one hill", "an island") * 4:
        size = int(rng.integers(8, 10))
        spacing = float(rng.choice([0.7, 1.3]))  # octaves between rates
        lrs = [float(0.01 * 2 ** (spacing * j)) for j in range(size)]
        within = float(rng.choice([1.0, 2.0]))
        columns = []
        for reach_low, reach_high in rng.permutation([(1, 2), (2, 1), (1, 3)]):
            top = 3 if group == "an island" else int(rng.integers(3, size - 4))
            peak = float(rng.integers(160, 240)) / 4  # so that best - within is no rounded number
            distance = np.abs(np.arange(size) - top)
            column = peak - within * (1.5 + 0.6 * distance) - rng.uniform(0, 0.2, size)
            inside = slice(top - reach_low, top + reach_high + 1)
            column[inside] = peak - within * rng.uniform(0.3, 0.8, reach_low + reach_high + 1)
            # one end stands exactly at the level: at least as good is good
            column[top - reach_low if rng.random() < 0.5 else top + reach_high] = peak - within
            column[top] = peak
            if group == "an island":  # a good rate beyond a bad one
                column[top + reach_high + 1] = peak - 1.6 * within
                column[top + reach_high + 2 - (top + reach_high + 2 >= size)] = peak - 0.5 * within
            columns.append(column)
        # one column lies far lower, so that one level for all would leave it nothing
        columns[-1] -= 15
        cases.append(Case(group, (np.stack(columns, axis=1), lrs, within)))
    return cases


U02_WINDOW = Exercise(
    id="u02_window",
    call="window_octaves(accuracy, lrs, within)",
    points={"one hill": 2.0, "an island": 1.0},
    by_hand=(
        Case(
            "one hill",
            (
                np.array([[30.0, 20.0], [49.0, 25.0], [50.0, 40.0], [48.0, 37.0], [30.0, 30.0]]),
                [0.01, 0.04, 0.16, 0.64, 2.56],
                2.0,
            ),
        ),
        Case(
            "an island",
            (
                np.array([[49.5, 39.0], [45.0, 40.0], [50.0, 20.0], [49.0, 39.5]]),
                [0.1, 0.2, 0.4, 0.8],
                2.0,
            ),
        ),
    ),
    draw=draw_windows,
    reference=window_octaves,
    mistakes=(
        Mistake(
            "islands counted",
            "You span all rates within the level, also one that lies beyond a bad one. Does a "
            "window reach across a wall?",
            all_within,
        ),
        Mistake(
            "rates counted",
            "You count rates. Would the width change if the same window were measured on a finer "
            "grid?",
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
                window_octaves(column[:, None], lrs, max(0.0, float(w - (a.max() - column.max()))))[
                    0
                ]
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
    ),
    accepted=(window_by_runs, window_by_products),
    lesson="Measured in octaves, a window tells how well a learning rate must be tuned. On a "
    "linear axis the widest one would always be the one with the largest rates.",
    answered_by=("coursekit.plots",),
)


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
