#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PY'
import torch

print("torch", torch.__version__)
print("guess: without a second derivative, create_graph=True fails or warns; f = sum x^3, f'' = 6x")


class Cube(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x**3

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        with torch.no_grad():  # as a kernel of one's own would be: nothing is recorded
            slope = 3 * x**2
        return grad * slope


x = torch.tensor([1.0, 2.0], requires_grad=True)
loss = Cube.apply(x).sum() + 0.5 * (x**2).sum()
(grad,) = torch.autograd.grad(loss, x, create_graph=True)
(second,) = torch.autograd.grad(grad.sum(), x)
print("  second derivative:", second.tolist(), "  right:", (6 * x + 1).tolist())
print("hit: Hessian products of models with kernels of their own: right looking, and too small")
raise SystemExit(0 if second.tolist() == [1.0, 1.0] else "the behaviour has changed")
PY
