"""DeepSpeed's engine on the CPU, without ZeRO."""

import logging
import os
import sys

os.environ["DS_ACCELERATOR"] = "cpu"
import deepspeed
import torch
import torch.distributed as dist
from probe import Examples, Recorder, extra, on_two, say, weights
from torch.utils.data import DataLoader

logging.disable(logging.WARNING)
ROW, PACKAGES = "DeepSpeed engine", ("deepspeed", "torch")


def steps(micro_batches, accum_steps, micro_size, *, epochs=1, clip=0.0, count=10):
    model = Examples(count)
    weight, optimizer = model.w, torch.optim.SGD(model.parameters(), lr=1.0)
    inner = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: 1.0)
    engine, _, _, _ = deepspeed.initialize(
        model=model,
        optimizer=optimizer,
        lr_scheduler=inner,
        config={
            "train_micro_batch_size_per_gpu": micro_size,
            "gradient_accumulation_steps": accum_steps,
            "gradient_clipping": clip,
            "zero_optimization": {"stage": 0},
        },
    )
    recorder = Recorder(weight)
    for _ in range(epochs):
        for index in micro_batches:
            engine.backward(engine(index).mean())
            engine.step()
    return recorder.close(), inner.last_epoch


def one():
    found, _ = steps(DataLoader(range(10)), 4, 1, epochs=2)
    say(ROW, "window", weights(found), "10 micro-batches of 1, K = 4, two epochs", *PACKAGES)
    found, _ = steps(DataLoader(range(10), batch_size=4), 1, 4)
    say(ROW, "short", weights(found), "10 examples in batches of 4", *PACKAGES)
    found, _ = steps(DataLoader(range(10), batch_size=4), 3, 4)
    say(ROW, "short_window", weights(found), "10 examples in batches of 4, K = 3", *PACKAGES)
    found, _ = steps([torch.arange(2), torch.arange(2, 8)], 2, 1, count=8)
    say(ROW, "tokens", weights(found), "2 and 6 tokens, K = 2", *PACKAGES)
    _, count = steps(DataLoader(range(8)), 4, 1)
    say(ROW, "schedule", count, "8 micro-batches, K = 4", *PACKAGES)
    found, _ = steps(DataLoader(range(2)), 2, 1, clip=0.5)
    say(ROW, "clip", f"{found[0][0].norm():.2f}", "clip at 0.5, K = 2", *PACKAGES)


def two():
    rank = int(os.environ["RANK"])
    model = Examples(9)
    engine, _, loader, _ = deepspeed.initialize(
        model=model,
        optimizer=torch.optim.SGD(model.parameters(), lr=1.0),
        training_data=range(9),
        config={"train_micro_batch_size_per_gpu": 2, "gradient_accumulation_steps": 1},
    )
    recorder = Recorder(model.w)
    for index in loader:
        engine.backward(engine(index).mean())
        engine.step()
    found = recorder.close()
    say(ROW, "workers", weights(found), "9 examples, 2 × batches of 2, its loader", *PACKAGES)
    say(ROW, "twice", extra(found), "9 examples, 2 × batches of 2, its loader", *PACKAGES)
    mine = (torch.arange(2), torch.arange(2, 8))[rank]
    found, _ = steps([mine], 1, 1, count=8)
    say(ROW, "worker_tokens", weights(found), "2 and 6 tokens on 2 workers", *PACKAGES)
    _, count = steps([torch.tensor([i]) for i in range(4)], 2, 1, count=8)
    say(ROW, "worker_schedule", count, "2 workers × 4 micro-batches, K = 2", *PACKAGES)


if __name__ == "__main__":
    if sys.argv[1:] == ["two"]:
        deepspeed.init_distributed("gloo")
        two()
        dist.destroy_process_group()
    else:
        os.environ |= {"RANK": "0", "WORLD_SIZE": "1", "LOCAL_RANK": "0"}
        os.environ |= {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29511"}
        deepspeed.init_distributed("gloo")
        one()
        for name in ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT"):
            del os.environ[name]
        on_two(__file__, "two")
