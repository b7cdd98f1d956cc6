"""What stopped an answer, in words for its author."""

import inspect
import sysconfig
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

NOT_THE_LEARNERS = (  # how the names of other people's files begin
    str(Path(__file__).resolve().parents[2]),
    sysconfig.get_path("stdlib"),
    "<frozen",
    "<__array_function__",
)


def learners_frames(error: BaseException) -> list[traceback.FrameSummary]:
    """Return the frames of the learner's own code, outermost first: not ours, no library's."""
    return [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if not frame.filename.startswith(NOT_THE_LEARNERS)
        and not {"site-packages", "dist-packages"} & set(Path(frame.filename).parts)
    ]


def is_stub(error: NotImplementedError) -> bool:
    """Tell the stub's own `raise NotImplementedError` from one that a library raised.

    torch raises NotImplementedError too, when it has no kernel for some tensor.
    """
    last = traceback.extract_tb(error.__traceback__)[-1:]
    line = (last[0].line or "") if last and last == learners_frames(error)[-1:] else "elsewhere"
    return line.strip().startswith("raise") or (not line and "\n" not in str(error))


def where_it_raised(error: BaseException) -> str:
    """Return "ZeroDivisionError: division by zero", a newline, "line 3 of your code: x = 1 / 0"."""
    try:
        said = str(error).strip().split("\n")[0]
    except Exception:
        said = ""
    text = type(error).__name__ + (f": {said[:200].rstrip('.')}" if said else "")
    mine = learners_frames(error)
    if mine:
        text += f"\nline {mine[-1].lineno} of your code"
        text += f": {mine[-1].line.strip()[:100]}" if mine[-1].line else ""
    return text


def parameters_that_do_not_fit(answer: Callable[..., Any], num_args: int) -> str | None:
    """Return the answer's parameters, "(a, b)", if it can't take so many arguments, else None."""
    try:
        signature = inspect.signature(answer)
    except Exception:  # a builtin without a signature, or one that lies
        return None
    try:
        signature.bind(*range(num_args))
    except TypeError:
        names = ", ".join(str(p).split(":")[0].split("=")[0] for p in signature.parameters.values())
        return f"({names})"
    return None
