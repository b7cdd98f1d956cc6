"""Judge an answer against a declared exercise, without side effects."""

import contextlib
import io
import random
import signal
import threading
import time
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from coursekit.exercises.adapters import ADAPTERS
from coursekit.exercises.declare import Case, Exercise, Mistake
from coursekit.exercises.messages import explain
from coursekit.exercises.plain import NotPlain
from coursekit.exercises.verdict import CaseResult, Outcome, Verdict

SECONDS_PER_ANSWER = 5.0


class OutOfTime(BaseException):
    """Raised inside an answer that runs too long; not an Exception, so `except` seldom stops it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime in the main thread after ``seconds``; elsewhere there is no limit.

    Best effort: a loop inside compiled code, or one that catches everything, is not stopped.
    The grader has its own limit, from outside the process.
    """
    usable = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    if not usable:
        yield
        return

    def stop(signum: int, frame: Any) -> None:
        raise OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 0.2)  # again each 0.2 s, if it was swallowed
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def undisturbed() -> Iterator[io.StringIO]:
    """Keep an answer's prints, warnings and random draws away from the notebook around it."""
    states = random.getstate(), np.random.get_state(), torch.get_rng_state()  # noqa: NPY002
    dtype, grad_enabled = torch.get_default_dtype(), torch.is_grad_enabled()
    printed = io.StringIO()
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            warnings.catch_warnings(),
        ):
            warnings.simplefilter("ignore")
            yield printed
    finally:
        random.setstate(states[0])
        np.random.set_state(states[1])  # noqa: NPY002
        torch.set_rng_state(states[2])
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad_enabled)


def where_it_raised(error: BaseException) -> str:
    """Return "ZeroDivisionError: division by zero (line 3 of your cell: x = 1 / 0)"."""
    text = f"{type(error).__name__}: {error}".strip().rstrip(":")
    frames = [f for f in traceback.extract_tb(error.__traceback__) if "coursekit" not in f.filename]
    mine = [f for f in frames if "site-packages" not in f.filename]
    if mine:
        line = f": {mine[-1].line.strip()}" if mine[-1].line else ""
        text += f" (line {mine[-1].lineno} of your code{line})"
    return text[:400]


def run_case(exercise: Exercise, answer: Callable[..., Any], case: Case, seconds: float) -> Outcome:
    """Call an answer once; whatever it does comes back as an Outcome."""
    adapter = ADAPTERS[exercise.run]
    with undisturbed() as printed:
        try:
            with time_limit(seconds):
                value = adapter(answer, *case.args)
            outcome = Outcome("value", value)
        except NotImplementedError:
            outcome = Outcome("unfinished")
        except NotPlain as error:
            outcome = Outcome("not_plain", detail=str(error))
        except OutOfTime:
            outcome = Outcome("timeout", detail=f"{seconds:.0f} s")
        except (Exception, SystemExit) as error:
            outcome = Outcome("raised", detail=where_it_raised(error))
        text = printed.getvalue()[:2000]
    return Outcome(outcome.kind, outcome.value, outcome.detail, text) if text else outcome


def find_mistake(exercise: Exercise, results: list[CaseResult]) -> Mistake | None:
    """Return the mistake whose output the answer shows, if one explains the first failing group.

    A mistake matches where the answer equals its output on every case of that group in which
    the mistake differs from the reference. Of several, the one that explains most failing cases
    of the whole exercise wins; the declared order breaks ties.
    """
    first = next(r for r in results if not r.passed)
    best, most = None, 0
    for mistake in exercise.mistakes:
        explained, matches = 0, True
        for result in results:
            if result.passed and result.case.group != first.case.group:
                continue
            theirs = ADAPTERS[exercise.run](mistake.answer, *result.case.args)
            if exercise.same(theirs, result.expected):
                continue  # here the mistake shows nothing
            equal = result.outcome.kind == "value" and exercise.same(result.outcome.value, theirs)
            explained += equal
            if result.case.group == first.case.group and not equal:
                matches = False
                break
        if matches and explained > most:
            best, most = mistake, explained
    return best


def expected_value(exercise: Exercise, case: Case) -> Any:
    """Return what the reference gives for a case."""
    return ADAPTERS[exercise.run](exercise.reference, *case.args)


def judge(exercise: Exercise, answer: Any, *, seed: int) -> Verdict:
    """Judge an answer to one exercise on its by-hand cases and on cases drawn from ``seed``.

    A group of cases earns its points when every case of it is right. The answer gets fresh
    copies of its arguments each time, so changing them harms nobody. After 5 seconds in all the
    remaining cases count as out of time.
    """
    drawn = exercise.draw(np.random.default_rng(seed))
    deadline = time.monotonic() + SECONDS_PER_ANSWER
    results: list[CaseResult] = []
    for case in (*exercise.by_hand, *drawn):
        left = deadline - time.monotonic()
        if not callable(answer):
            outcome = Outcome("not_callable", detail=type(answer).__name__)
        elif left <= 0:
            outcome = Outcome("timeout", detail=f"{SECONDS_PER_ANSWER:.0f} s")
        else:
            outcome = run_case(exercise, answer, case, left)
        expected = expected_value(exercise, case)
        passed = outcome.kind == "value" and bool(exercise.same(outcome.value, expected))
        results.append(CaseResult(case, outcome, expected, passed))
        if outcome.kind in ("unfinished", "not_callable"):
            break
    lost = {r.case.group for r in results if not r.passed}
    status = "failed" if lost else "passed"
    if results[-1].outcome.kind == "unfinished":
        status = "unfinished"
    if results[-1].outcome.kind in ("unfinished", "not_callable"):
        lost = set(exercise.points)
    score = float(sum(p for group, p in exercise.points.items() if group not in lost))
    mistake = find_mistake(exercise, results) if status == "failed" else None
    verdict = Verdict(
        exercise.id, status, score, exercise.max_score, tuple(results), mistake, message=""
    )
    return Verdict(**{**vars(verdict), "message": explain(exercise, verdict)})
