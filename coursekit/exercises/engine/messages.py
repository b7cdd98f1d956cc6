"""The words a learner reads: what was seen, what it suggests, what to try."""

import textwrap
from typing import Any

import numpy as np
import torch
from torch import nn

from coursekit.exercises.engine.declare import Exercise
from coursekit.exercises.engine.describe import assignment, describe, readable
from coursekit.exercises.engine.handing import handed_arguments
from coursekit.exercises.engine.odd_results import is_refusal, what_is_odd, what_is_off
from coursekit.exercises.engine.points import is_half, never_changes
from coursekit.exercises.engine.verdict import CaseResult, Verdict
from coursekit.languages import say

WIDTH = 88
NO_MATCH = (
    "Work this input out on paper. Then print each step of yours for it: where do the two part?"
)

TRIES = 'This input tries a sentence of the text: "{sentence}". Do you keep it?'

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

CAME = {  # kind of an outcome -> what the answer did
    "raised": "Your function stopped with {detail}",
    "unfinished": "Your function still says `raise NotImplementedError` for this input.",
    "timeout": "Your function took more than {detail} and was stopped. Does every loop end?",
    "parameters": "The check calls {call}, but your function takes {detail}.",
}

LINE_WIDTH = 100  # characters that a notebook shows in a line


def points(score: float, most: float) -> str:
    """Return "2 of 3 points"."""
    word = "{score} of {most} point" if most == 1 else "{score} of {most} points"
    return say(word, score=f"{score:g}", most=f"{most:g}")


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
        has_bias = any(key.endswith("bias") for key, _ in live.named_parameters())
        kind = "its bias the last column of" if has_bias else "without bias, weights"
        return [f"# {name}: one linear layer, {kind} {describe(value)}"], False
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
    said = say(
        "Right: {right}. Not yet: {wrong}.",
        right=", ".join(map(say, right)),
        wrong=", ".join(map(say, wrong)),
    )
    if never_changes(verdict.results):
        return f"{said} {say('One result for every input earns nothing.')}"
    half = is_half(exercise, sum(exercise.points[group] for group in right))
    if half and exercise.graded:
        return f"{said} {say('As long as at most half of the points are right, they count half.')}"
    return said


def what_came(exercise: Exercise, result: CaseResult) -> str:
    """Say in a sentence what the answer did with the failing input."""
    outcome = result.outcome
    detail = readable(outcome.detail, 400)
    if exercise.run == "refusing" and is_refusal(result.expected):
        to_refuse = "This input is to be refused with a ValueError; yours "
        if outcome.kind == "raised":
            return say(to_refuse + "stopped with {detail}", detail=detail)
        if outcome.kind == "value":
            got = readable(describe(outcome.value), 320)
            return say(to_refuse + "returned {got}.", got=got)
    if exercise.run == "refusing" and outcome.kind == "value" and is_refusal(outcome.value):
        return say("Your function refused this input with a ValueError. Nothing is wrong with it.")
    if outcome.kind in CAME:
        return say(CAME[outcome.kind], call=exercise.call, detail=detail)
    if outcome.kind == "not_plain":
        end = "" if detail.endswith("?") else "."
        return say("Your function returned {got}", got=detail) + end
    if outcome.value is None:
        return say(
            "Your function returned None. Does each way through it end with a `return`, and of "
            "what the docstring asks for?"
        )
    returned = say("Your function returned {got}", got=readable(describe(outcome.value), 320))
    if result.only_changed:
        right = (
            "That is right, but your function changed {what}: whoever calls it needs that as it "
            "was."
        )
        return f"{returned}. {say(right, what=outcome.changed)}"
    return f"{returned}."


def advice(exercise: Exercise, verdict: Verdict, failure: CaseResult) -> str | None:
    """Return the one thing to think about next, or None where what came says it all."""
    if failure.only_changed:
        return f"{say('Think:')} {say(failure.outcome.asks)}"
    if verdict.mistake is not None:
        return f"{say('Think:')} {verdict.mistake.hint}"
    if failure.outcome.kind == "raised":
        return next((ask for said, ask in ERRORS.items() if said in failure.outcome.detail), None)
    if failure.outcome.kind != "value" or failure.outcome.value is None:
        return None
    odd = what_is_odd(exercise, failure)
    # where nothing in the group is right, no single sentence is what was missed
    near = any(r.passed for r in verdict.results if r.case.group == failure.case.group)
    if failure.case.quotes and near:
        tries = say(TRIES, sentence=failure.case.quotes)
        return f"{odd} {tries}" if odd else tries
    return odd or what_is_off(verdict) or exercise.no_match or say(NO_MATCH)


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
        'check(...) needs your function itself, but got {got}. Write check("{id}", {name}), '
        "without brackets after {name}."
    )
    return readable(say(text, got=got, id=exercise.id, name=name), 400)


def explain(exercise: Exercise, verdict: Verdict) -> str:
    """Return the whole message for the learner; the expected value is not in it."""
    marks = points(verdict.score, verdict.points) if exercise.graded else say("no marks here")
    if verdict.status == "passed":
        return f"[{say('right')}] {exercise.call}: {marks}.\n{paragraph(exercise.lesson)}"
    if verdict.status == "unfinished":
        said = say("not done yet")
        return f"[{said}] {exercise.call}: {marks}.\n{paragraph(say(TODO))}"
    failure = verdict.first_failure
    assert failure is not None
    lines = [f"[{say('not yet')}] {exercise.call}: {marks}."]
    if failure.outcome.kind == "not_callable":
        return "\n".join([*lines, paragraph(not_a_function(exercise, failure))])
    groups = group_line(exercise, verdict)
    if groups is not None:
        lines.append(paragraph(groups))
    lines += [f"  {say('It fails for this input:')}", *input_lines(exercise, failure)]
    came, *where = what_came(exercise, failure).split("\n")
    lines += [paragraph(came), *(f"      {line}" for line in where)]
    if failure.outcome.printed.strip():
        printed = readable(failure.outcome.printed.strip(), 300)
        lines.append(textwrap.indent(f"{say('It printed:')} {printed}", "  "))
    think = advice(exercise, verdict, failure)
    if think is not None:
        lines.append(paragraph(think))
    if failure.outcome.changed and not failure.only_changed:
        also = say("It also changed {what}. Is it meant to?", what=failure.outcome.changed)
        lines.append(paragraph(also))
    return "\n".join(fitted(line) for text in lines for line in text.split("\n"))


def reveal(exercise: Exercise, result: CaseResult) -> str:
    """Return the line with the expected value, shown after the third try."""
    if result.only_changed:
        said = "After three tries: the result is right already; copy what you change."
        return paragraph(say(said))
    if exercise.run == "refusing" and is_refusal(result.expected):
        return paragraph(say("After three tries: for this input, raising a ValueError is right."))
    said = "After three tries: the right result for this input is {right}."
    return paragraph(say(said, right=describe(result.expected)))
