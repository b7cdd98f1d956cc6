"""What `NoiseScale` costs a training step on a GPU, and that it is right over several.

    python benchmarks/bench_online.py                                   # one GPU, under 4 minutes
    torchrun --nproc-per-node 2 benchmarks/bench_online.py --workers    # two: NCCL, DDP and FSDP2
    python benchmarks/bench_online.py --host      # none: the host's calls alone, half a minute

One GPU: blocks of three steps of K = 4 micro-batches with `NoiseScale(every=1)` and without it, in
turn, the order alternating; printed is the median of the paired ratios with its 95 % interval.
Bar: 2.5 % of a step, aim 1 %. "all" reads every micro-batch's gradient, "ends" the first one's
and the sum's (the default on a GPU), "norms" the examples at the normalisation layers. First comes
what the readings themselves cost by themselves: bytes over time, and calls.

Workers: on fixed weights the answer of NCCL workers, clipped before step(), against a loop over
the same micro-batches in one process; then the cost under DistributedDataParallel.
"""

import argparse
import copy
import os
import time
from collections.abc import Callable
from typing import Any

import torch
import torch.distributed as dist
import torch.nn.functional as F
from host_time import print_table
from interleave import added_share
from torch import Tensor, nn

from coursekit.noise import NoiseScale, grad_moments

K = 4
BLOCK = 3  # steps, timed together


class Block(nn.Module):
    """Pre-norm attention and MLP, as nanoGPT has them."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.first, self.second = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)
        self.heads = heads

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output, (B, T, width)."""
        b, t, w = x.shape
        q, k, v = (
            p.view(b, t, self.heads, -1).transpose(1, 2)
            for p in self.qkv(self.first(x)).chunk(3, -1)
        )
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.out(y.transpose(1, 2).reshape(b, t, w))
        return x + self.down(F.gelu(self.up(self.second(x))))


class LanguageModel(nn.Module):
    """163 M parameters at the defaults: width 768, 12 blocks, an untied vocabulary of 50,304."""

    def __init__(self, *, width: int = 768, depth: int = 12, vocabulary: int = 50304) -> None:
        super().__init__()
        self.tokens, self.places = nn.Embedding(vocabulary, width), nn.Embedding(1024, width)
        self.blocks = nn.Sequential(*(Block(width, width // 64) for _ in range(depth)))
        self.norm, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)

    def forward(self, ids: Tensor) -> Tensor:
        """Return the mean loss of predicting each token from those before it."""
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1], device=ids.device))
        logits = self.head(self.norm(self.blocks(x)))
        return F.cross_entropy(logits[:, :-1].flatten(0, 1), ids[:, 1:].flatten())


class Images(nn.Module):
    """ResNet-50 of torchvision with its loss; without torchvision that of transformers."""

    def __init__(self) -> None:
        super().__init__()
        try:
            import torchvision

            self.net = torchvision.models.resnet50()
        except ImportError:
            import transformers

            config = transformers.ResNetConfig(num_labels=1000)
            self.net = transformers.ResNetForImageClassification(config)

    def forward(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Return the mean cross-entropy."""
        output = self.net(batch[0])
        return F.cross_entropy(getattr(output, "logits", output), batch[1])


class HuggingFace(nn.Module):
    """GPT-2 124 M of transformers, tied."""

    def __init__(self) -> None:
        super().__init__()
        import transformers

        self.net = transformers.GPT2LMHeadModel(
            transformers.GPT2Config(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
        )

    def forward(self, ids: Tensor) -> Tensor:
        """Return the model's own loss."""
        return self.net(input_ids=ids, labels=ids).loss


def token_batches(count: int, length: int, device: torch.device) -> list[Tensor]:
    """Return K micro-batches of random tokens."""
    g = torch.Generator().manual_seed(0)
    return [torch.randint(50257, (count, length), generator=g).to(device) for _ in range(K)]


def image_batches(count: int, device: torch.device) -> list[tuple[Tensor, Tensor]]:
    """Return K micro-batches of noise, channels last."""
    g = torch.Generator().manual_seed(0)
    found = []
    for _ in range(K):
        x = torch.randn(count, 3, 224, 224, generator=g).to(device)
        y = torch.randint(1000, (count,), generator=g).to(device)
        found.append((x.contiguous(memory_format=torch.channels_last), y))
    return found


def setups(names: list[str], device: torch.device) -> dict[str, tuple[Callable, Callable, bool]]:
    """Return model, data and whether it is compiled, by name."""
    known: dict[str, tuple[Callable, Callable, bool]] = {
        "nanogpt163m": (LanguageModel, lambda: token_batches(8, 512, device), True),
        "gpt2": (HuggingFace, lambda: token_batches(8, 512, device), True),
        "resnet50": (Images, lambda: image_batches(64, device), False),
    }
    return {name: known[name] for name in names}


def make_step(
    model: nn.Module, forward: Callable, optimizer: Any, batches: list, noise: NoiseScale | None
) -> Callable[[], None]:
    """Return one optimizer step of K micro-batches under bf16 autocast, clipped at 1."""
    device = next(model.parameters()).device.type

    def step() -> None:
        for batch in batches:
            with torch.autocast(device, torch.bfloat16):
                loss = forward(batch) / K
            loss.backward()
            if noise is not None:
                noise.micro_step()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        if noise is not None:
            noise.step()
        optimizer.step()
        optimizer.zero_grad()

    return step


def seconds(step: Callable[[], None], device: torch.device) -> float:
    """Time one step to its end."""
    wait(device)
    start = time.perf_counter()
    step()
    wait(device)
    return time.perf_counter() - start


def wait(device: torch.device) -> None:
    """Wait for the device."""
    if device.type == "cuda":
        torch.cuda.synchronize()


def overheads(
    model: nn.Module, forward: Callable, batches: list, rounds: int, group: Any = None
) -> None:
    """Print the share of a step that each way of reading adds; the hooks exist only in its turn."""
    device = next(model.parameters()).device
    fused = device.type == "cuda"
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=fused)
    plain = make_step(model, forward, optimizer, batches, None)
    for _ in range(4):
        plain()
    size = len(batches[0][0]) if isinstance(batches[0], tuple) else len(batches[0])
    inner = model.module if hasattr(model, "module") else model
    has_norms = any(isinstance(m, nn.LayerNorm) for m in inner.modules())
    for name, settings in {
        "ends": {"read": "ends"},
        "all": {"read": "all"},
        **({"norms": {"examples": "norms"}} if has_norms else {}),
    }.items():
        noise = NoiseScale(
            inner,
            micro_batch_size=size,
            loss_factor=1 / K,
            every=1,
            group=group,
            allow_batch_norm=True,
            **settings,
        )
        watched = make_step(model, forward, optimizer, batches, noise)
        try:
            for _ in range(10):  # until a regular loop is known for one
                watched()
        except ValueError as error:  # hooks of layers do not run in a compiled model
            print(f"  {name:5s} refused: {str(error)[:90]}...", flush=True)
            noise.close()
            optimizer.zero_grad()
            continue
        share = added_share(plain, watched, noise.paused, device, pairs=rounds, steps=BLOCK)
        noise.close()
        if not dist.is_initialized() or dist.get_rank() == 0:
            print(f"  {name:5s} {share} ({noise.average.num_updates} measured)", flush=True)


def readings(model: nn.Module) -> None:
    """Print what reading all gradients once costs, by three kinds of call."""
    device = next(model.parameters()).device
    grads = [torch.randn_like(p) for p in model.parameters()]
    bytes_read = sum(g.numel() * g.element_size() for g in grads)
    for name, read in {
        "_foreach_norm": lambda: torch._foreach_norm(grads),
        "vector_norm each": lambda: [torch.linalg.vector_norm(g) for g in grads],
        "dot each": lambda: [torch.dot(g.reshape(-1), g.reshape(-1)) for g in grads],
        "foreach and stack": lambda: torch.stack(torch._foreach_norm(grads)).double().sum(),
    }.items():
        read()
        times = sorted(seconds(read, device) for _ in range(20))
        start = time.perf_counter()
        read()
        calls = time.perf_counter() - start
        print(
            f"  reading {bytes_read / 1e9:.2f} GB once, {name:18s} {times[10] * 1e3:6.2f} ms = "
            f"{bytes_read / times[10] / 1e12:5.2f} TB/s, calls alone {calls * 1e3:5.2f} ms",
            flush=True,
        )


def one_gpu(options: argparse.Namespace) -> None:
    """Print the table of one device."""
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    card = torch.cuda.get_device_name() if device.type == "cuda" else "CPU"
    print(f"torch {torch.__version__}, {card}")
    for name, (make, data, compiled) in setups(options.models, device).items():
        start = time.perf_counter()
        try:
            model = make().to(device)
        except ImportError as error:
            print(f"{name}: left out, {error}")
            continue
        if name == "resnet50":
            model = model.to(memory_format=torch.channels_last)
        forward = torch.compile(model) if compiled and not options.eager else model
        print(f"{name}: {sum(p.numel() for p in model.parameters()) / 1e6:.0f} M parameters")
        readings(model)
        overheads(model, forward, data(), options.rounds)
        print(f"  {time.perf_counter() - start:.0f} s", flush=True)
        del model, forward
        if device.type == "cuda":
            torch.cuda.empty_cache()


def oracle(model: nn.Module, batches: list[Tensor], size: int) -> tuple[float, float]:
    """Return |G|^2 and tr(Sigma) from every micro-batch's gradient, one process."""
    params, rows = list(model.parameters()), []
    for batch in batches:
        grads = torch.autograd.grad(model(batch), params)
        rows.append(torch.cat([g.flatten().double().cpu() for g in grads]))
    found = grad_moments(torch.stack(rows), size)
    return found.grad_sq_norm, found.tr_cov


def workers(options: argparse.Namespace) -> None:
    """Print correctness over NCCL workers, then the cost of DistributedDataParallel."""
    from torch.distributed.fsdp import fully_shard
    from torch.nn.parallel import DistributedDataParallel

    cuda = torch.cuda.is_available()
    dist.init_process_group("nccl" if cuda else "gloo")
    rank, count = dist.get_rank(), dist.get_world_size()
    device = (
        torch.device("cuda", int(os.environ.get("LOCAL_RANK", rank)))
        if cuda
        else torch.device("cpu")
    )
    if cuda:
        torch.cuda.set_device(device)
    size, accum = 2, 3
    g = torch.Generator().manual_seed(1)
    batches = [torch.randint(500, (size, 32), generator=g).to(device) for _ in range(count * accum)]
    own = batches[rank * accum : (rank + 1) * accum]
    torch.manual_seed(0)
    plain = LanguageModel(width=128, depth=2, vocabulary=500).to(device)
    truth = oracle(plain, batches, size)
    for name in ("DDP", "FSDP2"):
        for read in ("all", "ends"):
            model: Any = copy.deepcopy(plain)
            if name == "DDP":
                model = DistributedDataParallel(model)
            else:
                for block in model.blocks:
                    fully_shard(block)
                fully_shard(model)
            noise = NoiseScale(
                model,
                micro_batch_size=size,
                loss_factor=1 / accum,
                every=1,
                group=dist.group.WORLD,
                read=read,
            )
            for k, batch in enumerate(own):
                last = k == accum - 1
                if name == "DDP":
                    model.require_backward_grad_sync = last
                else:
                    model.set_requires_gradient_sync(last)
                (model(batch) / accum).backward()
                if last:
                    nn.utils.clip_grad_norm_(model.parameters(), 1e-3)
                noise.micro_step()
            noise.step()
            found = noise.last
            noise.close()
            if rank == 0:
                print(
                    f"{name}, {count} workers, read={read!r}: |G|^2 {found.grad_sq_norm:.6g} "
                    f"tr(Sigma) {found.tr_cov:.6g}; one process {truth[0]:.6g} {truth[1]:.6g}"
                    + ("" if read == "all" else " (another estimator: near, not equal)"),
                    flush=True,
                )
                if read == "all":
                    assert abs(found.tr_cov / truth[1] - 1) < 1e-3, "tr(Sigma) is off"
                    whole = truth[1] / (size * accum * count)  # what is subtracted from |A|^2
                    assert abs(found.grad_sq_norm - truth[0]) < 1e-3 * whole, "|G|^2 is off"
    try:
        NoiseScale(plain, micro_batch_size=1)
    except ValueError as error:
        if rank == 0:
            print(f"group forgotten: refused ({str(error)[:60]}...)")
    width = {} if cuda else {"width": 128, "depth": 2, "vocabulary": 500}
    big = DistributedDataParallel(LanguageModel(**width).to(device))
    data = token_batches(8, 512, device) if cuda else batches[:K]
    if rank == 0:
        print("cost under DDP, synced in each of 4 micro-batches:")
    overheads(big, big, data, options.rounds, dist.group.WORLD)
    dist.destroy_process_group()


def main() -> None:
    """Choose."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--models", nargs="+", default=["nanogpt163m", "gpt2", "resnet50"])
    parser.add_argument("--rounds", type=int, default=40, help="pairs of blocks")
    parser.add_argument("--eager", action="store_true", help="no torch.compile")
    parser.add_argument("--workers", action="store_true", help="under torchrun")
    parser.add_argument("--host", action="store_true", help="our calls alone; needs no GPU")
    options = parser.parse_args()
    if options.host:
        print_table(options.rounds)
        return
    (workers if options.workers else one_gpu)(options)


if __name__ == "__main__":
    main()
