"""What momentum does to the noise of SGD."""

import torch

from coursekit.claims.declare import Claim, Values
from coursekit.toy.dynamics import simulate_quadratic, stationary_variance

MOMENTA = (0.5, 0.9, 0.99)
LR = 1e-4  # with curvature 1, so that lr / (1 - m) stays small


def variance(lr: float, momentum: float) -> float:
    """Return the stationary variance on a quadratic of curvature 1, noise 1, B=1."""
    return stationary_variance(lr=lr, curvature=1.0, noise_var=1.0, batch_size=1, momentum=momentum)


def measure_momentum(size: str) -> dict[str, list[float]]:
    """N10: variance with momentum over that without, at equal lr and at equal lr/(1-m).

    The closed form is checked against chains: at m=0.9 and lr/(1-m) = 0.1.
    """
    values: dict[str, list[float]] = {}
    for m in MOMENTA:
        name = f"{100 * m:.0f}"
        values[f"same_lr_{name}"] = [(1 - m) * variance(LR, m) / variance(LR, 0.0)]
        values[f"matched_{name}"] = [variance(LR, m) / variance(LR / (1 - m), 0.0)]
    num_chains = {"tiny": 1000, "cpu": 10000, "gpu": 10000}[size]
    for seed in range(8):
        g = torch.Generator().manual_seed(seed)
        ends = simulate_quadratic(
            lr=0.01,
            curvature=1.0,
            noise_var=1.0,
            batch_size=1,
            momentum=0.9,
            num_steps=100,
            num_chains=num_chains,
            generator=g,
        )
        ratio = ends.square().mean().item() / variance(0.01, 0.9)
        values.setdefault("chains_over_theory", []).append(ratio)
    return values


def momentum_verdict(values: Values) -> str:
    """N10 fails if all that momentum adds is the temperature of lr/(1-m)."""
    columns = [v[0] for name, v in values.items() if name.startswith(("same_lr", "matched"))]
    return "fails" if all(0.95 < ratio < 1.05 for ratio in columns) else "holds"


CLAIMS = (
    Claim(
        id="N10",
        statement="Momentum helps SGD to escape from sharp minima.",
        heard="lecture notes, blog posts",
        unit="07_flat_minima",
        source="Smith et al. 2018, arXiv:1711.00489 (noise scale lr N / (B (1-m))); no gain at "
        "small lr: Wang et al. 2024, arXiv:2307.15196; two edges: arXiv:2604.14108 (2026)",
        rule="fails if, on a quadratic with steps that are small against 2/curvature, momentum m "
        "raises the variance by 1/(1-m) and lr/(1-m) without momentum does the same, both to 5 %: "
        "then it is a temperature that any lr can have; holds otherwise",
        setting="quadratic, curvature 1, constant noise, lr 0.0001; chains at lr 0.01, m=0.9",
        measure=measure_momentum,
        verdict=momentum_verdict,
        evidence="calculation",
        contested=True,
        expected="contested",
        changes="Escape itself, measured at equal lr/(1-m): inertia could carry over a barrier "
        "where this calculation sees only the variance in one basin. Steps that are not small: "
        "there small batches lower the edge of stability and large ones raise it (W4).",
        shown=("matched_50", "matched_90", "matched_99", "same_lr_90", "chains_over_theory"),
    ),
)
