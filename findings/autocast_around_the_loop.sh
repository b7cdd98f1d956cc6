#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PY'
from contextlib import nullcontext

import torch
from torch import nn

print("torch", torch.__version__)
print("guess: a second autocast block around the loop costs some precision at most, and one that is")
print("       switched off (enabled=False) nothing at all")
torch.manual_seed(0)
x, y = torch.randn(64, 8), torch.randint(3, (64,))


def losses(name, around):
    """Six steps of SGD, each forward pass in an autocast block of its own."""
    torch.manual_seed(1)
    model = nn.Linear(8, 3)
    optimizer, found = torch.optim.SGD(model.parameters(), lr=0.5), []
    start = model.weight.detach().clone()
    with around:
        for _ in range(6):
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16):
                loss = nn.functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            found.append(loss.item())
    moved = (model.weight - start).norm().item()
    print(f"  {name:14s} around: {', '.join(f'{v:.3f}' for v in found)}; weights moved {moved:.2f}")
    return found


right = losses("nothing", nullcontext())
stale = [
    losses("autocast", torch.autocast("cpu", torch.bfloat16)),
    losses("enabled=False", torch.autocast("cpu", torch.bfloat16, enabled=False)),
]
print("  a weight's bfloat16 copy is kept until the OUTERMOST block ends, whatever step() did to it")
print("hit: a helper or a notebook cell that wraps training in a block with enabled=use_amp: the")
print("     weights move, by gradients that never change, and the loss is that of the first step")
same = all(max(s) == min(s) for s in stale) and right[-1] < 0.9 * right[0]
raise SystemExit(0 if same else "the behaviour has changed")
PY
