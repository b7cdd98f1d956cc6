"""Claims that rest on published figures alone, and what would test them.

The verdict is what the sources say; nothing here was measured, so the status says so.
"""

from coursekit.claims.declare import Claim, published

CLAIMS: tuple[Claim, ...] = (
    Claim(
        id="C9",
        statement="Use the largest batch that fits into memory; or: never do.",
        heard="both, in interview guides and forums",
        unit="09_hardware",
        source="Shallue et al. 2019, arXiv:1811.03600: 35 workloads, 168,160 models, no evidence "
        "that larger batches degrade out-of-sample performance; Marek et al. 2025, "
        "arXiv:2507.07101: batch 1 trains language models well if Adam's beta2 is set by its "
        "half-life in tokens; Bergsma et al. 2025, arXiv:2505.13738: the best and the critical "
        "batch are powers of the tokens, whatever the memory",
        rule="to test it: at each batch size retune lr, then compare cost and time to one "
        "validation accuracy on one's own device; each half fails where the best batch is smaller, "
        "or larger, than the rule says",
        setting="not run here: an answer for one device and one task would be no verdict",
        verdict=published("fails"),
        evidence="literature",
        expected="fails",
        changes="A device that stands idle makes large batches free; a saturated one does not. For "
        "one device, one model and three prices see H1.",
    ),
    Claim(
        id="P7",
        statement="Asynchronous training means that workers use different batch sizes.",
        heard="interview answers",
        unit="09_hardware",
        source="Recht et al. 2011, arXiv:1106.5730 (updates computed from stale weights, without "
        "locks); today workers that train alone and meet seldom: Charles et al. 2025, "
        "arXiv:2503.09799 (P14)",
        rule="a matter of definition: it fails if asynchronous methods are those whose gradients "
        "were computed at older weights, whatever their batch size",
        setting="not run here: nothing to measure in a definition",
        verdict=published("fails"),
        evidence="literature",
        expected="fails",
        changes="Nothing about batch sizes; workers of unequal speed may well choose unequal ones.",
    ),
)
