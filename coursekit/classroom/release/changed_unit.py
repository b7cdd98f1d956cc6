"""Write a changed task into a unit's source: heading, task, hints, docstring, solution, texts."""

import ast
import dataclasses
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from coursekit.classroom.release.regions import MARK
from coursekit.classroom.release.source import SourceCell, SourceError, Unit
from coursekit.classroom.release.variant import Variant
from coursekit.exercises.changes.catalogue import changes_of
from coursekit.exercises.changes.change import Change, call_of
from coursekit.exercises.engine.declare import Exercise

HEADING = re.compile(r"^(#{2,4} .*?)(\(\d+ points?,[^)]*\))(.*)$", re.MULTILINE)
WIDTH = 99  # of a docstring's lines, quotes and indent included
NOTE = "*This release asks for something else than the public course: read the task.*"
GOING_ON = (
    "*The cells below go on with the library's `{call}`, which answers the public course's "
    'question. Where they say "your" function, loop or result, that one is meant.*'
)
SUMMARY = re.compile(r"<details><summary>(.*?) \(click to open\)</summary>")
HINT = "<details><summary>Hint {number} (click to open)</summary>{text}</details>"


@dataclass(frozen=True)
class Difference:
    """One passage of a unit, in public and in a release.

    Attributes:
        exercise_id: Whose change made it.
        change: The change's name.
        what: "task", "docstring", "solution", "right answer", "text", or "added" below the check.
        old: The public passage.
        new: The release's.
    """

    exercise_id: str
    change: str
    what: str
    old: str
    new: str


def variant_unit(unit: Unit, variant: Variant, bank: Mapping[str, Exercise]) -> Unit:
    """Return a unit's source as the release has it: texts, stubs, solutions and checks.

    Raises:
        SourceError: If what a change replaces is not in the unit.
    """
    cells = list(unit.cells)
    changes = changes_in(unit, variant)
    for change in changes:
        if change.task:
            _write_task(cells, change, bank[change.exercise_id])
        else:
            at = _place(cells, change)
            cells[at] = _with_solution(cells[at], change)
    for change in changes:
        for old, new in change.texts:
            _exchange(cells, unit, change, old, new)
    for change in changes:
        if note := going_on(unit, change, bank[change.exercise_id]):
            at = next(i for i, cell in enumerate(cells) if _is_check(cell, change))
            cells.insert(at + 1, _cell(cells[at], "markdown", note))
    if changes:
        at = next(i for i, cell in enumerate(cells) if cell.role == "prelude")
        codes = {change.exercise_id: change.code for change in changes}
        texts = [_checks(codes), *(change.set_up for change in changes if change.set_up)]
        cells[at + 1 : at + 1] = [_cell(cells[at], "code", text) for text in texts]
    return Unit(unit.name, tuple(cells))


def changes_in(unit: Unit, variant: Variant) -> list[Change]:
    """Return the changes that a release makes to one unit, in the unit's order.

    Raises:
        SourceError: If the release names a change that does not exist here.
    """
    found = []
    for exercise_id in unit.exercises:
        name = variant.changes.get(exercise_id)
        if name is None:
            continue
        known = changes_of(exercise_id)
        if name not in known:
            raise SourceError(f"{exercise_id}: no change {name!r}: there are {', '.join(known)}")
        found.append(known[name])
    return found


def differences(unit: Unit, variant: Variant, bank: Mapping[str, Exercise]) -> list[Difference]:
    """Return every passage in which a release differs from the public unit, for proofreading."""
    found = []
    for change in changes_in(unit, variant):
        public = bank[change.exercise_id]

        def add(what: str, old: str, new: str, change: Change = change) -> None:
            shown = [SUMMARY.sub(r"\1: ", text).replace("</details>", "") for text in (old, new)]
            found.append(Difference(change.exercise_id, change.name, what, *shown))

        solution = unit.cells[_place(list(unit.cells), change)]
        function = ast.parse(solution.text).body[0]
        answer = "\n".join(_answer_lines(solution))
        if change.task:
            cell, start = _task_of(list(unit.cells), change)
            add("task", unit.cells[cell].text[start:], _task(unit.cells[cell].text[start:], change))
            docstring = ast.get_docstring(function) or ""  # type: ignore[arg-type]
            if change.call and change.call != public.call:
                add("call", public.call, change.call)
            add("docstring", docstring, change.docstring)
        if change.set_up:
            add("set-up", "", change.set_up)
        add("solution", textwrap.dedent(answer), change.solution)
        add("right answer", public.lesson, change.lesson)
        for old, new in change.texts:
            add("text", old, new)
        if note := going_on(unit, change, public):
            add("added", "", note)
    return found


def going_on(unit: Unit, change: Change, public: Exercise) -> str:
    """Return what a release says below a check whose answer does not drive the unit's figures.

    The text below speaks of "your loop", and the library's is meant. "" where the learner's own
    function goes on to be used, through `change.public`, or where nothing uses any.
    """
    if not change.task or change.public:
        return ""
    used = f'mine_or_library("{change.exercise_id}"'
    return GOING_ON.format(call=public.call) if any(used in c.text for c in unit.cells) else ""


def _place(cells: list[SourceCell], change: Change) -> int:
    for i, cell in enumerate(cells):
        if cell.role == "solution" and cell.name == change.exercise_id:
            return i
    raise SourceError(f"no solution cell for {change.exercise_id}")


def _task_of(cells: list[SourceCell], change: Change) -> tuple[int, int]:
    """Return the cell that holds an exercise's heading, and where the heading begins in it."""
    for i in range(_place(cells, change) - 1, -1, -1):
        found = list(HEADING.finditer(cells[i].text)) if cells[i].kind == "markdown" else []
        if found:
            return i, found[-1].start()
    raise SourceError(f"{change.exercise_id}: no heading with its points above the solution")


def _task(old: str, change: Change) -> str:
    """Return an exercise's heading, task and hints as the release has them."""
    heading = HEADING.match(old)
    if heading is None:
        raise SourceError(f"{change.exercise_id}: no heading with its points")
    before, points, after = heading.groups()
    if change.title:
        before, after = (
            (before, f": {change.title}")
            if after
            else (
                f"{before.partition(':')[0]}: {change.title} ",
                "",
            )
        )
    hints = [HINT.format(number=n, text=text) for n, text in enumerate(change.hints, 1)]
    return "\n\n".join([f"{before}{points}{after}\n{NOTE}", change.task, "\n".join(hints)])


def _write_task(cells: list[SourceCell], change: Change, public: Exercise) -> None:
    i, start = _task_of(cells, change)
    text = cells[i].text
    cells[i] = dataclasses.replace(cells[i], text=text[:start] + _task(text[start:], change))
    at = _place(cells, change)
    lines = [f"def {call_of(public, change)}:", *_docstring_lines(change), _begin(), _end()]
    cells[at] = _with_solution(dataclasses.replace(cells[at], text="\n".join(lines)), change)


def _docstring_lines(change: Change) -> list[str]:
    """Return the docstring in its quotes, indented, each paragraph filled anew."""
    paragraphs = change.docstring.split("\n\n")
    filled = [
        textwrap.fill(
            one,
            WIDTH,
            initial_indent="    ",
            subsequent_indent="    ",
            break_on_hyphens=False,
            break_long_words=False,
        )
        for one in (f'"""{paragraphs[0]}', *paragraphs[1:])
    ]
    end = ['    """'] if len(paragraphs) > 1 else []
    lines = "\n\n".join(filled).split("\n")
    return [*lines, *end] if end else [*lines[:-1], lines[-1] + '"""']


def _begin() -> str:
    return f"    ### {MARK['begin']}"


def _end() -> str:
    return f"    ### {MARK['end']}"


def _with_solution(cell: SourceCell, change: Change) -> SourceCell:
    """Return a solution cell with the release's answer between its marks."""
    lines = cell.text.split("\n")
    begin = next(i for i, line in enumerate(lines) if MARK["begin"] in line)
    end = next(i for i, line in enumerate(lines) if MARK["end"] in line)
    answer = textwrap.indent(change.solution, "    ").split("\n")
    text = "\n".join([*lines[: begin + 1], *answer, *lines[end:]])
    ast.parse(text)
    return dataclasses.replace(cell, text=text)


def _answer_lines(cell: SourceCell) -> list[str]:
    lines = cell.text.split("\n")
    begin = next(i for i, line in enumerate(lines) if MARK["begin"] in line)
    end = next(i for i, line in enumerate(lines) if MARK["end"] in line)
    return lines[begin + 1 : end]


def _exchange(cells: list[SourceCell], unit: Unit, change: Change, old: str, new: str) -> None:
    """Replace a sentence that stands in the unit once; it may be gone with another's old task.

    Where its lines break does not matter.
    """
    pattern = re.compile(r"\s+".join(re.escape(word) for word in old.split()))
    count = sum(len(pattern.findall(cell.text)) for cell in unit.cells)
    if count != 1:
        raise SourceError(
            f"{unit.name}, {change.exercise_id}, change {change.name!r}: {old!r} stands "
            f"{count} times in the unit; it has to stand there once"
        )
    for i, cell in enumerate(cells):
        text = pattern.sub(lambda _: new, cell.text)
        cells[i] = dataclasses.replace(cell, text=text)


def _is_check(cell: SourceCell, change: Change) -> bool:
    return cell.role == "check" and cell.name == change.exercise_id


def _cell(beside: SourceCell, kind: str, text: str) -> SourceCell:
    return SourceCell(kind, text, role="", name="", points=None, tags=(), place=beside.place)


def _checks(codes: Mapping[str, str]) -> str:
    lines = [f'    "{exercise_id}": "{code}",' for exercise_id, code in codes.items()]
    return "\n".join(
        [
            "from coursekit.notebook import checks_of_release",
            "",
            "check, mine_or_library = checks_of_release(",
            "    {  # which task each exercise has in this release",
            *("    " + line for line in lines),
            "    }",
            ")",
        ]
    )
