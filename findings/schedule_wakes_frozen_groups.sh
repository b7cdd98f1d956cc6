#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6 pytorch-optimizer==4.1.0
"$folder/env/bin/python" - <<'PY'
from importlib.metadata import version

import torch
from pytorch_optimizer import CosineScheduler, LinearScheduler

print("torch", torch.__version__, "pytorch-optimizer", version("pytorch-optimizer"))
print("guess: a schedule scales each parameter group's own rate, as torch's schedulers do")


def rates(kind):
    head, body, frozen = (torch.nn.Parameter(torch.zeros(1)) for _ in range(3))
    groups = [{"params": [p], "lr": lr} for p, lr in ((head, 1.0), (body, 0.1), (frozen, 0.0))]
    optimizer = torch.optim.SGD(groups, lr=1.0)
    if kind is torch.optim.lr_scheduler.CosineAnnealingLR:
        schedule = kind(optimizer, 100)
    else:
        schedule = kind(optimizer, t_max=100, max_lr=1.0, warmup_steps=10)
    for _ in range(30):
        for p in (head, body, frozen):
            p.grad = -torch.ones(1)
        optimizer.step()
        schedule.step()
    found = [float(group["lr"]) for group in optimizer.param_groups]
    print(f"  {kind.__name__:18s}: rates {found[0]:.3f}, {found[1]:.3f}, {found[2]:.3f} after 30 "
          f"steps; the frozen weight moved by {frozen.item():.2f}")
    return found, frozen.item()


own, still = rates(torch.optim.lr_scheduler.CosineAnnealingLR)
moved = [rates(kind) for kind in (CosineScheduler, LinearScheduler)]
print("  one number is written into every group")
print("hit: fine-tuning with layer-wise rates, or with groups at rate 0 to be thawed later")
same = still == 0 and own[1] < own[0] and all(f > 1 and r[0] == r[1] == r[2] for r, f in moved)
raise SystemExit(0 if same else "the behaviour has changed")
PY
