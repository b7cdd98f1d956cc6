"""Threads, processes, interruptions, full memory: the numbers stay what they are."""

import functools
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pytest
import torch
from small_grids import SIZES, digits, double_mlp

from coursekit.replicas import _execute as replicas_execute
from coursekit.replicas._run import denormals_flushed, train_stack
from coursekit.replicas.grid import run_grid
from coursekit.replicas.population import Population

pytestmark = pytest.mark.in_turn(thing="stacks of replicas", of=3, turn=1)

GRID = {"seeds": (0, 1), "batch_sizes": (16, 32), "lrs": (0.05, 0.1, 0.2), "num_epochs": 2}
quiet = functools.partial(run_grid, progress=False)


def same(one: Population, other: Population) -> bool:
    names = ("train_loss", "validation_accuracy", "test_accuracy", "diverged_at")
    return all(np.array_equal(getattr(one, n), getattr(other, n)) for n in names)


class Counting(Executor):
    """Runs at once in this thread, and counts; fails from a given call on, if asked."""

    def __init__(self, fail_from=None, error=None):
        self.calls, self.fail_from, self.error = 0, fail_from, error

    def submit(self, fn, /, *args, **kwargs):
        self.calls += 1
        future: Future = Future()
        try:
            if self.fail_from is not None and self.calls >= self.fail_from:
                raise self.error
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


def test_processes_give_the_same_numbers():
    here = quiet(SIZES, digits(), max_stack=3, **GRID)
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        there = quiet(SIZES, digits(), max_stack=3, executor=pool, **GRID)
    assert same(here, there)


def test_an_interrupted_grid_goes_on_where_it_was(tmp_path):
    whole = quiet(SIZES, digits(), max_stack=2, **GRID)
    stopped = Counting(fail_from=4, error=KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        quiet(SIZES, digits(), max_stack=2, executor=stopped, resume=tmp_path, **GRID)
    assert len(list(tmp_path.glob("*.npz"))) == 3
    rest = Counting()
    resumed = quiet(SIZES, digits(), max_stack=2, executor=rest, resume=tmp_path, **GRID)
    assert rest.calls == 3
    assert same(resumed, whole)


RUN = """
import sys
sys.path.insert(0, {tests!r})
from small_grids import SIZES, digits
from coursekit.replicas.grid import run_grid
import torch
torch.set_num_threads(1)
run_grid(SIZES, digits(), seeds=range(4), batch_sizes=(4,), lrs=(0.05, 0.1), num_epochs={epochs},
         max_stack=1, resume={folder!r}, progress=False)
"""


def test_a_killed_run_resumes_to_the_same_numbers(tmp_path):
    """SIGKILL after the first finished stack; what was finished is kept, the rest is trained."""
    epochs = 30
    code = RUN.format(
        tests=str(Path(__file__).resolve().parents[1]), folder=str(tmp_path), epochs=epochs
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[2])}
    process = subprocess.Popen([sys.executable, "-c", code], env=environment)
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob("*.npz")):
        assert process.poll() is None, "the run ended before it could be killed"
        assert time.monotonic() < deadline
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = {p: p.stat().st_mtime_ns for p in tmp_path.glob("*.npz")}
    assert 1 <= len(kept) < 8
    settings = {"seeds": range(4), "batch_sizes": (4,), "lrs": (0.05, 0.1), "num_epochs": epochs}
    resumed = quiet(SIZES, digits(), max_stack=1, resume=tmp_path, **settings)
    assert same(resumed, quiet(SIZES, digits(), max_stack=1, **settings))
    assert len(list(tmp_path.glob("*.npz"))) == 8
    assert all(p.stat().st_mtime_ns == at for p, at in kept.items())


@pytest.mark.parametrize(
    "changed",
    [
        {"lrs": (0.05, 0.1, 0.25)},
        {"seeds": (0, 2)},
        {"num_epochs": 3},
        {"optimizer": "momentum"},
        {"schedule": lambda n: lambda step: 0.5},
        {"backend": "loop"},
    ],
)
def test_other_runs_are_not_taken_for_finished_ones(tmp_path, changed):
    quiet(SIZES, digits(), resume=tmp_path, **GRID)
    counting = Counting()
    quiet(SIZES, digits(), resume=tmp_path, executor=counting, **{**GRID, **changed})
    assert counting.calls >= 2
    counting = Counting()
    quiet(SIZES, digits(96), resume=tmp_path, executor=counting, **GRID)
    assert counting.calls == 2  # other data


def test_a_damaged_file_is_set_aside_and_its_stack_trained_again(tmp_path, capsys):
    whole = quiet(SIZES, digits(), resume=tmp_path, **GRID)
    victim = sorted(tmp_path.glob("*.npz"))[0]
    victim.write_bytes(victim.read_bytes()[:100])
    assert same(quiet(SIZES, digits(), resume=tmp_path, **GRID), whole)
    assert "is damaged" in capsys.readouterr().err
    assert len(list(tmp_path.glob("*.damaged-*"))) == 1


def with_memory_for(limit, monkeypatch):
    """Let stacks of more than ``limit`` replicas run out of memory."""

    def small(stack, data, **settings):
        if len(stack.lrs) > limit:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return train_stack(stack, data, **settings)

    monkeypatch.setattr(replicas_execute, "train_stack", small)


def test_a_stack_that_does_not_fit_is_split_and_the_size_that_fits_is_said(monkeypatch, capsys):
    whole = quiet(double_mlp, digits(double=True), **GRID)
    with_memory_for(2, monkeypatch)
    split = quiet(double_mlp, digits(double=True), **GRID)
    assert np.allclose(split.train_loss, whole.train_loss, rtol=1e-12)
    assert split.stack_sizes.tolist() == [2, 2]
    message = capsys.readouterr().err
    assert "6 replicas at batch size 16 do not fit in memory: trying 3." in message
    assert "max_stack=2" in message


def test_what_fits_not_even_alone_is_refused(monkeypatch):
    with_memory_for(0, monkeypatch)
    with pytest.raises(MemoryError, match="not even one replica fits at batch size 32"):
        quiet(SIZES, digits(), **{**GRID, "batch_sizes": (32,)})


def test_another_error_is_not_taken_for_full_memory():
    failing = Counting(fail_from=1, error=RuntimeError("shapes do not match"))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        quiet(SIZES, digits(), executor=failing, **GRID)
    assert failing.calls == 2


def test_threads_of_torch_are_as_before_even_after_an_error():
    before = torch.get_num_threads()
    quiet(SIZES, digits(), **GRID)
    assert torch.get_num_threads() == before
    with pytest.raises(ValueError, match="not negative"):
        quiet(SIZES, digits(), schedule=lambda n: lambda step: -1.0, **GRID)
    assert torch.get_num_threads() == before


def test_progress_is_shown_on_stderr_and_only_for_what_takes_long(capsys):
    run_grid(SIZES, digits(), **GRID)
    assert capsys.readouterr() == ("", "")


def test_the_bar_counts_every_example(monkeypatch):
    bars = []

    class Bar(replicas_execute.tqdm):
        def __init__(self, *args, **kwargs):
            super().__init__(*args, **{**kwargs, "delay": 0, "leave": True})
            bars.append(self)

    monkeypatch.setattr(replicas_execute, "tqdm", Bar)
    run_grid(SIZES, digits(), **GRID)
    assert bars[0].n == bars[0].total == 2 * 128 * 12


def test_tiny_numbers_count_as_zero_only_inside():
    def smallest():
        return (torch.full((8,), 1e-39) * 0.5).max().item()

    assert smallest() > 0
    with denormals_flushed():
        assert smallest() == 0
        with denormals_flushed():
            pass
        assert smallest() == 0
    assert smallest() > 0


def test_the_help_shows_runnable_code():
    """The example in the module's docstring runs, shortened."""
    example = re.search(
        r"plane = run_grid\((.|\n)*?\)\n\n", sys.modules[run_grid.__module__].__doc__
    )
    code = example.group().replace('load("mnist1d")', 'load("mnist1d", num_train=256)')
    space: dict = {"run_grid": run_grid, "load": __import__("coursekit.data.splits").data.load}
    exec(code.replace("num_epochs=30", "num_epochs=1"), space)
    assert space["plane"].test_accuracy.shape == (4, 2, 2)
