"""Leave the large outputs of a notebook out before anything of it is built in memory.

Pictures and tables of 40 MB are no reason to mark nothing, and a list of millions of empty objects
takes a hundred times its size. The text is walked once, token by token; nothing is parsed.
"""

import re

TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\]]', re.DOTALL)
LIST_FOLLOWS = re.compile(rb"\s*:\s*\[")
CELL_DEPTHS = (3, 5)  # {"cells": [{...}]}, and nbformat 3: {"worksheets": [{"cells": [{...}]}]}
MOST_BYTES = 10_000_000  # of outputs that are kept, all together
MOST_TOKENS = 100_000  # of kept outputs: brackets and texts
MOST_SCANNED = 8_000_000  # tokens of a file
SMALL = 200_000  # bytes; a file of this size is left as it is
LEFT_OUT = b'[{"output_type": "stream", "name": "stdout", "text": "... %d bytes left out ..."}]'


class TooMany(ValueError):
    """A file of more tokens than any notebook has."""


def without_large_outputs(data: bytes) -> bytes:
    """Return the same JSON with what outputs hold beyond a limit replaced by a short note.

    Raises:
        TooMany: If there are far more brackets and texts than a notebook has.
    """
    if len(data) <= SMALL:
        return data
    parts: list[bytes] = []
    done = depth = outer = 0
    bytes_left, tokens_left = MOST_BYTES, MOST_TOKENS
    begin, begin_count = -1, 0  # of the list of outputs that is being walked
    for count, token in enumerate(TOKEN.finditer(data), start=1):
        if count > MOST_SCANNED:
            raise TooMany(f"the file holds more than {MOST_SCANNED} brackets and texts")
        first = data[token.start()]
        if first in b"{[":
            depth += 1
        elif first in b"}]":
            depth -= 1
            if begin >= 0 and depth == outer:
                size, tokens = token.end() - begin, count - begin_count
                if size > bytes_left or tokens > tokens_left:
                    parts += [data[done:begin], LEFT_OUT % size]
                    done = token.end()
                else:
                    bytes_left, tokens_left = bytes_left - size, tokens_left - tokens
                begin = -1
        elif begin < 0 and depth in CELL_DEPTHS and token[0] == b'"outputs"':
            follows = LIST_FOLLOWS.match(data, token.end())
            if follows is not None:
                begin, begin_count, outer = follows.end() - 1, count, depth
    return b"".join([*parts, data[done:]]) if parts else data
