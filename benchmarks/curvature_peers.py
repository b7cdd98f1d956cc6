"""What bench_curvature compares: the networks, and the same eigenvalues by other libraries."""

import copy
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor, nn

from coursekit.data import load

Data = tuple[Tensor, Tensor]
Workload = tuple[nn.Module, Data]


def mlp(activation: Callable[[], nn.Module]) -> nn.Module:
    return nn.Sequential(
        *(nn.Linear(64, 128), activation(), nn.Linear(128, 128), activation()), nn.Linear(128, 10)
    )


def sgd(model: nn.Module, data: Data, num_steps: int, lr: float = 0.1) -> None:
    """Take a few steps, so that the point is that of a net in training."""
    rng = torch.Generator().manual_seed(1)
    params = list(model.parameters())
    for _ in range(num_steps):
        index = torch.randint(len(data[0]), (64,), generator=rng).to(data[0].device)
        loss = F.cross_entropy(model(data[0][index]), data[1][index])
        with torch.no_grad():
            for p, g in zip(params, torch.autograd.grad(loss, params), strict=True):
                p -= lr * g


def workloads(device: torch.device) -> dict[str, Workload]:
    """Return MLPs on the 1,797 digits and a CNN on 512 synthetic images, each partly trained."""
    torch.manual_seed(0)
    digits = load("digits")
    inputs = torch.cat([digits.train_inputs, digits.validation_inputs, digits.test_inputs])
    targets = torch.cat([digits.train_targets, digits.validation_targets, digits.test_targets])
    labels = torch.randint(0, 10, (512,))
    images = torch.randn(512, 1, 28, 28) + 0.7 * torch.randn(10, 1, 28, 28)[labels]
    cnn = nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(1568, 64), nn.ReLU(), nn.Linear(64, 10)),
    )
    found = {}
    for name, model, data, num_steps in (
        ("mlp", mlp(nn.ReLU), (inputs, targets), 100),
        ("tanh", mlp(nn.Tanh), (inputs, targets), 100),
        ("cnn", cnn, (images, labels), 20),
    ):
        placed = (data[0].to(device), data[1].to(device))
        model.to(device)
        sgd(model, placed, num_steps)
        found[name] = model, placed
    return found


def widened(workload: Workload) -> Workload:
    model, (inputs, targets) = workload
    return copy.deepcopy(model).double(), (inputs.double(), targets)


def curvlinops_operator(workload: Workload) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from curvlinops import HessianLinearOperator

        model, data = workload
        return HessianLinearOperator(
            model,
            nn.CrossEntropyLoss(),
            list(model.parameters()),
            [data],
            check_deterministic=False,
        )


def top_by_pyhessian(workload: Workload) -> Callable[[], list[float]]:
    from pyhessian import hessian

    model, data = copy.deepcopy(workload[0]), workload[1]
    on_gpu = data[0].is_cuda

    def run() -> list[float]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # backward(create_graph=True) leaks; it says so
            solver = hessian(model, nn.CrossEntropyLoss(), data=data, cuda=on_gpu)
            values, _ = solver.eigenvalues(maxIter=1000, tol=1e-6, top_n=5)
        model.zero_grad(set_to_none=True)
        return values

    return run


def top_by_curvlinops(workload: Workload) -> Callable[[], list[float]]:
    def run() -> list[float]:
        operator = curvlinops_operator(workload).to_scipy()
        start = np.random.default_rng(0).standard_normal(operator.shape[0])
        return list(
            eigsh(
                operator,
                k=5,
                which="LA",
                tol=1e-3,
                return_eigenvectors=False,
                v0=start.astype(operator.dtype),
            )
        )

    return run


def top_by_rebuilding(workload: Workload) -> Callable[[], list[float]]:
    """The widespread pattern (edge-of-stability): eigsh, and a new graph for every product."""
    model, (inputs, targets) = workload
    params = list(model.parameters())
    size = sum(p.numel() for p in params)

    def product(vector: np.ndarray) -> np.ndarray:
        v = torch.from_numpy(vector.astype(np.float32).reshape(-1)).to(inputs.device)
        loss = F.cross_entropy(model(inputs), targets)
        grads = torch.autograd.grad(loss, params, create_graph=True)
        dot = torch.cat([g.reshape(-1) for g in grads]) @ v
        bent = torch.autograd.grad(dot, params)
        return torch.cat([b.reshape(-1) for b in bent]).cpu().numpy()

    def run() -> list[float]:
        operator = LinearOperator((size, size), matvec=product, dtype=np.float32)
        start = np.random.default_rng(0).standard_normal(size).astype(np.float32)
        return list(eigsh(operator, k=5, which="LA", return_eigenvectors=False, v0=start))

    return run
