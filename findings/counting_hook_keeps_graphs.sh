#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6
"$folder/env/bin/python" - <<'PY'
import gc
import weakref

import torch
from torch.autograd.graph import saved_tensors_hooks

print("torch", torch.__version__)
print("guess: a pack hook that counts bytes and hands its tensor on changes nothing")


def still_there(hand_on, *, backward):
    """Make a small graph whose hooks count what it saves, let go of it, collect garbage."""
    count = [0]

    def pack(tensor):
        count[0] += tensor.numel() * tensor.element_size()
        return hand_on(tensor)

    x = torch.ones(1000, requires_grad=True)
    with saved_tensors_hooks(pack, lambda tensor: tensor):
        y = x.exp()  # saves its output
        loss = y.sum()
    if backward:
        loss.backward()
    seen = weakref.ref(y)
    del y, loss
    gc.collect()
    return seen() is not None


same, detached = (lambda t: t), (lambda t: t.detach())
found = {
    "measured only, tensor handed on": still_there(same, backward=False),
    "measured only, tensor.detach()": still_there(detached, backward=False),
    "after a backward pass, tensor handed on": still_there(same, backward=True),
}
for name, kept in found.items():
    print(f"  {name:41s} {'kept for good' if kept else 'freed'}")
print("hit: whoever measures a graph's memory by a forward pass alone, as when a chunk is chosen")
raise SystemExit(0 if list(found.values()) == [True, False, False] else "the behaviour has changed")
PY
