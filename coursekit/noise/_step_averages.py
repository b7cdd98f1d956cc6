"""Averages over steps whose numbers may still be on the device."""

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from coursekit.noise._step_norms import Sums, Unread, moments_of_sums
from coursekit.noise.average import MomentAverage
from coursekit.noise.scale import GradMoments

MAX_PENDING = 64  # steps kept before they are fetched, together
MOST_NORMS = 4096  # single numbers on a GPU, 512 bytes each there, before they go into one tensor


class StepAverages:
    """The average of all parameters, and of each layer, from sums of steps.

    Args:
        names: Of the layers that are averaged apart, in the order of the sums.
        workers: Whose sums were added up.
        decay: See MomentAverage.
        unit: See MomentAverage.
    """

    def __init__(self, names: Sequence[str], workers: int, *, decay: float, unit: str) -> None:
        self.whole = MomentAverage(decay=decay, unit=unit)
        self.layers = {name: MomentAverage(decay=decay, unit=unit) for name in names}
        self.workers = workers
        self.norms: list[Tensor] = []  # of pending steps, in their order
        self.stacked: list[Tensor] = []  # those before
        self.pending: list[tuple[Sums | Unread | None, list[float], Sequence[float | Tensor]]] = []

    def add(
        self,
        sums: Sums | Unread | None,
        numbers: list[float],
        leftovers: Sequence[float | Tensor],
        *,
        at_once: bool,
    ) -> None:
        """Take a step's sums, and the norms of gradients that were there before it began.

        Args:
            sums: See step_sums; Unread where the norms they are made of are to be fetched later;
                None where they can't be known, and the step is skipped.
            numbers: What follows after the sums, known without the device.
            leftovers: Norms; above 0 they are a mistake of the loop.
            at_once: Whether to average it in now.
        """
        self.pending.append((sums, numbers, leftovers))
        if isinstance(sums, Unread):
            self.norms += sums.norms
            sums.norms.clear()
            if len(self.norms) >= MOST_NORMS:
                self.stack()
        if at_once or len(self.pending) >= MAX_PENDING:
            self.fetch()

    def fetch(self) -> None:
        """Average the pending steps in, after one transfer from the device.

        Raises:
            ValueError: If a step began with gradients that were not zero.
        """
        self.stack()
        pending, self.pending = self.pending, []
        stacked, self.stacked = self.stacked, []
        if not pending:
            return
        left = [norm for _, _, leftovers in pending for norm in leftovers]
        tensors = [norm for norm in left if isinstance(norm, Tensor)]
        if any(n > 0 for n in (torch.stack(tensors).tolist() if tensors else left)):
            raise ValueError(
                "a step began with gradients left over from before, which its sum then held: "
                "call optimizer.zero_grad() after optimizer.step()"
            )
        counts = [s.count for s, _, _ in pending if isinstance(s, Unread)]
        norms = iter(torch.cat(stacked).cpu().split(counts) if stacked else [])
        on_device = [s for s, _, _ in pending if isinstance(s, Tensor)]
        lengths = [len(t) for t in on_device]
        fetched = iter(torch.cat(on_device).cpu().split(lengths) if on_device else [])
        for given, numbers, _ in pending:
            if given is None:
                found = [GradMoments(math.nan, math.nan)] * (1 + len(self.layers))
            else:
                if isinstance(given, Unread):
                    sums = given.sums_of(next(norms))
                else:
                    sums = next(fetched).tolist() if isinstance(given, Tensor) else given
                found = moments_of_sums([*sums, *numbers], self.workers)
            self.whole.update(found[0])
            for average, moments in zip(self.layers.values(), found[1:], strict=False):
                average.update(moments)

    def stack(self) -> None:
        """Put the norms that wait into one tensor: of many steps in one call, which is quick."""
        if self.norms:
            self.stacked.append(torch.stack(self.norms))
            self.norms = []

    def state_dict(self) -> dict[str, Any]:
        """Return the averages as plain numbers."""
        self.fetch()
        layers = {name: average.state_dict() for name, average in self.layers.items()}
        return {**self.whole.state_dict(), "layers": layers}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from saved averages; raises ValueError for another version or unit."""
        self.fetch()
        self.whole.load_state_dict(state)
        for name, saved in state.get("layers", {}).items():
            if name in self.layers:
                self.layers[name].load_state_dict(saved)
