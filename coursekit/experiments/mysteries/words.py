"""The words of the mysteries: explanations, experiments with their prices, what can come out."""

from dataclasses import dataclass

EXPLANATIONS = {
    "diverged early": "the learning rate lies above the stability limit: the run diverged early",
    "lr too small": "the learning rate is too small for this batch",
    "sums": "accumulation adds the micro-batch gradients up and does not divide",
    "tiny batch norm": "BatchNorm takes its statistics from tiny micro-batches",
    "duplicates": "the training set holds the same examples many times",
    "grid edge": "the best learning rate lies beyond the edge of the grid",
    "warmup in micro-steps": "the length of the warmup was counted in micro-steps",
    "logging interval": "the run is fine, the log shows an old value",
    "clips each": "every micro-batch is clipped, not their mean",
    "last window": "the last window of an epoch is summed and not scaled",
    "noise lost": "the large batch lost the noise that helps generalisation",
    "trained too long": "the run was trained too long and overfits",
}

CHANGE = ("better", "same", "worse")
NORMS = ("equal", "K times", "one over K")
START = ("a jump", "a fall", "flat")
ROWS = ("all differ", "copies")
LOSS = ("as logged", "far below", "far above")


@dataclass(frozen=True)
class Experiment:
    """A run or a look that somebody could pay for.

    Attributes:
        does: What is done, in one line.
        price: In runs like the one that went wrong.
        outcomes: What can come out.
    """

    does: str
    price: float
    outcomes: tuple[str, ...] = CHANGE


EXPERIMENTS = {
    "two norms": Experiment(
        "print |g| of the first step, from one micro-batch and from all K accumulated", 0.01, NORMS
    ),
    "loss at evaluation": Experiment(
        "compute the loss of the training set in evaluation mode, beside the logged one", 0.02, LOSS
    ),
    "count rows": Experiment("count the different rows of the training set", 0.05, ROWS),
    "log each step": Experiment(
        "start again and print the loss of every step, 40 steps", 0.1, START
    ),
    "half the epochs": Experiment("the same run, half as long", 0.5),
    "lr / 4": Experiment("the same run at a quarter of the learning rate", 1.0),
    "lr x 4": Experiment("the same run at four times the learning rate", 1.0),
    "no clipping": Experiment("the same run without clipping", 1.0),
    "shuffle anew": Experiment("the same run, examples in another random order", 1.0),
    "drop last window": Experiment("the same run, the last window of an epoch left out", 1.0),
    "warmup by steps": Experiment("the same run, its warmup a tenth of the optimizer steps", 1.0),
    "larger micro-batch": Experiment("the same run, micro-batches of 16, on a larger GPU", 1.5),
    "wider grid": Experiment("two more learning rates at either end of both grids", 2.0),
    "one micro-batch": Experiment("the same batch in one piece, on a larger GPU", 2.0),
    "twice the epochs": Experiment("the same run, twice as long", 2.0),
    "more seeds": Experiment("five more seeds", 5.0),
}
