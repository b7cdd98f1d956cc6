"""What broke when the batch and the rate grew: eight arms, at three learning rates of the base."""

from coursekit.claims.decide import above, all_of, below, decide, inside, no
from coursekit.claims.declare import Claim, Measured, Values
from coursekit.data.splits import load
from coursekit.experiments.decision import ARMS, BASE, run_arm

COUNTS = {"tiny": (2, 1024, 4), "cpu": (10, 4096, 20), "gpu": (64, 4096, 20)}
RATES = {"low": 0.125, "middle": 0.5, "high": 1.0}
NAMES = {
    "their_change": "their change",
    "warmup": "their change + warmup",
    "warmup_cosine": "their change + warmup and cosine",
    "root": "root rule",
    "hot": "small batch, short, hot",
    "full": "full batch, short",
    "old_lr": "large batch, old lr, old steps",
    "new_lr": "large batch, new lr, old steps",
}
CLOSE = 3.0  # points: what "nothing lost" may be


def measure_arms(size: str) -> Measured:
    """Q3: paired changes of test accuracy for eight arms, at three learning rates of the base."""
    num_seeds, n, epochs = COUNTS[size]
    data = load("mnist1d", num_train=n)
    values: Measured = {}
    for rate, lr in RATES.items():
        settings = {"lr": lr, "seeds": range(num_seeds), "num_epochs": epochs}
        settings["each_example"] = True
        base = run_arm(BASE, data, **settings)  # type: ignore[arg-type]
        values[f"base_{rate}"] = base
        for key, name in NAMES.items():
            found = run_arm(ARMS[name], data, **settings)  # type: ignore[arg-type]
            values[f"{key}_{rate}"] = found - base
    return values


def arms_verdict(values: Values) -> str:
    """Q3: is it the missing steps at every base rate, at none, or does it depend on the rate."""
    fell = all_of(*(below(values[f"their_change_{rate}"]) for rate in RATES))
    quiet = all_of(*(inside(values[f"old_lr_{rate}"], -CLOSE, CLOSE) for rate in RATES))
    steps_low = above(values["new_lr_low"], -CLOSE)
    steps_high = above(values["new_lr_high"], -CLOSE)
    return decide(
        depends=all_of(fell, quiet, steps_low, no(steps_high)),
        holds=all_of(fell, quiet, steps_low, steps_high),
        fails=all_of(fell, no(steps_low)),
        not_reproduced=no(fell),
    )


CLAIMS = (
    Claim(
        id="Q3",
        statement="Batch x 4 and learning rate x 4 at equal epochs loses accuracy because only a "
        "quarter of the steps is left.",
        heard="answers to the interview question that opens this course",
        unit="10_capstone",
        source="",
        rule="depends if the change costs accuracy at base rates 0.125, 0.5 and 1, the large batch "
        "at the old rate and as many steps is within 3 points of the base at all of them, and the "
        "large batch at the new rate and as many steps comes back to within 3 points or better at "
        "0.125 and not at 1; holds if it comes back at both, fails if not at 0.125; not reproduced "
        "if the change costs nothing somewhere",
        setting="MLP 40-64-64-10 on MNIST-1D, N=4096, SGD, 20 epochs; base B=256, changed B=1024; "
        "eight arms, paired seeds",
        measure=measure_arms,
        verdict=arms_verdict,
        expected="depends",
        changes="Longer training: then nothing is lost at the low rates. Decay moves the limit.",
        shown=tuple(
            f"{key}_{rate}" for rate in RATES for key in ("their_change", "old_lr", "new_lr")
        ),
    ),
)
