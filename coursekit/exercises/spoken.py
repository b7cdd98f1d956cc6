"""An exercise in the language that this kernel speaks: hints and lesson; ids, cases, marks stay."""

import dataclasses
import functools
from collections.abc import Iterator

from coursekit.exercises.engine.declare import Exercise
from coursekit.languages import Catalogue, read_catalogue, spoken, units_in


def in_spoken_words(exercise: Exercise) -> Exercise:
    """Return an exercise as its check speaks of it; itself where English is spoken."""
    language = spoken()
    return exercise if language == "en" else _in(exercise, _of_unit(language, exercise.id[1:3]))


def texts_of_exercise(exercise: Exercise) -> Iterator[str]:
    """Yield every text of an exercise that its check may show."""
    yield exercise.lesson
    yield from (text for text in (exercise.no_match, exercise.nan_says) if text)
    yield from (mistake.hint for mistake in exercise.mistakes)
    yield from dict.fromkeys(case.quotes for case in exercise.by_hand if case.quotes)
    yield from exercise.points if len(exercise.points) > 1 else ()


def _in(exercise: Exercise, words: Catalogue) -> Exercise:
    def said(english: str) -> str:
        return words.find(english) or english

    groups = {group: said(group) for group in exercise.points}
    cases = tuple(
        dataclasses.replace(case, group=groups[case.group], quotes=said(case.quotes))
        for case in exercise.by_hand
    )
    return dataclasses.replace(
        exercise,
        lesson=said(exercise.lesson),
        no_match=said(exercise.no_match),
        nan_says=said(exercise.nan_says),
        points={groups[group]: points for group, points in exercise.points.items()},
        by_hand=cases,
        draw=lambda rng: [
            dataclasses.replace(case, group=groups[case.group]) for case in exercise.draw(rng)
        ],
        mistakes=tuple(dataclasses.replace(m, hint=said(m.hint)) for m in exercise.mistakes),
    )


@functools.cache
def _of_unit(language: str, number: str) -> Catalogue:
    names = [name for name in units_in(language) if name.startswith(f"{number}_")]
    return read_catalogue(language, names[0]) if names else Catalogue(language, number)
