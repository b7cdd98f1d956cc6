#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PY'
import torch
from torch import nn

print("torch", torch.__version__)
print("guess: with dropout, two micro-batches draw other masks than the whole batch, always or never")
torch.manual_seed(0)
x, y = torch.randn(64, 8, dtype=torch.float64), torch.randn(64, 1, dtype=torch.float64)


def error(layers):
    """Distance of the gradient of two halves from the whole batch's, at one seed."""
    torch.manual_seed(1)
    hidden = [m for _ in range(layers) for m in (nn.Linear(8, 8), nn.ReLU(), nn.Dropout(0.5))]
    model = nn.Sequential(*hidden, nn.Linear(8, 1)).double()
    found = []
    for parts in (1, 2):
        torch.manual_seed(2)
        model.zero_grad()
        for one, other in zip(x.chunk(parts), y.chunk(parts), strict=True):
            (nn.functional.mse_loss(model(one), other) / parts).backward()
        found.append(torch.cat([p.grad.flatten() for p in model.parameters()]))
    distance = ((found[0] - found[1]).norm() / found[0].norm()).item()
    print(f"  {layers} dropout layer{'s' * (layers > 1)}: relative error {distance:.1e}")
    return distance


one, two = error(1), error(2)
print("  one layer after the other takes its numbers from one stream, row by row: with a single layer")
print("  the halves get the rows' own numbers, with two the second half gets the first layer's others")
print("hit: tests that compare accumulation with one large batch on a CPU: green for the wrong reason")
raise SystemExit(0 if one < 1e-12 and two > 0.1 else "the behaviour has changed")
PY
