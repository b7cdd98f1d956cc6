"""Models as people train them, with random weights, for bench_real.py: full size or tiny."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from coursekit.gradients.batches import Batch, BatchLoss


@dataclass(frozen=True)
class Workload:
    """A model with its loss, and how to draw a batch of it."""

    name: str
    model: nn.Module
    loss_fn: BatchLoss
    draw: Callable[[int], Batch]  # number of examples -> batch


class Block(nn.Module):
    """nanoGPT's block: fused attention and a two-layer net, no biases."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.norms = nn.ModuleList(nn.LayerNorm(width, bias=False) for _ in range(2))
        self.qkv, self.mix = nn.Linear(width, 3 * width, False), nn.Linear(width, width, False)
        self.up, self.down = nn.Linear(width, 4 * width, False), nn.Linear(4 * width, width, False)

    def forward(self, x: Tensor) -> Tensor:
        """Return x plus attention plus the net, (B, T, width)."""
        b, t, c = x.shape
        qkv = self.qkv(self.norms[0](x)).view(b, t, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        mixed = F.scaled_dot_product_attention(*qkv, is_causal=True)
        x = x + self.mix(mixed.transpose(1, 2).reshape(b, t, c))
        return x + self.down(F.gelu(self.up(self.norms[1](x))))


class NanoGPT(nn.Module):
    """GPT-2's shape with `nn.Linear` and an output layer of its own: 163 million parameters."""

    def __init__(self, vocabulary: int, context: int, width: int, heads: int, layers: int) -> None:
        super().__init__()
        self.tokens = nn.Embedding(vocabulary, width)
        self.places = nn.Embedding(context, width)
        self.blocks = nn.ModuleList(Block(width, heads) for _ in range(layers))
        self.norm, self.head = nn.LayerNorm(width, bias=False), nn.Linear(width, vocabulary, False)
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, ids: Tensor) -> Tensor:
        """Return logits, (B, T, vocabulary)."""
        x = self.tokens(ids) + self.places(torch.arange(ids.shape[1], device=ids.device))
        for block in self.blocks:
            x = block(x)
        return self.head(self.norm(x))


def nano_gpt(device: torch.device, *, tiny: bool) -> Workload:
    """Return the 163 M language model; contexts of 256 tokens."""
    sizes = (96, 16, 32, 2, 2) if tiny else (50304, 256, 768, 12, 12)
    torch.manual_seed(0)
    model = NanoGPT(*sizes).to(device)

    def loss(model: nn.Module, batch: Batch) -> Tensor:
        logits = model(batch[:, :-1])
        return F.cross_entropy(logits.flatten(0, 1), batch[:, 1:].flatten())

    def draw(count: int) -> Tensor:
        rng = torch.Generator().manual_seed(count)
        return torch.randint(0, sizes[0], (count, sizes[1] + 1), generator=rng).to(device)

    return Workload("163 M", model, BatchLoss(loss), draw)


def gpt2(device: torch.device, *, tiny: bool, length: int = 256) -> Workload:
    """Return GPT-2 from `transformers`, tied, 124 M; contexts of 256 tokens."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(n_embd=32, n_layer=2, n_head=2, vocab_size=96) if tiny else GPT2Config()
    torch.manual_seed(0)
    model = GPT2LMHeadModel(config).eval().to(device)
    length = 16 if tiny else length

    def draw(count: int) -> dict[str, Tensor]:
        rng = torch.Generator().manual_seed(count)
        ids = torch.randint(0, config.vocab_size, (count, length), generator=rng).to(device)
        return {"input_ids": ids, "labels": ids}

    name = "GPT-2" if length <= 256 else f"GPT-2, {length} tokens"
    return Workload(name, model, BatchLoss(lambda model, b: model(**b).loss), draw)


class Bottleneck(nn.Module):
    """ResNet's block of three convolutions."""

    def __init__(self, inputs: int, width: int, stride: int) -> None:
        super().__init__()
        outputs = 4 * width
        self.body = nn.Sequential(
            *convolved(inputs, width, 1, 1),
            nn.ReLU(),
            *convolved(width, width, 3, stride),
            nn.ReLU(),
            *convolved(width, outputs, 1, 1),
        )
        same = inputs == outputs and stride == 1
        self.way = nn.Identity() if same else nn.Sequential(*convolved(inputs, outputs, 1, stride))

    def forward(self, x: Tensor) -> Tensor:
        """Return ReLU of the block plus the way around it."""
        return F.relu(self.body(x) + self.way(x))


def convolved(inputs: int, outputs: int, size: int, stride: int) -> list[nn.Module]:
    """Return a convolution without bias and its BatchNorm."""
    conv = nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False)
    return [conv, nn.BatchNorm2d(outputs)]


def resnet50(device: torch.device, *, tiny: bool) -> Workload:
    """Return ResNet-50 in eval mode for 224 x 224 images and 1,000 classes."""
    torch.manual_seed(0)
    depths, base, side, classes = ((1, 1), 4, 32, 10) if tiny else ((3, 4, 6, 3), 64, 224, 1000)
    layers: list[nn.Module] = [*convolved(3, base, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1)]
    inputs = base
    for i, depth in enumerate(depths):
        for j in range(depth):
            layers.append(Bottleneck(inputs, base * 2**i, 2 if i and not j else 1))
            inputs = 4 * base * 2**i
    layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(inputs, classes)]
    model = nn.Sequential(*layers).eval().to(device)
    for module in model.modules():
        if isinstance(module, Bottleneck):  # as trained nets: without it activations explode
            nn.init.constant_(module.body[-1].weight, 0.2)

    def draw(count: int) -> tuple[Tensor, Tensor]:
        rng = torch.Generator().manual_seed(count)
        images = torch.randn(count, 3, side, side, generator=rng)
        return images.to(device), torch.randint(0, classes, (count,), generator=rng).to(device)

    def loss(model: nn.Module, batch: Any) -> Tensor:
        return F.cross_entropy(model(batch[0]), batch[1])

    return Workload("ResNet-50", model, BatchLoss(loss), draw)
