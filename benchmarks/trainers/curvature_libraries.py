"""Hessian libraries on unequal batches, shuffled loaders, class weights, BatchNorm; ours too.

The truth of each cell is a dense Hessian of the mean loss over all data, by double backward in
float64. The model is softmax regression, and for the last columns a small MLP.
"""

import sys
import warnings
from collections.abc import Callable

import torch
from curvlinops import HessianLinearOperator
from hessian_eigenthings import HessianOperator, lanczos, loss_fns
from probe import say
from pyhessian import hessian as pyhessian
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

from coursekit.curvature import hessian_eigenvalues
from coursekit.gradients import Objective

warnings.filterwarnings("ignore")
torch.set_default_dtype(torch.float64)
WEIGHTS = torch.tensor([1.0, 1.0, 10.0])
Largest = Callable[[nn.Module, Callable, list], float]


class Concave(nn.CrossEntropyLoss):
    """Minus the loss: the largest eigenvalue is not the one of largest absolute value."""

    def forward(self, out, target):
        return -super().forward(out, target)


def data(count=60):
    """Sort classes, so that batches have another mix, and make class 2 wide."""
    g = torch.Generator().manual_seed(0)
    y = torch.arange(count) * 3 // count
    x = torch.randn(count, 4, generator=g) * (1.0 + 2.0 * (y == 2))[:, None]
    return x, y


def model(kind="linear"):
    torch.manual_seed(0)
    layers = [nn.Linear(4, 3)]
    if kind == "norm":
        layers = [nn.Linear(4, 6), nn.BatchNorm1d(6), nn.Tanh(), nn.Linear(6, 3)]
    if kind == "concave":
        layers = [nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3)]
    return nn.Sequential(*layers)


def dense(net, loss_fn, x, y):
    """Return the largest eigenvalue of the Hessian, row by row."""
    params = list(net.parameters())
    grads = torch.autograd.grad(loss_fn(net(x), y), params, create_graph=True)
    flat = torch.cat([g.flatten() for g in grads])
    rows = [torch.autograd.grad(f, params, retain_graph=True) for f in flat]
    return torch.linalg.eigvalsh(
        torch.stack([torch.cat([r.flatten() for r in row]) for row in rows])
    )


def by_coursekit(net, loss_fn, batches):
    return hessian_eigenvalues(net, loss_fn, batches).values[0].item()


def by_curvlinops(net, loss_fn, batches):
    params = [p for p in net.parameters() if p.requires_grad]
    operator = HessianLinearOperator(net, loss_fn, params, batches)
    eye = torch.eye(operator.shape[1])
    return torch.linalg.eigvalsh(operator @ eye)[-1].item()


def by_eigenthings(net, loss_fn, batches, **more):
    operator = HessianOperator(net, batches, loss_fns.supervised_loss(loss_fn))
    found = lanczos(operator, **{"k": 1, "max_iter": 14, "which": "LA", "seed": 0, **more})
    return float(found.eigenvalues[0])


def by_eigenthings_default(net, loss_fn, batches):
    return by_eigenthings(net, loss_fn, batches, max_iter=None)


def by_pyhessian(net, loss_fn, batches):
    torch.manual_seed(0)
    found = pyhessian(net, loss_fn, dataloader=batches, cuda=False)
    return found.eigenvalues(tol=1e-6, maxIter=1000)[0][0]


def by_count(net, loss_fn, batches):
    """Say what the loss is a mean over: here the sum of the class weights."""
    total = Objective(net, loss_fn, batches, count=lambda batch: WEIGHTS[batch[1]].sum())
    return hessian_eigenvalues(total).values[0].item()


ROWS: dict[str, tuple[Largest, str]] = {
    "coursekit hessian_eigenvalues": (by_coursekit, "torch"),
    "coursekit, Objective(count=...)": (by_count, "torch"),
    "curvlinops HessianLinearOperator": (by_curvlinops, "curvlinops-for-pytorch"),
    "hessian-eigenthings lanczos, 14 steps": (by_eigenthings, "hessian-eigenthings"),
    "hessian-eigenthings lanczos(k=1)": (by_eigenthings_default, "hessian-eigenthings"),
    "PyHessian eigenvalues": (by_pyhessian, "pyhessian"),
}


def ratio(largest: Largest, net, loss_fn, batches, right) -> str:
    """Return the value found over the right one, or that it is refused."""
    try:
        return f"{largest(net, loss_fn, batches) / float(right):.3f}"
    except Exception as error:
        print(f"{largest.__name__}: {type(error).__name__}: {error}", file=sys.stderr)
        return f"refused: {type(error).__name__}"


def main():
    x, y = data()
    plain, weighted = nn.CrossEntropyLoss(), nn.CrossEntropyLoss(weight=WEIGHTS)
    whole, unequal = [(x, y)], [(x[:50], y[:50]), (x[50:], y[50:])]
    halves = [(x[:30], y[:30]), (x[30:], y[30:])]
    shuffled = DataLoader(TensorDataset(x, y), batch_size=24, shuffle=True)
    right, right_weighted = (dense(model(), f, x, y)[-1] for f in (plain, weighted))
    net = model("concave")
    below = dense(net, Concave(), x, y)[-1]
    for row, (largest, package) in ROWS.items():

        def cell(
            behaviour,
            net,
            loss_fn,
            batches,
            right,
            setting,
            row=row,
            largest=largest,
            package=package,
        ):
            say(row, behaviour, ratio(largest, net, loss_fn, batches, right), setting, package)

        if row.endswith("(count=...)"):
            setting = "class weights 1, 1, 10; halves"
            cell("weighted", model(), weighted, halves, right_weighted, setting)
            continue
        cell("whole", model(), plain, whole, right, "60 examples in one batch")
        cell("unequal", model(), plain, unequal, right, "batches of 50 and 10")
        cell("shuffled", model(), plain, shuffled, right, "DataLoader(shuffle=True), batches of 24")
        cell(
            "weighted", model(), weighted, halves, right_weighted, "class weights 1, 1, 10; halves"
        )
        cell("concave", model("concave"), Concave(), whole, below, "minus the loss: LA is not LM")
        net = model("norm").train()
        right_norm = dense(net, plain, x, y)[-1]
        cell("norm", model("norm").train(), plain, whole, right_norm, "BatchNorm in train mode")


if __name__ == "__main__":
    main()
