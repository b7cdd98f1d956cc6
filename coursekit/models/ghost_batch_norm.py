"""Ghost BatchNorm: BatchNorm over small parts of a large batch."""

import torch
from torch import Tensor, nn
from torch.nn.functional import batch_norm


class GhostBatchNorm(nn.modules.batchnorm._BatchNorm):
    """BatchNorm whose statistics come from parts of `ghost_size` consecutive examples.

        y = scale (x - mean_part) / sqrt(var_part + eps) + shift

    In train mode it is what BatchNorm does under gradient accumulation with micro-batches of
    `ghost_size`, or on data-parallel ranks with `ghost_size` examples each: with it, accumulation
    is exact even though examples are normalised together. In eval mode it is plain BatchNorm.

    Args:
        num_features: Channels C; the input is (B, C) or (B, C, ...).
        ghost_size: Examples in a part; it must divide a larger training batch. A batch of fewer
            examples is one part.
        eps: Added to the variance.
        momentum: Weight of each new part in the running statistics, one part after another.

    Source: Hoffer, Hubara & Soudry 2017, arXiv:1705.08741, Algorithm 1.
    """

    momentum: float
    running_mean: Tensor
    running_var: Tensor
    num_batches_tracked: Tensor

    def __init__(
        self, num_features: int, ghost_size: int, *, eps: float = 1e-5, momentum: float = 0.1
    ) -> None:
        if ghost_size < 1:
            raise ValueError(f"ghost_size must be >= 1, got {ghost_size}")
        super().__init__(num_features, eps=eps, momentum=momentum)
        self.ghost_size = ghost_size

    def forward(self, x: Tensor) -> Tensor:
        """Normalise x, shape (B, C) or (B, C, ...).

        Raises:
            ValueError: In train mode, if ghost_size does not divide a larger B, or a part holds a
                single value per channel.
        """
        if x.dim() < 2 or x.shape[1] != self.num_features:
            raise ValueError(f"expected (B, {self.num_features}, ...), got {tuple(x.shape)}")
        if not self.training:
            return super().forward(x)
        ghost_size = min(self.ghost_size, len(x))
        if len(x) % ghost_size:
            raise ValueError(
                f"ghost_size {self.ghost_size} does not divide the batch of {len(x)}: choose a "
                f"batch size that is a multiple of it"
            )
        num_parts = len(x) // ghost_size
        # (B, C, ...) -> (ghost_size, parts * C, ...): every part is a set of channels of its own
        parts = x.unflatten(0, (num_parts, ghost_size)).transpose(0, 1).flatten(1, 2)
        normed = batch_norm(
            parts,
            None,
            None,
            self.weight.repeat(num_parts),
            self.bias.repeat(num_parts),
            training=True,
            eps=self.eps,
        )
        self.track(parts.detach())
        normed = normed.unflatten(1, (num_parts, self.num_features))
        return normed.transpose(0, 1).flatten(0, 1)

    @torch.no_grad()
    def track(self, parts: Tensor) -> None:
        """Update the running statistics part by part, as BatchNorm would on micro-batches."""
        across = [d for d in range(parts.dim()) if d != 1]
        variances, means = torch.var_mean(parts, dim=across)
        new = torch.stack([means, variances]).unflatten(1, (-1, self.num_features))
        num_parts = new.shape[1]
        # After all parts: old (1 - m)^P + sum_p m (1 - m)^(P - 1 - p) new_p
        ages = torch.arange(num_parts - 1, -1, -1, dtype=new.dtype, device=new.device)
        weights = self.momentum * (1 - self.momentum) ** ages
        mixed = (weights[:, None] * new).sum(dim=1)
        for running, addition in zip((self.running_mean, self.running_var), mixed, strict=True):
            running.mul_((1 - self.momentum) ** num_parts).add_(addition)
        self.num_batches_tracked.add_(num_parts)

    def _check_input_dim(self, x: Tensor) -> None:
        """Accept any number of dimensions after the channels."""

    def extra_repr(self) -> str:
        """Show the part's size first."""
        return f"ghost_size={self.ghost_size}, {super().extra_repr()}"
