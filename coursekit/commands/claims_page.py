"""The page of all claims, docs/claims.md, with a picture each: made from the ledger alone."""

from typing import Any

from coursekit.claims.alarm import alarm_sentence, ledger_alarm
from coursekit.claims.declare import STATUSES, Claim
from coursekit.claims.ledger import format_with_interval
from coursekit.claims.register import CLAIMS
from coursekit.claims.rows import row, short_device
from coursekit.claims.turning import turning_points
from coursekit.intervals import t_interval
from coursekit.plots.claims import claim_picture
from coursekit.storage import ROOT, write_atomically

PAGE, PICTURES = "docs/claims.md", "docs/images/claims"
MAX_SHOWN = 5  # quantities in a picture
INTRO = """# Claims about batch size, measured

What people say about batch size in interviews, lectures and guides, in our words, and what came out
when we measured it. Rules were written before their measurement; where one was set or changed after
a look at numbers, the table says (looked) and the rule says at what. Everything here is computed
from the per-seed values in `coursekit/claims/measured/` by `python3 -m coursekit claims --page`; a
test fails where this page and the ledger part.

**Read it like this.** *Verdict*: the claim holds, fails, depends on something that the rule names,
was not reproduced here, or is unresolved. It is firm only where the whole 95 % interval of every
quantity in its rule lies on one side of its threshold. *Status*: how far it is settled. Proven: by
calculation. Measured: by small experiments, on small networks. Fails here: it came out false in our
setting. Contested: published work stands on both sides, whatever came out here. Not reproduced: an
effect reported elsewhere did not show. Untested here: literature alone. In a picture each dot is a
seed; the black mark is the mean with its 95 % interval; a dashed red line is the mean at which the
verdict would turn, everything else as measured. What all seeds share, above all the data set, is in
no interval.

**Argue with it.** Each claim says what would change its verdict. Measure one again with
`python3 -m coursekit claims ID`, a third of all, another at each commit, with `--quick`, which
compares and writes nothing, and all of them with `--all`.

"""


def put_in_place(ledger: dict[str, Any]) -> list[str]:
    """Write page and pictures; remove pictures of claims that are gone. Return what changed."""
    files = page_files(ledger)
    changed = []
    for name, text in files.items():
        path = ROOT / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            write_atomically(path, text)
            changed.append(f"wrote {name}")
    for name in stray_pictures(files):
        (ROOT / name).unlink()
        changed.append(f"removed {name}")
    return changed or [f"{PAGE} is what the ledger makes"]


def stray_pictures(files: dict[str, str]) -> list[str]:
    """Name pictures that belong to no claim."""
    there = [f"{PICTURES}/{path.name}" for path in sorted((ROOT / PICTURES).glob("*.svg"))]
    return [name for name in there if name not in files]


def page_files(ledger: dict[str, Any]) -> dict[str, str]:
    """Return the page and its pictures: path from the repository's root -> text."""
    files: dict[str, str] = {}
    sections = []
    for claim in CLAIMS.values():
        entries = ledger.get(claim.id, {})
        size = next((s for s in ("cpu", "gpu") if s in entries), "")
        alt = ""
        if size:
            picture, alt = picture_of(claim, entries[size]["values"])
            files[f"{PICTURES}/{claim.id}.svg"] = picture
        sections.append(section(claim, entries, size, alt))
    main = {c.id: main_row(c, ledger) for c in CLAIMS.values()}
    counts = {s: sum(r["status"] == s for r in main.values()) for s in STATUSES}
    summary = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    alarm = alarm_sentence(ledger_alarm(CLAIMS, ledger))
    lines = [
        INTRO,
        f"**All {len(main)} claims**: {summary}. {alarm}\n\n",
        otherwise(main),
        "| | people say | verdict | status | what came out |\n|---|---|---|---|---|\n",
        *(table_line(r) for r in main.values()),
        "\n",
        *sections,
    ]
    return {PAGE: "".join(lines).rstrip() + "\n", **files}


def main_row(claim: Claim, ledger: dict[str, Any]) -> dict[str, Any]:
    """Return the row of the measurement that the table shows: cpu before gpu."""
    entries = ledger.get(claim.id, {})
    size = next((s for s in ("cpu", "gpu") if s in entries), "")
    return row(claim, size, entries.get(size))


def otherwise(main: dict[str, dict[str, Any]]) -> str:
    """List the claims whose verdict is not the expected one, a sentence each."""
    lines = [
        f"- [{i}](#{i.lower()}), expected: {r['expected']}, found: {r['verdict']}. {r['finding']}\n"
        for i, r in main.items()
        if not r["as_expected"]
    ]
    return (
        "**Otherwise than expected before measuring:**\n\n" + "".join(lines) + "\n" if lines else ""
    )


def table_line(r: dict[str, Any]) -> str:
    """Return a claim's line of the myth table."""
    figures = "<br>".join(r["figures"][:2]) or "–"
    verdict = f"{r['verdict']} (looked)" if r["looked"] else r["verdict"]
    cells = (f"[{r['id']}](#{r['id'].lower()})", r["statement"], verdict, r["status"], figures)
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
        lines.append(f"![{claim.id}: {alt}](images/claims/{claim.id}.svg)\n")
    facts = {
        "Heard": claim.heard,
        "Setting": claim.setting,
        "What would test it" if claim.evidence == "literature" else "Rule": claim.rule,
        "Came out": "; ".join(came_out(claim, s, entries[s]) for s in sorted(entries)),
        "Otherwise than expected" if not r["as_expected"] else "Found besides": claim.finding,
        "How to argue with this": claim.changes,
        "Source": claim.source,
        "Unit": f"`{claim.unit}`",
    }
    lines += [f"- **{name}**: {text.removesuffix('.')}." for name, text in facts.items() if text]
    return "\n".join(lines) + "\n\n"


def verdict_words(r: dict[str, Any]) -> str:
    """Return verdict and status, and the expected verdict where it was another."""
    words = f"Verdict: **{r['verdict']}** ({r['status']}"
    if r["expected"] and not r["as_expected"]:
        words += f"; expected: {r['expected']}"
    return words + ")."


def came_out(claim: Claim, size: str, entry: dict[str, Any]) -> str:
    """Return one measurement in words: verdict, figures, seeds, seconds, device."""
    r = row(claim, size, entry)
    seeds = f"{r['seeds']} seeds, " if r["seeds"] > 1 else ""
    return (
        f"{r['verdict']}: {', '.join(r['figures'])} "
        f"({seeds}{r['seconds']:.0f} s on {short_device(r['device'])})"
    )
