"""The claim of unit 00: the interview question, as a run that anyone can repeat."""

from coursekit.claims.decide import above, below, decide
from coursekit.claims.declare import Claim, Measured, Values
from coursekit.claims.tables import right
from coursekit.data.splits import load
from coursekit.replicas.grid import run_grid

NUM_EPOCHS = 20
BASE = (256, 0.25)  # batch size and learning rate before the change


def measure_fall(size: str) -> Measured:
    """Q1: test accuracy before and after batch x 4, lr x 4, at equal epochs, paired by seed."""
    num_seeds, n = {"tiny": (2, 1024), "cpu": (10, 4096), "gpu": (40, 4096)}[size]
    batch_size, lr = BASE
    data = load("mnist1d", num_train=n)
    found = []
    for factor in (1, 4):
        runs = run_grid(
            (40, 64, 64, 10),
            data,
            seeds=range(num_seeds),
            batch_sizes=(factor * batch_size,),
            lrs=(factor * lr,),
            num_epochs=NUM_EPOCHS,
            keep_correct=True,
            progress=False,
        )
        found.append(right(runs)[:, 0, 0])
    before, after = found
    return {"before": before, "after": after, "change": after - before}


def fall_verdict(values: Values) -> str:
    """Q1 holds if the 95 % interval of the paired change lies below zero, fails if above."""
    return decide(holds=below(values["change"]), fails=above(values["change"]))


CLAIMS = (
    Claim(
        id="Q1",
        statement="Batch 256 to 1024 with the learning rate x 4, at equal epochs, costs accuracy.",
        heard="the interview question that opens this course",
        unit="00_start",
        source="",
        rule="holds if the paired change in test accuracy lies below zero, fails if above",
        setting="MLP 40-64-64-10 on MNIST-1D, N=4096, SGD, 20 epochs, lr 0.25 to 1",
        measure=measure_fall,
        verdict=fall_verdict,
        expected="holds",
        changes="A budget in steps instead of epochs, or longer training: then nothing is lost.",
        shown=("change", "before", "after"),
    ),
)
