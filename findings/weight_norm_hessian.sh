#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PY'
import torch
from torch import nn
from torch.nn.utils.parametrizations import weight_norm

print("torch", torch.__version__)
print("guess: a Hessian is symmetric, so u'Hv = v'Hu; in float64 to 1e-12")
torch.manual_seed(0)
x, y = torch.randn(20, 6, dtype=torch.float64), torch.randint(0, 3, (20,))


def asymmetry(normed):
    torch.manual_seed(1)
    first = nn.Linear(6, 8)
    model = nn.Sequential(weight_norm(first) if normed else first, nn.Tanh(), nn.Linear(8, 3)).double()
    params = list(model.parameters())
    grads = torch.autograd.grad(nn.functional.cross_entropy(model(x), y), params, create_graph=True)
    flat = torch.cat([g.reshape(-1) for g in grads])
    g = torch.Generator().manual_seed(2)
    u, v = torch.randn(2, len(flat), generator=g, dtype=torch.float64)

    def product(w):
        parts = torch.autograd.grad(flat @ w, params, retain_graph=True)
        return torch.cat([p.reshape(-1) for p in parts])

    one, other = (u @ product(v)).item(), (v @ product(u)).item()
    print(f"  {'weight_norm' if normed else 'plain      '}: u'Hv {one:.6f}, v'Hu {other:.6f}")
    return abs(one - other) / max(abs(one), abs(other))


plain, normed = asymmetry(False), asymmetry(True)
print("hit: eigenvalues, traces and spectra by double backward of networks with weight_norm")
raise SystemExit(0 if plain < 1e-10 < 1e-4 < normed else "the behaviour has changed")
PY
