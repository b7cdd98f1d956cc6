"""The same example, the same bits, in whatever batch: products in blocks of one size."""

from collections.abc import Callable

import torch
from torch import Tensor


def row_stable(function: Callable[[Tensor], Tensor], rows: Tensor, *, block: int = 32) -> Tensor:
    """Apply a function row by row, with bits that do not depend on how many rows there are.

    A fast product chooses the order of its sums by the number of rows; so a row's last digits
    depend on its company. Here the function always gets exactly ``block`` rows: the last block is
    filled up with zeros, whose results are thrown away.

    Args:
        function: (block, n) -> (block, ...), each row computed from its own row alone: a product, a
            network without BatchNorm.
        rows: (B, n), B >= 1.
        block: Rows a call.

    Returns:
        (B, ...). Equal bits for a row in any batch and at any place, as long as the function
        treats every place of a block alike; test it on your machine. One row costs what ``block``
        rows cost.

    Raises:
        ValueError: If there is no row, or a block has none.
    """
    if len(rows) < 1 or block < 1:
        raise ValueError(f"need rows and a block of at least one, got {len(rows)} and {block}")
    missing = -len(rows) % block
    filled = torch.cat([rows, rows.new_zeros(missing, *rows.shape[1:])])
    return torch.cat([function(part) for part in filled.split(block)])[: len(rows)]
