"""The words a learner reads: what was seen, what it suggests, what to try."""

import textwrap
from typing import Any

import numpy as np
import torch
from torch import nn

from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.engine.describe import assignment, describe, readable
from coursekit.exercises.engine.handing import handed_arguments
from coursekit.exercises.engine.hints import steady_ratio
from coursekit.exercises.engine.plain import as_array, shape_of
from coursekit.exercises.engine.points import is_half, never_changes
from coursekit.exercises.engine.verdict import CaseResult, Verdict

WIDTH = 88
NO_MATCH = (
    "Work this input out on paper. Then print each step of yours for it: where do the two part?"
)

TODO = "Replace `raise NotImplementedError` by your answer, run that cell, then this one."

ERRORS = {  # what torch says -> what a learner can ask about it
    "does not require grad and does not have a grad_fn": "Think: this number knows no way back to "
    "what you differentiate by. Was the graph of a gradient kept when you took it, and was it "
    "taken of a leaf that requires one?",
    "a second time": "Think: a graph is freed once it was walked. Which of your two walks has to "
    "keep it?",
    "a leaf Variable that requires grad": "Think: a weight is changed in place while torch records "
    "what is done. Under which `with` is that allowed?",
}

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
    """Write the arguments of a case under the names of the exercise's call, to paste in a cell.

    What can't be written out (a model, a training run, a long table) is described, and a last
    line fetches all of it.
    """
    args = result.case.args
    handed = handed_arguments(exercise.run, args)
    lines: list[str] = []
    whole = len(handed) == len(args) == len(exercise.parameters)
    for name, value, live in zip(exercise.parameters, args, handed, strict=False):
        written, complete = argument_lines(name, value, live)
        lines += written
        whole = whole and complete
    if not whole:
        fetched = f"{', '.join(exercise.parameters)} = failing_input({exercise.id!r})"
        lines.append(f"{fetched}  # to run it in a cell of your own")
    return [f"      {line}" for line in lines]


def argument_lines(name: str, value: Any, live: Any) -> tuple[list[str], bool]:
    """Write one argument; say whether what is written makes it, when pasted."""
    if isinstance(live, nn.Module):
        return [f"# {name}: one linear layer without bias, weights {describe(value)}"], False
    if hasattr(live, "param_groups"):
        return [f"# {name}: an optimizer with lr {describe(value)}"], False
    if callable(live):
        said = (
            "" if isinstance(value, np.ndarray) and value.ndim > 2 else f" from {describe(value)}"
        )
        return [f"# {name}: a function, made{said}"], False
    lines = assignment(name, value)
    nested = isinstance(value, list | tuple) and any(not is_typed(item) for item in value)
    cut = any("..." in line for line in lines)
    double = isinstance(live, torch.Tensor) and live.dtype == torch.float64
    parameter = any(
        isinstance(x, nn.Parameter) or (isinstance(x, torch.Tensor) and x.requires_grad)
        for x in (live if isinstance(live, list) else [live])
    )
    return lines, not (nested or cut or double or parameter)


def is_typed(value: Any) -> bool:
    """Say whether a learner can type an item of a list as it is shown."""
    if isinstance(value, list | tuple):
        return all(map(is_typed, value))
    return not isinstance(value, np.ndarray)


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
    if half and exercise.graded:
        return f"{said} As long as at most half of the points are right, they count half."
    return said


def is_refusal(value: Any) -> bool:
    """Tell the empty list by which the adapter "refusing" says that a ValueError came."""
    return isinstance(value, list) and not value


def what_came(exercise: Exercise, result: CaseResult) -> str:
    """Say in a sentence what the answer did with the failing input."""
    outcome = result.outcome
    detail = readable(outcome.detail, 400)
    if exercise.run == "refusing" and is_refusal(result.expected):
        if outcome.kind == "raised":
            return f"This input is to be refused with a ValueError; yours stopped with {detail}"
        if outcome.kind == "value":
            got = readable(describe(outcome.value), 320)
            return f"This input is to be refused with a ValueError; yours returned {got}."
    if exercise.run == "refusing" and outcome.kind == "value" and is_refusal(outcome.value):
        return "Your function refused this input with a ValueError. Nothing is wrong with it."
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
        return (
            "Your function returned None. Does each way through it end with a `return`, and of "
            "what the docstring asks for?"
        )
    returned = f"Your function returned {readable(describe(outcome.value), 320)}"
    if result.only_changed:
        return (
            f"{returned}. That is right, but your function changed {outcome.changed}: whoever "
            "calls it needs that as it was."
        )
    return f"{returned}."


def what_is_odd(exercise: Exercise, result: CaseResult) -> str | None:
    """Name a defect of form (no number at all, shape, nan, inf), or return None."""
    if result.outcome.kind != "value" or result.outcome.value is None:
        return None
    got, want = result.outcome.value, result.expected
    got_shape, want_shape = shape_of(got), shape_of(want)
    if want_shape is None:
        return None
    if exercise.run == "refusing" and (is_refusal(want) or is_refusal(got)):
        return None  # what came says it all
    if got_shape is None:
        return "That is not a number or a block of numbers. What does the docstring ask for?"
    if got_shape != want_shape and not (want_shape == () and np.prod(got_shape) == 1):
        return wrong_shape(got_shape, want_shape)
    got_array, want_array = as_array(got), as_array(want)
    if got_array is None or want_array is None:
        return None
    if np.isnan(got_array).any() and not np.isnan(want_array).any():
        if exercise.nan_says:
            return exercise.nan_says
        return "There is a nan in it, and the right result has none. At which step does it arise?"
    if np.isinf(got_array).any() and not np.isinf(want_array).any():
        return "There is an infinity in it. At which step does it arise?"
    if isinstance(got, np.ndarray) and got.dtype == np.float16:
        return "Your numbers are in half precision, three digits. Why so few?"
    return None


def wrong_shape(got: tuple[int, ...], want: tuple[int, ...]) -> str:
    """Say which shape came and which one is asked, and no more than the two shapes prove."""
    if len(got) == len(want) == 1:
        question = "Which are missing?" if got < want else "Which are too many?"
        return f"You return {counted(got[0])}, asked are {want[0]}. {question}"
    asked = "one number" if want == () else f"the shape {want}"
    seen = "one number" if got == () else f"numbers of shape {got}"
    said = f"You return {seen}, asked is {asked}."
    if [n for n in got if n != 1] == [n for n in want if n != 1]:
        return f"{said} Where does the axis of length 1 come from, or go?"
    if len(got) < len(want):
        return f"{said} Which axis should stay?"
    if len(got) > len(want):
        return f"{said} Which axis is still to be added up, averaged or chosen from?"
    if sorted(got) == sorted(want):
        return f"{said} Are two axes exchanged?"
    return f"{said} Which of them has another length than you thought?"


def counted(count: int) -> str:
    """Return "1 number" or "3 numbers"."""
    return f"{count} number{'' if count == 1 else 's'}"


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
    return (
        f"Every wrong result is too {side} by one and the same factor. Which line of yours could "
        "bring in such a factor?"
    )


def advice(exercise: Exercise, verdict: Verdict, failure: CaseResult) -> str | None:
    """Return the one thing to think about next, or None where what came says it all."""
    if failure.only_changed:
        return f"Think: {failure.outcome.asks}"
    if verdict.mistake is not None:
        return f"Think: {verdict.mistake.hint}"
    if failure.outcome.kind == "raised":
        return next((ask for said, ask in ERRORS.items() if said in failure.outcome.detail), None)
    if failure.outcome.kind != "value" or failure.outcome.value is None:
        return None
    general = exercise.no_match or NO_MATCH
    return what_is_odd(exercise, failure) or what_is_off(verdict) or general


def fitted(line: str) -> str:
    """Wrap a line that would not fit a notebook, keeping its indentation."""
    if len(line) <= LINE_WIDTH:
        return line
    indent = " " * (len(line) - len(line.lstrip()) + 4)
    return textwrap.fill(
        line, LINE_WIDTH, subsequent_indent=indent, break_on_hyphens=False, drop_whitespace=True
    )


def not_a_function(exercise: Exercise, failure: CaseResult) -> str:
    """Say that something else than a function came to the check."""
    name = exercise.call.split("(")[0]
    got = "None" if failure.outcome.detail == "NoneType" else f"a {failure.outcome.detail}"
    text = (
        f'check(...) needs your function itself, but got {got}. Write check("{exercise.id}", '
        f"{name}), without brackets after {name}."
    )
    return readable(text, 400)


def explain(exercise: Exercise, verdict: Verdict) -> str:
    """Return the whole message for the learner; the expected value is not in it."""
    marks = points(verdict.score, verdict.points) if exercise.graded else "no marks here"
    if verdict.status == "passed":
        return f"[right] {exercise.call}: {marks}.\n{paragraph(exercise.lesson)}"
    if verdict.status == "unfinished":
        return f"[not done yet] {exercise.call}: {marks}.\n{paragraph(TODO)}"
    failure = verdict.first_failure
    assert failure is not None
    lines = [f"[not yet] {exercise.call}: {marks}."]
    if failure.outcome.kind == "not_callable":
        return "\n".join([*lines, paragraph(not_a_function(exercise, failure))])
    groups = group_line(exercise, verdict)
    if groups is not None:
        lines.append(paragraph(groups))
    lines += ["  It fails for this input:", *input_lines(exercise, failure)]
    came, *where = what_came(exercise, failure).split("\n")
    lines += [paragraph(came), *(f"      {line}" for line in where)]
    if failure.outcome.printed.strip():
        printed = readable(failure.outcome.printed.strip(), 300)
        lines.append(textwrap.indent(f"It printed: {printed}", "  "))
    think = advice(exercise, verdict, failure)
    if think is not None:
        lines.append(paragraph(think))
    if failure.outcome.changed and not failure.only_changed:
        lines.append(paragraph(f"It also changed {failure.outcome.changed}. Is it meant to?"))
    return "\n".join(fitted(line) for text in lines for line in text.split("\n"))


def reveal(exercise: Exercise, result: CaseResult) -> str:
    """Return the line with the expected value, shown after the third try."""
    if result.only_changed:
        return paragraph("After three tries: the result is right already; copy what you change.")
    if exercise.run == "refusing" and is_refusal(result.expected):
        return paragraph("After three tries: for this input, raising a ValueError is right.")
    return paragraph(
        f"After three tries: the right result for this input is {describe(result.expected)}."
    )
