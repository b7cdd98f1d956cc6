"""On a real GPU, by `pytest -m gpu`: units at their size, replicas and estimators against the CPU.

Elsewhere these tests are left out; tests/test_pretended_gpu.py and the units on a pretended device
find a forgotten tensor on any machine. What only a GPU shows is here: its arithmetic, CUDA graphs,
and whether a unit's size for a GPU fits into its minute.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from estimators_by_device import AGREE, ESTIMATORS, numbers, problem

from coursekit.data import load
from coursekit.replicas import run_grid

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
import gpu_correct  # noqa: E402
import gpu_units  # noqa: E402

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device here"),
]
UNITS = sorted(path.stem for path in (ROOT / "solutions").glob("*.py"))


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_runs_at_the_size_for_a_gpu_within_its_minute(unit):
    row = gpu_units.run_unit(unit, "gpu", threads=torch.get_num_threads())
    assert row["status"] == 0, row["error"]
    assert "CPU" not in row["device"]
    assert 0 < row["checks"] == row["right"]
    assert row["seconds"] < gpu_units.LIMIT, row["cells"][:5]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_gives_what_it_gives_on_the_cpu(name):
    here, there = (numbers(ESTIMATORS[name](*problem(d))) for d in ("cpu", "cuda"))
    np.testing.assert_allclose(there, here, rtol=AGREE, atol=AGREE)


def test_replicas_in_float64_are_the_single_runs_of_the_cpu(capsys):
    found = {}
    gpu_correct.check_correct(found)
    assert found.pop("correct/divergence")
    assert max(found.values()) < 1e-9, capsys.readouterr().out


def test_a_population_in_float32_agrees_with_that_of_the_cpu():
    data = load("mnist1d", num_train=256)
    ways = {"seeds": range(8), "batch_sizes": (16, 100), "lrs": (0.05, 0.2), "num_steps": 60}
    here, there = (
        run_grid((40, 16, 10), data, device=d, progress=False, **ways) for d in ("cpu", "cuda")
    )
    np.testing.assert_allclose(there.train_loss, here.train_loss, rtol=1e-3)
