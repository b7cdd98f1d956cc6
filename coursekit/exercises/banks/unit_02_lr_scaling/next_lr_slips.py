"""What goes wrong when a sweep is read."""

import math

import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Mistake


def best_row(a: Tensor, d: Tensor) -> int:
    """Return the place of the best usable learning rate."""
    return int(a.mean(dim=0).where(~d.any(dim=0), torch.tensor(-1.0)).argmax())


def from_place(best: int, lrs: list[float]) -> float:
    """Return what the exercise asks for, once the best place is known."""
    ratio = lrs[1] / lrs[0]
    return {0: lrs[0] / ratio, len(lrs) - 1: lrs[-1] * ratio}.get(best, lrs[best])


def lost_diverged(a, d, lrs):
    kept = [i for i in range(len(lrs)) if not bool(d[:, i].any())]
    best, ratio = int(a[:, kept].mean(dim=0).argmax()), lrs[1] / lrs[0]
    # where one rate is left, it is the last one first
    ends = {0: lrs[kept[0]] / ratio, len(kept) - 1: lrs[kept[-1]] * ratio}
    return ends.get(best, lrs[kept[best]])


def without_seeds(a, d, lrs):
    """Average over the seeds in which no rate diverged, over all where there is none."""
    kept = a[~d.any(dim=1)] if bool((~d.any(dim=1)).any()) else a
    return from_place(int(kept.mean(dim=0).argmax()), lrs)


MISTAKES = (
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
        "You go one step beyond the best even where it lies inside. Was the next rate not tried?",
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
    Mistake(
        "only if most seeds diverge",
        "You drop a rate only if more than half of its seeds diverged. Would you start a "
        "long run at a rate that kills one in three?",
        lambda a, d, lrs: from_place(
            int(a.mean(dim=0).where(d.float().mean(dim=0) <= 0.5, torch.tensor(-1.0)).argmax()), lrs
        ),
    ),
    Mistake(
        "seeds left out",
        "You leave out the seeds in which a rate diverged. Over which axis do you ask "
        "whether a rate may win?",
        without_seeds,
    ),
    Mistake(
        "divergence of the first seed",
        "You ask the first seed alone whether a rate diverged. What became of the others?",
        lambda a, d, lrs: from_place(
            int(a.mean(dim=0).where(~d[0], torch.tensor(-1.0)).argmax()), lrs
        ),
    ),
    Mistake(
        "multiplied at both edges",
        "You multiply at either edge. Which way lies what is beyond the first rate?",
        lambda a, d, lrs: {0: lrs[1], len(lrs) - 1: lrs[-1] * lrs[1] / lrs[0]}.get(
            best_row(a, d), lrs[best_row(a, d)]
        ),
    ),
)
