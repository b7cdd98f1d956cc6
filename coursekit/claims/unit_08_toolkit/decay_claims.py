"""The claim on weight decay: whether AdamW's has to grow with the batch."""

import math

import numpy as np

from coursekit.claims.decide import above, below, decide
from coursekit.claims.declare import Claim, Measured, Values
from coursekit.claims.tables import right
from coursekit.claims.tuning import resampled
from coursekit.claims.unit_02_lr_scaling.lr_verdicts import peak
from coursekit.data.splits import load
from coursekit.device import pick_device
from coursekit.replicas.grid import run_grid
from coursekit.train.optim import Adam

UNIT = "08_large_batch_toolkit"
SIZES = (40, 64, 64, 10)
CHANCE = 0.1
SMALL, LARGE = 16, 128
LR = 2.0**-9  # at the small batch; times the root of the ratio at the large one
OCTAVES = range(-5, 5)  # of weight decay


def measure_decay(size: str) -> Measured:
    """L16: validation and test accuracy over weight decay, at a small and at a large batch."""
    device = pick_device() if size == "gpu" else "cpu"
    small, large = (4, 32) if size == "tiny" else (SMALL, LARGE)
    data = load("mnist1d", num_train=128 if size == "tiny" else 1024, device=device)
    values: Measured = {}
    for b in (small, large):
        name = "small" if b == small else "large"
        hits = []  # (seeds, test examples) of each octave
        for i, octave in enumerate(OCTAVES):
            runs = run_grid(
                SIZES,
                data,
                seeds=range({"tiny": 3, "cpu": 16, "gpu": 64}[size]),
                batch_sizes=(b,),
                lrs=(LR * math.sqrt(b / small),),
                num_epochs=1 if size == "tiny" else 40,
                optimizer=Adam(weight_decay=2.0**octave, decoupled=True),
                keep_correct=True,
                device=device,
                progress=False,
            ).at(batch_size=b)
            for kind in ("validation", "test"):
                scores = 100 * runs.values(f"{kind}_accuracy", diverged_as=CHANCE)[:, 0]
                values[f"{kind}_{name}_{i}"] = scores.tolist()
            hits.append(right(runs)[:, 0])
        curve = [np.mean(values[f"validation_{name}_{i}"]) for i in range(len(OCTAVES))]
        best = int(np.argmax(curve))
        values[f"best_octave_{name}"] = [float(OCTAVES[best])]
        values[f"at_edge_{name}"] = [float(best in (0, len(OCTAVES) - 1))]
        values[f"gain_{name}"] = hits[best] - hits[0]
    values["exponent"] = exponents(values).tolist()
    return values


def exponents(values: Values, *, at_edge: float | None = None) -> np.ndarray:
    """Return the exponent of B with which the best weight decay grows, a value a seed.

    The best is the vertex of the parabola through the mean validation accuracies at the best octave
    and the two beside it, found anew in every resample of the seeds. At an end of the grid it is
    that end, or `at_edge`.
    """
    small, large = (
        np.array([values[f"validation_{n}_{i}"] for i in range(len(OCTAVES))]).T
        for n in ("small", "large")
    )

    def exponent(curves: np.ndarray) -> np.ndarray:
        one, two = (peak(half, at_edge=at_edge) for half in np.split(curves, 2, axis=1))
        return np.asarray((two - one) / math.log2(LARGE / SMALL))

    return resampled(np.concatenate([small, large], axis=1), exponent)


def decay_verdict(values: Values) -> str:
    """L16 by the exponent: 1/2 keeps B / (lr weight decay) in examples, 0 keeps weight decay."""
    exponent = exponents(values, at_edge=math.nan)
    return decide(holds=above(exponent, 0.25), fails=below(exponent, 0.25))


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="L16",
        statement="AdamW's weight decay has to grow with the batch.",
        heard="scaling guides for language models",
        unit=UNIT,
        source="Bergsma et al. 2025, arXiv:2505.13738: at one lr the best weight decay is linear "
        "in B, so that the time scale B/(lr weight decay), in examples, stays; over models and "
        "data Wang and Aitchison 2024, arXiv:2405.13698",
        rule="with lr by the root rule the best weight decay on validation data (vertex of a "
        "parabola, in resamples of the seeds) grows from B=16 to 128 with an exponent: 1/2 keeps "
        "the time scale in examples, 0 the weight decay. Holds if it lies above 1/4, fails if "
        "below; unresolved if a best one is at an end of the grid. Set before any run",
        setting="MLP 40-64-64-10 on MNIST-1D, N=1024, 40 epochs at a constant rate, lr 2^-9 at "
        "B=16, ten octaves of weight decay from 1/32",
        measure=measure_decay,
        verdict=decay_verdict,
        finding="The exponent lies below 1/2: with the batch the best time scale grows a little "
        "in examples.",
        changes="One pass over the data, where weight decay does not fight overfitting.",
        shown=("exponent", "gain_small", "gain_large"),
    ),
)
