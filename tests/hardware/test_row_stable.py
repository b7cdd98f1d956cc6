import pytest
import torch

from coursekit.hardware import row_stable

pytestmark = pytest.mark.quick
BLOCK = 8


def by_company(rows):
    """A product whose order of sums depends on how many rows there are, as real ones' does."""
    weights = torch.linspace(-1, 1, rows.shape[1] * 3).view(-1, 3)
    pieces = [
        a @ b for a, b in zip(rows.split(len(rows), 1), weights.split(len(rows)), strict=True)
    ]
    return torch.stack(pieces).sum(dim=0) if len(pieces) > 1 else pieces[0]


def test_bits_do_not_depend_on_the_batch():
    rows = torch.randn(50, 33, generator=torch.Generator().manual_seed(0))
    whole = row_stable(by_company, rows, block=BLOCK)
    for size in (1, 2, 7, 8, 9, 31, 50):
        assert torch.equal(row_stable(by_company, rows[:size], block=BLOCK), whole[:size])
    alone = torch.cat([by_company(row[None]) for row in rows])
    assert not torch.equal(by_company(rows), alone)  # without it, bits do depend
    assert torch.allclose(whole, alone, atol=1e-4)


def test_the_function_sees_blocks_of_one_size():
    seen = []
    row_stable(lambda part: (seen.append(part.shape), part)[1], torch.ones(17, 3), block=BLOCK)
    assert seen == [(8, 3)] * 3


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="need rows"):
        row_stable(lambda x: x, torch.ones(0, 3))
