"""Slips of unit 08 that readers tried on purpose, each with its question."""

import math

import numpy as np
import torch

from coursekit.exercises.banks.unit_08_large_batch_toolkit.best_slips import filled, scored
from coursekit.exercises.banks.unit_08_large_batch_toolkit.ghost_slips import in_parts, in_parts_of
from coursekit.exercises.banks.unit_08_large_batch_toolkit.lars_moves import ratio_of
from coursekit.exercises.engine.declare import Mistake

BEST_SETTING = (
    Mistake(
        "one death makes the whole rate a guess",
        "A rate with one diverged seed counts as a guess in yours. What do its other seeds say?",
        scored(lambda row, c: c if None in row else np.mean(row)),
    ),
    Mistake(
        "an accuracy of zero replaced",
        "You replace an accuracy of zero as well. Has such a run diverged?",
        scored(lambda row, c: np.mean([a or c for a in row])),
    ),
    Mistake(
        "best and worst seed left out",
        "You leave out the best and the worst seed. Which mean does the docstring name?",
        scored(
            lambda row, c: np.mean(sorted(filled(row, c))[1:-1] if len(row) > 2 else filled(row, c))
        ),
    ),
)


def gained(rows):
    """Return an answer by the rows of test accuracies that `rows` chooses."""

    def answer(validation, test, t95):
        one, other = rows(validation.double(), test.double())
        gains = one - other
        return [gains.mean(), t95 * gains.std() / len(gains) ** 0.5]

    return answer


def most_votes(validation, test):
    best = [torch.bincount(v.argmax(dim=0), minlength=len(v)).argmax() for v in validation]
    return test[0, best[0]], test[1, best[1]]


FAIR_GAIN = (
    Mistake(
        "the setting that most seeds like",
        "You count how many seeds like a setting best. Which average does the task choose by?",
        gained(most_votes),
    ),
)


def ranked_sum(weight):
    """Return an answer that adds up weight(place from 0, n, k) times the ranked accuracies."""

    def answer(validation, test, k):
        order = [t for _, t in sorted(zip(validation, test, strict=True))]
        return sum(weight(i, len(order), k) * t for i, t in enumerate(order))

    return answer


EXPECTED_BEST = (
    Mistake(
        "ordered draws above the line",
        "Above the line you count draws in their order, below it not. Which of the two is meant?",
        ranked_sum(lambda i, n, k: math.perm(i, k - 1) / math.comb(n, k)),
    ),
    Mistake(
        "ordered draws",
        "You count draws in their order. At which places may the best of them stand?",
        ranked_sum(lambda i, n, k: math.perm(i, k - 1) / math.perm(n, k)),
    ),
    Mistake(
        "one setting more below the line",
        "Your chances don't add up to one. From how many settings are the tries drawn?",
        ranked_sum(lambda i, n, k: math.comb(i, k - 1) / math.comb(n + 1, k)),
    ),
    Mistake(
        "the lowest that can win left out",
        "Your sum begins one place too late. Which is the worst setting that can be best of the k?",
        ranked_sum(lambda i, n, k: (i >= k) * math.comb(i, k - 1) / math.comb(n, k)),
    ),
)


def squares(part):
    return (part - part.mean(dim=0)) ** 2


def statistics_of_the_part_before(x, g, eps):
    parts = list(x.double().split(g))
    used = [p if len(p) == g or not k else parts[k - 1] for k, p in enumerate(parts)]
    return torch.cat(
        [
            (p - q.mean(dim=0)) / (squares(q).mean(dim=0) + eps).sqrt()
            for p, q in zip(parts, used, strict=True)
        ]
    )


GHOST_NORM = (
    Mistake(
        "nothing taken away",
        "You divide and take no mean away. Where does each part's mean lie afterwards?",
        in_parts(lambda p, eps: p / (p.square().mean(dim=0) + eps).sqrt()),
    ),
    Mistake(
        "the middle row taken away",
        "You take the median away. Which middle does the task name?",
        in_parts(
            lambda p, eps: (p - p.median(dim=0).values) / (squares(p).mean(dim=0) + eps).sqrt()
        ),
    ),
    Mistake(
        "eps divided by the rows",
        "Your eps shrinks with the size of a part. Where is it added?",
        in_parts(
            lambda p, eps: (p - p.mean(dim=0)) / (squares(p).mean(dim=0) + eps / len(p)).sqrt()
        ),
    ),
    Mistake(
        "last part by the one before",
        "The last, smaller part takes the statistics of the part before it. Whose does it take?",
        statistics_of_the_part_before,
    ),
    Mistake(
        "last part left at zero",
        "Your last, smaller part is left at zero. Does your loop count whole parts alone?",
        in_parts_of(
            lambda p, g, eps: (
                (p - p.mean(dim=0)) / (squares(p).mean(dim=0) + eps).sqrt() * (len(p) == g)
            )
        ),
    ),
)


def with_ratio(ratio):
    """Return an answer with another ratio, one number or one for each entry: (w, g, decay)."""

    def answer(w, g, v, lr, momentum, decay):
        r = ratio(w.double(), g.double(), decay)
        v = momentum * v.double() + lr * r * (g.double() + decay * w.double())
        return [w.double() - v, v]

    return answer


def along(dim):
    def ratio(w, g, decay):
        if w.ndim == 1:
            return 1.0
        a, b = w.norm(dim=dim, keepdim=True), g.norm(dim=dim, keepdim=True)
        found = a / (b + decay * a).clamp(min=1e-30)
        return torch.where((a > 0) & (b > 0), found, torch.ones_like(a))

    return ratio


def velocity_of_other_sign(w, g, v, lr, momentum, decay):
    v = momentum * v - lr * ratio_of(w, g, decay) * (g + decay * w)
    return [w + v, v]


def one_for_entries(w, g, decay):
    return torch.where((w == 0) | (g == 0), torch.ones_like(w), ratio_of(w, g, decay))


LARS_STEP = (
    Mistake(
        "lengths row by row",
        "Each row has a ratio of its own in yours. Over which entries does the length go?",
        with_ratio(along(1)),
    ),
    Mistake(
        "lengths column by column",
        "Each column has a ratio of its own in yours. Over which entries does the length go?",
        with_ratio(along(0)),
    ),
    Mistake(
        "one for entries that are zero",
        "Entries that are zero have a ratio of their own in yours. How many ratios has a tensor?",
        with_ratio(one_for_entries),
    ),
    Mistake(
        "velocity of the other sign",
        "Your velocity points the way the weights go. With which sign do they take it?",
        velocity_of_other_sign,
    ),
)
