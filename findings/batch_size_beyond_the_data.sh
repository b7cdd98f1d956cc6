#!/usr/bin/env bash
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/env"
"$folder/env/bin/pip" install -q torch==2.13.0 numpy==2.4.6 lightning==2.6.6
cd "$folder"
"$folder/env/bin/python" - <<'PY'
import logging
import warnings

import lightning
import torch
from lightning.pytorch.tuner import Tuner
from torch.utils.data import DataLoader

warnings.filterwarnings("ignore")
for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).setLevel(logging.ERROR)
print("torch", torch.__version__, "lightning", lightning.__version__)
print("guess: for 100 examples the batch-size finder returns at most 100")


class Module(lightning.LightningModule):
    def __init__(self):
        super().__init__()
        self.w, self.batch_size = torch.nn.Parameter(torch.zeros(1)), 2

    def training_step(self, batch, _):
        return (self.w - batch).square().mean()

    def configure_optimizers(self):
        return torch.optim.SGD(self.parameters(), lr=0.1)

    def train_dataloader(self):
        return DataLoader(torch.ones(100, 1), batch_size=self.batch_size)


found = {}
for mode in ("power", "binsearch"):
    module = Module()
    trainer = lightning.Trainer(
        max_epochs=1, accelerator="cpu", logger=False, enable_checkpointing=False,
        enable_progress_bar=False, enable_model_summary=False,
    )
    found[mode] = Tuner(trainer).scale_batch_size(module, mode=mode)
    trainer.fit(module)
    print(f"  {mode}: batch size {found[mode]}, and an epoch has {trainer.global_step} step")
print("hit: small data sets: the fit that follows is full-batch, one step an epoch, at a rate")
print("     that was meant for mini-batches")
same = found["power"] > 100 and found["binsearch"] > 100 and trainer.global_step == 1
raise SystemExit(0 if same else "the behaviour has changed")
PY
