"""accelerate: all prepared, and with a loader that was not prepared."""

import sys

import torch
from accelerate import Accelerator
from probe import Examples, Recorder, extra, on_two, say, weights
from torch.utils.data import DataLoader

PREPARED, BARE = "accelerate, all prepared", "accelerate, the loader not prepared"
PACKAGES = ("accelerate", "torch")


def steps(loader, accum_steps, *, prepare=True, epochs=1, clip=None, count=10):
    accelerator = Accelerator(gradient_accumulation_steps=accum_steps, cpu=True)
    model = Examples(count)
    weight, optimizer = model.w, torch.optim.SGD(model.parameters(), lr=1.0)
    inner = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: 1.0)
    model, optimizer, scheduler = accelerator.prepare(model, optimizer, inner)
    if prepare:
        loader = accelerator.prepare(loader)
    recorder = Recorder(weight)
    for _ in range(epochs):
        for index in loader:
            with accelerator.accumulate(model):
                accelerator.backward(model(index).mean())
                if clip and accelerator.sync_gradients:
                    accelerator.clip_grad_norm_(model.parameters(), clip)
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
    accelerator.free_memory()
    return recorder.close(), inner.last_epoch


def one():
    for row, prepare in ((PREPARED, True), (BARE, False)):
        found, _ = steps(DataLoader(range(10)), 4, prepare=prepare, epochs=2)
        say(row, "window", weights(found), "10 micro-batches of 1, K = 4, two epochs", *PACKAGES)
        found, _ = steps(DataLoader(range(10), batch_size=4), 1, prepare=prepare)
        say(row, "short", weights(found), "10 examples in batches of 4", *PACKAGES)
        found, _ = steps(DataLoader(range(10), batch_size=4), 3, prepare=prepare)
        say(row, "short_window", weights(found), "10 examples in batches of 4, K = 3", *PACKAGES)
        ragged = DataLoader(range(8), batch_sampler=[[0, 1], [2, 3, 4, 5, 6, 7]])
        found, _ = steps(ragged, 2, prepare=prepare)
        say(row, "tokens", weights(found), "2 and 6 tokens, K = 2", *PACKAGES)
        _, count = steps(DataLoader(range(8)), 4, prepare=prepare)
        say(row, "schedule", count, "8 micro-batches, K = 4", *PACKAGES)
        found, _ = steps(DataLoader(range(2)), 2, prepare=prepare, clip=0.5)
        say(row, "clip", f"{found[0][0].norm():.2f}", "clip at 0.5, K = 2", *PACKAGES)


def two():
    found, _ = steps(DataLoader(range(9), batch_size=2), 1, count=9)
    say(PREPARED, "workers", weights(found), "9 examples, 2 × batches of 2", *PACKAGES)
    say(PREPARED, "twice", extra(found), "9 examples, 2 × batches of 2", *PACKAGES)
    ragged = DataLoader(range(8), batch_sampler=[[0, 1], [2, 3, 4, 5, 6, 7]])
    found, _ = steps(ragged, 1, count=8)
    say(PREPARED, "worker_tokens", weights(found), "2 and 6 tokens on 2 workers", *PACKAGES)
    _, count = steps(DataLoader(range(8)), 2, count=8)
    say(PREPARED, "worker_schedule", count, "2 workers × 4 micro-batches, K = 2", *PACKAGES)


if __name__ == "__main__":
    if sys.argv[1:] == ["two"]:
        two()
    else:
        one()
        on_two(__file__, "two")
