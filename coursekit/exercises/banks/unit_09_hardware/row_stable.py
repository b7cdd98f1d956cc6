"""The same bits for a row in any batch: blocks of one size."""

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from coursekit.exercises.banks.unit_09_hardware.further_slips_c import ROW_STABLE as FURTHER_SLIPS
from coursekit.exercises.banks.unit_09_hardware.further_slips_e import ROW_STABLE as LATEST_SLIPS
from coursekit.exercises.engine.declare import Case, Exercise, Mistake
from coursekit.exercises.engine.plain import as_array

Rows = Callable[[Tensor], Tensor]


def same_bits(got: Any, want: Any) -> bool:
    """Compare without any tolerance: the exercise is about the last digits."""
    ours, theirs = as_array(want), as_array(got)
    return ours is not None and theirs is not None and np.array_equal(ours, theirs)


def row_stable(function: Rows, rows: Tensor, block: int) -> Tensor:
    missing = -len(rows) % block
    filled = torch.cat([rows, torch.zeros(missing, rows.shape[1])])
    return torch.cat([function(part) for part in filled.split(block)])[: len(rows)]


def stable_by_filling_each(function, rows, block):
    out = []
    for start in range(0, len(rows), block):
        part = torch.zeros(block, rows.shape[1])
        own = rows[start : start + block]
        part[: len(own)] = own
        out.extend(function(part)[: len(own)])
    return torch.stack(out)


def stable_with_old_rows(function, rows, block):
    """Fill the last block with rows that were there already; read its end from the back."""
    index = torch.arange(-(-len(rows) // block) * block) % len(rows)
    found = [function(rows[part]) for part in index.view(-1, block)]
    return torch.vstack(found)[: len(rows)]


def draw_rows(rng: np.random.Generator) -> list[Case]:
    cases: list[Case] = []
    for group in ("full blocks", "ragged") * 2:
        block = int(rng.integers(6, 9) if len(cases) >= 2 else rng.integers(3, 6))
        size = block * int(rng.integers(2, 4)) + (0 if group == "full blocks" else 1)
        size = 2 if len(cases) == 3 else size  # fewer rows than a block holds
        weights = rng.uniform(0.5, 1.5, (12, 5))
        weights[8] = weights[1]
        rows = rng.normal(size=(size, 12))
        large = rng.uniform(3000.0, 6000.0, size)
        rows[:, 1], rows[:, 8] = large, -large  # they cancel: what is left shows the rounding
        cases.append(Case(group, (weights, rows, block)))
    return cases


def blocks(function: Rows, rows: Tensor, block: int) -> list[Tensor]:
    return [function(part) for part in rows.split(block)]


def padded(rows: Tensor, count: int) -> Tensor:
    return torch.cat([rows, torch.zeros(count, rows.shape[1])])


def fillings_returned(function, rows, block):
    return torch.cat(blocks(function, padded(rows, -len(rows) % block), block))


def in_front(function, rows, block):
    missing = -len(rows) % block
    filled = torch.cat([torch.zeros(missing, rows.shape[1]), rows])
    return torch.cat(blocks(function, filled, block))[: len(rows)]


def last_block_dropped(function, rows, block):
    whole = rows[: len(rows) // block * block]
    return torch.cat(blocks(function, whole, block))


def all_in_one_call(function, rows, block):
    return function(padded(rows, -len(rows) % block))[: len(rows)]


def last_rows_again(function, rows, block):
    if len(rows) < block:
        return function(rows)
    left = len(rows) % block
    parts = blocks(function, rows[: len(rows) - left], block)
    return torch.cat([*parts, function(rows[-block:])[block - left :]] if left else parts)


def one_row_short(function, rows, block):
    return torch.cat(blocks(function, padded(rows, -len(rows) % block), block))[: len(rows) - 1]


def two_block_sizes(function, rows, block):
    """Blocks of one more row than asked."""
    return row_stable(function, rows, block + 1)


EACH_CALL = "hand over exactly `block` rows in each call, in order"
FILL_UP = "fill the last block up, and return as many rows as came in"

U09_ROW_STABLE = Exercise(
    id="u09_row_stable",
    call="row_stable(function, rows, block)",
    points={"full blocks": 1.0, "ragged": 2.0},
    by_hand=(
        Case(
            "full blocks",
            (
                np.ones((4, 1)),
                np.array([[2.0**24, 1, 1, -(2.0**24)], [1, 2, 3, 4], [5, 6, 7, 8], [0, 0, 0, 9]]),
                2,
            ),
            keeps=("by hand",),
            quotes=EACH_CALL,
        ),
        Case(
            "full blocks",
            (np.ones((4, 1)), np.array([[2.0**24, 1, 1, -(2.0**24)], [1.0, 2, 3, 4]]), 2),
            keeps=("boundary",),
            quotes=EACH_CALL,
        ),
        Case(
            "ragged",
            (np.ones((4, 1)), np.array([[2.0**24, 1, 1, -(2.0**24)]]), 2),
            keeps=("smallest",),
            quotes=FILL_UP,
        ),
        Case(
            "ragged",
            (
                np.ones((4, 1)),
                np.array([[1.0, 2, 3, 4], [4.0, 3, 2, 1], [2.0**24, 1, 1, -(2.0**24)]]),
                2,
            ),
            keeps=("uneven",),
            quotes=FILL_UP,
        ),
        Case(  # one row over: a block for each would be far too many
            "ragged",
            (
                np.ones((4, 1)),
                np.array([[1.0, 2, 3, 4]] * 8 + [[2.0**24, 1, 1, -(2.0**24)]]),
                8,
            ),
            keeps=("range",),
            quotes=FILL_UP,
        ),
    ),
    promises=("boundary", "by hand", "range", "smallest", "uneven"),
    draw=draw_rows,
    run="kernel",
    same=same_bits,
    reference=row_stable,
    mistakes=(
        Mistake(
            "the whole batch at once",
            "You hand over all rows at once. Does `function` add in the same order for another "
            "number of rows?",
            lambda function, rows, block: function(rows),
        ),
        Mistake(
            "row by row",
            "You hand over one row at a time. That is one size too: is it the one asked for?",
            lambda function, rows, block: torch.cat([function(row[None]) for row in rows]),
        ),
        Mistake(
            "last block not filled up",
            "Your last block is shorter than the others. In which order are its sums added?",
            lambda function, rows, block: torch.cat(blocks(function, rows, block)),
        ),
        Mistake(
            "fillings returned",
            "You return more rows than came in. Which of them are only filling?",
            fillings_returned,
        ),
        Mistake(
            "filled in front",
            "Your filling stands in front of the rows. Which rows do you then keep?",
            in_front,
        ),
        Mistake(
            "last block dropped",
            "Rows that fill no block are missing. Who gets their results?",
            last_block_dropped,
        ),
        Mistake(
            "all blocks in one call",
            "You fill the rows up and then hand over all at once. "
            "How many rows does `function` see in one call?",
            all_in_one_call,
        ),
        Mistake(
            "fewer rows than a block",
            "Where there are fewer rows than a block holds, you call `function` on those alone. In "
            "which order are their sums added?",
            last_rows_again,
        ),
        Mistake(
            "another size of block",
            "All your blocks are equally large, and not as large as asked. How many rows has one?",
            two_block_sizes,
        ),
        Mistake(
            "so many blocks",
            "You cut the rows into so many pieces. Does `block` count pieces, or rows in a piece?",
            lambda function, rows, block: torch.cat([function(part) for part in rows.chunk(block)]),
        ),
        Mistake(
            "rounded",
            "You round the results. Two numbers on either side of a rounding limit: does that make "
            "them equal?",
            lambda function, rows, block: row_stable(function, rows, block).round(decimals=1),
        ),
        Mistake(
            "one row short",
            "One row is missing at the end. Where do you cut the filling off?",
            one_row_short,
        ),
        Mistake(
            "remainder filled in",
            "You add as many rows as are left over. How many are missing to the next multiple?",
            lambda function, rows, block: torch.cat(
                blocks(function, padded(rows, len(rows) % block), block)
            )[: len(rows)],
        ),
        Mistake(
            "the last block alone",
            "You return the last block's results. Where are those of the others?",
            lambda function, rows, block: blocks(function, padded(rows, -len(rows) % block), block)[
                -1
            ][: len(rows)],
        ),
        Mistake(
            "backwards",
            "Your rows come back in reverse. In which order are they asked for?",
            lambda function, rows, block: row_stable(function, rows, block).flip(0),
        ),
        Mistake(
            "two blocks a call",
            "You hand over two blocks at a time. How many rows should a call see?",
            lambda function, rows, block: torch.cat(
                blocks(function, padded(rows, -len(rows) % block), 2 * block)
            )[: len(rows)],
        ),
        Mistake(
            "scaled up for the filling",
            "You scale up for the filling. Does a row's result depend on how many others there "
            "are?",
            lambda function, rows, block: (
                row_stable(function, rows, block) * ((len(rows) + -len(rows) % block) / len(rows))
            ),
        ),
        *FURTHER_SLIPS,
        *LATEST_SLIPS,
    ),
    accepted=(stable_by_filling_each, stable_with_old_rows),
    lesson="One size of block, one order of sums, the same bits in any company. A lone row pays "
    "for a whole block: that is the price of it.",
    answered_by=("coursekit.hardware.row_stable",),
)
