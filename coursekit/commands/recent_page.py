"""docs/recent.md: what papers of 2024 to 2026 found, and what their claims came out as here."""

from typing import Any

from coursekit.claims.register import CLAIMS
from coursekit.claims.rows import row, short_device

PAGE = "docs/recent.md"
MAX_FIGURES = 3
# claim -> what the paper says; what decides here, in short; where our verdict is another, why
RECENT = {
    "W3": (
        "arXiv:2412.20553: under SGD a batch's curvature along its own gradient settles at 2/lr, "
        "lambda_max below it",
        "batch sharpness x lr/2 inside 0.9 to 1.1 at B = 16, 32, 64, lambda_max below 0.85 at 16",
        "",
    ),
    "W4": (
        "arXiv:2604.14108: with momentum two plateaus, 2(1 - beta)/lr at small batches, "
        "2(1 + beta)/lr at large ones",
        "small batches within a quarter of the one, full ones within a tenth of the other",
        "Batches of 16 settle a third above the lower plateau: they lie between the two regimes.",
    ),
    "W5": (
        "arXiv:2601.16979: fewer than 10 forward passes along the optimizer's step show the "
        "curvature",
        "within 15 % of lambda_max early and late, in fewer than 12 passes",
        "Before the edge the step does not point along the sharpest direction, and the two are a "
        "hundredfold apart; at the edge they agree.",
    ),
    "N11": (
        "arXiv:2306.08590: in one pass the noise of small batches does not help",
        "gain in accuracy of B=16, and of injected noise, above 0 over many epochs and below in "
        "one pass",
        "",
    ),
    "P12": (
        "He 2025 (Thinking Machines): kernels add in another order at another batch size, so "
        "outputs differ",
        "some row alone has another bit than in a batch of 64",
        "",
    ),
    "Q2": (
        "arXiv:2507.07101: at B=1 Adam trains well with beta2's half-life held in tokens",
        "holding beta2 instead costs more than 0.03 nats",
        "Six seeds on a CPU cannot tell; 64 on a GPU say what the paper says.",
    ),
    "P13": (
        "arXiv:2507.07101: on one device accumulation is a waste",
        "K small steps gain more than a point over one accumulated step, two optimizers, K = 8, 32",
        "Small steps lose nowhere that can be told, but gain more than a point, what the rule asks "
        "for in all four cases, at K=32 alone: with both on a CPU, with Adam on a GPU.",
    ),
    "L14": (
        "arXiv:2205.10287: the root rule for Adam scales its betas and eps too",
        "scaling them halves the miss of the root rule at 4 and 8 times the batch",
        "The miss with betas held is some 2 % of the loss: hardly anything is left to halve.",
    ),
    "L15": (
        "arXiv:2405.14578: the best lr of sign-like optimizers rises with B, peaks and falls",
        "the best lr at B=4096 lies half an octave below the highest",
        "Theirs is derived for steps that are signs of the gradient; ours, of Adam with a memory, "
        "to a fixed early loss, level off and do not fall.",
    ),
    "L16": (
        "arXiv:2505.13738: the best weight decay is linear in B at one lr, so that the time scale "
        "B/(lr weight decay) stays, as arXiv:2405.13698 has it over models and data",
        "exponent of the best weight decay above 1/4 (1/2 keeps the time scale)",
        "",
    ),
    "L17": (
        "arXiv:2510.14717: where lr would halve, Adam takes twice the batch and lr over the root "
        "of 2",
        "B x 4 at the same lr within a quarter of what decay is worth, at beta2 = .999 and .95",
        "With lr kept growth matches at both memories: 64 seeds on a GPU say so, eight cannot. "
        "Their root matches at beta2 = .95 too, and not at .999, where the second moment hardly "
        "learns of the new batch in the steps that are left.",
    ),
    "C8": (
        "arXiv:2505.23971: by branching the critical batch is near 0 at first, rises, and levels "
        "off",
        "over four ages it leaves a factor of 2, by an absolute and a relative tolerance",
        "",
    ),
    "G9": (
        "arXiv:2507.07101 and 2505.23971: small batches lose nothing, large ones nothing either "
        "below the critical size",
        "B = 16 and 32 end 0.01 nats below B = 128 and 512, each tuned and stopped early",
        "",
    ),
    "C11": (
        "arXiv:2602.03001: measured in the optimizer's own norm the noise scale tells the critical "
        "batch",
        "l1 noise scale over B_crit of Adam runs within a factor of 2 at three losses",
        "The l1 scale hardly moves along the run while B_crit doubles; the Euclidean one follows.",
    ),
    "C12": (
        "arXiv:2602.14208: switch late; the loss soon joins the large batch's course",
        "a switch after a quarter of the examples costs less than a tenth of what 128 throughout "
        "costs, beside a late one",
        "",
    ),
    "C13": (
        "arXiv:2601.05034: at a constant lr some B > 1 takes the fewest examples",
        "examples at B=1 over those at 16, below 1 with its own lr and with that of 16",
        "At an lr held it is as they say; tuned at each batch, B=1 takes as many as 16.",
    ),
    "G14": (
        "arXiv:2510.12451: what regularises often gives sharper minima",
        "at equal loss lambda_max under weight decay, and under dropout, below 0.8 of the plain",
        "Both help; dropout flattens fourfold, and weight decay, which does not flatten, helps "
        "more.",
    ),
    "T2": (
        "arXiv:2505.02222: Muon keeps its use of examples far beyond the critical batch",
        "examples at B=1024 over those at 64, Muon's below Adam's and momentum's",
        "",
    ),
}
OPENING = """# What papers of 2024 to 2026 found, and what came out here

Claims that an expert of these years looks for. The paper's words are ours; each rule stands here
in short and whole behind the claim's link, with the day on which it was set and what had been seen
by then. Intervals are 95 %, over seeds (accuracies: over test examples too). Theirs are models of
up to billions of weights, ours train in seconds to minutes, so agreement is about signs and shapes.

| | the paper | decides here | verdict | came out | seeds | seconds | device | if it differs |
|---|---|---|---|---|---|---|---|---|
"""


def recent_page(ledger: dict[str, Any]) -> str:
    """Return the page: a line for each claim and each size at which it was measured."""
    lines = []
    for claim_id, (theirs, rule, why) in RECENT.items():
        for size, entry in sorted(ledger.get(claim_id, {}).items()):
            lines.append(line(claim_id, size, entry, theirs, rule, why))
            theirs, rule, why = "", "", ""
    return OPENING + "".join(lines)


def line(claim_id: str, size: str, entry: dict[str, Any], theirs: str, rule: str, why: str) -> str:
    """Return one measurement's line."""
    claim = CLAIMS[claim_id]
    r = row(claim, size, entry)
    link = f"[{claim_id}](claims/{claim.unit}.md#{claim_id.lower()})"
    cells = (
        link,
        theirs,
        rule,
        r["verdict"],
        "<br>".join(r["figures"][:MAX_FIGURES]),
        max(len(column) for column in entry["values"].values()),
        f"{r['seconds']:.0f}",
        short_device(r["device"]),
        why,
    )
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |\n"
