"""The interview in a terminal: plain lines, by keyboard alone, at any width and without colours."""

import sys
import webbrowser
from collections.abc import Callable, Generator
from typing import Any

from rich.console import Console
from rich.markup import escape

from coursekit.interview.evidence import picture_of, verdict_of
from coursekit.interview.session import (
    AskChoice,
    AskNumber,
    AskTicks,
    Event,
    Say,
    ShowEvidence,
    Stopped,
)

STYLES = {
    "title": "bold cyan",
    "note": "yellow",
    "answer": "",
    "flag": "bold red",
    "result": "bold",
}
MARKS = {"flag": "! ", "answer": "| ", "note": "* "}  # so that nothing rests on colour alone
HELP = "(write; an empty line ends the answer; only Enter: you answered aloud; Ctrl-C leaves)"
Read = Callable[[str], str]  # prompt -> line, as the built-in input


def drive(
    conversation: Generator[Event, Any, Any],
    *,
    console: Console | None = None,
    read: Read = input,
    aloud: bool = False,
) -> Any:
    """Carry a conversation through the terminal and return its value.

    Ctrl-C or the end of input leaves: the conversation gets what was typed so far, and keeps it.
    """
    console = Console(highlight=False, soft_wrap=False) if console is None else console
    typed: list[str] = []
    reply: Any = None
    leaving = False
    while True:
        try:
            if leaving:
                event = conversation.throw(Stopped("\n".join(typed)))
            else:
                event = conversation.send(reply)
            leaving, reply = False, None
            typed.clear()
            reply = show(event, console, read, typed, aloud=aloud)
        except StopIteration as stop:
            return stop.value
        except (KeyboardInterrupt, EOFError):
            if leaving:
                raise
            leaving = True


def show(event: Event, console: Console, read: Read, typed: list[str], *, aloud: bool) -> Any:
    """Show one event and return the learner's reply."""
    if isinstance(event, Say):
        console.print()
        text = MARKS.get(event.kind, "") + event.text
        console.print(escape(text), style=STYLES.get(event.kind))
        return None
    if isinstance(event, ShowEvidence):
        console.print(escape(f"Evidence {event.claim}: {event.says}"))
        if verdict := verdict_of(event.claim):
            console.print(escape(f"  in the ledger: {verdict}"))
        picture = picture_of(event.claim)
        wanted = picture and read("  o and Enter opens its picture, Enter goes on: ").strip() == "o"
        if picture and wanted and not webbrowser.open(picture.as_uri()):
            console.print(f"  no viewer found; the picture is {picture}")
        return None
    console.print()
    if isinstance(event, AskTicks):
        return _tick(event, console, read)
    console.print(escape(event.prompt), style="bold")
    if isinstance(event, AskNumber):
        typed.append(read(f"Number{f' in {event.unit}' if event.unit else ''}: "))
        return typed[-1]
    if isinstance(event, AskChoice):
        shown = " or ".join(event.options)
        while (said := read(f"{shown}: ").strip().lower()) not in event.options:
            console.print(f"Please write {shown}.")
        return said
    if aloud:
        read(f"Answer aloud (about {event.minutes:.0f} min), then press Enter. ")
        return ""
    console.print(HELP, style="dim")
    while line := read("> "):
        typed.append(line)
    return "\n".join(typed)


def _tick(event: AskTicks, console: Console, read: Read) -> list[bool]:
    """Let the learner mark the rubric; the proposal stands where nothing is typed."""
    ticks = list(event.proposed)
    console.print("The rubric. x: the words of your answer suggest it. You decide.", style="bold")
    while True:
        for i, (text, tick, saw) in enumerate(zip(event.points, ticks, event.saw, strict=True), 1):
            because = f" (I saw: {saw})" if saw else ""
            console.print(escape(f" {i} [{'x' if tick else ' '}] {text}{because}"))
        line = read("Numbers to switch, or Enter to accept: ").replace(",", " ")
        if not line.strip():
            return ticks
        for word in line.split():
            if word.isdigit() and 1 <= int(word) <= len(ticks):
                ticks[int(word) - 1] = not ticks[int(word) - 1]
            else:
                print(f"There is no point {word}.", file=sys.stderr)
