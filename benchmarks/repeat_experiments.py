"""Measure published rows of the course's experiments again and say where the figures part.

    python benchmarks/repeat_experiments.py             all rows
    python benchmarks/repeat_experiments.py 5 8b        some rows

"before" is a first measurement with separate, rougher code (2026-11-21). Intervals are 95 %.
A line that disagrees is a finding, not a crash: the exit status is 0 whenever all rows ran.
What a claim of the ledger measures is not repeated here: `python3 -m coursekit claims`.
"""

import argparse
import time

import torch
from repeat_accumulation import row_5, row_11
from repeat_cures import row_9b, row_9c
from repeat_dynamics import row_8a, row_8b, row_8c, row_8d
from repeat_interview import row_3, row_3b, row_3c
from repeat_scaling import row_2a, row_2b, row_2c, row_6a, row_6b
from repeat_sharpness import row_7a, row_7b, row_7c, row_7d
from repeat_training import row_10

ROWS = {
    "2a": row_2a,
    "2b": row_2b,
    "2c": row_2c,
    "3": row_3,
    "3b": row_3b,
    "3c": row_3c,
    "5": row_5,
    "6a": row_6a,
    "6b": row_6b,
    "7a": row_7a,
    "7b": row_7b,
    "7c": row_7c,
    "7d": row_7d,
    "8a": row_8a,
    "8b": row_8b,
    "8c": row_8c,
    "8d": row_8d,
    "9b": row_9b,
    "9c": row_9c,
    "10": row_10,
    "11": row_11,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rows", nargs="*", help=f"of {', '.join(ROWS)}; none: all")
    chosen = parser.parse_args().rows or list(ROWS)
    for name in chosen:
        if name not in ROWS:
            parser.error(f"no row {name!r}: choose from {', '.join(ROWS)}")
    torch.set_num_threads(1)
    for name in chosen:
        start = time.process_time()
        found = ROWS[name]()
        seconds = time.process_time() - start
        print(f"  row {name}: {sum(found)} of {len(found)} lines agree, {seconds:.0f} CPU s\n")


if __name__ == "__main__":
    main()
