"""The pages of all claims, made from the ledger alone: an index, and one for each unit's claims."""

from typing import Any

from coursekit.claims.alarm import alarm_sentence, ledger_alarm
from coursekit.claims.declare import STATUSES, Claim
from coursekit.claims.ledger import format_with_interval, seconds_of
from coursekit.claims.register import CLAIMS
from coursekit.claims.rivals import CURVES
from coursekit.claims.rows import over_words, row, short_device
from coursekit.claims.turning import turning_points
from coursekit.commands.figures_page import PAGE as FIGURES
from coursekit.commands.figures_page import figures_page
from coursekit.commands.recent_page import PAGE as RECENT
from coursekit.commands.recent_page import recent_page
from coursekit.intervals import t_interval
from coursekit.plots.claims import claim_picture
from coursekit.storage import ROOT, write_atomically

PAGE, UNIT_PAGES, PICTURES = "docs/claims.md", "docs/claims", "docs/images/claims"
MAX_SHOWN = 5  # quantities in a picture
SURPRISES = {  # what a reader should see first; the numbers are the ledger's
    "N4": "Four times the batch at four times the learning rate changed accuracy by {fall} points. "
    "A quarter of the noise alone changed it by {noise_quartered}: **it was not the noise**.",
    "L12": "Tuning the learning rate at the large batch gave back {gain_below} of {fall_below} "
    "points where the scaled rate was stable, and {gain_above} of {fall_above} where it was not.",
    "L5": "The full batch took {ratio} times the learning rate of B=16 before training broke: "
    "**more, not less**.",
    "N6": "From a sharp start warmup gained {full_gain} points with the full batch, where **there "
    "is no noise** to give back.",
    "P6": "A last batch of 37 instead of 64 changed accuracy by {keep_minus_drop_37} points. A "
    "last batch of **one** changed it by {keep_minus_drop_1}, at the rate tuned without it.",
    "N7": "32 x 32 accumulated had {to_large} of the noise of B=1024: **nothing of the small batch "
    "is left**.",
    "C7": "A batch one off a power of two took {neighbours_middle} of its time (one CPU thread): "
    "**the same**.",
}
PICTURE_KEY = (
    "In a picture each dot is a seed, the black mark the mean with its 95 % interval, and a "
    "dashed\nred line the mean at which the verdict would turn, everything else as measured.\n\n"
)
RIVALS_KEY = (
    "Misfit: root mean square over the batch sizes. Left out: the same where each batch size is "
    "predicted from the others. Chance: of so large a misfit, were the curve right, by the "
    "scatter of the seeds (Hotelling's test); below 0.05 the curve is rejected."
)
READING = """## How to read it

Rules were written before their measurement; where one was set or changed after a look at numbers,
the table says (looked) and the rule says at what. On 28 November 2026 rules that judged means were
rewritten for intervals, and each got a condition for every verdict: flagged where a bound moved.
Where a verdict was open, seeds were added, once or twice, as the claims say: at a threshold a
second look turns 5 % of false alarms into 8 or 9. Everything here is computed from the per-seed
values in `coursekit/claims/measured/` by `python3 -m coursekit claims --page`; a test fails where
these pages and the ledger part.

*Verdict*: the claim holds, fails, depends on something that the rule names, was not reproduced
here, or is unresolved. It is firm only where the whole 95 % interval of every quantity in its
rule lies on one side of its threshold. *Status*: how far it is settled. Proven: by calculation.
Measured: by small experiments, on small networks. Fails here: it came out false in our setting.
Contested: published work stands on both sides, whatever came out here. Not reproduced: an effect
reported elsewhere did not show. Untested here: literature alone. In a picture each dot is a seed;
the black mark is the mean with its 95 % interval; a dashed red line is the mean at which the
verdict would turn, everything else as measured.

*Intervals* run over seeds, which draw the start and the order of the examples; where a claim says
so, over test examples too: all seeds of an accuracy are measured on one test set, so other
examples would move them together. The two errors are added as squares
(`coursekit.intervals.Crossed`). The training set is in no interval. Where a rate, a schedule or a
strength was tuned, it is chosen anew in every resample of the seeds, and the interval holds that
choice (`coursekit/claims/tuning.py`). Not so in C8, C12 and G9, where for each seed the others
chose, once. How a value is read off a grid, by straight lines, is in no interval: see C8 and F1.

**Argue with it.** Each claim says what would change its verdict. Measure one again with `python3
-m coursekit claims ID`, a quarter of all, another at each commit, with `--quick`, which compares
and writes nothing, and all of them with `--all`. {cost}

"""


def put_in_place(ledger: dict[str, Any]) -> list[str]:
    """Write pages and pictures; remove those of claims that are gone. Return what changed."""
    files = page_files(ledger)
    changed = []
    for name, text in files.items():
        path = ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text)
            changed.append(f"wrote {name}")
    for name in strays(files):
        (ROOT / name).unlink()
        changed.append(f"removed {name}")
    return changed or [f"{PAGE} is what the ledger makes"]


def strays(files: dict[str, str]) -> list[str]:
    """Name pictures that belong to no claim, and pages that belong to no unit."""
    there = [
        f"{folder}/{path.name}"
        for folder, kind in ((PICTURES, "*.svg"), (UNIT_PAGES, "*.md"))
        for path in sorted((ROOT / folder).glob(kind))
    ]
    return [name for name in there if name not in files]


def page_files(ledger: dict[str, Any]) -> dict[str, str]:
    """Return the pages and their pictures: path from the repository's root -> text."""
    files: dict[str, str] = {}
    sections: dict[str, list[str]] = {}
    for claim in CLAIMS.values():
        entries = ledger.get(claim.id, {})
        size = next((s for s in ("cpu", "gpu") if s in entries), "")
        alt = ""
        if size:
            picture, alt = picture_of(claim, entries[size]["values"])
            files[f"{PICTURES}/{claim.id}.svg"] = picture
        sections.setdefault(claim.unit, []).append(section(claim, entries, size, alt))
    main = {c.id: main_row(c, ledger) for c in CLAIMS.values()}
    units = sorted(sections)
    for unit in units:
        rows = [r for i, r in main.items() if CLAIMS[i].unit == unit]
        files[unit_page(unit)] = (
            f"# Claims of unit {unit}\n\n{links_between(unit, units)}\n\n"
            + table(rows, "")
            + PICTURE_KEY
            + "".join(sections[unit]).rstrip()
            + "\n"
        )
    texts = {FIGURES: figures_page(ledger), RECENT: recent_page(ledger)}
    return {PAGE: index_page(main, ledger), **texts, **files}


def unit_page(unit: str) -> str:
    """Return the path of the page with a unit's claims."""
    return f"{UNIT_PAGES}/{unit}.md"


def links_between(unit: str, units: list[str]) -> str:
    """Return links to the index and to the pages before and after."""
    at = units.index(unit)
    near = [("before", units[at - 1])] if at else []
    near += [("next", units[at + 1])] if at + 1 < len(units) else []
    return " · ".join(["[all claims](../claims.md)", *(f"{w}: [{u}]({u}.md)" for w, u in near)])


def index_page(main: dict[str, dict[str, Any]], ledger: dict[str, Any]) -> str:
    """Return the page that has a line for each claim, what surprises first."""
    counts = {s: sum(r["status"] == s for r in main.values()) for s in STATUSES}
    summary = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    lines = [
        f"# {len(main)} claims about batch size, measured\n\n",
        "What people say about batch size in interviews, lectures and guides, in our words, and\n"
        "what came out when we measured it on small networks. First, what surprises:\n\n",
        *surprises(ledger),
        f"\n**Of all {len(main)}**: {summary}. [How to read it](#how-to-read-it).\n"
        "[What papers of 2024 to 2026 found](recent.md) · [published figures](figures.md), both "
        "beside ours.\n\n",
    ]
    for unit in sorted({claim.unit for claim in CLAIMS.values()}):
        link = f"{UNIT_PAGES.removeprefix('docs/')}/{unit}.md"
        lines.append(f"**[Unit {unit}]({link})**\n\n")
        lines.append(table([r for i, r in main.items() if CLAIMS[i].unit == unit], link))
    return "".join(
        [*lines, READING.format(cost=cost_words(ledger)), otherwise(main), alarms(ledger), "\n"]
    )


def cost_words(ledger: dict[str, Any]) -> str:
    """Say what the claims of a CPU took when they were measured, all of them and a quarter."""
    spent = sum(seconds_of(entries["cpu"]) for entries in ledger.values() if "cpu" in entries)
    return (
        f"The ledger's rows of\na CPU took {spent:.0f} s of computing: {spent / 120:.1f} minutes "
        f"on two idle cores, and a quarter {spent / 480:.1f}."
    )


def surprises(ledger: dict[str, Any]) -> list[str]:
    """Return a line for each surprise, its numbers from the ledger."""
    lines = []
    for claim_id, text in SURPRISES.items():
        values = ledger[claim_id]["cpu"]["values"]
        figures = {name: format_with_interval(*t_interval(v)) for name, v in values.items()}
        lines.append(f"- {link_to(claim_id)}: {text.format(**figures)}\n")
    return lines


def link_to(claim_id: str) -> str:
    """Return a link from the index to a claim."""
    page = unit_page(CLAIMS[claim_id].unit).removeprefix("docs/")
    return f"[{claim_id}]({page}#{claim_id.lower()})"


def alarms(ledger: dict[str, Any]) -> str:
    """Say how many verdicts are wrong by chance."""
    return alarm_sentence(ledger_alarm(CLAIMS, ledger))


def main_row(claim: Claim, ledger: dict[str, Any]) -> dict[str, Any]:
    """Return the row of the measurement that the table shows: cpu before gpu."""
    entries = ledger.get(claim.id, {})
    size = next((s for s in ("cpu", "gpu") if s in entries), "")
    return row(claim, size, entries.get(size))


def otherwise(main: dict[str, dict[str, Any]]) -> str:
    """List the claims whose verdict is not the expected one, a sentence each."""
    lines = [
        f"- {link_to(i)}, expected: {r['expected']}, found: {r['verdict']}. {r['finding']}\n"
        for i, r in main.items()
        if not r["as_expected"]
    ]
    return (
        "**Otherwise than expected before measuring:**\n\n" + "".join(lines) + "\n" if lines else ""
    )


def table(rows: list[dict[str, Any]], page: str) -> str:
    """Return the myth table of some claims, with links to their sections on a page."""
    head = "| | people say | verdict | status | what came out |\n|---|---|---|---|---|\n"
    return head + "".join(table_line(r, page) for r in rows) + "\n"


def table_line(r: dict[str, Any], page: str) -> str:
    """Return a claim's line of the myth table."""
    figures = "<br>".join(r["figures"][:2]) or "–"
    verdict = f"{r['verdict']} (looked)" if r["looked"] else r["verdict"]
    link = f"[{r['id']}]({page}#{r['id'].lower()})"
    cells = (link, r["statement"], verdict, r["status"], figures)
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"


def picture_of(claim: Claim, values: dict[str, list[float]]) -> tuple[str, str]:
    """Draw a claim's most telling quantities."""
    names = [n for n in (claim.shown or tuple(values)) if n in values][:MAX_SHOWN]
    shown = {name: values[name] for name in names}
    turns = {name: turning_points(claim, values, name) for name in names}
    labels = {name: format_with_interval(*t_interval(values[name])) for name in names}
    return claim_picture(shown, turns, labels)


def section(claim: Claim, entries: dict[str, Any], size: str, alt: str) -> str:
    """Return what the page says about one claim."""
    r = row(claim, size, entries.get(size))
    lines = [f"## {claim.id}\n", f"**“{claim.statement}”** {verdict_words(r)}\n"]
    if size:
        lines.append(f"![{claim.id}: {alt}](../images/claims/{claim.id}.svg)\n")
    facts = {
        "Heard": claim.heard,
        "Setting": claim.setting,
        "What would test it" if claim.evidence == "literature" else "Rule": claim.rule,
        "Came out": "; ".join(came_out(claim, s, entries[s]) for s in sorted(entries)),
        "Otherwise than expected" if not r["as_expected"] else "Found besides": claim.finding,
        "How to argue with this": claim.changes,
        "Source": claim.source,
    }
    lines += [f"- **{name}**: {text.removesuffix('.')}." for name, text in facts.items() if text]
    return "\n".join([*lines, *rivals_table(entries)]) + "\n\n"


def rivals_table(entries: dict[str, Any]) -> list[str]:
    """Return a table of the curves that were fitted to the same points, where a claim has some."""
    found = {
        size: e["values"] for size, e in sorted(entries.items()) if "left_out_law" in e["values"]
    }
    if not found:
        return []
    heads = [f"{what}, {size}" for size in found for what in ("misfit", "left out", "chance")]
    lines = ["", "Rivals, fitted to the same points; p is fitted where a formula has one:", ""]
    lines += [f"| curve | {' | '.join(heads)} |", "|---" * (len(heads) + 1) + "|"]
    for name, curve in CURVES.items():
        cells = [
            text
            for values in found.values()
            for text in (
                f"{values[f'misfit_{name}'][0]:.1f} %",
                f"{values[f'left_out_{name}'][0]:.0f} %",
                f"{values[f'chance_{name}'][0]:.2g}",
            )
        ]
        lines.append(f"| `{curve.formula}` | {' | '.join(cells)} |")
    return [*lines, "", RIVALS_KEY]


def verdict_words(r: dict[str, Any]) -> str:
    """Return verdict and status, and the expected verdict where it was another."""
    words = f"Verdict: **{r['verdict']}** ({r['status']}"
    if r["expected"] and not r["as_expected"]:
        words += f"; expected: {r['expected']}"
    return words + ")."


def came_out(claim: Claim, size: str, entry: dict[str, Any]) -> str:
    """Return one measurement in words: verdict, figures, what was drawn, seconds, device."""
    r = row(claim, size, entry)
    over = over_words(claim, entry["values"])
    alone = f"; on digits alone {r['on_digits']}" if r["on_digits"] else ""
    return (
        f"{r['verdict']}: {', '.join(r['figures'])} "
        f"({over}{over and ', '}{r['seconds']:.0f} s on {short_device(r['device'])}{alone})"
    )
