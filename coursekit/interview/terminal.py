"""The interview in a terminal: plain lines, by keyboard alone, at any width and without colours."""

import contextlib
import sys
import webbrowser
from collections.abc import Callable, Generator
from typing import Any

from rich.console import Console
from rich.markup import escape

from coursekit.interview.events import (
    AskChoice,
    AskNumber,
    AskTicks,
    Event,
    Say,
    ShowEvidence,
    Stopped,
)
from coursekit.interview.evidence import picture_of, verdict_of

STYLES = {
    "title": "bold cyan",
    "note": "yellow",
    "answer": "",
    "flag": "bold red",
    "result": "bold",
}
MARKS = {"flag": "! ", "answer": "| ", "note": "* "}  # so that nothing rests on colour alone
HELP = "(write; an empty line ends the answer; ? alone: no idea; only Enter: said aloud)"
SHORT = 12  # letters of an option that is typed and not numbered
Read = Callable[[str], str]  # prompt -> line, as the built-in input


def drive(
    conversation: Generator[Event, Any, Any],
    *,
    console: Console | None = None,
    read: Read = input,
    aloud: bool = False,
) -> Any:
    """Carry a conversation through the terminal and return its value.

    Ctrl-C or the end of input leaves; what was typed and not marked is gone.
    """
    with contextlib.suppress(ImportError):  # arrow keys, and lines of any length
        import readline  # noqa: F401
    console = Console(highlight=False, soft_wrap=False) if console is None else console
    reply: Any = None
    leaving = False
    while True:
        try:
            event = conversation.throw(Stopped()) if leaving else conversation.send(reply)
            leaving, reply = False, None
            reply = show(event, console, read, aloud=aloud)
        except StopIteration as stop:
            return stop.value
        except (KeyboardInterrupt, EOFError):
            if leaving:
                raise
            leaving = True


def show(event: Event, console: Console, read: Read, *, aloud: bool) -> Any:
    """Show one event and return the learner's reply."""
    if isinstance(event, Say):
        console.print()
        text = MARKS.get(event.kind, "") + event.text
        console.print(escape(text), style=STYLES.get(event.kind))
        return None
    if isinstance(event, ShowEvidence):
        return _evidence(event, console, read)
    console.print()
    if isinstance(event, AskTicks):
        return _tick(event, console, read)
    console.print(escape(event.prompt), style="bold")
    if isinstance(event, AskNumber):
        return read(f"Number{f' in {event.unit}' if event.unit else ''}: ")
    if isinstance(event, AskChoice):
        return _choose(event.options, console, read)
    if aloud:
        read(f"Answer aloud (about {event.minutes:.0f} min), then press Enter. ")
        return ""
    console.print(HELP, style="dim")
    lines = []
    while line := read("> "):
        lines.append(line)
        if line.strip() == "?" and len(lines) == 1:
            break
    return "\n".join(lines)


def _evidence(event: ShowEvidence, console: Console, read: Read) -> None:
    """Show a measurement; open its picture where that is wanted."""
    console.print(escape(f"Evidence {event.claim}: {event.says}"))
    if verdict := verdict_of(event.claim):
        console.print(escape(f"  in the ledger: {verdict}"))
    picture = picture_of(event.claim)
    wanted = picture and read("  o and Enter opens its picture, Enter goes on: ").strip() == "o"
    if picture and wanted and not webbrowser.open(picture.as_uri()):
        console.print(f"  no viewer found; the picture is {picture}")


def _choose(options: tuple[str, ...], console: Console, read: Read) -> str:
    """Let the learner choose: short options by their words, long ones by number."""
    numbered = any(len(option) > SHORT for option in options)
    names = {str(i): option for i, option in enumerate(options, 1)} if numbered else {}
    for name, option in names.items():
        console.print(escape(f" {name}  {option}"))
    wanted = f"a number from 1 to {len(options)}" if numbered else " or ".join(options)
    names |= {option.lower(): option for option in options}
    if not numbered:
        firsts = {option[0].lower(): option for option in options}
        names |= firsts if len(firsts) == len(options) else {}
    while (said := read(f"{wanted}: ").strip().lower()) not in names:
        console.print(f"Please write {wanted}.")
    return names[said]


def _tick(event: AskTicks, console: Console, read: Read) -> list[bool]:
    """Let the learner mark the rubric from blank; "all" ticks everything."""
    ticks = [False] * len(event.points)
    console.print("The rubric: what did you say? Nothing is ticked for you.", style="bold")
    while True:
        for i, (text, tick, heard) in enumerate(
            zip(event.points, ticks, event.heard, strict=True), 1
        ):
            words = f" (heard: {heard})" if heard else ""
            console.print(escape(f" {i} [{'x' if tick else ' '}] {text}{words}"))
        line = read('Numbers to switch, "all", or Enter when done: ').replace(",", " ")
        if not line.strip():
            return ticks
        for word in line.split():
            if word == "all":
                ticks = [True] * len(ticks)
            elif word.isdigit() and 1 <= int(word) <= len(ticks):
                ticks[int(word) - 1] = not ticks[int(word) - 1]
            else:
                print(f"There is no point {word}.", file=sys.stderr)
