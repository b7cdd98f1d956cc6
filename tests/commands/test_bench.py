"""`bench`: every topic's scripts exist and start, and a failing one is passed on."""

import subprocess
import sys

import pytest

from coursekit.commands import bench
from coursekit.storage import ROOT


@pytest.mark.quick
@pytest.mark.parametrize("topic", bench.SCRIPTS)
def test_every_script_is_there(topic):
    for script in bench.SCRIPTS[topic]:
        assert (ROOT / "benchmarks" / script).is_file(), script


def test_scripts_run_in_turn_with_the_arguments_and_the_worst_status_counts(monkeypatch):
    calls = []

    def call(argv, env):
        calls.append(argv[1:])
        return {"bench_noise.py": 3}.get(argv[1].rsplit("/", 1)[1], 0)

    monkeypatch.setattr(subprocess, "call", call)
    assert bench.run("measure", extra=["--rounds", "1"]) == 3
    assert [argv[0].rsplit("/", 1)[1] for argv in calls] == list(bench.SCRIPTS["measure"])
    assert all(argv[1:] == ["--rounds", "1"] for argv in calls)


@pytest.mark.quick
def test_what_there_is_not_is_named(monkeypatch, tmp_path):
    with pytest.raises(ValueError, match="no benchmark 'noise': choose one of measure"):
        bench.run("noise", extra=[])
    monkeypatch.setattr(bench, "is_clone", lambda: False)
    with pytest.raises(ValueError, match="Clone the repository"):
        bench.run("replicas", extra=[])


@pytest.mark.in_turn(thing="a long look", of=3, turn=1)
def test_the_replicas_benchmark_runs(capfd):
    """The ratios themselves are judged by hand: this machine may be busy."""
    bench.run("replicas", extra=["--rounds", "1", "--no-plane"])
    shown = capfd.readouterr().out
    assert "x the loop" in shown
    assert shown.count("64-32-10") == 2


def test_without_a_gpu_the_gpu_benchmark_says_so():
    argv = [sys.executable, str(ROOT / "benchmarks" / "bench_gpu.py")]
    environment = {**bench.child_environment(sys.executable), "CUDA_VISIBLE_DEVICES": ""}
    result = subprocess.run(argv, env=environment, capture_output=True, text=True)
    assert result.returncode == 1
    assert "no CUDA device" in result.stderr
    assert "Traceback" not in result.stderr
