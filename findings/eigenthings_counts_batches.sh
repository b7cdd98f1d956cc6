#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6 hessian-eigenthings==1.0.0a5
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

import torch
from hessian_eigenthings import HessianOperator, loss_fns
from torch import nn

print("torch", torch.__version__, "hessian-eigenthings", version("hessian-eigenthings"))
print("guess: the Hessian of ten examples does not depend on how a loader cuts them")
x = torch.tensor([1.0] * 7 + [4.0] * 3)[:, None]
y = torch.zeros(10, 1)
model = nn.Linear(1, 1)


def curvature(*sizes, **settings):
    """v'Hv of the mean squared error along the weight: 2 x mean of x^2 = 11."""
    batches = list(zip(x.split(sizes), y.split(sizes), strict=True))
    loss_fn = loss_fns.supervised_loss(nn.MSELoss())
    operator = HessianOperator(model, batches, loss_fn, **settings)
    found = operator.matvec(torch.tensor([1.0, 0.0]))[0].item()
    print(f"  batches of {sizes} {settings or ''}: {found:.2f}")
    return found


whole, cut = curvature(10), curvature(7, 3)
micro = curvature(10, microbatch_size=7)
print("  right: 11.00; every batch counts alike, whatever its size, also inside microbatch_size")
print("hit: every loader with a last short batch: eigenvalues and traces lean to its examples")
same = abs(whole - 11) < 1e-3 and abs(cut - 17) < 1e-3 and abs(micro - 17) < 1e-3
raise SystemExit(0 if same else "the behaviour has changed")
PY
