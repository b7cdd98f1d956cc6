"""One change of an exercise for private releases: another task on the same subject.

A change has a task of its own (text, hints, docstring), an answer of its own, and mistakes that
are slips in that answer. What it shares with the public exercise are the id, the points, the
groups of cases and, unless it says otherwise, the cases themselves. It asks for something that
the public answer does not deliver, whatever one line is put around it.
"""

import dataclasses
import hashlib
import math
import re
import textwrap
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

from coursekit.exercises.engine.adapters import to_torch
from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import plain

NAMES = {  # what an answer may use, if its unit imports it
    "math": math,
    "torch": torch,
    "nn": nn,
    "cross_entropy": nn.functional.cross_entropy,
}
PUBLIC = "the public exercise"
PUBLIC_HINT = (
    "This is what the public course asks for. Read the task above once more: what does this "
    "release ask for?"
)


@dataclass(frozen=True)
class Slip:
    """A wrong answer to the changed task: its solution with one piece of text exchanged.

    Args:
        hint: A question about the misconception, never the answer.
        old: Stands in the solution once; "" if `new` is the whole body.
        new: What the slip has in its place.
    """

    hint: str
    old: str
    new: str


@dataclass(frozen=True)
class Change:
    """One way in which a release differs from the public exercise.

    Args:
        exercise_id: Whose change it is.
        name: Names it for the instructor; unique for an exercise. Students never see it.
        task: Markdown in place of all that stands between the exercise's heading and its hints;
            "" keeps text, hints and docstring, where a line of set_up alone makes the difference.
        hints: In place of the public hints, in order.
        docstring: In place of the public one.
        solution: Body of the right answer: lines over the parameters, with `math` and `torch`.
        other: Body of a right answer that computes it in another way.
        slips: Wrong answers with their hints, at least two.
        lesson: What a learner reads whose answer is right.
        title: In place of the heading's; "" keeps it.
        call: How the function is called, if otherwise than in public.
        given: Body over the public arguments (plain data: lists and numpy arrays, `np` is there,
            and `rng`, the same for the same case) that returns the arguments in this release.
        by_hand: Body that returns the by-hand cases as (group, arguments); `public` is the list of
            the public ones. "" carries those over through `given`.
        draw: The same for random cases: `public` has been drawn with `rng`, which draws more.
        groups: New names of the groups of cases, in the order of the public ones; () keeps them.
        public: Expression over `value`, what the changed answer returned, and the parameters: the
            public answer. So the learner's own function goes on to drive the figures. It may
            call `answer`, the learner's function, with other arguments. "" where the changed
            answer does not determine it.
        texts: (old, new) for every other sentence of the unit that the change makes untrue.
        set_up: A line that the release runs below the prelude, "RELEASE = 7".
    """

    exercise_id: str
    name: str
    task: str
    hints: tuple[str, ...]
    docstring: str
    solution: str
    other: str
    slips: tuple[Slip, ...]
    lesson: str
    title: str = ""
    call: str = ""
    given: str = ""
    by_hand: str = ""
    draw: str = ""
    groups: tuple[str, ...] = ()
    public: str = ""
    texts: tuple[tuple[str, str], ...] = ()
    set_up: str = ""

    @property
    def code(self) -> str:
        """What stands for the change in a student's notebook; tells nothing of it."""
        return hashlib.sha256(f"{self.exercise_id}/{self.name}".encode()).hexdigest()[:8]


def function_of(body: str, call: str, **names: Any) -> Callable[..., Any]:
    """Return a function made of the lines of its body.

    Args:
        body: The lines, which end in a return.
        call: Its name and parameters, "tr_cov(per_example_grads)".
        names: More names that the body may use.
    """
    held = {**NAMES, **names}
    exec(f"def {call}:\n{textwrap.indent(body, '    ')}\n", held)
    return held[call.partition("(")[0]]


def call_of(public: Exercise, change: Change) -> str:
    """Return how the function is called in the release."""
    return change.call or public.call


def slipped(change: Change, slip: Slip) -> str:
    """Return the body of a wrong answer.

    Raises:
        ValueError: If what it exchanges does not stand in the solution once.
    """
    if not slip.old:
        return slip.new
    if change.solution.count(slip.old) != 1:
        raise ValueError(
            f"{change.exercise_id}, {change.name!r}: {slip.old!r} stands "
            f"{change.solution.count(slip.old)} times in the solution"
        )
    return change.solution.replace(slip.old, slip.new)


def names_of_slips(change: Change) -> list[str]:
    """Return a name for each slip, as a report shows it: the first sentence of its question."""
    firsts = [re.split(r"(?<=[.?!]) ", slip.hint, maxsplit=1)[0] for slip in change.slips]
    names = [name.rstrip(".") for name in firsts]
    return [f"{name} ({n})" if names.count(name) > 1 else name for n, name in enumerate(names, 1)]


def given_arguments(public: Exercise, change: Change, args: tuple[Any, ...]) -> tuple[Any, ...]:
    """Return what the release hands over where the public course hands over ``args``."""
    if not change.given:
        return args
    rng = np.random.default_rng(zlib.crc32(repr(args).encode()))
    parameters = [f"argument_{i}" for i in range(len(args))]
    if len(args) == len(public.parameters):
        parameters = public.parameters
    made = function_of(change.given, f"given({', '.join(parameters)})", np=np, rng=rng)(*args)
    return tuple(plain(value) for value in made)


def changed_exercise(public: Exercise, change: Change) -> Exercise:
    """Return the exercise of a release. The public answer is one of its mistakes."""
    call = call_of(public, change)
    groups = dict(zip(public.points, change.groups or public.points, strict=True))

    def cases(body: str, known: Sequence[Case], rng: np.random.Generator | None) -> list[Case]:
        if not body:
            return [
                Case(groups[one.group], given_arguments(public, change, one.args)) for one in known
            ]
        made = function_of(body, "cases(public, rng)", np=np)
        listed = made([(one.group, one.args) for one in known], rng)
        return [Case(group, tuple(plain(value) for value in args)) for group, args in listed]

    def draw(rng: np.random.Generator) -> list[Case]:
        return cases(change.draw, public.draw(rng), rng)

    slips = tuple(
        Mistake(name, slip.hint, function_of(slipped(change, slip), call))
        for name, slip in zip(names_of_slips(change), change.slips, strict=True)
    )
    whole = dataclasses.replace(
        public,
        call=call,
        points={groups[group]: points for group, points in public.points.items()},
        by_hand=tuple(cases(change.by_hand, public.by_hand, None)),
        draw=draw,
        reference=function_of(change.solution, call),
        accepted=(function_of(change.other, call),),
        mistakes=slips,
        lesson=change.lesson,
        promises=(),
        may_change=(),
        nan_says="",
    )
    kept = tuple(n for n in public.may_change if n.split(".")[0] in whole.parameters)
    as_public = Mistake(PUBLIC, PUBLIC_HINT, public_answer(public, whole.parameters))
    return dataclasses.replace(whole, may_change=kept, mistakes=(as_public, *slips))


def public_answer(public: Exercise, parameters: list[str]) -> Callable[..., Any]:
    """Return the public answer, called with the release's arguments of the same names."""
    if parameters == public.parameters:
        return public.reference

    def answer(*args: Any) -> Any:
        named = dict(zip(parameters, args, strict=True))
        return public.reference(*[named[name] for name in public.parameters if name in named])

    return answer


def carried_back(
    public: Exercise, change: Change, answer: Callable[..., Any]
) -> Callable[..., Any] | None:
    """Return the public function that an answer to the changed task determines, if it does."""
    if not change.public or (change.given and public.run != "call"):
        return None
    call = call_of(public, change)
    parameters = call.partition("(")[2].rstrip(")")
    back = function_of(f"return {change.public}", f"back(value, {parameters})", answer=answer)
    asks = re.search(r"\bvalue\b", change.public) is not None

    def carried(*args: Any, **named: Any) -> Any:
        handed = (*args, *(named[name] for name in public.parameters[len(args) :]))
        if change.given:
            handed = tuple(to_torch(v) for v in given_arguments(public, change, plain(handed)))
        return back(answer(*handed) if asks else None, *handed)

    return carried
