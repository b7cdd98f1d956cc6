"""Call foreign code with a time limit, and without traces in the notebook around it."""

import contextlib
import io
import logging
import random
import signal
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import numpy as np
import torch

PRINTED_KEPT = 2000  # characters of what an answer prints
IMPORT_SYSTEM = "<frozen importlib._bootstrap>"
IMPORT_SECONDS = 60.0  # after which even an import is interrupted


class OutOfTime(BaseException):
    """Raised inside an answer that runs too long; not an Exception, so `except` seldom stops it."""


class FirstCharacters(io.TextIOBase):
    """A stream that keeps the first characters written and forgets the rest."""

    def __init__(self) -> None:
        self.kept = ""

    def write(self, text: str) -> int:
        """Take any amount of text."""
        if len(self.kept) < PRINTED_KEPT:
            self.kept += text[: PRINTED_KEPT - len(self.kept)]
        return len(text)

    def writable(self) -> bool:
        """Return True."""
        return True

    def close(self) -> None:
        """Stay open: an answer must not close what others write to."""


def inside(function: Callable[..., Any], *args: Any) -> Any:
    """Call a function; this frame marks the code that a time limit may interrupt."""
    return function(*args)


def call_within(seconds: float, function: Callable[..., Any], *args: Any) -> Any:
    """Call a function and raise OutOfTime in it after ``seconds``.

    Best effort, in the main thread of a POSIX system; elsewhere there is no limit. Compiled code
    is stopped when it returns. A loop that catches everything (`except:`) gets the exception
    again, after a while every few microseconds, so that one soon falls outside its `try`. An
    import is never cut in two, since a half imported module stays broken for the whole session
    (torch loads a good part of itself at the first optimizer); the time starts anew after it. The
    grader has its own limit, from outside the process.

    Raises:
        OutOfTime: If the time is up.
    """
    if not hasattr(signal, "setitimer") or (
        threading.current_thread() is not threading.main_thread()
    ):
        return inside(function, *args)
    alarms = 0
    began = time.monotonic()

    def stop(signum: int, frame: FrameType | None) -> None:
        nonlocal alarms
        importing = False
        while frame is not None and frame.f_code is not inside.__code__:
            importing = importing or frame.f_code.co_filename == IMPORT_SYSTEM
            frame = frame.f_back
        if frame is None:
            return  # the answer has not begun, or has just ended
        if importing and alarms == 0 and time.monotonic() - began < IMPORT_SECONDS:
            signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), 0.2)
            return
        alarms += 1
        if alarms > 3:
            signal.setitimer(signal.ITIMER_REAL, 2e-6 * 1.5 ** (alarms % 16), 0.2)
        raise OutOfTime

    handler_before = signal.signal(signal.SIGALRM, stop)
    timer_before = signal.setitimer(signal.ITIMER_REAL, max(seconds, 1e-3), 0.2)
    try:
        return inside(function, *args)
    finally:
        signal.setitimer(signal.ITIMER_REAL, *timer_before)
        signal.signal(signal.SIGALRM, handler_before)


@contextlib.contextmanager
def undisturbed() -> Iterator[FirstCharacters]:
    """Keep an answer's prints, warnings, logs, settings and random draws from what is around it.

    Yields what the answer prints, its beginning. Text that compiled code or another process
    writes to the file descriptors passes by.
    """
    with dear_states_kept(), each_call_undisturbed() as printed:
        yield printed


@contextlib.contextmanager
def dear_states_kept() -> Iterator[None]:
    """Put back what takes 0.1 ms to read and write, so once for many calls: numpy's state, logs.

    numpy copies its 624 numbers one by one, and each switch of `logging.disable` makes every
    logger forget what it knows.
    """
    state, logging_before = np.random.get_state(), logging.root.manager.disable  # noqa: NPY002
    try:
        logging.disable(logging.CRITICAL)
        yield
    finally:
        logging.disable(logging_before)
        np.random.set_state(state)  # noqa: NPY002


@contextlib.contextmanager
def each_call_undisturbed() -> Iterator[FirstCharacters]:
    """Do the rest of `undisturbed`, for one of several calls inside `dear_states_kept`."""
    states = random.getstate(), torch.get_rng_state()
    dtype, grad_enabled = torch.get_default_dtype(), torch.is_grad_enabled()
    printed = FirstCharacters()
    try:
        with (
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
            warnings.catch_warnings(),
            np.errstate(),
        ):
            warnings.simplefilter("ignore")
            yield printed
    finally:
        if logging.root.manager.disable != logging.CRITICAL:
            logging.disable(logging.CRITICAL)
        random.setstate(states[0])
        torch.set_rng_state(states[1])
        torch.set_default_dtype(dtype)
        torch.set_grad_enabled(grad_enabled)
