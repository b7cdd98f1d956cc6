"""Further wrong shares, written as a learner would, each with its question."""

import torch

from coursekit.exercises.engine.declare import Mistake


def weights(widths, energies, temperature):
    lowest = energies.double().min()
    return widths.double() * torch.exp(-(energies.double() - lowest) / temperature)


def by_trapezoids(positions, widths, energies, top, temperature):
    heights, right = weights(torch.ones_like(widths), energies, temperature), positions > top
    x = positions.double()
    return torch.trapezoid(heights[right], x[right]) / torch.trapezoid(heights, x)


def top_left_out(positions, widths, energies, top, temperature):
    w = weights(widths, energies, temperature)
    right, left = w[positions > top].sum(), w[positions < top].sum()
    return right / (right + left)


def strictly_left(positions, widths, energies, top, temperature):
    w = weights(widths, energies, temperature)
    return w[positions < top].sum() / w.sum()


def two_zeros(positions, widths, energies, top, temperature):
    right = positions > top
    a, b = (weights(widths[s], energies[s], temperature).sum() for s in (right, ~right))
    return a / (a + b)


def side_of_zero(positions, widths, energies, top, temperature):
    w = weights(widths, energies, temperature)
    return w[positions > 0].sum() / w.sum()


def half_of_the_top(positions, widths, energies, top, temperature):
    w = weights(widths, energies, temperature)
    return (w[positions > top].sum() + w[positions == top].sum() / 2) / w.sum()


def by_mask(w, right):
    return w[right].sum() / w.sum()


def not_divided(positions, widths, energies, top, temperature):
    from_mean = energies.double() - energies.double().mean()
    return (widths.double() * torch.exp(-from_mean / temperature))[positions > top].sum()


def mean_of_sides(positions, widths, energies, top, temperature):
    w, right = weights(widths, energies, temperature), positions > top
    return w[right].mean() / (w[right].mean() + w[~right].mean())


MORE = (
    Mistake(
        "trapezoids between positions",
        "You integrate from position to position. Which width does the text give to a cell?",
        by_trapezoids,
    ),
    Mistake(
        "top cell left out",
        "The cell at the top is in neither of your sums. Does the walker spend no time there?",
        top_left_out,
    ),
    Mistake(
        "strictly left",
        "You return the share of what lies left of the top. Which side is asked?",
        strictly_left,
    ),
    Mistake(
        "each side from its own lowest",
        "You count each side from its own lowest energy. Which difference of energy is lost then?",
        two_zeros,
    ),
    Mistake(
        "right of zero",
        "You cut the line at zero. Where does the top lie?",
        side_of_zero,
    ),
    Mistake(
        "half of the top's cell",
        "You give half of the cell at the top to either side. What does the docstring say of it?",
        half_of_the_top,
    ),
    Mistake(
        "divided by the widths",
        "A wide cell counts less in your sum. What turns a density into a share of time?",
        lambda p, w, u, top, t: by_mask(weights(1 / w, u, t), p > top),
    ),
    Mistake(
        "second half of the cells",
        "You take the second half of the cells. Which cells lie right of the top?",
        lambda p, w, u, top, t: weights(w, u, t)[len(p) // 2 :].sum() / weights(w, u, t).sum(),
    ),
    Mistake(
        "not divided, from the mean energy",
        "You count from the mean energy, add up one side and do not divide. Do two shares add up "
        "to one?",
        not_divided,
    ),
    Mistake(
        "widths in the exponent",
        "Your widths stand in the exponent. Where does a cell's width belong?",
        lambda p, w, u, top, t: by_mask(weights(torch.ones_like(w), w * u, t), p > top),
    ),
    Mistake(
        "mean in place of a sum",
        "You average over the cells of each side. Does a side of many cells hold no more time?",
        mean_of_sides,
    ),
)
