"""Slips of unit 07 that readers tried on purpose, each with its question."""

import math

import numpy as np
import torch

from coursekit.exercises.banks.unit_07_flat_minima.adaptive_slips import of as of_two
from coursekit.exercises.banks.unit_07_flat_minima.escape_time_slips import of
from coursekit.exercises.banks.unit_07_flat_minima.flat_share_slips import by_mask, weights
from coursekit.exercises.banks.unit_07_flat_minima.further_slips import (
    centred,
    injected,
    pearson,
)
from coursekit.exercises.banks.unit_07_flat_minima.pac_bayes_slips import slip
from coursekit.exercises.banks.unit_07_flat_minima.rescale_slips import turned
from coursekit.exercises.banks.unit_07_flat_minima.stationary_slips import below
from coursekit.exercises.engine.declare import Mistake


def names_sorted_alone(settings, sharpness, accuracy):
    names = sorted(settings)
    return pearson(centred(names, sharpness), centred(names, accuracy))


def settings_of_equal_weight(settings, sharpness, accuracy):
    root = np.array([settings.count(name) ** -0.5 for name in settings])
    x, y = centred(settings, sharpness), centred(settings, accuracy)
    if math.isnan(pearson(x, y)):
        return math.nan
    return pearson(x * root, y * root)


def lowest_ranks_inside(settings, sharpness, accuracy):
    def ranks(values):
        pairs = list(zip(settings, values, strict=True))
        return [sum(n == s and w < v for n, w in pairs) for s, v in pairs]

    return pearson(centred(settings, ranks(sharpness)), centred(settings, ranks(accuracy)))


WITHIN = (
    Mistake(
        "names sorted alone",
        "You sort the names. Which run does the first name then belong to?",
        names_sorted_alone,
    ),
    Mistake(
        "settings of equal weight",
        "Each setting counts as much as any other. Does the formula divide by a number of runs?",
        settings_of_equal_weight,
    ),
    Mistake(
        "lowest ranks inside each setting",
        "You put each run's place in its setting for its value. Which correlation is asked?",
        lowest_ranks_inside,
    ),
)


def joined(change):
    """Return an answer whose four pieces are (first, bias, second, last, factors) -> pieces."""
    return lambda layers, f: torch.cat([p.flatten() for p in change(*layers, f)])


RESCALE = (
    Mistake(
        "a negative bias as it was",
        "A bias below zero stays as it was. Does the knob turn what comes in before the ReLU, or "
        "behind it?",
        joined(lambda a, b, c, d, f: turned([a, torch.where(b > 0, b, b / f), c, d], f)),
    ),
    Mistake(
        "what goes out multiplied, what comes in as it was",
        "You turn the knob where it goes out, and what comes in stays. Does the network still "
        "say the same?",
        joined(lambda a, b, c, d, f: (a, b, c * f, d)),
    ),
    Mistake(
        "the next unit's factor",
        "What goes out of a unit is divided by its neighbour's factor. Which column belongs to it?",
        joined(lambda a, b, c, d, f: (f[:, None] * a, f * b, c / f.roll(-1), d)),
    ),
    Mistake(
        "last bias in place of the second matrix",
        "Your second matrix stays as it was. Does changing the last bias make up for it at every "
        "input?",
        joined(lambda a, b, c, d, f: (f[:, None] * a, f * b, c, d - c @ ((f - 1) * b.relu()))),
    ),
    Mistake(
        "factors as exponents",
        "You take the factors for logarithms. By what is a unit multiplied whose factor is one?",
        joined(lambda a, b, c, d, f: turned([a, b, c, d], f.exp())),
    ),
)

ADAPTIVE = (
    Mistake(
        "a weight of zero as one",
        "You take a weight of zero for one. How far does it move by a share of itself?",
        of_two(lambda h, w: top_of(h, torch.where(w == 0, torch.ones_like(w), w))),
    ),
    Mistake(
        "negative weights as zero",
        "A negative weight has no say in your number. What is the size of such a weight?",
        of_two(lambda h, w: top_of(h, w.clamp(min=0))),
    ),
    Mistake(
        "largest sum of a row",
        "You return the largest sum of a row's sizes. Is that an eigenvalue, or a bound on them?",
        of_two(lambda h, w: (w.abs()[:, None] * h * w.abs()).abs().sum(dim=1).max()),
    ),
    Mistake(
        "mean of the two sides",
        "You average H scaled by rows and H scaled by columns. How often does a weight stand in "
        "an entry on the diagonal of D H D?",
        of_two(lambda h, w: torch.linalg.eigvalsh((w.abs()[:, None] * h + h * w.abs()) / 2)[-1]),
    ),
    Mistake(
        "root forgotten to be undone",
        "You scale H twice and take a root. Which product does the docstring name?",
        of_two(lambda h, w: top_of(h @ h, w).clamp(min=0).sqrt()),
    ),
)


def top_of(h, w):
    return torch.linalg.eigvalsh(w.abs()[:, None] * h * w.abs())[-1]


def nothing_to_pay(weights, start, sigma, error, num_examples, delta):
    if bool((weights == start).all()):
        return error
    return slip()(weights, start, sigma, error, num_examples, delta)


PAC_BAYES = (
    Mistake(
        "nothing to pay at the start",
        "You add nothing where the weights have not moved. What does the logarithm still cost?",
        nothing_to_pay,
    ),
    Mistake(
        "divergence times the logarithm",
        "You multiply the divergence by the logarithm. Which sign stands between the two?",
        slip(inside=lambda kl, log, n: kl * log / (2 * n)),
    ),
    Mistake(
        "two outside of the logarithm",
        "The 2 stands before your logarithm. Where does it stand in the formula?",
        slip(tail=lambda n, delta: 2 * math.log(math.sqrt(n) / delta)),
    ),
    Mistake(
        "noise shared among the weights",
        "Your divergence grows with the number of weights. Is sigma the noise on each of them, or "
        "on all together?",
        slip(kl=lambda d, s: len(d) * d.square().sum() / (2 * s**2)),
    ),
)

STATIONARY = (
    Mistake(
        "one plus the square",
        "You divide by one plus the square of what is left of x. What happens to it when both "
        "terms with V come to one side?",
        below(lambda lr, k, v, b: lr**2 * v / b / (1 + (1 - lr * k) ** 2)),
    ),
    Mistake(
        "one less the square of the share",
        "Your bracket holds the square of what is taken away. The square of what stands in it?",
        below(lambda lr, k, v, b: lr**2 * v / b / (1 - (lr * k) ** 2) if lr * k != 1 else math.inf),
    ),
    Mistake(
        "the kick shrunk too",
        "In yours the newest kick has shrunk already. Does the bracket act on ξ, or on x alone?",
        below(lambda lr, k, v, b: (1 - lr * k) ** 2 * lr * v / (b * k * (2 - lr * k))),
    ),
    Mistake(
        "one correction to the small steps",
        "Yours is right to first order in the step. Which equation has no order at all?",
        below(lambda lr, k, v, b: lr * v / (2 * b * k) * (1 + lr * k / 2)),
    ),
)


def widths_from_positions(positions, widths, energies, top, temperature):
    own = torch.tensor(np.gradient(positions.double().numpy()))
    return by_mask(weights(own, energies, temperature), positions > top)


def not_normalised_again(positions, widths, energies, top, temperature):
    shares = torch.softmax(-energies.double() / temperature, 0) * widths
    return shares[positions > top].sum()


FLAT_SHARE = (
    Mistake(
        "widths from positions",
        "You make widths of your own from the positions. Which are handed over?",
        widths_from_positions,
    ),
    Mistake(
        "left edges compared",
        "A cell counts from its left edge on. What of a cell does the docstring compare with the "
        "top?",
        lambda x, widths, u, top, t: by_mask(weights(widths, u, t), x - widths / 2 > top),
    ),
    Mistake(
        "not divided again",
        "Your shares of all cells don't add up to one. Is a softmax still one after the widths?",
        not_normalised_again,
    ),
    Mistake(
        "lowest cell alone",
        "You say all or nothing, by where the lowest energy is. Is a walker never at the others?",
        lambda x, widths, u, top, t: float(x[u.argmin()] > top),
    ),
)

ESCAPE_TIME = (
    Mistake(
        "half a step off",
        "You take half a step from each escape. Do walkers here escape between steps?",
        of(lambda out, w, end: (sum(out) - len(out) / 2 + w * end) / len(out)),
    ),
    Mistake(
        "escapes at one step counted once",
        "You count escapes at the same step once. How many walkers got out there?",
        of(lambda out, w, end: (sum(out) + w * end) / len(set(out))),
    ),
    Mistake(
        "at least the run",
        "You lift the mean to the run's length where somebody is waiting. Can most be quick and "
        "one be slow?",
        of(lambda out, w, end: max((sum(out) + w * end) / len(out), end if w else 0)),
    ),
    Mistake(
        "at most the run",
        "Your mean is never longer than the run. How long may a mean time be that nobody has "
        "waited for?",
        of(lambda out, w, end: min((sum(out) + w * end) / len(out), end)),
    ),
    Mistake(
        "waiting as half an escape",
        "You count half an escape for those still waiting. How many of them has anybody seen "
        "escape?",
        of(lambda out, w, end: (sum(out) + w * end) / (len(out) + w / 2)),
    ),
    Mistake(
        "number of walkers times the first escape",
        "You go by the first escape alone. What do the later ones and those still waiting tell?",
        of(lambda out, w, end: (len(out) + w) * min(out)),
    ),
)


def once(rows):
    return sorted(set(rows))


INJECTOR = (
    Mistake(
        "examples counted once",
        "An example that is drawn twice counts once in yours. What does the mean over a list of "
        "indices do with it?",
        injected(
            lambda w, start, lr, grad, batch, first, second, c: (
                w - lr * (grad(w, once(batch)) + c * (grad(w, once(first)) - grad(w, once(second))))
            )
        ),
    ),
    Mistake(
        "second half after the step",
        "Your second half is taken at weights that have moved already. At which weights are all "
        "three gradients?",
        injected(
            lambda w, start, lr, grad, batch, first, second, c: (
                (moved := w - lr * (grad(w, batch) + c * grad(w, first)))
                + lr * c * grad(moved, second)
            )
        ),
    ),
)
