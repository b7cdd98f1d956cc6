"""Signal and noise of one step, and wrong ways to them."""

import numpy as np
import torch

from coursekit.exercises.engine.declare import Mistake


def step_moments(micro_grads: torch.Tensor, micro_batch_size: int) -> list[float]:
    grads = micro_grads.double()
    centre = grads.mean(dim=0)
    spread = float((grads - centre).square().sum()) / (len(grads) - 1)
    return [float(centre.square().sum()) - spread / len(grads), micro_batch_size * spread]


def from_norms(small: float, large: float, count: int, size: int) -> list[float]:
    """Solve for signal and noise from the squared norms of a micro-batch and of the whole batch."""
    noise = size * (small - large) * count / (count - 1)
    return [(count * large - small) / (count - 1), noise]


def variant(pick="all", whole="mean", clip=None):
    """Return a wrong estimate: other micro-batches, another whole gradient, a clipped signal."""

    def answer(g, b):
        norms = g.double().square().sum(dim=1)
        small = {"all": norms.mean(), "last": norms[-1], "first": norms[0], "sum": norms.sum()}
        small["mean length"] = norms.sqrt().mean() ** 2
        wholes = {
            "mean": g.double().mean(dim=0).square().sum(),
            "sum": g.double().sum(dim=0).square().sum(),
            "per example": (g.double().sum(dim=0) / (len(g) * b)).square().sum(),
            "half divided": g.double().sum(dim=0).square().sum() / len(g),
        }
        found = from_norms(float(small[pick]), float(wholes[whole]), len(g), b)
        return found if clip is None else [max(found[0], clip), found[1]]

    return answer


def changed(signal=lambda s, n, g, b: s, noise=lambda s, n, g, b: n):
    """Return the mistake that changes signal or noise of the right answer."""

    def answer(g, b):
        s, n = step_moments(g, b)
        return [signal(s, n, g, b), noise(s, n, g, b)]

    return answer


NOISE_SLIPS = (
    ("per micro-batch", "of how many examples is tr(Sigma) the noise?", lambda n, g, b: n / b),
    (
        "divided by K",
        "the mean was fitted to the same rows; how many deviations are free?",
        lambda n, g, b: n * (len(g) - 1) / len(g),
    ),
    (
        "scaled by the whole batch",
        "how many examples does each of the spreading gradients average?",
        lambda n, g, b: n * len(g),
    ),
    (
        "mean over parameters",
        "what happens to it when every parameter appears twice?",
        lambda n, g, b: n / g.shape[1],
    ),
    (
        "of the whole batch",
        "it is what is left in the mean of all; of how many examples is tr(Sigma) the noise?",
        lambda n, g, b: n / (b * len(g)),
    ),
    (
        "divided by K, per micro-batch",
        "how many deviations are free, and how many examples does a row average?",
        lambda n, g, b: n * (len(g) - 1) / len(g) / b,
    ),
    (
        "mean over parameters, per micro-batch",
        "is a trace a sum or a mean, and how many examples does a row average?",
        lambda n, g, b: n / g.shape[1] / b,
    ),
)
SIGNALS = (
    ("", "Look at the noise:", lambda n, m, g, b, right: right),
    (
        "from it",
        "The noise is off, and the signal with it:",
        lambda n, m, g, b, right: m - n / (b * len(g)),
    ),
    (
        "a K-th of it",
        "The noise is off, and a K-th of it goes into the signal:",
        lambda n, m, g, b, right: m - n / len(g),
    ),
    ("plug-in", "What does noise add to your signal? And:", lambda n, m, g, b, right: m),
    (
        "all of it",
        "How much noise is left in a mean of all? And:",
        lambda n, m, g, b, right: m - n,
    ),
)


def whole_batch_of_k(g, b):
    small = float(g.double().square().sum(dim=1).mean())
    large = float(g.double().mean(dim=0).square().sum())
    noise = (small - large) / (1 / b - 1 / len(g))
    return [small - noise / b, noise]


def halves(g, b):
    half = len(g) // 2
    product = float(g[:half].double().mean(dim=0) @ g[half:].double().mean(dim=0))
    return [product, b * (float(g.double().square().sum(dim=1).mean()) - product)]


def product_of_slips() -> tuple[Mistake, ...]:
    """Return every pair of a wrong noise and what becomes of the signal, each result once."""
    rng = np.random.default_rng(0)
    probes = [(torch.tensor(rng.normal(size=(k, 3))), b) for k, b in ((3, 5), (5, 2), (4, 7))]
    seen: list[np.ndarray] = []
    found: list[Mistake] = []
    for place, opening, signal in SIGNALS:
        for name, question, noise in NOISE_SLIPS:

            def answer(g, b, signal=signal, noise=noise):
                right, n = step_moments(g, b)
                n = noise(n, g, b)
                return [signal(n, float(g.double().mean(dim=0).square().sum()), g, b, right), n]

            results = np.array([answer(*probe) for probe in probes])
            if any(np.allclose(results, other) for other in seen):
                continue
            seen.append(results)
            title = f"noise: {name}" + (f"; signal: {place}" if place else "")
            found.append(Mistake(title, f"{opening} {question}", answer))
    return tuple(found)
