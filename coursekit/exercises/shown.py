"""How a check is shown: a card in a notebook where somebody works, plain text everywhere else."""

import functools
import re
from importlib.util import find_spec
from typing import Any

from coursekit.device import size

_unshown: list["Score"] = []  # cards of the running cell that are not on the page yet
_failed_runs: dict[str, str] = {}  # function -> the error of the last run of the cell defining it


class Score(float):
    """The points of a check, which a notebook shows as a card.

    It is a number: nbgrader reads the cell's last value as text and finds the points there, so that
    a card costs no partial credit, whoever runs the notebook.
    """

    card = ""

    def _repr_html_(self) -> str:
        _unshown[:] = [score for score in _unshown if score is not self]
        return self.card


def somebody_looks() -> bool:
    """Return True in a notebook's kernel outside grading and tests."""
    if size() == "tiny" or find_spec("IPython") is None:
        return False
    return hasattr(_shell(), "kernel")


def with_card(score: float, card: str) -> Score:
    """Return a score that shows itself: as the cell's last value, or else when the cell ends."""
    shown = Score(score)
    shown.card = card
    _unshown.append(shown)
    watch_runs()
    return shown


@functools.cache
def watch_runs() -> None:
    """From now on note, in a notebook, which cells end in an error; done once."""
    shell = _shell()
    if shell is not None:
        shell.events.register("post_execute", show_the_rest)
        shell.events.register("post_run_cell", note_run)


def show_the_rest() -> None:
    """Show the cards of checks that were not the last line of their cell."""
    from IPython.display import HTML, display

    while _unshown:
        display(HTML(_unshown.pop(0).card))


def note_run(result: Any) -> None:
    """Keep the error of a cell for each function it defines, or forget an earlier one.

    Where a cell asks for a function whose own cell has failed, and which never existed, say so.
    """
    error = result.error_before_exec or result.error_in_exec
    missing = getattr(error, "name", None) if isinstance(error, NameError) else None
    if missing in _failed_runs:
        print(f"Your last run of the cell that defines {missing} failed ({_failed_runs[missing]}).")
    cell = getattr(result.info, "raw_cell", None) or ""
    for name in re.findall(r"^(?:def|class) +(\w+)", cell, re.MULTILINE):
        if error is None:
            _failed_runs.pop(name, None)
        else:
            line = getattr(error, "lineno", None)
            where = f" in its line {line}" if line else ""
            _failed_runs[name] = f"{type(error).__name__}: {getattr(error, 'msg', error)}{where}"


def stale(function: str) -> str:
    """Say that the function judged is older than what stands in its cell, or nothing."""
    if function not in _failed_runs:
        return ""
    return (
        f"Your last run of the cell that defines {function} failed ({_failed_runs[function]}). "
        "So an older version is checked here. Mend that cell and run it first."
    )


def _shell() -> Any:
    if find_spec("IPython") is None:
        return None
    from IPython import get_ipython

    return get_ipython()
