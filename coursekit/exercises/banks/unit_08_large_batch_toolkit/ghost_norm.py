"""Ghost batch normalisation: each part of a batch by its own statistics."""

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import close


def ghost_norm(inputs: Tensor, ghost_size: int, eps: float) -> Tensor:
    parts = []
    for part in inputs.double().split(ghost_size):
        mean = part.mean(dim=0)
        parts.append((part - mean) / (((part - mean) ** 2).mean(dim=0) + eps).sqrt())
    return torch.cat(parts)


def by_index(inputs, ghost_size, eps):
    """Sum each part's rows, by the number of their part."""
    x = inputs.numpy().astype(float)
    part = np.arange(len(x)) // ghost_size
    member = (part[:, None] == np.arange(part[-1] + 1)).astype(float)
    count = member.sum(axis=0)[:, None]
    mean = member.T @ x / count
    var = member.T @ (x - member @ mean) ** 2 / count
    return (x - member @ mean) / np.sqrt(member @ var + eps)


def by_torch(inputs, ghost_size, eps):
    """Use torch's own batch_norm, a part at a time; a part of one row is 0."""
    out = torch.zeros_like(inputs)
    for start in range(0, len(inputs), ghost_size):
        part = inputs[start : start + ghost_size]
        if len(part) > 1:
            out[start : start + ghost_size] = torch.nn.functional.batch_norm(
                part, None, None, training=True, eps=eps
            )
    return out


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


def draw_ghost(rng: np.random.Generator) -> list[Case]:
    cases = []
    for group in ("equal parts", "a smaller last part") * 4:
        g, count, width = int(rng.integers(3, 5)), int(rng.integers(2, 4)), int(rng.integers(2, 4))
        rest = 0 if group == "equal parts" else int(rng.integers(2, g))
        shift = np.repeat(rng.normal(0, 2, (count + 1, width)), g, axis=0)[: g * count + rest]
        scale = rng.uniform(0.4, 2.0, (1, width))
        inputs = shift + scale * rng.normal(size=(g * count + rest, width))
        cases.append(Case(group, (inputs, g, float(rng.choice([0.01, 0.1, 0.5])))))
    return cases


U08_GHOST_NORM = Exercise(
    id="u08_ghost_norm",
    call="ghost_norm(inputs, ghost_size, eps)",
    points={"equal parts": 1.0, "a smaller last part": 1.0},
    by_hand=(
        Case(
            "equal parts",
            (np.array([[1.0, 0.0], [5.0, 6.0], [2.0, 8.0], [8.0, 2.0]]), 2, 0.25),
            keeps=("by hand",),
        ),
        Case(
            "equal parts",
            (np.array([[1.0], [5.0], [4.0], [10.0]]), 4, 0.25),
            keeps=("range",),
        ),
        Case("equal parts", (np.array([[1.0], [5.0]]), 1, 0.25), keeps=("smallest",)),
        Case(
            "a smaller last part",
            (np.array([[2.0], [4.0], [9.0], [7.0], [3.0]]), 3, 0.25),
            keeps=("uneven",),
        ),
        Case(
            "a smaller last part",
            (np.array([[2.0], [4.0], [9.0], [7.0], [3.0]]), 2, 0.25),
            keeps=("uneven", "smallest"),
        ),
    ),
    promises=("by hand", "range", "smallest", "uneven"),
    draw=draw_ghost,
    same=close(rtol=1e-4, atol=1e-5),
    reference=ghost_norm,
    mistakes=(
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
            "You join the smaller last part to the one before it. What does the docstring say of "
            "it?",
            last_joined,
        ),
        Mistake(
            "the last part left as it was",
            "Your smaller last part comes out as it went in. Is it a part like the others?",
            last_as_it_was,
        ),
    ),
    accepted=(by_index, by_torch),
    lesson="Ghost BatchNorm changes one thing: how many examples stand behind each mean. The "
    "gradient still averages over the whole batch.",
    answered_by=("coursekit.models.ghost_batch_norm", "coursekit.claims"),
)
