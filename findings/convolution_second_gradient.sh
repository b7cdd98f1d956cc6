#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PY'
import time
import torch

print("torch", torch.__version__)
print("guess: the kernel's gradient of <u, input's gradient> takes what the kernel's gradient takes:")
print("       it is the same function, of u in place of the input")
torch.set_num_threads(1)
torch.manual_seed(0)


def seconds(work):
    work()
    times = []
    for _ in range(7):
        start = time.process_time()
        work()
        times.append(time.process_time() - start)
    return min(times)


ratios = []
for size in (1, 3):
    x = torch.randn(8, 64, 56, 56, requires_grad=True)
    w = torch.randn(64, 64, size, size, requires_grad=True)
    y = torch.conv2d(x, w, padding=size // 2)
    g = torch.randn_like(y).requires_grad_()
    (slope,) = torch.autograd.grad(y, x, g, create_graph=True)
    u = torch.randn_like(x)
    second = lambda: torch.autograd.grad(slope, w, u, retain_graph=True)[0]
    again = torch.conv2d(u, w, padding=size // 2)
    first = lambda: torch.autograd.grad(again, w, g.detach(), retain_graph=True)[0]
    gap = (first() - second()).norm() / first().norm()
    ratios.append(seconds(second) / seconds(first))
    print(f"  {size} x {size}: the same to {gap:.0e}, {ratios[-1]:.1f} times as long")
    assert gap < 1e-4

print("hit: Hessian products of convolutional networks (ResNet-50 on an H200: 5.1 gradients for 2.6)")
raise SystemExit(0 if min(ratios) > 1.5 else "the behaviour has changed")
PY
