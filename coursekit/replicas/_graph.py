"""A stack's step as a CUDA graph: one launch instead of some dozens."""

import torch
from torch import Tensor

from coursekit.replicas._stack import Replicas


class CapturedStep:
    """`Replicas.step` for batches of one shape, captured once and replayed.

    Capturing runs the step a few times, so everything that it changes is put back afterwards.
    """

    def __init__(self, replicas: Replicas, indices: Tensor, lr: Tensor) -> None:
        self.indices, self.lr = indices.clone(), lr.clone()
        self.num_updates = torch.ones((), dtype=torch.float64, device=lr.device)
        changed = replicas.tensors()
        before = [t.clone() for t in changed]
        side = torch.cuda.Stream(lr.device)
        side.wait_stream(torch.cuda.current_stream(lr.device))
        with torch.cuda.stream(side):  # libraries set themselves up outside the capture
            for _ in range(2):
                replicas.step(self.indices, self.lr, self.num_updates)
        torch.cuda.current_stream(lr.device).wait_stream(side)
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph, capture_error_mode="thread_local"):
            replicas.step(self.indices, self.lr, self.num_updates)
        for tensor, value in zip(changed, before, strict=True):
            tensor.copy_(value)

    def __call__(self, indices: Tensor, lr: Tensor, num_updates: int) -> None:
        """Take the step with these batches, learning rates and count."""
        self.indices.copy_(indices)
        self.lr.copy_(lr)
        self.num_updates.fill_(num_updates)
        self.graph.replay()
