"""Judge an answer against a declared exercise, without side effects."""

import dataclasses
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from coursekit.exercises.engine.adapters import ONCE
from coursekit.exercises.engine.declare import Case, Exercise
from coursekit.exercises.engine.failures import is_stub, parameters_that_do_not_fit, where_it_raised
from coursekit.exercises.engine.guard import (
    OutOfTime,
    call_within,
    dear_states_kept,
    each_call_undisturbed,
)
from coursekit.exercises.engine.hints import declared_result, find_mistake
from coursekit.exercises.engine.messages import explain
from coursekit.exercises.engine.plain import NotPlain
from coursekit.exercises.engine.points import earned
from coursekit.exercises.engine.unchanged import Watched
from coursekit.exercises.engine.verdict import CaseResult, Outcome, Verdict

SECONDS_PER_CASE = 3.0
SECONDS_PER_ANSWER = 6.0

_running = threading.local()  # .answer: an answer is being called in this thread


def run_case(exercise: Exercise, answer: Callable[..., Any], case: Case, seconds: float) -> Outcome:
    """Call an answer once; whatever it does, short of Ctrl-C, comes back as an Outcome."""
    if seconds <= 0:
        return Outcome("timeout", detail=f"{SECONDS_PER_ANSWER:g} s")
    _running.answer = True
    try:
        with each_call_undisturbed() as printed:
            outcome = call_once(exercise, answer, case, seconds)
    finally:
        _running.answer = False
    return dataclasses.replace(outcome, printed=printed.kept)


def call_once(
    exercise: Exercise, answer: Callable[..., Any], case: Case, seconds: float
) -> Outcome:
    """Call an answer and sort what happens into the kinds of an Outcome."""
    watched = Watched(answer, exercise.parameters, exercise.may_change)
    try:
        value = call_within(seconds, ONCE[exercise.run], watched, *case.args)
        return Outcome("value", value, changed=watched.said, asks=watched.asked)
    except KeyboardInterrupt:
        raise
    except NotPlain as error:
        return Outcome("not_plain", detail=str(error))
    except OutOfTime:
        return Outcome("timeout", detail=f"{seconds:.2g} s")
    except BaseException as error:  # SystemExit and made-up ones too: a check always comes back
        if isinstance(error, NotImplementedError) and is_stub(error):
            return Outcome("unfinished")
        if isinstance(error, TypeError):
            parameters = parameters_that_do_not_fit(answer, len(case.args))
            if parameters is not None:
                return Outcome("parameters", detail=parameters)
        return Outcome("raised", detail=where_it_raised(error))


def expected_value(exercise: Exercise, case: Case) -> Any:
    """Return what the reference gives for a case."""
    return declared_result(exercise, exercise.reference, case)


def results_of(exercise: Exercise, answer: Any, cases: list[Case]) -> list[CaseResult]:
    """Run an answer on cases in turn, as far as something can still be won.

    A group that ran out of time is lost: its later cases are left out, so that the other groups
    keep their time. An answer that is a stub, or no function, is not asked twice.
    """
    left = SECONDS_PER_ANSWER
    results: list[CaseResult] = []
    slow: set[str] = set()
    for case in cases:
        if case.group in slow:
            continue
        expected = expected_value(exercise, case)
        if callable(answer):
            began = time.monotonic()
            outcome = run_case(exercise, answer, case, min(SECONDS_PER_CASE, left))
            # an import that took longer (guard.py) costs the other cases no time
            left -= min(SECONDS_PER_CASE, time.monotonic() - began)
        else:
            outcome = Outcome("not_callable", detail=type(answer).__name__)
        right = outcome.kind == "value" and bool(exercise.same(outcome.value, expected))
        kept = not outcome.changed
        results.append(CaseResult(case, outcome, expected, right and kept, right and not kept))
        if outcome.kind == "timeout":
            slow.add(case.group)
        if results[0].outcome.kind in ("unfinished", "not_callable"):
            break
    return results


def judge(exercise: Exercise, answer: Any, *, seed: int, draws: int = 1) -> Verdict:
    """Judge an answer to one exercise on its by-hand cases and on cases drawn from ``seed``.

    A group of cases earns its points when every case of it is right (points.py has the two
    exceptions). The answer gets fresh copies of its arguments each time; a case in which it
    changes them, beyond what the exercise allows, is not right. A case may take three seconds and
    all of them six (guard.py: how far that is kept).

    Args:
        exercise: The declaration.
        answer: The learner's function.
        seed: Draws the random cases.
        draws: How often all of them are drawn.

    Raises:
        RuntimeError: If an answer calls this, since that would never end.
        ValueError: If the declaration has cases without points, or points without cases.
    """
    if getattr(_running, "answer", False):
        raise RuntimeError("your function calls check(...): move that line out of the function")
    rng = np.random.default_rng(seed)
    cases = [*exercise.by_hand, *(case for _ in range(draws) for case in exercise.draw(rng))]
    groups = {case.group for case in cases}
    if groups != set(exercise.points):
        raise ValueError(f"{exercise.id}: cases of {groups}, points for {set(exercise.points)}")
    with dear_states_kept():
        results = results_of(exercise, answer, cases)
    right = {r.case.group for r in results} - {r.case.group for r in results if not r.passed}
    status = "passed" if right == set(exercise.points) else "failed"
    if results[0].outcome.kind in ("unfinished", "not_callable"):
        right = set()
        status = "unfinished" if results[0].outcome.kind == "unfinished" else "failed"
    verdict = Verdict(
        exercise_id=exercise.id,
        status=status,
        score=earned(exercise, right, results),
        points=exercise.max_score,
        results=tuple(results),
        mistake=find_mistake(exercise, results) if status == "failed" else None,
        message="",
    )
    return dataclasses.replace(verdict, message=explain(exercise, verdict))
