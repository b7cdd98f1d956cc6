"""Two gloo workers train for real, under torchrun; each writes what it saw to argv[1].

Everything is in float64. The oracle, in the test, is one process with all examples.
"""

import json
import sys
from pathlib import Path

import torch
import torch.distributed as dist
import torch.nn.functional as F
from accumulation_examples import batch_norm_net, examples, net, padded, token_loss
from torch import nn
from torch.nn.parallel import DistributedDataParallel

from coursekit.train.accumulation import accumulate, target_count


def flat(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()]).tolist()


def gradient(model):
    return torch.cat([p.grad.flatten() for p in model.parameters()]).tolist()


def steps_of_equal_shards(rank):
    """Five steps of SGD with momentum on 2 x 12 examples, as frameworks do it."""
    model = DistributedDataParallel(net())
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for step in range(5):
        inputs, targets = examples(24, seed=step)
        F.cross_entropy(model(inputs[rank::2]), targets[rank::2]).backward()
        optimizer.step()
        optimizer.zero_grad()
    return flat(model)


def one_gradient(model, rank, loss_fn, batch, cut):
    """Plain DistributedDataParallel: each worker's own mean, averaged."""
    model = DistributedDataParallel(model)
    part = slice(0, cut) if rank == 0 else slice(cut, None)
    loss_fn(model(batch[0][part]), batch[1][part]).backward()
    return gradient(model)


def accumulated(rank, loss_fn, batch, cut, **settings):
    model = DistributedDataParallel(net())
    part = slice(0, cut) if rank == 0 else slice(cut, None)
    found = accumulate(model, loss_fn, (batch[0][part], batch[1][part]), **settings)
    return {
        "gradient": gradient(model),
        "loss": found.loss,
        "count": found.count,
        "norm": found.grad_norm,
    }


def refusal(call):
    try:
        call()
    except ValueError as error:
        return str(error)
    return ""


def main(folder):
    dist.init_process_group("gloo")
    torch.set_num_threads(1)
    rank, tokens = dist.get_rank(), padded()
    nothing = (tokens[0][:4], torch.full_like(tokens[1][:4], -100))
    some = (tokens[0][:4], tokens[1][:4])
    outside = nn.Sequential(DistributedDataParallel(net()), nn.Linear(5, 5).double())
    results = {
        "equal": steps_of_equal_shards(rank),
        "unequal": one_gradient(net(), rank, F.cross_entropy, examples(24), 6),
        "batch_norm": one_gradient(batch_norm_net(), rank, F.cross_entropy, examples(24), 12),
        "tokens": one_gradient(net(), rank, token_loss, tokens, 24),
        "accumulated": accumulated(
            rank, token_loss, tokens, 20, count=target_count, micro_batch_size=7
        ),
        "clipped": accumulated(rank, F.cross_entropy, examples(24), 6, max_norm=0.01),
        "idle": refusal(
            lambda: accumulate(
                DistributedDataParallel(net()),
                token_loss,
                nothing if rank else some,
                count=target_count,
            )
        ),
        "outside": refusal(lambda: accumulate(outside, F.cross_entropy, examples(4))),
    }
    Path(folder, f"{rank}.json").write_text(json.dumps(results))
    dist.destroy_process_group()


if __name__ == "__main__":
    main(sys.argv[1])
