"""Many answers to one exercise, at many seeds, without asking the same thing again and again.

Judged one by one, each wrong answer asks the reference and every mistake about the same cases, and
each seed asks about the by-hand cases, which are the same for all seeds.
`test_judged_together_or_alone` (tests/exercises/test_bank.py) shows that the verdicts are equal.
"""

import contextlib
import dataclasses

import numpy as np
import pytest

from coursekit.exercises.engine import hints
from coursekit.exercises.engine import judge as judging
from coursekit.exercises.engine.guard import dear_states_kept
from coursekit.exercises.engine.verdict import Outcome


@dataclasses.dataclass(frozen=True, eq=False)
class Mixture:
    """Stands for an answer that does in a group of cases what the one given for it does there.

    Elsewhere it does what the reference does. Nothing is called twice for it: what its parts gave
    is what it gives.
    """

    parts: dict

    def __call__(self, *args):
        raise AssertionError("judged_together asks the parts")

    def part(self, exercise, case):
        return self.parts.get(case.group, exercise.reference)


PATIENCE = 60.0  # seconds for one answer, on a machine that others use too


def judged_together(exercise, answers, *, seeds, draws=1, beside=None):
    """Yield for each seed the verdicts on all answers, as `judge` gives them.

    What an answer does with a by-hand case is seen once; what it does with a drawn one, once a
    seed. Where a mistake is judged as an answer, what it gave then is what it foretells.

    Args:
        exercise: The declaration.
        answers: The functions and mixtures to judge; or what gives them for (the exercise as it
            is asked, the seed), while all results are remembered.
        seeds: Each draws its cases.
        draws: How often all of them are drawn.
        beside: Called for each seed with (the exercise as it is asked, the seed) while all results
            are still remembered, those on drawn cases too: for a second look at them.
    """
    by_hand = {}
    compared = comparing_once(exercise.same, by_hand)
    for seed in seeds:
        rng, drawn = np.random.default_rng(seed), {}
        cases = [case for _ in range(draws) for case in exercise.draw(rng)]
        asked = dataclasses.replace(
            exercise, draw=lambda rng, cases=cases: cases, same=comparing_once(compared, drawn)
        )
        with pytest.MonkeyPatch.context() as patch, dear_states_kept():
            declared = remembering(hints.declared_result, exercise, by_hand, drawn)
            patch.setattr(hints, "declared_result", declared)
            patch.setattr(judging, "declared_result", declared)
            run = remembering(judging.run_case, exercise, by_hand, drawn)
            patch.setattr(judging, "run_case", run)
            patch.setattr(judging, "dear_states_kept", contextlib.nullcontext)
            patch.setattr(judging, "SECONDS_PER_ANSWER", PATIENCE)
            judged = answers(asked, seed) if callable(answers) else answers
            for answer in judged:
                judging.results_of(asked, answer, [*exercise.by_hand, *cases])
            verdicts = [judging.judge(asked, answer, seed=seed) for answer in judged]
            if beside:
                beside(asked, seed)
        yield verdicts


def remembering(ask, exercise, by_hand, drawn):
    """Wrap ask(exercise, function, case, ...): by-hand cases once for all seeds, drawn once each.

    Args:
        ask: The function to wrap.
        exercise: Its by-hand cases count as such.
        by_hand: Remembers the answers on these.
        drawn: Remembers the others.
    """
    fixed, name = set(map(id, exercise.by_hand)), ask.__name__

    def remembered(exercise, function, case, *more):
        if isinstance(function, Mixture):
            function = function.part(exercise, case)
        known = by_hand if id(case) in fixed else drawn
        key = name, id(function), id(case)
        if key not in known and name == "declared_result":
            outcome, _ = known.get(("run_case", id(function), id(case)), (None, None))
            if outcome is not None and outcome.kind == "value":
                known[key] = outcome.value, None
        if key not in known:
            try:
                value = ask(exercise, function, case, *more)
                known[key] = value, None
                result = value.value if isinstance(value, Outcome) else value
                known[id(result)] = result
            except Exception as error:
                known[key] = None, error
        value, error = known[key]
        if error is not None:
            raise error
        return value

    return remembered


def comparing_once(same, known):
    """Wrap same(got, want): two results that `known` holds, and so keeps alive, only once."""
    found = {}

    def compared(got, want):
        if id(got) not in known or id(want) not in known:
            return same(got, want)
        key = id(got), id(want)
        if key not in found:
            found[key] = same(got, want)
        return found[key]

    return compared


def light(verdicts):
    """Return verdicts to keep: the arrays and models of every case would fill the memory."""
    return [dataclasses.replace(verdict, results=()) for verdict in verdicts]
