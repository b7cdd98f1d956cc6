"""Claim on growing the batch in place of a decaying learning rate, with SGD and with Adam."""

import math
from collections.abc import Callable
from functools import partial

import numpy as np

from coursekit.claims.decide import above, all_of, any_of, below, decide, no, paired
from coursekit.claims.declare import Claim, Values
from coursekit.claims.tuning import keep
from coursekit.data.splits import load
from coursekit.device import pick_device
from coursekit.experiments.octaves import until_inside
from coursekit.replicas.grid import run_grid
from coursekit.train.optim import SGD, Adam, Settings
from coursekit.train.schedules import Schedule, constant, step_decay

UNIT = "08_large_batch_toolkit"
SIZES = (40, 64, 64, 10)
FACTOR = 4  # by which lr falls, or B grows, twice
NUM_LRS = 5
REPORTED = ("constant", "naive", "root", "decay", "accuracy")
# settings, exponent of the smallest of five lrs (until 29 November 2026 the middle three); the grid
# grows until the best lies inside
OPTIMIZERS: dict[str, tuple[Settings, int]] = {
    "sgd": (SGD(), -3),
    "adam_0p999": (Adam(beta2=0.999), -9),
    "adam_0p95": (Adam(beta2=0.95), -8),
}


def grown_steps(num_examples: int, batch_size: int, num_epochs: int) -> tuple[int, int]:
    """Return the steps at which the batch grows: after half and three quarters of the epochs."""
    first = num_epochs // 2 * (num_examples // batch_size)
    between = num_epochs * 3 // 4 - num_epochs // 2
    return first, first + between * (num_examples // (FACTOR * batch_size))


def measure_adam_growth(size: str) -> dict[str, list[float]]:
    """L17: training loss of growth with lr kept, growth with lr / 2, and neither, minus decay's."""
    device = pick_device() if size == "gpu" else "cpu"
    n, epochs, batch_size = {"tiny": (512, 4, 8), "cpu": (4096, 24, 32), "gpu": (4096, 24, 32)}[
        size
    ]
    seeds = range({"tiny": 2, "cpu": 8, "gpu": 64}[size])
    half, late = epochs // 2, epochs * 3 // 4
    bounds = grown_steps(n, batch_size, epochs)

    def decay(num_steps: int) -> Schedule:
        at = (num_steps // 2, num_steps * 3 // 4)
        return step_decay(1.0, boundaries=at, factor=1 / FACTOR)

    def root(num_steps: int) -> Schedule:
        return step_decay(1.0, boundaries=bounds, factor=1 / FACTOR**0.5)

    data = load("mnist1d", num_train=n, device=device)
    growth: Callable[[int], float] = lambda e: FACTOR ** ((e >= half) + (e >= late))  # noqa: E731
    values: dict[str, list[float]] = {}
    for name, (optimizer, low) in OPTIMIZERS.items():

        def run(exponents: list[int], optimizer: Settings = optimizer) -> np.ndarray:
            grid = partial(
                run_grid,
                SIZES,
                data,
                seeds=seeds,
                batch_sizes=(batch_size,),
                lrs=[2.0**k for k in exponents],
                num_epochs=epochs,
                optimizer=optimizer,
                device=device,
                progress=False,
            )
            same_batch = grid(schedule={"decay": decay, "constant": lambda n: constant(1.0)})
            arms = {
                "decay": same_batch.at(schedule="decay"),
                "constant": same_batch.at(schedule="constant"),
                "naive": grid(batch_growth=growth),
                "root": grid(batch_growth=growth, schedule=root),
            }
            shape = (len(seeds), len(exponents))
            loss, test = (
                {a: r.values(part, diverged_as=guessing).reshape(shape) for a, r in arms.items()}
                for part, guessing in (("train_loss", math.log(10)), ("test_accuracy", 0.1))
            )
            seen = arms["decay"].values("validation_accuracy", diverged_as=0.1).reshape(shape)
            tables = {arm: loss[arm] - loss["decay"] for arm in ("constant", "naive", "root")}
            tables |= {"decay": loss["decay"], "accuracy": 100 * (test["naive"] - test["decay"])}
            return np.stack([seen, *(tables[arm] for arm in REPORTED)], axis=2)

        exponents, found = until_inside(
            range(low, low + NUM_LRS), run, lambda t: [int(t[..., 0].mean(axis=0).argmax())]
        )
        seen = found[..., 0]
        labels = [f"{2.0**k:g}" for k in exponents]
        for i, arm in enumerate(REPORTED, 1):  # each seed at the lr that is best for the decay
            column = keep(values, f"{name}_{arm}", labels, seen, found[..., i])
            values[f"{name}_{arm}"] = column.tolist()
        best = int(seen.mean(axis=0).argmax())
        values[f"{name}_lr"] = [2.0 ** exponents[best]]
        values[f"{name}_at_edge"] = [float(best in (0, len(exponents) - 1))]
    return values


def matches(values: Values, optimizer: str, arm: str) -> bool | None:
    """Tell whether a way to grow ends within a quarter of the decay's worth, either way."""
    gap, worth = (np.asarray(values[f"{optimizer}_{name}"]) for name in (arm, "constant"))
    small = all_of(above(paired(gap, worth, -0.25)), below(paired(gap, worth, 0.25)))
    return all_of(above(worth), small)


def adam_growth_verdict(values: Values) -> str:
    """L17 depends if the kept lr matches for one memory of beta2 and not for the other."""
    if any(values[f"adam_{b}_at_edge"][0] for b in ("0p999", "0p95")):
        return "unresolved"
    long, short = (matches(values, f"adam_{b}", "naive") for b in ("0p999", "0p95"))
    return decide(
        holds=all_of(long, short),
        fails=all_of(no(long), no(short)),
        depends=any_of(all_of(long, no(short)), all_of(no(long), short)),
    )


CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="L17",
        statement="With Adam, too, growing the batch by the factor by which lr would have fallen "
        "gives the same loss.",
        heard="Smith et al.'s title, carried over to Adam; Seesaw: and let lr fall by its root",
        unit=UNIT,
        source="Smith et al. 2018, arXiv:1711.00489; Seesaw 2025, arXiv:2510.14717",
        rule="the final training loss of B x 4 with lr kept, minus that of lr / 4, seed by seed: "
        "matches if it is less than a quarter of what the decay is worth against a constant "
        "lr, either way; holds if it matches at beta2 = .999 and at .95, fails if at neither, "
        "depends if at one; unresolved if Adam's best lr is at an end of its grid (since 29 "
        "November 2026, when none was). Set after pilots. Since 29 November 2026, after eight "
        "other seeds had chosen an end of three rates, five, chosen anew inside the interval; "
        "a GPU's row, of three rates and one choice, could not be judged so: dropped, and measured "
        "anew by the same rule",
        setting="MLP 40-64-64-10 on MNIST-1D, N=4096, 24 epochs from B=32, changes after 12 and 18 "
        "epochs; lr best for the decay on validation data, of five or more; root: B x 4 and lr / 2",
        measure=measure_adam_growth,
        verdict=adam_growth_verdict,
        looked=True,
        expected="depends",
        finding="With the choice of lr inside the interval eight seeds cannot tell at .999: they "
        "choose between two rates, and at one the decay is worth several times as much as at "
        "the other. At either alone the kept lr is within a quarter. 64 seeds on a GPU can tell: "
        "it is at both. The root depends on beta2: as near as the kept lr at .95, on the other "
        "side; at .999 it misses more than half of what the decay is worth at the lr that is "
        "chosen, and a third at twice that: 48 and 192 steps after a growth a memory of 700 steps "
        "has learned little.",
        changes="Longer stages after each growth: then a long memory forgets the old batch too.",
        shown=(
            "sgd_naive",
            "sgd_constant",
            "adam_0p999_naive",
            "adam_0p999_root",
            "adam_0p999_constant",
            "adam_0p95_naive",
            "adam_0p95_root",
            "adam_0p95_constant",
        ),
    ),
)
