"""A case: a scenario that branches on what the candidate would do next."""

import tomllib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from coursekit.interview.bank import ROOM
from coursekit.interview.declare import LEVELS, build
from coursekit.interview.events import AskAnswer, AskChoice, Event, Say, Stopped

FOLDER = ROOM / "cases"
BEST, FAIR, POOR = 2, 1, 0


@dataclass(frozen=True)
class Move:
    """Something a candidate may do next, and what comes of it."""

    does: str  # "Run the large batch with the old number of steps."
    says: str  # what the interviewer answers: "It ends at 52 percent."
    why: str  # what is told at the end
    worth: int  # 2: the best next step; 1: sound, at a price; 0: tells nothing or is wrong
    goes: str = ""  # the next scene, which may be the same; "" ends the case


@dataclass(frozen=True)
class Scene:
    """What the interviewer says, and the moves from there."""

    id: str
    says: str
    moves: tuple[Move, ...]
    minutes: int = 2


@dataclass(frozen=True)
class Case:
    """A scenario; the first scene opens it."""

    id: str
    level: str
    units: tuple[str, ...]
    concepts: tuple[str, ...]
    scenes: tuple[Scene, ...]
    lesson: str  # two or three sentences at the end
    sources: tuple[str, ...] = field(default=())

    def scene(self, name: str) -> Scene:
        """Return the scene of a name."""
        return next(scene for scene in self.scenes if scene.id == name)


@dataclass(frozen=True)
class Step:
    """One step through a case."""

    scene: str
    move: int  # place in the scene's moves
    said: str  # "" if it was said aloud
    seconds: float


def faults(case: Case) -> Iterator[str]:
    """Yield what keeps a case from being played to its end."""
    if case.level not in LEVELS:
        yield f"level must be one of {', '.join(LEVELS)}, got {case.level!r}"
    if not (case.scenes and case.units and case.concepts):
        yield "a case needs scenes, units and concepts"
        return
    names = [scene.id for scene in case.scenes]
    if len(set(names)) < len(names):
        yield "two scenes have one name"
    for scene in case.scenes:
        worths = [move.worth for move in scene.moves]
        if len(worths) < 2 or worths.count(BEST) != 1 or set(worths) - {BEST, FAIR, POOR}:
            yield f"scene {scene.id!r}: two moves or more, worth 0 to 2, exactly one of them 2"
        for move in scene.moves:
            if move.goes and move.goes not in names:
                yield f"scene {scene.id!r}: no scene {move.goes!r} to go to"
        if sum(move.goes == scene.id for move in scene.moves) == len(scene.moves):
            yield f"scene {scene.id!r}: nothing leads out of it"
        if any(move.goes == scene.id and move.worth == BEST for move in scene.moves):
            yield f"scene {scene.id!r}: its best move must lead on"
    links = {s.id: {m.goes for m in s.moves} - {s.id} for s in case.scenes}
    if unreached := set(names) - reached(links, names[0]):
        yield f"nobody comes to scene {min(unreached)!r}"
    for name in names:
        if "" not in reached(links, name):
            yield f"scene {name!r}: no way to the end"
        if any(name in reached(links, other) for other in links[name] if other):
            yield f"scene {name!r}: the case runs in a circle through it"


def reached(links: Mapping[str, set[str]], start: str) -> set[str]:
    """Return every scene that a start leads to, itself included."""
    found, todo = {start}, [start]
    while todo:
        new = links.get(todo.pop(), set()) - found
        found |= new
        todo += sorted(new)
    return found


def read_cases(folder: Path = FOLDER) -> dict[str, Case]:
    """Read every *.toml of a folder.

    Raises:
        ValueError: With one line for each fault.
    """
    cases, wrong = {}, []
    for path in sorted(folder.glob("*.toml")):
        try:
            case = build(Case, tomllib.loads(path.read_text(encoding="utf-8")), path.name)
        except (tomllib.TOMLDecodeError, ValueError) as error:
            wrong.append(f"{path.name}: {error}")
            continue
        wrong += [f"{path.name}: {fault}" for fault in faults(case)]
        cases[case.id] = case
    if wrong:
        raise ValueError("\n".join(wrong))
    return cases


@cache
def all_cases() -> dict[str, Case]:
    """Return the cases of the course by id."""
    return read_cases()


def where(case: Case, steps: Sequence[Step]) -> str:
    """Return the scene that comes after some steps; "" at the end."""
    if not steps:
        return case.scenes[0].id
    last = steps[-1]
    return case.scene(last.scene).moves[last.move].goes


def play(
    case: Case, steps: Sequence[Step], clock: Callable[[], float]
) -> Generator[Event, Any, Step]:
    """Take one step from where the steps so far lead; return it.

    The candidate answers freely, and then says which move is nearest to that answer. Moves that
    were made before in a scene are not offered again.
    """
    scene = case.scene(where(case, steps))
    began = clock()
    said = yield AskAnswer(scene.says, scene.minutes)
    seconds = clock() - began
    made = {step.move for step in steps if step.scene == scene.id}
    left = {m.does: i for i, m in enumerate(scene.moves) if i not in made}
    left = dict(sorted(left.items()))  # not as they are written: the best one often stands first
    chosen = yield AskChoice("Which is nearest to what you would do?", tuple(left))
    move = left[chosen]
    yield Say("note", scene.moves[move].says)
    return Step(scene.id, move, said, seconds)


def hold_case(case: Case, clock: Callable[[], float]) -> Generator[Event, Any, tuple[Step, ...]]:
    """Go through a case and review it; leaving ends it."""
    steps: tuple[Step, ...] = ()
    try:
        yield Say("title", f"A scenario · {case.level}")
        while where(case, steps):
            steps = (*steps, (yield from play(case, steps, clock)))
        yield from review(case, steps)
    except Stopped:
        pass
    return steps


def score(case: Case, steps: Sequence[Step]) -> float:
    """Return what the path was worth, 0 to 1: a second move in a scene counts as a detour."""
    worth = sum(case.scene(s.scene).moves[s.move].worth for s in steps)
    return worth / (BEST * len(steps)) if steps else 0.0


def review(case: Case, steps: Sequence[Step]) -> Generator[Event, Any, None]:
    """Tell, move by move, what it was worth and what was better."""
    for i, step in enumerate(steps):
        moves = case.scene(step.scene).moves
        move, best = moves[step.move], next(m for m in moves if m.worth == BEST)
        word = {BEST: "the best step", FAIR: "sound, at a price", POOR: "no step forward"}
        yield Say("note", f"{i + 1}. You: {move.does} That was {word[move.worth]}.")
        yield Say("answer", move.why)
        if move.worth < BEST:
            yield Say("answer", f"Better: {best.does} {best.why}")
    yield Say("result", f"{100 * score(case, steps):.0f} % of the best path")
    yield Say("answer", case.lesson)
