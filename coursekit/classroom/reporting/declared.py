"""What the bank says of a unit's misconceptions: the hint, and an example that is nobody's."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from coursekit.classroom.judge.marks import Seen
from coursekit.classroom.judge.shown import case_result, seen
from coursekit.classroom.reporting.figures import Had
from coursekit.exercises.engine.declare import Exercise, Mistake
from coursekit.exercises.engine.hints import declared_result
from coursekit.exercises.engine.verdict import Outcome


def bank_of(variant: Path) -> dict[str, Exercise]:
    """Return the bank that a course is marked with: the public one, or a private release's."""
    from coursekit.exercises.bank import EXERCISES

    if not variant.exists():
        return dict(EXERCISES)
    from coursekit.classroom.release.variant import read_variant, variant_bank

    return variant_bank(read_variant(variant), dict(EXERCISES))


def declared_mistakes(
    bank: Mapping[str, Exercise], names: Iterable[str]
) -> dict[tuple[str, str], Had]:
    """Return (exercise id, name) -> a misconception's hint and example; also under its hint."""
    found = {}
    for name in names:
        exercise = bank.get(name)
        for mistake in exercise.mistakes if exercise is not None else ():
            had = Had(mistake.name, mistake.hint, None, ())
            found[name, mistake.hint] = found[name, mistake.name] = had
    return found


def with_examples(
    found: Mapping[tuple[str, str], Had],
    bank: Mapping[str, Exercise],
    wanted: Iterable[tuple[str, str]],
) -> dict[tuple[str, str], Had]:
    """Return them with an example for each that is wanted: made from the declaration alone."""
    whole = dict(found)
    for exercise_id, name in wanted:
        exercise = bank[exercise_id]
        mistake = next(one for one in exercise.mistakes if one.name == name)
        had = Had(name, mistake.hint, example_of(exercise, mistake), ())
        whole[exercise_id, name] = whole[exercise_id, mistake.hint] = had
    return whole


def example_of(exercise: Exercise, mistake: Mistake) -> Seen | None:
    """Return what a misconception gives for the smallest by-hand input where it is wrong."""
    for case in exercise.by_hand:
        try:
            outcome = Outcome("value", declared_result(exercise, mistake.answer, case))
        except Exception as error:  # a mistake that stops here
            outcome = Outcome("raised", detail=f"{type(error).__name__}: {error}")
        result = case_result(exercise, case, outcome)
        if not result.passed:
            return seen(exercise, result, public=True)
    return None
