"""Two gloo workers measure their noise scale for real, under torchrun."""

import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from online_examples import classifier, data
from torch import nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import Replicate
from torch.distributed.tensor.parallel import ColwiseParallel, parallelize_module
from torch.nn.parallel import DistributedDataParallel

from coursekit.noise.online import NoiseScale


def synced(model, last):
    """Tell the workers to average after this backward pass, or not."""
    if isinstance(model, DistributedDataParallel):
        model.require_backward_grad_sync = last
    elif hasattr(model, "set_requires_gradient_sync"):
        model.set_requires_gradient_sync(last)


def measure(model, sizes, rank, *, params=None, every_pass=False, never=False, steps=2, **settings):
    """Steps on micro-batches of `sizes[rank]`; clipped and zeroed before step()."""
    inputs, targets = data(sum(map(sum, sizes)))
    start, own = sum(sum(s) for s in sizes[:rank]), sizes[rank]
    parts = list(
        zip(
            inputs[start:].split([*own, *sizes_after(sizes, rank)]),
            targets[start:].split([*own, *sizes_after(sizes, rank)]),
            strict=True,
        )
    )
    noise = NoiseScale(
        params or model,
        micro_batch_size=own[0],
        every=1,
        **{"group": dist.group.WORLD, **settings},
    )
    for _ in range(steps):
        for k, (x, y) in enumerate(parts[: len(own)], start=1):
            synced(model, every_pass or (k == len(own) and not never))
            (F.cross_entropy(model(x), y) / len(own)).backward()
            if k == len(own) and not never:
                nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
            noise.micro_step(micro_batch_size=len(x), loss_factor=1 / len(own))
        model.zero_grad()
        noise.step()
    noise.close()
    return [noise.last.grad_sq_norm, noise.last.tr_cov, noise.last.cost]


def sizes_after(sizes, rank):
    rest = sum(sum(s) for s in sizes[rank + 1 :])
    return [rest] if rest else []


def sharded(mesh):
    model = classifier()
    fully_shard(model[0], mesh=mesh)
    return fully_shard(model, mesh=mesh)


def split(mesh):
    """Tensor parallel: the first layer's columns stay on their workers while they compute."""
    plan = {"0": ColwiseParallel(output_layouts=Replicate())}
    return parallelize_module(classifier(), mesh, plan)


def refusal(call):
    try:
        call()
    except ValueError as error:
        return str(error)
    return ""


def main(folder):
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    rank, mesh = dist.get_rank(), init_device_mesh("cpu", (2,))
    equal, one, unequal = ((4, 4), (4, 4)), ((8,), (8,)), ((4, 8, 2), (12,))
    view = DistributedDataParallel(classifier(), gradient_as_bucket_view=True)
    shards = sharded(mesh)
    results = {
        "ddp": measure(DistributedDataParallel(classifier()), equal, rank),
        "ddp, bucket view": measure(view, equal, rank),
        "ddp, synced in each pass": measure(
            DistributedDataParallel(classifier()), equal, rank, every_pass=True
        ),
        "ddp, K=1": measure(DistributedDataParallel(classifier()), one, rank),
        "ddp, unequal": measure(DistributedDataParallel(classifier()), unequal, rank),
        "ddp, ends": measure(DistributedDataParallel(classifier()), equal, rank, read="ends"),
        "alone": measure(classifier(), ((8, 8), (8, 8)), rank, group="alone"),
        "fsdp2": measure(sharded(mesh), equal, rank),
        "fsdp2, parameters": measure(shards, equal, rank, params=shards.parameters()),
        "fsdp2, K=1": measure(sharded(mesh), one, rank),
        "fsdp2, unequal": measure(sharded(mesh), ((4, 8), (12, 2)), rank),
        "forgotten": refusal(lambda: NoiseScale(classifier(), micro_batch_size=8)),
        "tensor parallel": refusal(lambda: measure(split(mesh), equal, rank)),
        "not averaged": refusal(lambda: measure(sharded(mesh), equal, rank, never=True)),
    }
    Path(folder, f"{rank}.json").write_text(json.dumps(results))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
