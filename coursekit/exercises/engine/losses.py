"""Losses from the text that a check shows: polynomials, and tiny networks."""

import functools
import math
import re
from collections.abc import Callable

import numpy as np
import torch

TERM = re.compile(r"([+-]?)(\d+(?:\.\d+)?)?\*?((?:w\d+(?:\*\*\d+)?\*?)*)")


@functools.lru_cache(maxsize=256)
def loss_of(text: str) -> Callable[[torch.Tensor], torch.Tensor]:
    """Make a loss, a function of one vector of weights, from the text that a check shows.

    Args:
        text: A polynomial such as "3*w0**2*w1 - w1**3"; or "tanh network 5": 3 inputs, 2 hidden
            units, 8 weights, and 6 examples drawn from seed 5, half the mean squared error.
    """
    if text.startswith("tanh network"):
        rng = np.random.default_rng(int(text.split()[-1]))
        inputs = torch.tensor(rng.normal(size=(6, 3)))
        targets = torch.tensor(rng.normal(size=6) * 1.5)

        def network(w: torch.Tensor) -> torch.Tensor:
            hidden = torch.tanh(inputs.to(w.dtype) @ w[:6].view(2, 3).T)
            return 0.5 * (hidden @ w[6:] - targets.to(w.dtype)).square().mean()

        return network
    terms: list[tuple[float, list[int]]] = []  # the factor, and each index as often as its power
    for sign, number, powers in TERM.findall(text.replace(" ", "")):
        if number or powers:
            pairs = re.findall(r"w(\d+)(?:\*\*(\d+))?", powers)
            indices = [int(i) for i, n in pairs for _ in range(int(n or 1))]
            terms.append((float(sign + (number or "1")), indices))
    used = {i for _, indices in terms for i in indices}

    def polynomial(w: torch.Tensor) -> torch.Tensor:
        entries = {i: w[i] for i in used}
        total: torch.Tensor | float = 0.0 if used else 0 * w.sum()
        for factor, indices in terms:
            total = total + math.prod((entries[i] for i in indices), start=factor)
        return total  # type: ignore[return-value]

    return polynomial
