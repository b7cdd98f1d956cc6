"""Grade a class on somebody else's processes: any executor of the standard library's kind.

Dask's `client.get_executor()` is one. Its workers have to see the course's files, and each opens a
judge with a sandbox of its own for its first submission. An executor's process can't be ended from
here: one that does not answer costs its own submission, and is left to its owner.
"""

import pickle
import threading
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future
from queue import Empty, SimpleQueue
from typing import Any
from uuid import uuid4

from coursekit.classroom.handing_in.repair import Release
from coursekit.classroom.marking.grade_one import Job, Judge, grade_one, nothing_to_judge
from coursekit.classroom.marking.manifest import Record

_opened = threading.local()  # a judge serves one thread; .benches: by what they were opened with

Opening = tuple[Callable[[Any], Judge], Any]  # open_judge, its settings


def grade_on(
    executor: Executor,
    jobs: Sequence[Job],
    release: Release,
    *,
    judge: Opening,
    seconds_each: float,
) -> Iterator[Record]:
    """Yield the record of each job as it is done; what failed is tried once more, by itself.

    Args:
        executor: Takes functions by `submit`.
        jobs: What to grade.
        release: The unit's release.
        judge: Opens a judge in each process; both parts have to be picklable.
        seconds_each: If nothing at all is done for so long, what is left is given up.
    """
    failed: list[Job] = []
    for job, told in _answers(executor, jobs, release, judge, seconds_each):
        if isinstance(told, Record):
            yield told
        else:
            failed.append(job)
    for job in failed:
        for _, told in _answers(executor, [job], release, judge, seconds_each):
            if not isinstance(told, Record):
                told = nothing_to_judge(job, release, "ungraded", told)
            yield told


def _answers(
    executor: Executor,
    jobs: Sequence[Job],
    release: Release,
    judge: Opening,
    seconds: float,
) -> Iterator[tuple[Job, Record | str]]:
    """Yield (job, its record, or why there is none)."""
    # packed once: an executor may look into every argument of every call, as Dask does for a name
    packed = zlib.compress(pickle.dumps((release, judge)))
    done: SimpleQueue[Future[tuple[str, Record | str]]] = SimpleQueue()
    asked = {executor.submit(graded_there, job, packed, uuid4().hex): job for job in jobs}
    for future in asked:
        future.add_done_callback(done.put)
    try:
        while asked:
            try:
                future = done.get(timeout=seconds)
            except Empty:
                for job in asked.values():
                    yield job, f"no answer within {seconds:g} s"
                return
            job, error = asked.pop(future), future.exception()
            kind, told = ("lost", _named(error)) if error is not None else future.result()
            if kind == "fault":
                raise RuntimeError(told)
            yield job, told
    finally:
        for future in asked:
            future.cancel()


def _named(error: BaseException) -> str:
    return f"the grader's own {type(error).__name__}: {error}"


def graded_there(job: Job, packed: bytes, call: str) -> tuple[str, Record | str]:
    """Grade one submission in an executor's process, with the judge that this thread keeps.

    Args:
        job: What to grade.
        packed: The release and how a judge is opened, as `_answers` packs them.
        call: Another text each time. Dask takes two equal calls for one and hands out the first
            one's answer, or its error, without calling again.
    """
    benches = _opened.__dict__.setdefault("benches", {})
    try:
        if packed not in benches:
            release, (open_judge, settings) = pickle.loads(zlib.decompress(packed))
            benches[packed] = release, open_judge(settings)
        release, judge = benches[packed]
        return "record", grade_one(job, release, judge)
    except RuntimeError as error:
        if packed not in benches:  # no judge without its sandbox: nothing is graded
            return "fault", str(error)
        return "lost", _named(error)
    except OSError as error:
        return "fault", f"{job.handed.student}: {error}"
