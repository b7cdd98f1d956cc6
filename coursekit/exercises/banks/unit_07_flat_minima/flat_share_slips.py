"""Further wrong shares, written as a learner would, each with its question."""

import torch

from coursekit.exercises.engine.declare import Mistake


def weights(widths, energies, temperature):
    lowest = energies.double().min()
    return widths.double() * torch.exp(-(energies.double() - lowest) / temperature)


def two_sided(answer):
    """Return an answer that is right where all cells lie on one side of the top.

    What a slip gives there differs from one writer to the next.
    """

    def wrapped(positions, widths, energies, top, temperature):
        right = positions > top
        if right.all() or not right.any():
            return float(right.all())
        return answer(positions, widths, energies, top, temperature)

    return wrapped


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


def counted_from(zero):
    """Return an answer that takes another energy away than the lowest."""

    def answer(positions, widths, energies, top, temperature):
        u = energies.double()
        w = widths.double() * torch.exp(-(u - zero(u)) / temperature)
        return w[positions > top].sum() / w.sum()

    return answer


def in_single(below):
    """Return an answer that takes no energy away, in float32."""

    def answer(positions, widths, energies, top, temperature):
        w = widths.float() * torch.exp(-energies.float() / temperature)
        return below(w[positions > top].sum(), w.sum())

    return answer


def half_for_nan(part, whole):
    share = part / whole
    return torch.full_like(share, 0.5) if share.isnan() else share


def times_the_length(positions, widths, energies, top, temperature):
    w, right = weights(widths, energies, temperature), positions > top
    a, b = (w[s].sum() * widths[s].sum() for s in (right, ~right))
    return a / (a + b)


MORE = (
    Mistake(
        "counted from a high energy",
        "You count from a higher energy than the lowest. How large is the lowest one's "
        "exponential then?",
        counted_from(torch.max),
    ),
    Mistake(
        "exponentials out of range in float64",
        "Your exponentials are all zero where the energies are high: float64 only moves the limit. "
        "Which constant can be taken from all energies without changing any share?",
        counted_from(torch.zeros_like),
    ),
    Mistake(
        "a small number below the line",
        "A small number below the line avoids the error, and your share is zero. Which constant "
        "can be taken from all energies without changing any share?",
        in_single(lambda part, whole: part / (whole + 1e-12)),
    ),
    Mistake(
        "half in place of nan",
        "You say one half where zero is divided by zero. Does a share depend on the energies "
        "themselves, or on their differences?",
        in_single(half_for_nan),
    ),
    Mistake(
        "times each side's length",
        "You multiply each side by its length once more. Where are the widths in your sums?",
        times_the_length,
    ),
    Mistake(
        "cells counted",
        "You count cells. Where does a walker spend its time?",
        lambda p, w, u, top, t: (p > top).double().mean(),
    ),
    Mistake(
        "in percent",
        "You return a percentage. In which unit does the docstring want it?",
        lambda p, w, u, top, t: 100 * by_mask(weights(w, u, t), p > top),
    ),
    Mistake(
        "depth itself for a density",
        "Your density falls in proportion to the energy. How does Gibbs' fall?",
        lambda p, w, u, top, t: by_mask(w.double() * (u.double().max() - u.double()), p > top),
    ),
    Mistake(
        "trapezoids between positions",
        "You integrate from position to position. Which width does the text give to a cell?",
        two_sided(by_trapezoids),
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
        two_sided(two_zeros),
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
        two_sided(mean_of_sides),
    ),
)
