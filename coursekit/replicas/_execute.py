"""Run stacks on threads, processes or a cluster: progress, resume, splitting when memory ends."""

import functools
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from tqdm import tqdm

from coursekit.data.splits import Dataset
from coursekit.replicas._plan import Planned
from coursekit.replicas._run import train_stack
from coursekit.replicas._stack import Result
from coursekit.replicas._store import key_of, load, save


class Stopped(Exception):
    """Raised in a worker that was told to stop."""


def run_stacks(
    planned: Sequence[Planned],
    data: Dataset,
    *,
    devices: Sequence[torch.device],
    executor: Executor | None,
    resume: Path | None,
    progress: bool,
) -> Iterator[tuple[Planned, Result]]:
    """Train every stack; yield each as it finishes. Stacks may come back in smaller pieces.

    Raises:
        MemoryError: If a single replica does not fit.
    """
    stop, lock = threading.Event(), threading.Lock()
    total = sum(int(p.stack.batch_sizes.sum()) * len(p.positions) for p in planned)
    bar = tqdm(
        total=total,
        unit="example",
        unit_scale=True,
        delay=2,
        mininterval=0.5,
        disable=not progress,
        leave=False,
    )

    def on_examples(count: int) -> None:
        with lock:
            bar.update(count)
        if stop.is_set():
            raise Stopped

    with bar, _workers(executor, devices) as pool:
        shares_memory = isinstance(pool, ThreadPoolExecutor)
        report = on_examples if shares_memory else None
        pending: dict[Future, Planned] = {}
        try:
            yield from _finished(planned, data, devices, pool, pending, resume, report, bar)
        except BaseException:
            stop.set()
            for future in pending:
                future.cancel()
            raise


def _finished(
    planned: Sequence[Planned],
    data: Dataset,
    devices: Sequence[torch.device],
    pool: Executor,
    pending: dict[Future, Planned],
    resume: Path | None,
    report: Callable[[int], None] | None,
    bar: Any,
) -> Iterator[tuple[Planned, Result]]:
    turn = 0

    def submit(work: Planned) -> None:
        nonlocal turn
        device, turn = devices[turn % len(devices)], turn + 1
        task = functools.partial(train_stack, device=device, on_examples=report)
        pending[pool.submit(task, work.stack, data)] = work

    for work in planned:
        found = None if resume is None else load(resume, key_of(work.stack, data))
        if found is None:
            submit(work)
        else:
            bar.update(int(work.stack.batch_sizes.sum()) * len(work.positions))
            yield work, found
    while pending:
        done, _ = wait(pending, return_when=FIRST_COMPLETED)
        for future in [f for f in pending if f in done]:  # in order of submission
            work = pending.pop(future)
            error = future.exception()
            if error is not None and is_out_of_memory(error):
                for half in _halves_or_refuse(work, error):
                    submit(half)
                continue
            result = future.result()
            if resume is not None:
                save(resume, key_of(work.stack, data), result)
            if report is None:
                bar.update(int(work.stack.batch_sizes.sum()) * len(work.positions))
            yield work, result


def is_out_of_memory(error: BaseException) -> bool:
    """Say whether an error means that memory ended, on a GPU or a CPU."""
    words = ("out of memory", "not enough memory", "can't allocate memory")
    return isinstance(error, torch.OutOfMemoryError | MemoryError) or (
        isinstance(error, RuntimeError) and any(w in str(error).lower() for w in words)
    )


def _halves_or_refuse(work: Planned, error: BaseException) -> list[Planned]:
    count = len(work.positions)
    batch_size = int(work.stack.batch_sizes.max())
    if count == 1:
        raise MemoryError(
            f"not even one replica fits at batch size {batch_size}: take smaller batches, a "
            f"smaller model or another device ({error})"
        ) from error
    halves = work.halves()
    fewer = len(halves[0].positions)
    message = f"{count} replicas at batch size {batch_size} do not fit in memory: trying {fewer}."
    tqdm.write(f"{message} To start there next time: max_stack={fewer}", file=sys.stderr)
    return halves


@contextmanager
def _workers(executor: Executor | None, devices: Sequence[torch.device]) -> Iterator[Executor]:
    """Yield the caller's executor, or threads: one a device, or one a CPU thread of torch's.

    Several stacks side by side, each on one thread, keep more cores busy than one stack on
    several: its products are too small to share.
    """
    if executor is not None:
        yield executor
        return
    threads = torch.get_num_threads()
    on_cpu = all(device.type == "cpu" for device in devices)
    if on_cpu:
        torch.set_num_threads(1)
    try:
        with ThreadPoolExecutor(threads if on_cpu else len(devices)) as pool:
            yield pool
    finally:
        if on_cpu:
            torch.set_num_threads(threads)
