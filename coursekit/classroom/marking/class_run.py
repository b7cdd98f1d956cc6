"""Grade many submissions at once in processes of their own; a process that dies harms nobody else.

The main process hands out one submission at a time to each, watches the clock, and alone writes
the manifest. A submission that is overdue, or that the judge could not judge, is tried once more
when all others are done, by itself. What fails then too is "ungraded": a fault of the machinery is
never a mark.
"""

import contextlib
import ctypes
import multiprocessing
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from typing import Any

from coursekit.classroom.handing_in.repair import Release
from coursekit.classroom.marking.grade_one import Job, Judge, grade_one, nothing_to_judge
from coursekit.classroom.marking.manifest import Record
from coursekit.classroom.marking.on_executor import grade_on

MEMORY_EACH = 1.4e9  # bytes that one process, its sandbox and an ordinary answer take at the most
MEMORY_LEFT = 0.5e9  # bytes left to everyone else
SECONDS_TO_END = 10.0  # for a process with nothing left to do

OpenJudge = Callable[[Any], Judge]  # settings -> judge; runs once in each process


@dataclass
class Usage:
    """What a run took: the most memory of any one process, in bytes, by who it was."""

    grader: int = 0
    workers: dict[int, int] = field(default_factory=dict)


def workers_for(jobs: int, asked: int | None) -> int:
    """Return how many processes to start: as many as cores, memory and jobs allow.

    Raises:
        ValueError: If fewer than one was asked for.
    """
    if asked is not None and asked < 1:
        raise ValueError(f"{asked} workers: ask for 1 or more")
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    fitting = int((memory_available() - MEMORY_LEFT) / MEMORY_EACH)
    return max(1, min(jobs, asked or min(cores or 1, fitting)))


def memory_available() -> float:
    """Return the bytes of memory that new processes can use."""
    try:
        with open("/proc/meminfo", encoding="ascii") as file:
            for line in file:
                if line.startswith("MemAvailable:"):
                    return float(line.split()[1]) * 1024
    except OSError:
        pass
    return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")) / 2


def grade_all(
    jobs: Sequence[Job],
    release: Release,
    *,
    open_judge: OpenJudge,
    settings: Any,
    workers: int,
    seconds_each: float,
    usage: Usage | None = None,
    executor: Executor | None = None,
) -> Iterator[Record]:
    """Yield the record of each job as it is done, in any order; every job gets one.

    Args:
        jobs: What to grade.
        release: The unit's release.
        open_judge: Makes a judge in each process; has to be importable by name.
        settings: Its argument; has to be picklable.
        workers: How many processes.
        seconds_each: Wall time after which a process is killed that does not answer. The judge's
            own limits are shorter; this one is for a judge that hangs.
        usage: Filled with the memory that was used.
        executor: Somebody else's processes to grade in, in place of ours; see `on_executor`.

    Raises:
        RuntimeError: If a judge cannot be opened: nothing is graded without its sandbox.
    """
    if executor is not None:
        judge = (open_judge, settings)
        yield from grade_on(executor, jobs, release, judge=judge, seconds_each=seconds_each)
        return
    context = multiprocessing.get_context("spawn")
    waiting = list(reversed(jobs))
    alone: list[Job] = []  # to be tried once more, by themselves
    second: set[str] = set()  # whose they are
    team: list[_Worker] = []
    try:
        while waiting or alone or any(worker.busy for worker in team):
            while (waiting and len(team) < workers) or (alone and not team):
                team.append(_Worker(context, open_judge, settings, release))
            for worker in team:
                if worker.ready and not worker.busy and waiting:
                    worker.give(waiting.pop(), seconds_each)
            if alone and not waiting and not any(worker.given for worker in team):
                ready = [worker for worker in team if worker.ready]
                if ready:
                    ready[0].give(alone.pop(), seconds_each)
            wait([worker.pipe for worker in team], timeout=0.5)
            for worker in list(team):
                answered = worker.answer()
                if isinstance(answered, Record):
                    yield answered
                lost = answered if isinstance(answered, Lost) else worker.lost(seconds_each)
                if worker.gone or worker.overdue:
                    team.remove(worker)
                    worker.kill()
                    if worker.fault:
                        raise RuntimeError(worker.fault)
                if lost is not None and lost.job.handed.student in second:
                    yield nothing_to_judge(lost.job, release, "ungraded", lost.reason)
                elif lost is not None:
                    second.add(lost.job.handed.student)
                    alone.append(lost.job)
                if usage is not None:
                    usage.workers[id(worker)] = worker.memory
    finally:
        for worker in team:
            worker.dismiss()
        for worker in team:
            worker.kill()
        if usage is not None:
            usage.grader = _peak_memory()


@dataclass(frozen=True)
class Lost:
    """A submission of which there is no record, and why."""

    job: Job
    reason: str


class _Worker:
    """One process, seen from the main one."""

    def __init__(self, context: Any, open_judge: OpenJudge, settings: Any, release: Release):
        self.pipe, theirs = context.Pipe()
        arguments = (theirs, open_judge, settings, release, os.getpid())
        self.process = context.Process(target=_serve, args=arguments, daemon=True)
        self.process.start()
        theirs.close()
        self.given: Job | None = None
        self.deadline = time.monotonic() + 300  # to get ready
        self.ready = self.gone = self.idle = False
        self.fault = ""
        self.memory = 0

    @property
    def busy(self) -> bool:
        return self.given is not None or not self.ready

    @property
    def overdue(self) -> bool:
        late = self.busy and time.monotonic() > self.deadline
        if late and not self.ready and not self.fault:
            self.fault = "the judge was not ready within 300 s: is the machine overloaded?"
        return late

    def give(self, job: Job, seconds: float) -> None:
        self.given, self.deadline = job, time.monotonic() + seconds
        with contextlib.suppress(OSError):  # it died just now: answer() will see that
            self.pipe.send(job)

    def lost(self, seconds: float) -> Lost | None:
        """Return what it was given and will not answer, because it is gone or overdue."""
        if self.given is None or not (self.gone or self.overdue):
            return None
        late = f"no answer within {seconds:g} s"
        return Lost(self.given, "the grader's own process died of it" if self.gone else late)

    def answer(self) -> Record | Lost | None:
        """Return a record that has come, or the news that there is none."""
        try:
            if not self.pipe.poll():
                return None
            kind, value, self.memory = self.pipe.recv()
        except (EOFError, OSError):
            self.gone = True
            if not self.ready:
                self.fault = "a grading process ended before it was ready; see above"
            return None
        if kind == "ready":
            self.ready = True
        elif kind == "fault":
            self.fault, self.gone = value, True
        else:
            job, self.given = self.given, None
            return Lost(job, value) if kind == "lost" and job is not None else value
        return None

    def dismiss(self) -> None:
        """Let a process that has nothing to do end by itself, with its sandbox."""
        if self.ready and not self.gone and self.given is None:
            self.pipe.close()
            self.idle = True

    def kill(self) -> None:
        """End the process and all it started, and wait until it is gone."""
        if self.idle:
            self.process.join(SECONDS_TO_END)
        with contextlib.suppress(OSError):
            os.killpg(self.process.pid, signal.SIGKILL)  # type: ignore[arg-type]
        self.process.kill()
        self.process.join()
        self.pipe.close()


def _serve(
    pipe: Connection, open_judge: OpenJudge, settings: Any, release: Release, parent: int
) -> None:
    """Grade what comes through the pipe until it closes."""
    with contextlib.suppress(OSError):
        os.setpgid(0, 0)  # a group of its own, so that it can be ended with all it starts
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the main process's business
    _end_with(parent)
    try:
        judge = open_judge(settings)
    except Exception as error:
        pipe.send(("fault", str(error) or type(error).__name__, 0))
        return
    try:
        pipe.send(("ready", None, _peak_memory()))
        while True:
            pipe.send((*graded(pipe.recv(), release, judge), _peak_memory()))
    except (EOFError, OSError):
        return  # the main process has gone


def graded(job: Job, release: Release, judge: Judge) -> tuple[str, Record | str]:
    """Grade one submission; a full disk ends the run, any other error only this submission."""
    try:
        return "record", grade_one(job, release, judge)
    except OSError as error:
        return "fault", f"{job.handed.student}: {error}"
    except Exception as error:
        return "lost", f"the grader's own {type(error).__name__}: {error}"


def _end_with(parent: int) -> None:
    """Let the kernel end this process when the main one dies, also by `kill -9` (Linux)."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)


def _peak_memory() -> int:
    """Return the most memory that this process, or one that it waited for, ever had: bytes."""
    peak = max(
        resource.getrusage(who).ru_maxrss
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return peak if sys.platform == "darwin" else peak * 1024
