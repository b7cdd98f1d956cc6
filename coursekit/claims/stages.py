"""What a measurement of minutes is doing: one line a stage on stderr, with the seconds so far."""

import sys
import time
from collections.abc import Callable

Tell = Callable[[str], None]


def stages(claim_id: str, size: str) -> Tell:
    """Return a function that prints what was just done; silent at sizes that take seconds.

    A measurement that is cut off then says how far it came, and which stage is dear.
    """
    began = time.perf_counter()

    def tell(what: str) -> None:
        if size == "gpu":
            seconds = time.perf_counter() - began
            print(f"{claim_id}, {seconds:.1f} s: {what}", file=sys.stderr, flush=True)

    return tell
