import torch
from torch.nn.functional import pad


# ---------------------------------------------------------------- right
def r_cat_split(function, rows, block):
    short = -len(rows) % block
    filling = torch.zeros(short, rows.shape[1], dtype=rows.dtype)

    whole = torch.cat([rows, filling])
    return torch.cat([function(part) for part in whole.split(block)])[: len(rows)]


def r_loop(function, rows, block):
    results = []
    for start in range(0, len(rows), block):
        part = rows[start : start + block]
        n = len(part)
        if n < block:
            part = torch.cat([part, part.new_zeros(block - n, part.shape[1])])
        results.append(function(part)[:n])
    return torch.cat(results)


def r_pad(function, rows, block):
    whole = pad(rows, (0, 0, 0, -len(rows) % block))
    return torch.cat([function(part) for part in whole.chunk(len(whole) // block)])[: len(rows)]


def r_repeat_last(function, rows, block):
    short = -len(rows) % block
    whole = torch.cat([rows, rows[-1:].expand(short, -1)])
    out = [function(whole[i : i + block]) for i in range(0, len(whole), block)]
    return torch.cat(out)[: rows.shape[0]]


def r_buffer(function, rows, block):
    results = []
    buffer = torch.zeros(block, rows.shape[1])
    for start in range(0, len(rows), block):
        part = rows[start : start + block]
        buffer[: len(part)] = part
        results.append(function(buffer.clone())[: len(part)])
    return torch.cat(results)


def r_reshape(function, rows, block):
    num_blocks = (len(rows) + block - 1) // block
    whole = rows.new_zeros(num_blocks * block, rows.shape[1])
    whole[: len(rows)] = rows
    blocks = whole.reshape(num_blocks, block, -1)
    return torch.cat([function(b) for b in blocks])[: len(rows)]


RIGHT = [
    r_cat_split,
    r_loop,
    r_pad,
    r_repeat_last,
    r_buffer,
    r_reshape,
]


# ---------------------------------------------------------------- wrong
def w_plain(function, rows, block):
    """Calls it once for all rows."""
    return function(rows)


def w_no_padding(function, rows, block):
    """Splits, but leaves the last block short."""
    return torch.cat([function(part) for part in rows.split(block)])


def w_not_cut(function, rows, block):
    """Returns the filling's results too."""
    short = -len(rows) % block
    filling = torch.zeros(short, rows.shape[1], dtype=rows.dtype)
    whole = torch.cat([rows, filling])
    return torch.cat([function(part) for part in whole.split(block)])


def w_one_by_one(function, rows, block):
    """A row at a time: stable, but not in blocks."""
    return torch.cat([function(rows[i : i + 1]) for i in range(len(rows))])


def w_block_each_row(function, rows, block):
    """A block for each row: far too many calls."""
    out = []
    for row in rows:
        part = torch.zeros(block, rows.shape[1])
        part[0] = row
        out.append(function(part)[:1])
    return torch.cat(out)


def w_row_repeated(function, rows, block):
    """Fills a block with copies of each row: far too many calls."""
    return torch.cat([function(row.expand(block, -1))[:1] for row in rows])


def w_pads_once(function, rows, block):
    """Pads to whole blocks, but calls once for all."""
    short = -len(rows) % block
    filling = torch.zeros(short, rows.shape[1], dtype=rows.dtype)
    return function(torch.cat([rows, filling]))[: len(rows)]


def w_pad_in_front(function, rows, block):
    """Fills up in front, and cuts at the end."""
    short = -len(rows) % block
    filling = torch.zeros(short, rows.shape[1], dtype=rows.dtype)
    whole = torch.cat([filling, rows])
    return torch.cat([function(part) for part in whole.split(block)])[: len(rows)]


def w_pad_mod(function, rows, block):
    """Fills len % block rows in place of what is missing."""
    whole = torch.cat([rows, torch.zeros(len(rows) % block, rows.shape[1])])
    return torch.cat([function(part) for part in whole.split(block)])[: len(rows)]


def w_drop_last(function, rows, block):
    """Leaves out rows of a partial block."""
    n = len(rows) // block * block
    if n == 0:
        return function(rows)[:0]
    return torch.cat([function(part) for part in rows[:n].split(block)])


def w_num_blocks(function, rows, block):
    """chunk(block): `block` is taken for the number of blocks."""
    short = -len(rows) % block
    filling = torch.zeros(short, rows.shape[1], dtype=rows.dtype)
    whole = torch.cat([rows, filling])
    return torch.cat([function(part) for part in whole.chunk(block)])[: len(rows)]


def w_double(function, rows, block):
    """Computes in float64 and rounds back."""
    return function(rows.double()).float()


def w_only_large(function, rows, block):
    """Blocks only where there are more rows than one block."""
    short = -len(rows) % block
    filling = torch.zeros(short, rows.shape[1], dtype=rows.dtype)
    if len(rows) <= block:
        return function(rows)
    whole = torch.cat([rows, filling])
    return torch.cat([function(part) for part in whole.split(block)])[: len(rows)]


def w_two_blocks_a_call(function, rows, block):
    """Hand over two blocks a call."""
    short = -len(rows) % block
    filling = torch.zeros(short, rows.shape[1], dtype=rows.dtype)
    whole = torch.cat([rows, filling])
    return torch.cat([function(part) for part in whole.split(2 * block)])[: len(rows)]


def w_list(function, rows, block):
    """Returns the list of blocks."""
    short = -len(rows) % block
    filling = torch.zeros(short, rows.shape[1], dtype=rows.dtype)
    whole = torch.cat([rows, filling])
    return [function(part) for part in whole.split(block)]


def w_stacked(function, rows, block):
    """Stacks the blocks: (blocks, block, m)."""
    short = -len(rows) % block
    filling = torch.zeros(short, rows.shape[1], dtype=rows.dtype)
    whole = torch.cat([rows, filling])
    return torch.stack([function(part) for part in whole.split(block)])


def w_rounded(function, rows, block):
    """Rounds the results to five decimals."""
    return (function(rows) * 1e5).round() / 1e5


def w_fill_after(function, rows, block):
    """Fills with rows for each block, block + 1 rows a call."""
    out = []
    for part in rows.split(block):
        n = len(part)
        out.append(function(torch.cat([part, torch.zeros(block + 1 - n, part.shape[1])]))[:n])
    return torch.cat(out)


def w_last_block_only(function, rows, block):
    """Keeps the last block alone."""
    short = -len(rows) % block
    filling = torch.zeros(short, rows.shape[1], dtype=rows.dtype)
    whole = torch.cat([rows, filling])
    for part in whole.split(block):
        out = function(part)
    return out[: len(rows)]


def w_reversed(function, rows, block):
    """Rows in reverse order."""
    short = -len(rows) % block
    filling = torch.zeros(short, rows.shape[1], dtype=rows.dtype)
    whole = torch.cat([rows, filling])
    return torch.cat([function(part) for part in whole.split(block)])[: len(rows)].flip(0)


def w_filling_averaged(function, rows, block):
    """Scales by block over rows, as if it were a mean."""
    short = -len(rows) % block
    filling = torch.zeros(short, rows.shape[1], dtype=rows.dtype)
    whole = torch.cat([rows, filling])
    out = torch.cat([function(part) for part in whole.split(block)])[: len(rows)]
    return out * len(whole) / len(rows)


WRONG = [
    w_plain,
    w_no_padding,
    w_not_cut,
    w_one_by_one,
    w_block_each_row,
    w_row_repeated,
    w_pads_once,
    w_pad_in_front,
    w_pad_mod,
    w_drop_last,
    w_num_blocks,
    w_double,
    w_only_large,
    w_two_blocks_a_call,
    w_list,
    w_stacked,
    w_rounded,
    w_fill_after,
    w_last_block_only,
    w_reversed,
    w_filling_averaged,
]
