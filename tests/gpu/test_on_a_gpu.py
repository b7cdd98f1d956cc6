"""On a real GPU, by `pytest -m gpu`: units at their size, replicas and estimators against the CPU.

    python -m pytest tests/gpu -m gpu -n 5 --maxschedchunk 1 -p no:benchmark -p no:cacheprovider

Elsewhere these tests are left out; tests/test_pretended_gpu.py and the units on a pretended device
find a forgotten tensor on any machine. What only a GPU shows is here: its arithmetic, and CUDA
graphs. Whether a unit's size for a GPU fits into its minute is for benchmarks/gpu_units.py to say,
which runs one at a time: here several share the GPU and the cores, and slow each other.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from estimators_by_device import AGREE, ESTIMATORS, numbers, problem
from torch import nn

from coursekit.curvature import hessian_eigenvalues
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
AT_A_TIME = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_runs_at_the_size_for_a_gpu(unit):
    threads = max(1, (os.cpu_count() or 1) // AT_A_TIME)
    row = gpu_units.run_unit(unit, "gpu", threads=threads)
    assert row["status"] == 0, row["error"]
    assert "CPU" not in row["device"]
    assert 0 < row["checks"] == row["right"]
    # The minute is benchmarks/gpu_units.py's; a unit that runs beside others takes longer.
    assert row["seconds"] < gpu_units.LIMIT * min(AT_A_TIME, 5), row["cells"][:5]


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


def test_rough_products_come_to_the_same_eigenvalue():
    torch.manual_seed(0)
    layers = nn.Linear(64, 256), nn.Tanh(), nn.Linear(256, 256), nn.Tanh(), nn.Linear(256, 10)
    net = nn.Sequential(*layers).cuda()
    data = torch.randn(512, 64).cuda(), torch.randint(10, (512,)).cuda()
    rough, exact = (
        hessian_eigenvalues(net, F.cross_entropy, data, tol=1e-2, rough_first=first)
        for first in (True, False)
    )
    assert rough.value == pytest.approx(exact.value, rel=1e-3)
    assert rough.residual <= 1e-2 * rough.value
    assert rough.cost < exact.cost  # it was the rough way, and shorter
    assert torch.get_float32_matmul_precision() == "highest"
