"""What do we train? Small models whose every line can be read."""

from coursekit.models.convnets import IMAGE, SERIES, convnet
from coursekit.models.ghost_batch_norm import GhostBatchNorm
from coursekit.models.perceptrons import mlp
from coursekit.models.transformer import char_transformer

__all__ = [
    "IMAGE",
    "SERIES",
    "GhostBatchNorm",
    "char_transformer",
    "convnet",
    "mlp",
]
