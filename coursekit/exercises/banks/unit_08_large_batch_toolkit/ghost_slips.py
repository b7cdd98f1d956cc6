"""Normalising by parts, and wrong ways to it."""

import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Mistake


def ghost_norm(inputs: Tensor, ghost_size: int, eps: float) -> Tensor:
    parts = []
    for part in inputs.double().split(ghost_size):
        mean = part.mean(dim=0)
        parts.append((part - mean) / (((part - mean) ** 2).mean(dim=0) + eps).sqrt())
    return torch.cat(parts)


def normalised(x, dims, correction, eps):
    mean = x.mean(dim=dims, keepdim=True)
    var = ((x - mean) ** 2).sum(dim=dims, keepdim=True) / max(1, x.shape[0] - correction)
    return (x - mean) / (var + eps).sqrt()


def spread(part):
    """Return torch's default standard deviation; nan for one row, without its warning."""
    return (((part - part.mean(dim=0)) ** 2).sum(dim=0) / (len(part) - 1)).sqrt()


def in_parts(formula):
    """Return an answer that treats each part by formula(part, eps)."""
    return lambda x, g, eps: torch.cat([formula(p, eps) for p in x.double().split(g)])


def in_parts_of(formula):
    """Return an answer that treats each part by formula(part, ghost_size, eps)."""
    return lambda x, g, eps: torch.cat([formula(p, g, eps) for p in x.double().split(g)])


def by_turns(x, g, eps):
    """Take every so many rows together, in place of neighbours."""
    count = -(-len(x) // g)
    out = x.double().clone()
    for k in range(count):
        out[k::count] = normalised(out[k::count], 0, 0, eps)
    return out


def first_for_all(x, g, eps):
    x = x.double()
    mean = x[:g].mean(dim=0)
    return (x - mean) / (((x[:g] - mean) ** 2).mean(dim=0) + eps).sqrt()


def last_with_all(x, g, eps):
    """Normalise a last part that is smaller by the whole batch."""
    right, whole = ghost_norm(x, g, eps), normalised(x.double(), 0, 0, eps)
    full = len(x) // g * g
    return torch.cat([right[:full], whole[full:]])


def last_joined(x, g, eps):
    """Join a last part that is smaller to the part before it."""
    full = max(len(x) // g * g, g)
    if full >= len(x):
        return ghost_norm(x, g, eps)
    tail = normalised(x[full - g :].double(), 0, 0, eps)
    return torch.cat([ghost_norm(x[: full - g], g, eps), tail]) if full > g else tail


def last_as_it_was(x, g, eps):
    full = len(x) // g * g
    return torch.cat([ghost_norm(x, g, eps)[:full], x[full:].double()])


def by_full_size(x, g, eps):
    """Divide every part's sums by the full size."""
    parts = []
    for p in x.double().split(g):
        mean = p.sum(dim=0) / g
        parts.append((p - mean) / (((p - mean) ** 2).sum(dim=0) / g + eps).sqrt())
    return torch.cat(parts)


def equal_parts(x, g, eps):
    parts = x.double().tensor_split(-(-len(x) // g))
    return torch.cat([normalised(p, 0, 0, eps) for p in parts])


def last_filled_up(x, g, eps):
    """Fill the smaller last part with rows of the one before."""
    right, last = ghost_norm(x, g, eps), normalised(x[-g:].double(), 0, 0, eps)
    full = len(x) // g * g
    return torch.cat([right[:full], last[g - (len(x) - full) :]])


def batch_spread(x, g, eps):
    v = x.double().var(dim=0, correction=0)
    return torch.cat([(p - p.mean(dim=0)) / (v + eps).sqrt() for p in x.double().split(g)])


def batch_mean(x, g, eps):
    m = x.double().mean(dim=0)
    return torch.cat(
        [(p - m) / (p.var(dim=0, correction=0) + eps).sqrt() for p in x.double().split(g)]
    )


MISTAKES: tuple[Mistake, ...] = (
    Mistake(
        "the whole batch",
        "You normalise by the whole batch: that is plain BatchNorm. Whose mean and variance "
        "does a ghost batch use?",
        lambda x, g, eps: normalised(x.double(), 0, 0, eps),
    ),
    Mistake(
        "over the features",
        "You normalise each row over its features: that is LayerNorm. Over what does "
        "BatchNorm average?",
        in_parts(lambda p, eps: normalised(p.T, 0, 0, eps).T),
    ),
    Mistake(
        "one mean for all features",
        "You take one mean for all features of a part. Does BatchNorm mix features?",
        in_parts(lambda p, eps: (p - p.mean()) / (((p - p.mean()) ** 2).mean() + eps).sqrt()),
    ),
    Mistake(
        "unbiased variance",
        "Your variance divides by one less than the part's rows. What does the docstring "
        "divide by?",
        in_parts(lambda p, eps: normalised(p, 0, 1, eps)),
    ),
    Mistake(
        "eps beside the root",
        "You add eps to the standard deviation. Where does the docstring add it?",
        in_parts(
            lambda p, eps: (p - p.mean(dim=0)) / (p.std(dim=0, correction=0) + eps),
        ),
    ),
    Mistake(
        "unbiased spread, eps beside it",
        "You divide by torch's default spread, plus eps. What does it divide by, and where "
        "does the docstring add eps?",
        in_parts(lambda p, eps: (p - p.mean(dim=0)) / (spread(p) + eps)),
    ),
    Mistake(
        "so many parts",
        "You make as many parts as a part should have rows. Which of the two is given?",
        lambda x, g, eps: torch.cat([normalised(p, 0, 0, eps) for p in x.double().chunk(g)]),
    ),
    Mistake(
        "no eps",
        "You leave eps out. What is a part's output whose rows are all alike?",
        in_parts(
            lambda p, eps: (p - p.mean(dim=0)) / (p.std(dim=0, correction=0) + 1e-20),
        ),
    ),
    Mistake(
        "variance in place of its root",
        "You divide by the variance. What has the unit of the inputs?",
        in_parts(lambda p, eps: (p - p.mean(dim=0)) / (p.var(dim=0, correction=0) + eps)),
    ),
    Mistake(
        "mean alone",
        "You subtract the mean and stop. What else does normalising do?",
        in_parts(lambda p, eps: p - p.mean(dim=0)),
    ),
    Mistake(
        "mean left in",
        "You divide and do not subtract. Where does the mean of a normalised part lie?",
        in_parts(lambda p, eps: p / (p.var(dim=0, correction=0) + eps).sqrt()),
    ),
    Mistake(
        "parts by turns",
        "Your parts take rows by turns. Which rows make a part, by the docstring?",
        by_turns,
    ),
    Mistake(
        "the first part's statistics for all",
        "You use one part's statistics for every part. Whose should the second part use?",
        first_for_all,
    ),
    Mistake(
        "the last part by the whole batch",
        "Your last part uses the statistics of the whole batch. Is it a part like the others?",
        last_with_all,
    ),
    Mistake(
        "the last part joined to the one before",
        "You join the smaller last part to the one before it. What does the docstring say of it?",
        last_joined,
    ),
    Mistake(
        "the last part left as it was",
        "Your smaller last part comes out as it went in. Is it a part like the others?",
        last_as_it_was,
    ),
    Mistake(
        "the full size for every part",
        "You divide each part's sums by the same number. How many rows has the last part?",
        by_full_size,
    ),
    Mistake(
        "the full size for every variance",
        "Your means are right. By what do you divide the squared deviations of the last part?",
        in_parts_of(
            lambda p, g, eps: (
                (p - p.mean(dim=0)) / (((p - p.mean(dim=0)) ** 2).sum(dim=0) / g + eps).sqrt()
            )
        ),
    ),
    Mistake(
        "equal parts",
        "You make the parts as equal as can be. Which rows make a part, by the text?",
        equal_parts,
    ),
    Mistake(
        "the last part filled up",
        "You fill the last part with rows of the one before. What does the docstring say of it?",
        last_filled_up,
    ),
    Mistake(
        "the last part dropped",
        "Rows are missing at the end. Which shape does the docstring ask for?",
        lambda x, g, eps: ghost_norm(x, g, eps)[: len(x) // g * g],
    ),
    Mistake(
        "the batch's spread",
        "You subtract a part's mean and divide by the whole batch's spread. Whose does the text "
        "name?",
        batch_spread,
    ),
    Mistake(
        "the batch's mean",
        "You divide by a part's spread and subtract the whole batch's mean. Whose does the text "
        "name?",
        batch_mean,
    ),
    Mistake(
        "one spread for all features",
        "You divide all features by one number. Does BatchNorm mix features?",
        in_parts(
            lambda p, eps: (p - p.mean(dim=0)) / (p.var(dim=0, correction=0).mean() + eps).sqrt()
        ),
    ),
    Mistake(
        "mean square for variance",
        "You divide by the root of the mean square. From where are the deviations counted?",
        in_parts(lambda p, eps: (p - p.mean(dim=0)) / (p.square().mean(dim=0) + eps).sqrt()),
    ),
    Mistake(
        "eps as a floor",
        "You use eps where the variance is small. What does the formula do with it elsewhere?",
        in_parts(
            lambda p, eps: (p - p.mean(dim=0)) / p.var(dim=0, correction=0).clamp(min=eps).sqrt()
        ),
    ),
    Mistake(
        "eps of the usual size",
        "Your eps is the usual one. Which one came as an argument?",
        in_parts(lambda p, eps: normalised(p, 0, 0, 1e-5)),
    ),
    Mistake(
        "eps squared",
        "You square eps. To what does the docstring add it?",
        in_parts(lambda p, eps: normalised(p, 0, 0, eps**2)),
    ),
    Mistake(
        "times the spread",
        "You multiply by the spread. How wide is a part afterwards?",
        in_parts(lambda p, eps: (p - p.mean(dim=0)) * (p.var(dim=0, correction=0) + eps).sqrt()),
    ),
    Mistake(
        "one row left as it was",
        "A part of one row comes out as it went in. What is a row less its own mean?",
        in_parts(lambda p, eps: normalised(p, 0, 0, eps) if len(p) > 1 else p),
    ),
)
