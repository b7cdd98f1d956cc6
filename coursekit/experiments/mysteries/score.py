"""Score an answer to a mystery: the fault, the experiment, and what was predicted of it."""

from dataclasses import dataclass

from coursekit.experiments.mysteries.carry_out import Found
from coursekit.experiments.mysteries.cases import Mystery

DEARER = 0.5  # for an experiment that separates, though a cheaper one would too


@dataclass(frozen=True)
class Answer:
    """What somebody says of a mystery, before the experiment is run."""

    fault: str
    experiment: str
    outcome: str


@dataclass(frozen=True)
class Score:
    """Points from 0 to 1 for each of the three, and their mean as a share of the whole."""

    fault: float
    experiment: float
    outcome: float

    @property
    def share(self) -> float:
        """All three together, 0 to 1."""
        return (self.fault + self.experiment + self.outcome) / 3


def score_answer(mystery: Mystery, answer: Answer, found: Found) -> Score:
    """Score an answer against what the chosen experiment said.

    The experiment earns a point if it separates the two best explanations and none cheaper does,
    half a point if it separates them. A right prediction counts only for an experiment that
    separates: of another one every explanation predicts the same.

    Args:
        mystery: The run that went wrong.
        answer: What was said.
        found: What `carry_out` gave for the chosen experiment.
    """
    separates = mystery.separates(answer.experiment)
    price = 1.0 if answer.experiment == mystery.best else DEARER if separates else 0.0
    return Score(
        fault=float(answer.fault == mystery.fault),
        experiment=price,
        outcome=float(separates and answer.outcome == found.outcome),
    )
