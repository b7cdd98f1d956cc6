"""The words a learner reads: what was seen, what it suggests, what to try."""

import inspect
import textwrap

import numpy as np

from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.engine.describe import assignment, describe, readable
from coursekit.exercises.engine.hints import steady_ratio
from coursekit.exercises.engine.plain import as_array, shape_of
from coursekit.exercises.engine.points import is_half, never_changes
from coursekit.exercises.engine.verdict import CaseResult, Verdict

WIDTH = 88
NO_MATCH = (
    "Work this input out on paper. Then print each step of yours for it: where do the two part?"
)

LINE_WIDTH = 100  # characters that a notebook shows in a line


def points(score: float, most: float) -> str:
    """Return "2 of 3 points"."""
    return f"{score:g} of {most:g} point{'' if most == 1 else 's'}"


def paragraph(text: str) -> str:
    """Wrap a sentence or two, set in by two blanks."""
    return textwrap.fill(
        text, WIDTH, initial_indent="  ", subsequent_indent="  ", break_on_hyphens=False
    )


def input_lines(exercise: Exercise, result: CaseResult) -> list[str]:
    """Write the arguments of a case under the names of the exercise's call, to paste in a cell."""
    names = inspect.signature(exercise.reference).parameters
    return [
        f"      {line}"
        for name, value in zip(names, result.case.args, strict=False)
        for line in assignment(name, value)
    ]


def group_line(exercise: Exercise, verdict: Verdict) -> str | None:
    """Name the groups that are right and those that are not, where there are both."""
    failing = {r.case.group for r in verdict.results if not r.passed}
    if not failing < set(exercise.points):
        return None
    right = [group for group in exercise.points if group not in failing]
    wrong = [group for group in exercise.points if group in failing]
    said = f"Right: {', '.join(right)}. Not yet: {', '.join(wrong)}."
    if never_changes(verdict.results):
        return f"{said} One result for every input earns nothing."
    half = is_half(exercise, sum(exercise.points[group] for group in right))
    return f"{said} Half an answer counts half." if half and exercise.graded else said


def what_came(exercise: Exercise, result: CaseResult) -> str:
    """Say in a sentence what the answer did with the failing input."""
    outcome = result.outcome
    detail = readable(outcome.detail, 400)
    if outcome.kind == "raised":
        return f"Your function stopped with {detail}"
    if outcome.kind == "unfinished":
        return "Your function still says `raise NotImplementedError` for this input."
    if outcome.kind == "timeout":
        return f"Your function took more than {detail} and was stopped. Does every loop end?"
    if outcome.kind == "parameters":
        return f"The check calls {exercise.call}, but your function takes {detail}."
    if outcome.kind == "not_plain":
        return f"Your function returned {detail}" + ("" if detail.endswith("?") else ".")
    if outcome.value is None:
        return "Your function returned None. Does it end with a `return`?"
    return f"Your function returned {readable(describe(outcome.value), 320)}."


def what_is_odd(result: CaseResult) -> str | None:
    """Name a defect of form (no number at all, shape, nan, inf), or return None."""
    if result.outcome.kind != "value" or result.outcome.value is None:
        return None
    got, want = result.outcome.value, result.expected
    got_shape, want_shape = shape_of(got), shape_of(want)
    if want_shape is None:
        return None
    if got_shape is None:
        return "That is not a number or a block of numbers. What does the docstring ask for?"
    if got_shape != want_shape and not (want_shape == () and np.prod(got_shape) == 1):
        asked = "one number" if want_shape == () else f"the shape {want_shape}"
        seen = "one number" if got_shape == () else f"numbers of shape {got_shape}"
        return f"You return {seen}, asked is {asked}. Over which axis do you reduce?"
    got_array, want_array = as_array(got), as_array(want)
    if got_array is None or want_array is None:
        return None
    if np.isnan(got_array).any() and not np.isnan(want_array).any():
        return "There is a nan in it. Which step divides zero by zero, or takes a root below zero?"
    if np.isinf(got_array).any() and not np.isinf(want_array).any():
        return "There is an infinity in it. Which step divides by zero?"
    return None


def what_is_off(verdict: Verdict) -> str | None:
    """Name what all wrong results have in common, without giving the factor away."""
    ratio = steady_ratio(verdict.results)
    if ratio is None:
        return None
    if abs(ratio + 1) < 1e-3:
        return "Every wrong result has the right size and the wrong sign. Which way round?"
    if ratio < 0:
        return None
    side = "large" if ratio > 1 else "small"
    return f"Every wrong result is too {side} by one and the same factor. Which constant is it?"


def advice(verdict: Verdict, failure: CaseResult) -> str | None:
    """Return the one thing to think about next, or None where what came says it all."""
    if verdict.mistake is not None:
        return f"Think: {verdict.mistake.hint}"
    if failure.outcome.kind != "value" or failure.outcome.value is None:
        return None
    return what_is_odd(failure) or what_is_off(verdict) or NO_MATCH


def fitted(line: str) -> str:
    """Wrap a line that would not fit a notebook, keeping its indentation."""
    if len(line) <= LINE_WIDTH:
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.fill(
        line, LINE_WIDTH, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True
    )


def explain(exercise: Exercise, verdict: Verdict) -> str:
    """Return the whole message for the learner; the expected value is not in it."""
    marks = points(verdict.score, verdict.points) if exercise.graded else "no marks here"
    if verdict.status == "passed":
        return f"[right] {exercise.call}: {marks}.\n{paragraph(exercise.lesson)}"
    if verdict.status == "unfinished":
        todo = "Replace `raise NotImplementedError` by your answer, run that cell, then this one."
        return f"[not done yet] {exercise.call}: {marks}.\n{paragraph(todo)}"
    failure = verdict.first_failure
    assert failure is not None
    lines = [f"[not yet] {exercise.call}: {marks}."]
    if failure.outcome.kind == "not_callable":
        name = exercise.call.split("(")[0]
        got = "None" if failure.outcome.detail == "NoneType" else f"a {failure.outcome.detail}"
        text = (
            f'check(...) needs your function itself, but got {got}. Write check("{exercise.id}", '
            f"{name}), without brackets after {name}."
        )
        return "\n".join([*lines, paragraph(readable(text, 400))])
    groups = group_line(exercise, verdict)
    if groups is not None:
        lines.append(paragraph(groups))
    lines += ["  It fails for this input:", *input_lines(exercise, failure)]
    came, *where = what_came(exercise, failure).split("\n")
    lines += [paragraph(came), *(f"      {line}" for line in where)]
    if failure.outcome.printed.strip():
        printed = readable(failure.outcome.printed.strip(), 300)
        lines.append(textwrap.indent(f"It printed: {printed}", "  "))
    think = advice(verdict, failure)
    if think is not None:
        lines.append(paragraph(think))
    return "\n".join(fitted(line) for text in lines for line in text.split("\n"))


def reveal(result: CaseResult) -> str:
    """Return the line with the expected value, shown after the third try."""
    return paragraph(
        f"After three tries: the right result for this input is {describe(result.expected)}."
    )
