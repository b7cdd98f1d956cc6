"""The Lightning Trainer, automatic optimization."""

import logging
import sys
import warnings

import lightning
import torch
from probe import Examples, Recorder, extra, on_two, say, weights
from torch.utils.data import DataLoader

warnings.filterwarnings("ignore")
for name in ("lightning", "lightning.pytorch", "lightning.fabric"):
    logging.getLogger(name).setLevel(logging.ERROR)
ROW, PACKAGES = "Lightning Trainer", ("lightning", "torch")


class Module(lightning.LightningModule):
    def __init__(self, count, interval):
        super().__init__()
        self.examples, self.interval = Examples(count), interval

    def training_step(self, index, _):
        return self.examples(index).mean()

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=1.0)
        self.schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: 1.0)
        return {
            "optimizer": optimizer,
            "lr_scheduler": {"scheduler": self.schedule, "interval": self.interval},
        }


def steps(loader, accum_steps, *, epochs=1, clip=None, count=10, interval="step", workers=1):
    module = Module(count, interval)
    recorder = Recorder(module.examples.w)
    lightning.Trainer(
        max_epochs=epochs, accumulate_grad_batches=accum_steps, gradient_clip_val=clip,
        accelerator="cpu", devices=workers, strategy="ddp" if workers > 1 else "auto",
        logger=False, enable_checkpointing=False, enable_progress_bar=False,
        enable_model_summary=False,
    ).fit(module, loader)  # fmt: skip
    return recorder.close(), module.schedule.last_epoch


def one():
    found, _ = steps(DataLoader(range(10)), 4, epochs=2)
    say(ROW, "window", weights(found), "10 micro-batches of 1, K = 4, two epochs", *PACKAGES)
    found, _ = steps(DataLoader(range(10), batch_size=4), 1)
    say(ROW, "short", weights(found), "10 examples in batches of 4", *PACKAGES)
    found, _ = steps(DataLoader(range(10), batch_size=4), 3)
    say(ROW, "short_window", weights(found), "10 examples in batches of 4, K = 3", *PACKAGES)
    ragged = DataLoader(range(8), batch_sampler=[[0, 1], [2, 3, 4, 5, 6, 7]])
    say(ROW, "tokens", weights(steps(ragged, 2)[0]), "2 and 6 tokens, K = 2", *PACKAGES)
    _, count = steps(DataLoader(range(8)), 4)
    say(ROW, "schedule", count, '8 micro-batches, K = 4, interval "step"', *PACKAGES)
    found, _ = steps(DataLoader(range(2)), 2, clip=0.5)
    say(ROW, "clip", f"{found[0][0].norm():.2f}", "clip at 0.5, K = 2", *PACKAGES)


def two():
    found, _ = steps(DataLoader(range(9), batch_size=2), 1, count=9, workers=2)
    say(ROW, "workers", weights(found), "9 examples, 2 × batches of 2", *PACKAGES)
    say(ROW, "twice", extra(found), "9 examples, 2 × batches of 2", *PACKAGES)
    _, count = steps(DataLoader(range(8)), 2, count=8, workers=2)
    say(ROW, "worker_schedule", count, "2 workers × 4 micro-batches, K = 2", *PACKAGES)


if __name__ == "__main__":
    if sys.argv[1:] == ["two"]:
        two()
    else:
        one()
        on_two(__file__, "two")
