"""Is the data the same on a second walk? Sums need the same examples, pairs the same order."""

import zlib
from collections.abc import Iterator

import torch
from torch import Tensor
from torch.utils.data import RandomSampler

from coursekit.gradients.batches import (
    Batch,
    Data,
    batch_tensors,
    is_one_batch,
    iter_batches,
    num_examples,
)
from coursekit.gradients.checks import refuse_shuffling

INTEGERS = {1: torch.uint8, 2: torch.int16, 4: torch.int32, 8: torch.int64}  # by bytes


class Walks:
    """Compares each walk through some data with the first.

    Tensors, and lists and tuples of batches, can't change between walks and are not looked at.
    """

    def __init__(self, data: Data) -> None:
        self.data = data
        self.fixed = is_one_batch(data) or isinstance(data, tuple | list)
        self.finished = False  # the first walk
        self._door: int | None = None  # the batch that was looked at before the first walk
        self._in_order: list[int] = []  # a number for each batch of the first walk
        self._in_all = 0  # one for all its examples, in whatever order

    def first_batch(self) -> Batch:
        """Look at the first batch, before any walk."""
        batch = next(iter_batches(self.data))
        self._door = None if self.fixed else _bytes_hash(batch)
        return batch

    def walk(self, *, ordered: bool) -> Iterator[Batch]:
        """Yield the batches as they come.

        Args:
            ordered: Whether another order is another walk; else the same examples will do.

        Raises:
            ValueError: If this walk is not what the first was.
        """
        first, total, index = not self.finished, 0, -1
        codes: list[int] = []
        for index, batch in enumerate(self._batches()):
            if not self.fixed:
                codes.append(_bytes_hash(batch))
                total = (total + _rows_hash(batch)) % 2**64
                if not first and ordered and self._in_order[index : index + 1] != codes[-1:]:
                    self._refuse(f"batch {index} of the data is")
            yield batch
        if first:
            if codes[:1] != [self._door] and not self.fixed:
                self._refuse_used_up()
            self._in_order, self._in_all, self.finished = codes, total, True
        elif total != self._in_all or (ordered and len(codes) != len(self._in_order)):
            self._refuse(f"the data, {index + 1} batches, are")

    def refuse_changing(self, *, ordered: bool) -> None:
        """Raise ValueError if the first batch is another one when the data are walked again.

        A DataLoader that shuffles is known to give the same examples; it passes unless `ordered`.
        """
        if ordered:
            refuse_shuffling(self.data)
        if self.fixed or isinstance(getattr(self.data, "sampler", None), RandomSampler):
            return
        codes = [_bytes_hash(next(self._batches())) for _ in range(2)]
        if codes[0] != codes[1]:
            self._refuse("batch 0 of the data is")

    def _batches(self) -> Iterator[Batch]:
        """Walk the data, after the door has seen that there is a first batch."""
        return iter_batches(
            self.data,
            if_empty="data can be walked only once, and looking at its first batch was the first "
            "time: every iter(data) has to begin anew; measure data=list(...) of it",
        )

    def _refuse_used_up(self) -> None:
        """Raise ValueError if nothing is left; for a walk that began where the door had not."""
        if not isinstance(getattr(self.data, "sampler", None), RandomSampler):
            next(self._batches())

    def _refuse(self, what: str) -> None:
        raise ValueError(
            f"{what} not what it was on the first walk: random augmentation or shuffling; measure "
            f"a fixed sample, such as data=list(loader)"
        )


def _bytes_hash(batch: Batch) -> int:
    """Return a number that two different batches hardly share."""
    code = 0
    for t in batch_tensors(batch):
        raw = t.detach().cpu().contiguous().reshape(-1).view(torch.uint8)
        code = zlib.crc32(raw.numpy().tobytes(), code)
    return code


def _rows_hash(batch: Batch) -> int:
    """Return a number for the batch's examples that does not depend on their order."""
    total = num_examples(batch)
    codes = torch.zeros(total, dtype=torch.int64, device="cpu")
    for t in batch_tensors(batch):
        if t.dim() and len(t) == total:
            rows = _as_integers(t.detach().cpu()).reshape(total, -1)
            rng = torch.Generator().manual_seed(rows.shape[1])
            size, device = (rows.shape[1],), rng.device
            odd = torch.randint(-(2**62), 2**62, size, generator=rng, device=device) * 2 + 1
            codes = codes * 31 + (rows.to(torch.int64) * odd).sum(dim=1)  # wraps around, as meant
    codes = (codes ^ (codes >> 31)) * 0x9E3779B97F4A7C1
    return int((codes ^ (codes >> 29)).sum().item()) % 2**64


def _as_integers(t: Tensor) -> Tensor:
    if t.is_complex():
        t = torch.view_as_real(t)
    return t.contiguous().view(INTEGERS[t.element_size()])
