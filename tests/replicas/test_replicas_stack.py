"""What a CUDA graph relies on: a step's changes can be put back, and its count may be a tensor."""

import numpy as np
import pytest
import torch
from small_grids import as_images, convnet_with_batchnorm, digits, double_mlp
from torch.nn.functional import cross_entropy

from coursekit.replicas._plan import prepare
from coursekit.replicas._stack import Replicas, Stack
from coursekit.train.optim import BY_NAME

pytestmark = pytest.mark.quick
CPU = torch.device("cpu")


def replicas_of(make, data, optimizer, backend):
    template = prepare(
        make,
        data,
        (0, 1),
        loss_fn=cross_entropy,
        backend=backend,
        device=CPU,
        keep_weights=True,
    )
    changed = {"seed_index": np.array([0, 1, 0]), "lrs": np.array([0.1, 0.1, 0.2])}
    stack = Stack(**{**vars(template), **changed, "optimizer": BY_NAME[optimizer]})
    return Replicas(stack, data, CPU)


CASES = [
    ("mlp", double_mlp, False),
    ("vmap", double_mlp, False),
    ("vmap", convnet_with_batchnorm, True),
]


@pytest.mark.parametrize("optimizer", BY_NAME)
@pytest.mark.parametrize(("backend", "make", "images"), CASES, ids=["mlp", "vmap", "batchnorm"])
def test_a_step_can_be_undone_and_its_count_may_be_a_tensor(optimizer, backend, make, images):
    data = as_images(digits(double=True)) if images else digits(double=True)
    lr = torch.tensor([0.01, 0.02, 0.03], dtype=torch.float64)
    batches = torch.arange(2 * 3 * 8).view(3, 2, 8)
    finals = []
    with torch.no_grad():
        for warm_up in (False, True):
            replicas = replicas_of(make, data, optimizer, backend)
            for step, indices in enumerate(batches, start=1):
                count = torch.tensor(float(step), dtype=torch.float64) if warm_up else step
                if warm_up:
                    before = [t.clone() for t in replicas.tensors()]
                    for _ in range(2):
                        replicas.step(batches[0], lr, count)
                    assert any(
                        not torch.equal(t, b)
                        for t, b in zip(replicas.tensors(), before, strict=True)
                    )
                    for tensor, value in zip(replicas.tensors(), before, strict=True):
                        tensor.copy_(value)
                replicas.step(indices, lr, count)
            finals.append([t.clone() for t in replicas.tensors()])
    for one, other in zip(*finals, strict=True):
        assert torch.allclose(one.double(), other.double(), rtol=1e-14, atol=1e-15)
