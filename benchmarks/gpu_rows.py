"""Measure again what the units say under "On a GPU", and write it into the ledger's device rows.

    PYTHONPATH=. python benchmarks/gpu_rows.py [--list] [--ids N1,L1] [--to FOLDER] [--jobs 3]

Which claims these are is read from the units themselves: every {{ID.gpu.quantity}} that a source
in solutions/ quotes, and every claim that is measured on a GPU alone. Needs a CUDA device and the
core dependencies alone. After it `python3 -m coursekit build` fills the new numbers into the
notebooks.
"""

import argparse
import re
import sys
import traceback
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

import torch

from coursekit.claims.again import measure_by_id
from coursekit.claims.ledger import LEDGER, load_ledger, save_entry
from coursekit.claims.register import CLAIMS

ROOT = Path(__file__).resolve().parents[1]


def quoted() -> dict[str, list[str]]:
    """Return claim -> the units that quote its measurement on a GPU."""
    found: dict[str, list[str]] = {}
    for path in sorted((ROOT / "solutions").glob("*.py")):
        for claim in sorted(set(re.findall(r"{{(\w+)\.gpu\.", path.read_text(encoding="utf-8")))):
            found.setdefault(claim, []).append(path.stem)
    for claim in CLAIMS.values():
        if claim.gpu_only:
            found.setdefault(claim.id, []).append(claim.unit)
    return found


def main() -> int:
    """Measure and write; the cheapest first, so that a short loan of a GPU is not in vain."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--list", action="store_true", help="say what would be measured, and stop")
    parser.add_argument("--ids", default="", help="these claims alone")
    parser.add_argument("--to", type=Path, default=LEDGER, help="folder to write the ledger into")
    parser.add_argument("--jobs", type=int, default=1, help="claims side by side on the GPU")
    parser.add_argument("--size", default="gpu", help="gpu; tiny tries the script without one")
    asked = parser.parse_args()
    units, ledger = quoted(), load_ledger()
    known = {i: ledger.get(i, {}).get("gpu", {}).get("seconds", 60.0) for i in units}
    ids = asked.ids.split(",") if asked.ids else sorted(units, key=known.__getitem__)
    if asked.list:
        for i in ids:
            print(f"{i:4s} {known.get(i, 60.0):6.0f} s at the last time  {', '.join(units[i])}")
        print(f"{len(ids)} claims, about {sum(known.get(i, 60.0) for i in ids):.0f} s")
        return 0
    if not torch.cuda.is_available() and asked.size == "gpu":
        print("no CUDA device here: --list says what would be measured on one", file=sys.stderr)
        return 1
    asked.to.mkdir(parents=True, exist_ok=True)
    failed = 0
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn")) as pool:
        waiting = {pool.submit(measure_by_id, i, asked.size): i for i in ids}
        for done in as_completed(waiting):
            i = waiting[done]
            try:
                entry = done.result()
            except Exception:  # the others are worth having
                failed += 1
                print(f"{i:4s} failed", flush=True)
                traceback.print_exc()
                continue
            save_entry(i, asked.size, entry, asked.to)
            print(
                f"{i:4s} {entry['verdict']:12s} {entry['seconds']:6.1f} s  {entry['device']}",
                flush=True,
            )
    return min(failed, 1)


if __name__ == "__main__":
    raise SystemExit(main())
