"""The pretended GPU refuses what a GPU refuses, and computes what the CPU computes.

And no default device leads a tensor of the library away from the model and its data.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from estimators_by_device import ESTIMATORS, numbers, problem

ROOT = Path(__file__).resolve().parents[1]
BEGIN = (
    "import pretended_gpu, coursekit.device as d; pretended_gpu.begin(d); gpu = d.pick_device()\n"
)
SCRIPT = """
import torch
from torch.func import functional_call, grad, vmap

from coursekit.gradients import per_example_gradients
from coursekit.models import mlp


def refused(action):
    try:
        action()
    except (RuntimeError, TypeError) as error:
        return any(word in str(error) for word in ("same device", "cpu", "for generator but found"))
    return False


g = torch.Generator().manual_seed(0)
there, here = torch.randn(4, 3, generator=g).to(gpu), torch.randn(4, 3, generator=g)
assert there.device == gpu and not there.is_cpu and here.is_cpu

# what unit 04 did: weights of the workers, made on the CPU, times gradients on the GPU
assert refused(lambda: torch.tensor([1.0, 1.0, 1.0, 1.0]) @ there)
assert refused(lambda: there + here)
assert refused(lambda: torch.stack([there[0], here[0]]))
assert refused(lambda: there.add_(here))
assert refused(lambda: torch.where(there > 0, here, there))
assert refused(lambda: there.gather(0, torch.zeros(1, 3, dtype=torch.int64)))
assert refused(lambda: there.index_select(0, torch.tensor([0])))
assert refused(lambda: there.index_add_(0, torch.tensor([0]), there[:1]))
assert refused(lambda: there.numpy())
assert refused(lambda: there.__setitem__(torch.tensor([0, 1]), here[:2]))
assert refused(lambda: there.__setitem__(there > 0, here[here > 0]))
assert refused(lambda: torch.stack([there.sum(), torch.tensor(0.0)]))
model = mlp((3, 4, 2), generator=g).to(gpu)
assert refused(lambda: model(here))

# what a GPU allows: single numbers, indices on the CPU, tensors made where others lie
assert (there * torch.tensor(2.0)).device == gpu
assert there[torch.tensor([1, 0])].device == gpu
there[torch.tensor([True, False, False, False])] = 0.0
for made in (torch.zeros(2, device=gpu), torch.tensor([1.0], device=gpu), there.new_zeros(2),
             torch.full((2,), 1.0, device=gpu), torch.eye(2, device=gpu),
             torch.arange(3, device=gpu)):
    assert made.device == gpu
here.copy_(there)
assert here.is_cpu and here.tolist() == there.tolist() and f"{there.sum():.3f}"

# generators live on a device too
ours = torch.Generator(gpu).manual_seed(3)
drawn = torch.randn(5, generator=ours, device=ours.device)
assert drawn.device == gpu and ours.device == gpu
assert drawn.tolist() == torch.randn(5, generator=torch.Generator().manual_seed(3)).tolist()

for draw in (lambda g, **k: torch.randn(3, generator=g, **k),
             lambda g, **k: torch.randint(9, (3,), generator=g, **k),
             lambda g, **k: torch.randperm(3, generator=g, **k)):
    assert refused(lambda draw=draw: draw(g, device=gpu)) and refused(lambda draw=draw: draw(ours))
    assert draw(ours, device=gpu).device == gpu and draw(g).is_cpu
assert refused(lambda: torch.empty(3, device=gpu).normal_(generator=g))
assert refused(lambda: torch.multinomial(there.abs()[0], 1, generator=g))

# the same numbers, with hooks, transforms and an optimizer
twin = mlp((3, 4, 2), generator=torch.Generator().manual_seed(1))
model.load_state_dict(twin.state_dict())
targets = torch.tensor([0, 1, 1, 0])
loss = torch.nn.CrossEntropyLoss()
for net, x, y in ((model, there, targets.to(gpu)), (twin, here, targets)):
    optimizer = torch.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
    for _ in range(3):
        optimizer.zero_grad()
        loss(net(x), y).backward()
        optimizer.step()
rows = per_example_gradients(model, loss, there, targets.to(gpu))
assert rows.device == gpu
assert torch.allclose(rows.cpu(), per_example_gradients(twin, loss, here, targets), atol=1e-6)
print("all is as on a GPU")
"""


@pytest.fixture
def on_gpu(tmp_path):
    """Return a function that runs a script in a process of its own, which has the pretended GPU."""

    def run(script):
        return subprocess.run(
            [sys.executable, "-c", BEGIN + script + "\npretended_gpu.leave()\n"],
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return run


def test_it_refuses_and_allows_what_a_gpu_does(on_gpu):
    done = on_gpu(SCRIPT)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "all is as on a GPU\n"
    assert done.stderr == ""


def test_a_learners_function_gets_what_it_was_judged_on(on_gpu):
    """An answer that makes tensors of its own passes its check on the CPU, and serves on a GPU."""
    done = on_gpu("""
import torch
from coursekit.exercises import mine_or_library

def average(local_grads, shards):
    indices = [i for shard in shards for i in shard]
    if not all(shards) or len(set(indices)) < len(indices):
        raise ValueError("no")
    counts = torch.tensor([float(len(shard)) for shard in shards], dtype=local_grads.dtype)
    return counts @ local_grads / counts.sum()

use = mine_or_library("u04_workers", average)
answer = use(torch.eye(2).to(gpu), [[0], [1, 2, 3]])
assert answer.device == gpu, answer.device
print(answer.tolist())
""")
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[0].startswith("Using your own")
    assert done.stdout.splitlines()[-1] == "[0.25, 0.75]"


def test_no_estimator_forgets_a_tensor_on_the_cpu(on_gpu):
    """All of them, also those that no unit calls, give on the GPU what they give on the CPU."""
    done = on_gpu("""
import estimators_by_device

print(len(estimators_by_device.ESTIMATORS), estimators_by_device.differences(gpu))
""")
    assert done.returncode == 0, done.stderr
    assert done.stdout == f"{len(ESTIMATORS)} {{}}\n"


@pytest.mark.parametrize("name", ESTIMATORS)
def test_an_estimator_does_not_ask_for_the_default_device(name):
    """A user's script may have set one; what lands on this one has no numbers."""
    expected, again = numbers(ESTIMATORS[name](*problem("cpu"))), problem("cpu")
    with torch.device("meta"):
        found = numbers(ESTIMATORS[name](*again))
    assert len(found) > 0
    np.testing.assert_array_equal(found, expected)
