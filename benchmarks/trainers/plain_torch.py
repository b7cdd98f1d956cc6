"""Plain torch: the usual accumulation loop, DistributedDataParallel and fully_shard."""

import sys

import torch
import torch.distributed as dist
from probe import Examples, Recorder, extra, on_two, say, weights
from torch import nn
from torch.distributed.fsdp import fully_shard
from torch.nn.parallel import DistributedDataParallel
from torch.utils.data import DataLoader, DistributedSampler

ROW = "torch, the usual loop"


def usual_loop(loader, accum_steps, *, epochs=1, clip=None, count=10, wrap=lambda model: model):
    """Call backward on loss / K, and step where (i + 1) % K == 0."""
    model = Examples(count)
    wrapped = wrap(model)
    optimizer = torch.optim.SGD(model.parameters(), lr=1.0)
    scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda n: 1.0)
    recorder = Recorder(model.w)
    for _ in range(epochs):
        for i, index in enumerate(loader):
            (wrapped(index).mean() / accum_steps).backward()
            if (i + 1) % accum_steps == 0:
                if clip:
                    nn.utils.clip_grad_norm_(model.parameters(), clip)
                optimizer.step()
                scheduler.step()
                optimizer.zero_grad()
    return recorder.close(), scheduler.last_epoch


def one():
    found, _ = usual_loop(DataLoader(range(10)), 4, epochs=2)
    say(ROW, "window", weights(found), "10 micro-batches of 1, K = 4, two epochs", "torch")
    found, _ = usual_loop(DataLoader(range(10), batch_size=4), 1)
    say(ROW, "short", weights(found), "10 examples in batches of 4", "torch")
    found, _ = usual_loop(DataLoader(range(10), batch_size=4), 3)
    say(ROW, "short_window", weights(found), "10 examples in batches of 4, K = 3", "torch")
    found, _ = usual_loop([torch.arange(2), torch.arange(2, 8)], 2, count=8)
    say(ROW, "tokens", weights(found), "2 and 6 tokens, K = 2", "torch")
    _, count = usual_loop(DataLoader(range(8)), 4)
    say(ROW, "schedule", count, "8 micro-batches, K = 4", "torch")
    found, _ = usual_loop(DataLoader(range(2)), 2, clip=0.5)
    say(ROW, "clip", f"{found[0][0].norm():.2f}", "clip at 0.5, K = 2", "torch")


def sharded(model):
    fully_shard(model, mesh=dist.device_mesh.init_device_mesh("cpu", (2,)))
    return model


def two():
    dist.init_process_group("gloo")
    for row, wrap in (
        ("torch, DistributedDataParallel", DistributedDataParallel),
        ("torch, fully_shard", sharded),
    ):
        sampler = DistributedSampler(range(9), shuffle=False)
        loader = DataLoader(range(9), batch_size=2, sampler=sampler)
        found, _ = usual_loop(loader, 1, count=9, wrap=wrap)
        setting = "9 examples, 2 × batches of 2, DistributedSampler"
        say(row, "workers", weights(found), setting, "torch")
        say(row, "twice", extra(found), setting, "torch")
        mine = (torch.arange(2), torch.arange(2, 8))[dist.get_rank()]
        found, _ = usual_loop([mine], 1, count=8, wrap=wrap)
        say(row, "worker_tokens", weights(found), "2 and 6 tokens on 2 workers", "torch")
        ones = [torch.tensor([4 * dist.get_rank() + i]) for i in range(4)]
        found, count = usual_loop(ones, 2, count=8, wrap=wrap)
        say(row, "worker_schedule", count, "2 workers × 4 micro-batches, K = 2", "torch")
    dist.destroy_process_group()


if __name__ == "__main__":
    if sys.argv[1:] == ["two"]:
        two()
    else:
        one()
        on_two(__file__, "two")
