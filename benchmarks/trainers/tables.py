"""Cells measured by the scripts, written as tables between the marks of a page."""

import re
from collections.abc import Iterable

MARK = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)

TABLES: dict[str, dict[str, str]] = {  # table -> behaviour: heading of its column
    "accumulation": {
        "window": "10 micro-batches, K = 4, two epochs",
        "short": "10 examples in batches of 4",
        "short_window": "the same, K = 3",
        "tokens": "2 and 6 tokens, K = 2",
        "schedule": "schedule steps in 8 micro-batches, K = 4",
        "clip": "length after clipping at 0.5",
    },
    "workers": {
        "workers": "9 examples, two workers × 2",
        "twice": "counted twice in an epoch",
        "worker_tokens": "2 and 6 tokens on two workers",
        "worker_schedule": "schedule steps in 4 micro-batches, K = 2",
    },
    "schedules": {
        "first": "first rate",
        "second": "second",
        "peak": "highest",
        "last": "at step 100",
        "after": "at step 111",
        "groups": "second group over first, at 5, 11, 51",
        "momentum": "momentum of SGD",
        "again": "built anew after 50 steps",
    },
    "trust": {
        "step": "first step over the paper's",
        "decay": "with decay 0.1",
        "long": "at 10 times the weight",
        "vector": "for a bias",
        "repeated": "second step over the first",
        "louder": "gradient × 1000",
        "kept": ".grad after step()",
    },
    "noise": {
        "trace": "tr Σ of 0, 2, 4, 6 (6.667)",
        "scale": "noise scale of 64 examples, over the right one",
        "sorted": "the same, sorted",
        "noise": "40 batches without a signal",
    },
    "curvature": {
        "whole": "one batch",
        "unequal": "batches of 50 and 10",
        "shuffled": "a shuffling loader",
        "weighted": "class weights, halves of other mix",
        "concave": "minus the loss",
        "norm": "BatchNorm in train mode",
    },
}


def table(name: str, cells: Iterable[dict]) -> str:
    """Return one table in Markdown: a row for each library, in the order in which they came."""
    columns = TABLES[name]
    rows: dict[str, dict[str, str]] = {}
    versions: dict[str, str] = {}
    for cell in cells:
        if cell["behaviour"] in columns:
            rows.setdefault(cell["row"], {})[cell["behaviour"]] = cell["value"]
            package = next(iter(cell["versions"].items()))
            versions[cell["row"]] = f"{package[0]} {package[1].split('+')[0]}"
    lines = [
        "| measured | version | " + " | ".join(columns.values()) + " |",
        "|---" * (len(columns) + 2) + "|",
    ]
    for row, values in rows.items():
        found = [values.get(behaviour, "") for behaviour in columns]
        lines.append(f"| {row} | {versions[row]} | " + " | ".join(found) + " |")
    return "\n".join(lines)


def page_with_tables(text: str, cells: list[dict]) -> str:
    """Return a page with each table between its marks made anew."""
    return MARK.sub(lambda m: f"{m[1]}{table(m[2], cells)}\n{m[3]}", text)
