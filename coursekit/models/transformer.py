"""A small character transformer: two or three blocks, every line of attention readable."""

import math

import torch
from torch import Tensor, nn


class CausalAttention(nn.Module):
    """Multi-head attention in which a position sees itself and what came before.

        A = softmax( Q K^T / sqrt(d) + mask ),   out = A V

    Written out, not through torch's fused kernels: those lack second derivatives (sharpness) and
    can't be batched over replicas.
    """

    mask: Tensor

    def __init__(self, width: int, num_heads: int, context: int) -> None:
        super().__init__()
        self.num_heads = num_heads
        self.query_key_value = nn.Linear(width, 3 * width)
        self.project = nn.Linear(width, width)
        future = torch.ones(context, context, dtype=torch.bool).triu(diagonal=1)
        self.register_buffer("mask", future, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Mix positions; x and the result are (B, T, width)."""
        batch, length, width = x.shape
        heads = self.query_key_value(x).view(batch, length, 3, self.num_heads, -1)
        query, key, value = heads.permute(2, 0, 3, 1, 4)  # (B, heads, T, d) each
        scores = query @ key.transpose(-2, -1) / math.sqrt(query.shape[-1])  # (B, heads, T, T)
        scores = scores.masked_fill(self.mask[:length, :length], -math.inf)
        mixed = scores.softmax(dim=-1) @ value  # (B, heads, T, d)
        return self.project(mixed.transpose(1, 2).reshape(batch, length, width))


class Block(nn.Module):
    """Attention, then a two-layer net at each position; each reads a normalised copy and adds."""

    def __init__(self, width: int, num_heads: int, context: int) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(width)
        self.attention = CausalAttention(width, num_heads, context)
        self.mlp_norm = nn.LayerNorm(width)
        self.widen = nn.Linear(width, 4 * width)
        self.project = nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Return x plus both contributions, (B, T, width)."""
        x = x + self.attention(self.attention_norm(x))
        hidden = nn.functional.gelu(self.widen(self.mlp_norm(x)))
        return x + self.project(hidden)


class CharTransformer(nn.Module):
    """Predicts the next character at every position of a window. Build it by `char_transformer`.

    No dropout, and input and output weights are not shared, so that per-example gradients and
    their norms are cheap.
    """

    def __init__(
        self, num_characters: int, context: int, width: int, num_heads: int, num_layers: int
    ) -> None:
        super().__init__()
        self.context = context
        self.characters = nn.Embedding(num_characters, width)
        self.positions = nn.Embedding(context, width)
        self.blocks = nn.Sequential(*(Block(width, num_heads, context) for _ in range(num_layers)))
        self.norm = nn.LayerNorm(width)
        self.output = nn.Linear(width, num_characters)

    def forward(self, numbers: Tensor) -> Tensor:
        """Turn character numbers (B, T) into logits (B, T, characters), T <= context."""
        length = numbers.shape[1]
        if length > self.context:
            raise ValueError(f"the model sees {self.context} characters, got {length}")
        place = torch.arange(length, device=numbers.device)
        x = self.characters(numbers) + self.positions(place)
        return self.output(self.norm(self.blocks(x)))


def char_transformer(
    num_characters: int,
    *,
    context: int,
    generator: torch.Generator,
    width: int = 64,
    num_heads: int = 4,
    num_layers: int = 2,
    init_std: float = 0.02,
) -> CharTransformer:
    """Build a character transformer with GPT-2's initialisation.

        every weight ~ N(0, init_std^2), biases 0;  what a block adds: std / sqrt(2 num_layers)

    With 96 characters and a context of 64 the defaults have 116,576 parameters. They start near
    the loss log(num_characters).

    Args:
        num_characters: Size of the alphabet.
        context: T, the most characters it can look back on, itself included.
        generator: Source of the weights, drawn on the CPU.
        width: Length of a position's vector.
        num_heads: Attention heads, a divisor of `width`.
        num_layers: Blocks.
        init_std: Standard deviation of the weights.

    Raises:
        ValueError: If a size is below 1 or the heads do not divide the width.

    Source: Radford et al. 2019 (GPT-2), section 2.3; pre-norm as in Xiong et al. 2020,
    arXiv:2002.04745.
    """
    sizes = {
        "num_characters": num_characters,
        "context": context,
        "width": width,
        "num_heads": num_heads,
        "num_layers": num_layers,
    }
    for name, size in sizes.items():
        if size < 1:
            raise ValueError(f"{name} must be >= 1, got {size}")
    if width % num_heads:
        raise ValueError(f"num_heads must divide width {width}, got {num_heads}")
    if not init_std > 0:
        raise ValueError(f"init_std must be > 0, got {init_std}")
    # torch's own initialisation is overwritten below
    with torch.device("cpu"), torch.random.fork_rng(devices=[]):
        model = CharTransformer(num_characters, context, width, num_heads, num_layers)
    with torch.no_grad():
        for name, param in model.named_parameters():
            if "norm" in name:
                continue  # scale 1, shift 0
            if name.endswith("bias"):
                param.zero_()
            else:
                adds = name.endswith("project.weight")
                std = init_std / math.sqrt(2 * num_layers) if adds else init_std
                param.normal_(std=std, generator=generator)
    return model
