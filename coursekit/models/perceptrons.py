"""Small models of the course."""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import nn

ACTIVATIONS = {"relu": (nn.ReLU, math.sqrt(2.0)), "tanh": (nn.Tanh, 1.0)}


def mlp(
    sizes: Sequence[int],
    *,
    generator: torch.Generator,
    activation: str = "relu",
    init_scale: float = 1.0,
) -> nn.Sequential:
    """Build a multilayer perceptron with He initialisation.

        W_l ~ N(0, gain^2 / fan_in),  b_l = 0;  gain = sqrt(2) for ReLU, 1 for tanh and the output

    Args:
        sizes: Widths from input to output, such as (40, 64, 64, 10).
        generator: Source of the weights.
        activation: "relu" or "tanh".
        init_scale: Factor on every weight; above 1 the loss starts in a sharper place.

    Raises:
        ValueError: For another activation or fewer than two sizes.

    Source: He et al. 2015, arXiv:1502.01852, Eq. 10.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}")
    if len(sizes) < 2:
        raise ValueError(f"sizes needs an input and an output width, got {tuple(sizes)}")
    make_activation, gain = ACTIVATIONS[activation]
    layers: list[nn.Module] = []
    for i, (fan_in, fan_out) in enumerate(pairwise(sizes)):
        is_output = i == len(sizes) - 2
        linear = nn.utils.skip_init(nn.Linear, fan_in, fan_out)
        with torch.no_grad():
            std = init_scale * (1.0 if is_output else gain) / math.sqrt(fan_in)
            linear.weight.normal_(std=std, generator=generator)
            linear.bias.zero_()
        layers += [linear] if is_output else [linear, make_activation()]
    return nn.Sequential(*layers)
