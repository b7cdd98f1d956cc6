"""Further wrong ways to turn the knobs, each with its question."""

import torch

from coursekit.exercises.engine.declare import Mistake


def turned(layers, f):
    first, bias, second, last = layers
    return [f[:, None] * first, f * bias, second / f, last]


def slip(change=lambda f: f, transposed=()):
    """Return an answer with other factors, or with some of the four pieces read by columns."""

    def answer(layers, factors):
        parts = turned(layers, change(factors))
        return torch.cat([(p.T if i in transposed else p).flatten() for i, p in enumerate(parts)])

    return answer


def last_one(f):
    return torch.cat([f[:-1], torch.ones_like(f[-1:])])


def added(layers, factors):
    first, bias, second, last = layers
    parts = (first + factors[:, None], bias + factors, second - factors, last)
    return torch.cat([p.flatten() for p in parts])


MORE = (
    Mistake(
        "first matrix column by column",
        "Your first matrix comes column by column. In which order does the task want it?",
        slip(transposed=(0,)),
    ),
    Mistake(
        "second matrix column by column",
        "Your second matrix comes column by column. In which order does the task want it?",
        slip(transposed=(2,)),
    ),
    Mistake(
        "last unit left alone",
        "The last unit is as it was. Where does your loop end?",
        slip(last_one),
    ),
    Mistake(
        "factors below one left out",
        "Factors below one change nothing in your answer. Which factors are allowed?",
        slip(lambda f: f.clamp(min=1.0)),
    ),
    Mistake(
        "factors added",
        "You add the factors. What does the text do with them?",
        added,
    ),
)
