"""The share of time in the flat well, by Gibbs' density."""

from collections.abc import Callable

import numpy as np
import torch
from scipy.special import logsumexp
from torch import Tensor

from coursekit.exercises.banks.unit_07_flat_minima.flat_share_cases import BY_HAND, draw_share
from coursekit.exercises.banks.unit_07_flat_minima.flat_share_slips import MORE, two_sided
from coursekit.exercises.banks.unit_07_flat_minima.further_slips import FLAT_SHARE as FURTHER_SLIPS
from coursekit.exercises.banks.unit_07_flat_minima.later_slips import FLAT_SHARE as LATER_SLIPS
from coursekit.exercises.banks.unit_07_flat_minima.tried_slips import FLAT_SHARE as TRIED_SLIPS
from coursekit.exercises.engine.declare import Exercise, Mistake


def weights_of(widths: Tensor, energies: Tensor, temperature: float) -> Tensor:
    lowest = energies.double().min()
    return widths.double() * torch.exp(-(energies.double() - lowest) / temperature)


def flat_share(
    positions: Tensor, widths: Tensor, energies: Tensor, top: float, temperature: float
) -> Tensor:
    weights = weights_of(widths, energies, temperature)
    return weights[positions > top].sum() / weights.sum()


def share_by_logarithms(positions, widths, energies, top, temperature):
    """Add up in logarithms, where no number is too large or too small."""
    logs = np.log(widths.double().numpy()) - energies.double().numpy() / temperature
    right = positions.double().numpy() > top
    return float(np.exp(logsumexp(logs[right]) - logsumexp(logs))) if right.any() else 0.0


def share_by_softmax(positions, widths, energies, top, temperature):
    """Take a softmax over cells, each energy lowered by T ln(width)."""
    free = -energies.double() / temperature + widths.double().log()
    return torch.softmax(free, dim=0)[positions > top].sum()


def of_weights(
    weigh: Callable[[Tensor, Tensor, float], Tensor],
) -> Callable[..., Tensor]:
    """Return an answer with other weights of the cells."""

    def answer(positions, widths, energies, top, temperature):
        weights = weigh(widths.double(), energies.double(), temperature)
        return weights[positions > top].sum() / weights.sum()

    return answer


def of_sides(
    join: Callable[[Tensor, Tensor], Tensor],
) -> Callable[..., Tensor]:
    """Return an answer made of the summed weights on the right and on the left."""

    def answer(positions, widths, energies, top, temperature):
        weights = weights_of(widths, energies, temperature)
        return join(weights[positions > top].sum(), weights[positions <= top].sum())

    return answer


def top_counted(positions, widths, energies, top, temperature):
    weights = weights_of(widths, energies, temperature)
    return weights[positions >= top].sum() / weights.sum()


def minima_alone(positions, widths, energies, top, temperature):
    right = positions > top
    low = [energies[side].double().min() for side in (right, ~right)]
    return 1 / (1 + torch.exp((low[0] - low[1]) / temperature))


def mean_energies(positions, widths, energies, top, temperature):
    right = positions > top
    low = [(widths[s] * energies[s]).double().sum() / widths[s].double().sum()
           for s in (right, ~right)]  # fmt: skip
    return 1 / (1 + torch.exp((low[0] - low[1]) / temperature))


def by_count(positions, widths, energies, top, temperature):
    weights = weights_of(torch.ones_like(widths), energies, temperature)
    right = positions > top
    return weights[right].mean() / (weights[right].mean() + weights[~right].mean())


def per_width(positions, widths, energies, top, temperature):
    weights, right = weights_of(widths, energies, temperature), positions > top
    dense = [weights[s].sum() / widths[s].double().sum() for s in (right, ~right)]
    return dense[0] / (dense[0] + dense[1])


def unshifted(widths: Tensor, energies: Tensor, temperature: float) -> Tensor:
    return widths.float() * torch.exp(-energies.float() / temperature)


U07_FLAT_SHARE = Exercise(
    id="u07_flat_share",
    call="flat_share(positions, widths, energies, top, temperature)",
    points={"low energies": 2.0, "high energies": 1.0},
    by_hand=BY_HAND,
    promises=("boundary", "by hand", "range", "sign", "smallest", "uneven"),
    draw=draw_share,
    reference=flat_share,
    mistakes=(
        Mistake(
            "widths left out",
            "Each cell counts alike in your sum, a narrow one as much as a wide one. What turns "
            "a density into a share of time?",
            of_weights(lambda w, u, t: weights_of(torch.ones_like(w), u, t)),
        ),
        Mistake(
            "widths squared",
            "A cell twice as wide counts four times in your sum. Did the width go in twice?",
            of_weights(lambda w, u, t: weights_of(w * w, u, t)),
        ),
        Mistake(
            "sign of the energy",
            "High places are visited most in your share. Which sign stands in the exponent?",
            of_weights(lambda w, u, t: weights_of(w, -u, t)),
        ),
        Mistake(
            "multiplied by the temperature",
            "A hotter walker stays lower in your share. Does it stand above or below the line?",
            of_weights(lambda w, u, t: weights_of(w, u, 1 / t)),
        ),
        Mistake(
            "temperature left out",
            "Your share does not know the temperature. Where does it stand?",
            of_weights(lambda w, u, t: weights_of(w, u, 1.0)),
        ),
        Mistake(
            "twice the temperature",
            "Your exponent has twice the temperature below the line. What is T in the text?",
            of_weights(lambda w, u, t: weights_of(w, u, 2 * t)),
        ),
        Mistake(
            "half the temperature",
            "Your exponent has half the temperature below the line. What is T in the text?",
            of_weights(lambda w, u, t: weights_of(w, u, t / 2)),
        ),
        Mistake(
            "temperature squared",
            "The temperature is squared in your exponent. Is it the width of a Gaussian here?",
            of_weights(lambda w, u, t: weights_of(w, u, t * t)),
        ),
        Mistake(
            "odds",
            "You divide the right side by the left. A share is a part of what?",
            two_sided(of_sides(lambda right, left: right / left)),
        ),
        Mistake(
            "share of the left",
            "You return the share of the other side. Which side of the top is asked?",
            of_sides(lambda right, left: left / (right + left)),
        ),
        Mistake(
            "top counted",
            "You count the cell that lies on the top itself. What does the docstring say of it?",
            top_counted,
        ),
        Mistake(
            "minima alone",
            "You compare the two lowest points. What makes one well hold more time than another "
            "of the same depth?",
            two_sided(minima_alone),
        ),
        Mistake(
            "mean energies",
            "You compare the sides' mean energies. Is the mean of an exponential the exponential "
            "of the mean?",
            two_sided(mean_energies),
        ),
        Mistake(
            "mean of each side",
            "You compare the sides' mean density. What does that do to the advantage of a wide "
            "side?",
            two_sided(by_count),
        ),
        Mistake(
            "divided by each side's width",
            "You divide each side by its own width. What does that do to the advantage of a wide "
            "side?",
            two_sided(per_width),
        ),
        Mistake(
            "widths alone",
            "Your share does not know the energies. Where does a walker spend its time?",
            of_weights(lambda w, u, t: w),
        ),
        Mistake(
            "root of the density",
            "You take a root of the density. Which quantity is squared to give it?",
            of_weights(lambda w, u, t: w.sqrt() * weights_of(torch.ones_like(w), u, 2 * t)),
        ),
        Mistake(
            "not normalised",
            "You add up one side and do not divide. Do your two shares add up to one?",
            of_sides(lambda right, left: right),
        ),
        Mistake(
            "exponentials out of range",
            "Your exponentials are all zero, or infinite, where the energies are far from zero. "
            "Which constant can be taken from all energies without changing any share?",
            of_weights(unshifted),
        ),
        Mistake(
            "half where it overflows",
            "You have a fixed share for energies far from zero. Does a share depend on the "
            "energies themselves, or on their differences?",
            of_weights(
                lambda w, u, t: (
                    weights_of(w, u, t) if u.abs().max() < 100 else torch.ones_like(w) * w.mean()
                )
            ),
        ),
        *MORE,
        *FURTHER_SLIPS,
        *LATER_SLIPS,
        *TRIED_SLIPS,
    ),
    accepted=(share_by_logarithms, share_by_softmax),
    lesson="Only differences of energy count, so take the lowest away first. At equal depth the "
    "wider well holds more time, and no more than its width gives.",
    answered_by=("coursekit.toy.escape_theory",),
)
