"""Show a run that went wrong; later carry out the experiment that was chosen, and score it.

The first answer to each run is kept in the learner's progress: predicted before it ran.
"""

from collections.abc import Callable, Sequence
from typing import Any

from coursekit import progress
from coursekit.experiments.mysteries.carry_out import carry_out
from coursekit.experiments.mysteries.cases import SETS_APART, Mystery, draw_mystery
from coursekit.experiments.mysteries.evidence import evidence_of, question_lines, show_lines
from coursekit.experiments.mysteries.score import Answer, score_answer
from coursekit.experiments.mysteries.words import EXPERIMENTS, EXPLANATIONS
from coursekit.explorers.mode import interactive
from coursekit.plots.capstone import mystery_plot
from coursekit.plots.style import show

UNIT = "10_capstone"


def show_mystery(number: int, *, release: int = 0) -> None:
    """Print and draw what a team has of a run that went wrong, and the lists to choose from.

    Args:
        number: 1 to 6.
        release: Which set of six: 0 is the public one; a private release has its own.

    Raises:
        ValueError: If there is no such run.
    """
    evidence = evidence_of(draw_mystery(SETS_APART * release + number))
    print(f"RUN {number}")
    print("\n".join(show_lines(evidence)))
    show(mystery_plot(evidence, title=f"Run {number}, three seeds"))
    print("\n".join(question_lines(evidence)))


def read_answer(mystery: Mystery, given: Any) -> Answer:
    """Return an answer by its names.

    Raises:
        ValueError: If it is not three whole numbers of the lists.
    """
    try:
        fault, experiment, outcome = (int(x) for x in given)
        if min(fault, experiment, outcome) < 1:
            raise IndexError
        name = mystery.menu[experiment - 1]
        says = EXPERIMENTS[name].outcomes[outcome - 1]
        return Answer(mystery.suspects[fault - 1], name, says)
    except (TypeError, ValueError, IndexError):
        raise ValueError(
            f"answer with three numbers of the lists, counted from 1: explanation, experiment, "
            f"outcome; got {given!r}"
        ) from None


def tell_lines(number: int, given: Any, *, release: int = 0) -> list[str]:
    """Carry out the experiment that an answer chose; return what it said, and the score."""
    mystery = draw_mystery(SETS_APART * release + number)
    answer = read_answer(mystery, given)
    found = carry_out(mystery, answer.experiment)
    score = score_answer(mystery, answer, found)
    about = EXPERIMENTS[answer.experiment]
    agreed = "as you predicted" if answer.outcome == found.outcome else "not as you predicted"
    lines = [
        f"run {number}: {about.does} (price {about.price:g})",
        f"   it says: {found.outcome}, {agreed}; {found.text}",
    ]
    if not mystery.separates(answer.experiment):
        lines.append(
            "   the two best explanations both predict that: it tells nothing between them"
        )
    elif score.experiment < 1:
        lines.append("   it tells the two best explanations apart; a cheaper one does too")
    if answer.fault == mystery.fault:
        lines.append(f"   yes: {EXPLANATIONS[mystery.fault]}")
    else:
        lines.append("   your explanation is not what happened: which line speaks against it?")
    lines.append(
        f"   fault {score.fault:g}, experiment {score.experiment:g}, prediction {score.outcome:g} "
        "of 1 each"
    )
    return lines


def tell(
    diagnosis: Callable[[int], Sequence[int]], numbers: Sequence[int], *, release: int = 0
) -> None:
    """Run the experiments that a learner chose for some runs, and print how each answer fares.

    The first answer to a run is kept, and stays the first whatever is answered later.

    Args:
        diagnosis: number -> three numbers.
        numbers: Of the runs.
        release: Which set of six.
    """
    for number in numbers:
        try:
            given = list(diagnosis(number))
            lines = tell_lines(number, given, release=release)
        except NotImplementedError:
            print(f"run {number}: no answer yet")
            continue
        except ValueError as error:
            print(f"run {number}: {error}")
            continue
        print("\n".join(lines))
        if interactive():
            first = keep_first(number, given, release=release)
            if first != given:
                print(f"   (your first answer was {first})")


def keep_first(number: int, given: list[int], *, release: int = 0) -> list[int]:
    """Keep an answer in the progress if it is the first to its run; return the first."""
    key = f"run {SETS_APART * release + number}"
    kept = progress.predictions(UNIT).get(key)
    if kept is None:
        progress.record_prediction(UNIT, key, " ".join(str(x) for x in given))
        return given
    return [int(x) for x in str(kept).split()]
