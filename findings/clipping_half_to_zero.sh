#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PY'
import torch
from torch.nn.utils import clip_grad_norm_

print("torch", torch.__version__)
print("guess: finite float16 gradients, clipped at 1, have the norm 1 afterwards")


def clipped(count, dtype):
    w = torch.nn.Parameter(torch.zeros(count, dtype=dtype))
    w.grad = torch.full_like(w, 100.0)  # 65504 is the largest number of float16
    before = clip_grad_norm_([w], 1.0)
    after = w.grad.double().norm().item()
    print(f"  {count} gradients of 100 in {dtype}: norm {before.item():.0f}, then {after:.3f}")
    return after


few, many = clipped(400_000, torch.float16), clipped(500_000, torch.float16)
exact = clipped(500_000, torch.float32)
print("  the norm is returned in the gradients' type; beyond 65504 it is inf, and g x 1/inf is zero")
print("hit: pure float16 training with summed losses: the step is nothing, and no error is raised")
same = 0.9 < few < 1.1 and many == 0.0 and 0.999 < exact < 1.001
raise SystemExit(0 if same else "the behaviour has changed")
PY
