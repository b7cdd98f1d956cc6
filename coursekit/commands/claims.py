"""`claims`: print the ledger, measure claims again and compare, write them, or write the page."""

import json as json_format
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from coursekit.claims.again import LEVEL, a_quarter, disagreements, measure_each, num_compared
from coursekit.claims.alarm import chance_to_turn
from coursekit.claims.ledger import LEDGER, load_ledger, save_entry
from coursekit.claims.register import CLAIMS
from coursekit.claims.rows import key_figures, rows
from coursekit.classroom.learner.copies import find_unit
from coursekit.commands.claims_lines import print_list, print_whole
from coursekit.commands.commit import commit_hash
from coursekit.commands.early import CLASH, clash

GUESS = 10.0  # seconds for a claim that was never measured
FRAGILE = 0.05  # a verdict that other seeds turn more often may turn without a disagreement
WORTH = 20.0  # CPU seconds from which on several processes pay for their start


def run(
    ids: list[str],
    *,
    quick: bool = False,
    all: bool = False,
    write: bool = False,
    json: bool = False,
    page: bool = False,
    unit: str = "",
    verdict: str = "",
    folder: Path = LEDGER,
) -> int:
    """Print the ledger; or measure claims again and compare with it, or write what came out.

    Args:
        ids: Claims to measure again; or "show" and claims to print.
        quick: Measure a quarter of all claims (or the given ones) again at size "cpu", compare with
            the ledger, write nothing.
        all: Measure all claims.
        write: Put what came out into the ledger, in place of comparing.
        json: Print rows as JSON.
        page: Write docs/claims.md, docs/claims/ and pictures from the ledger.
        unit: List this unit's claims alone.
        verdict: List claims with this verdict alone.
        folder: Where the ledger lies.

    Returns:
        Exit status: 1 where a comparison finds a disagreement, 2 for an unknown claim or options
        that exclude each other, else 0.
    """
    from coursekit.device import size

    given = ids
    show, ids = given[:1] == ["show"], [i for i in given if i != "show"]
    unknown = [i for i in ids if i not in CLAIMS]
    if unknown:
        print(
            f"no claim named {', '.join(unknown)}: there are {', '.join(CLAIMS)}", file=sys.stderr
        )
        return 2
    silent = [i for i in ids if CLAIMS[i].evidence == "literature"]
    if silent and not show:
        print(f"{', '.join(silent)}: literature alone, nothing to measure here", file=sys.stderr)
        print("To read what would test it: python3 -m coursekit claims --json", file=sys.stderr)
        return 2
    dear = [i for i in ids if CLAIMS[i].gpu_only and size() == "cpu"]
    if dear and not show:
        print(f"{', '.join(dear)}: measured on a GPU only, minutes there and an hour here: "
              f"COURSEKIT_SIZE=gpu python3 -m coursekit claims {dear[0]} --write",
              file=sys.stderr)  # fmt: skip
        return 2
    measures = (quick or all or bool(ids)) and not show
    if clash(*given, quick=quick, all=all, write=write, page=page, unit=unit, verdict=verdict):
        print(CLASH, file=sys.stderr)
        return 2
    ledger = load_ledger(folder)
    if quick:
        return check_again(ids, ledger)
    if page:
        return write_page(ledger)
    chosen = ids if measures else []
    if all:
        chosen = [
            i
            for i, c in CLAIMS.items()
            if c.evidence != "literature" and not (c.gpu_only and size() == "cpu")
        ]
    if measures and not write and size() != "tiny":
        return check_again(chosen, ledger, size())
    for claim_id, entry in measured(chosen, size(), ledger) if chosen else ():
        if size() == "tiny":
            print(f"{claim_id}: size tiny is for trying out: nothing written", file=sys.stderr)
            continue
        save_entry(claim_id, size(), entry, folder)
        ledger.setdefault(claim_id, {})[size()] = entry
    if json:
        print(json_format.dumps(rows(ledger, ids), indent=1, ensure_ascii=False))
    elif ids:
        print_whole(rows(ledger, ids))
    else:
        print_list(chosen_rows(rows(ledger), unit, verdict))
    return 0


def chosen_rows(found: list[dict[str, Any]], unit: str, verdict: str) -> list[dict[str, Any]]:
    """Return the rows of one unit and of claims that some measurement gives this verdict.

    Raises:
        ValueError: If none is left.
    """
    having = {r["id"] for r in found if verdict in ("", r["verdict"])}
    units = list(dict.fromkeys(r["unit"] for r in found))
    name = find_unit(unit, units) if unit else ""
    kept = [r for r in found if r["id"] in having and name in ("", r["unit"])]
    if not kept:
        seen = ", ".join(sorted({r["verdict"] for r in found if name in ("", r["unit"])}))
        raise ValueError(
            f"no claim{f' of {name}' if name else ''} came out as {verdict!r}: it can be {seen}"
        )
    return sorted(kept, key=lambda r: r["unit"])


def cost(claim_id: str, size: str, ledger: dict[str, Any]) -> float:
    """Return the seconds that measuring a claim is known to take."""
    entry = ledger.get(claim_id, {}).get(size)
    return max(0.1, entry.get("cpu_seconds", entry["seconds"])) if entry else GUESS


def measured(ids: Sequence[str], size: str, ledger: dict[str, Any]) -> Any:
    """Measure claims, the costly ones first; yield id and entry, with a bar on stderr."""
    import torch

    order = sorted(ids, key=lambda i: -cost(i, size, ledger))
    total = sum(cost(i, size, ledger) for i in ids)
    worth = size == "cpu" and total > WORTH  # on a GPU one claim at a time has it to itself
    workers = torch.get_num_threads() if worth else 1
    text = "{l_bar}{bar}| {elapsed} of about " + f"{max(1, total / workers):.0f} s"
    with tqdm(total=total, delay=2, bar_format=text, leave=False) as bar:
        for claim_id, entry in measure_each(order, size, workers=workers):
            bar.update(cost(claim_id, size, ledger))
            figures = "; ".join(key_figures(CLAIMS[claim_id], entry["values"]))
            line = f"{claim_id}: {entry['verdict']} in {entry['seconds']} s: {figures}"
            tqdm.write(line, file=sys.stderr)
            yield claim_id, entry


def check_again(ids: list[str], ledger: dict[str, Any], size: str = "cpu") -> int:
    """Measure some claims again and compare with the ledger's of this size; write nothing."""
    possible = {i: cost(i, size, ledger) for i in CLAIMS if size in ledger.get(i, {})}
    if not ids:
        commit = commit_hash()
        ids = a_quarter(possible, commit)
        print(
            f"{len(ids)} of {len(possible)} measured claims, a quarter of the cost, chosen by "
            f"{commit[:12]}: {' '.join(ids)}",
            file=sys.stderr,
        )
    absent = [i for i in ids if i not in possible]
    if absent:
        print(f"the ledger has no {size} measurement of {', '.join(absent)}", file=sys.stderr)
        print(f"Measure it: COURSEKIT_SIZE={size} python3 -m coursekit claims {absent[0]} --write",
              file=sys.stderr)  # fmt: skip
        return 1
    fresh = dict(measured(ids, size, ledger))
    comparable = [i for i in ids if CLAIMS[i].portable]
    stored = {i: ledger[i][size]["values"] for i in comparable}
    values = {i: fresh[i]["values"] for i in comparable}
    exact = [i for i in comparable if CLAIMS[i].evidence == "calculation"]
    found = disagreements(stored, values, exact=exact)
    for claim_id in comparable:
        before, now = CLAIMS[claim_id].verdict(stored[claim_id]), fresh[claim_id]["verdict"]
        if now == before:
            continue
        line = f"verdict: {now} now, {before} in the ledger"
        chance = chance_to_turn(CLAIMS[claim_id], stored[claim_id])
        if chance > FRAGILE and claim_id not in found:
            print(f"{claim_id}: {line}; a close one, other seeds turn it {chance:.0%} of the time")
        else:
            found.setdefault(claim_id, []).insert(0, line)
    quantities = num_compared(values, exact)
    for claim_id in ids:
        words = "differs" if claim_id in found else "agrees"
        print(f"{claim_id}: {words if claim_id in comparable else 'runs (times of one machine)'}")
        for line in found.get(claim_id, []):
            print(f"  {line}")
    print(f"{quantities} quantities compared; chance of a false alarm: at most {LEVEL:.0%}")
    if found:
        print("Something changed what is measured, or the ledger was changed by hand. If the new "
              f"values are right: python3 -m coursekit claims {' '.join(found)} --write",
              file=sys.stderr)  # fmt: skip
    return 1 if found else 0


def write_page(ledger: dict[str, Any]) -> int:
    """Write docs/claims.md, docs/claims/ and pictures."""
    from coursekit.commands.claims_page import put_in_place

    for name in put_in_place(ledger):
        print(name)
    return 0
