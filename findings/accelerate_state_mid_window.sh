#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6 accelerate==1.15.0
FOLDER="$folder/state" "$folder/env/bin/python" - <<'PY'
import os

import accelerate
import torch
from accelerate import Accelerator
from accelerate.state import AcceleratorState
from torch.utils.data import DataLoader

print("torch", torch.__version__, "accelerate", accelerate.__version__)
print("guess: saved and resumed, 8 micro-batches with K = 4 move the weight by 1 twice, as without")


def started():
    """A fresh process in small: one weight, all prepared."""
    AcceleratorState._reset_state(True)
    accelerator = Accelerator(gradient_accumulation_steps=4, cpu=True)
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.zeros_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    loader = DataLoader(torch.ones(8, 1))
    return accelerator, *accelerator.prepare(model, optimizer, loader)


def train(accelerator, model, optimizer, batches):
    for x in batches:
        with accelerator.accumulate(model):
            accelerator.backward(-model(x).mean())
            optimizer.step()
            optimizer.zero_grad()
        yield model.weight.item()


accelerator, model, optimizer, loader = started()
whole = list(train(accelerator, model, optimizer, loader))

accelerator, model, optimizer, loader = started()
run = train(accelerator, model, optimizer, loader)
resumed = [next(run), next(run)]
accelerator.save_state(os.environ["FOLDER"])  # as a saver by the clock does, within a window
accelerator, model, optimizer, loader = started()
accelerator.load_state(os.environ["FOLDER"])
rest = accelerator.skip_first_batches(loader, 2)
resumed += train(accelerator, model, optimizer, rest)
print(f"  without a break: weight {whole}")
print(f"  saved after two: weight {resumed}")
print("  the count within the window is restored, the gradients in it are not: half a step")
print("hit: whoever saves by time or by micro-batches, under accumulation: one short step a resume")
same = whole[3] == 1.0 and resumed[3] == 0.5 and len(resumed) == 8
raise SystemExit(0 if same else "the behaviour has changed")
PY
