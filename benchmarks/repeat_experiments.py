"""Measure published rows of the course's experiments again and say where the figures part.

    python benchmarks/repeat_experiments.py             all rows
    python benchmarks/repeat_experiments.py 9b          some rows

"before" is a first measurement with separate, rougher code (2026-11-21). Intervals are 95 %.
A line that disagrees is a finding, not a crash: the exit status is 0 whenever all rows ran.
What a claim of the ledger measures is not repeated here: `python3 -m coursekit claims`.
"""

import argparse
import time

import torch
from repeat_cures import row_9b
from repeat_training import row_10

ROWS = {"9b": row_9b, "10": row_10}


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
