"""What a claim is, and what measuring it gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Values = Mapping[str, Sequence[float]]  # name of a quantity -> one number a seed

EVIDENCE = ("measurement", "calculation", "literature")
VERDICTS = ("holds", "fails", "depends", "not reproduced", "unresolved")


def nothing_to_measure(size: str) -> dict[str, list[float]]:
    """Stand for the measurement of a claim that rests on literature alone."""
    raise ValueError(f"this claim rests on literature: nothing can be measured at size {size!r}")


def no_verdict(values: Values) -> str:
    """Stand for the rule of a claim that rests on literature alone."""
    return "unresolved"


@dataclass(frozen=True)
class Claim:
    """A quantitative sentence that can be measured again.

    Attributes:
        id: Short name, such as "N1".
        statement: The sentence under test.
        heard: Where people meet it.
        unit: The unit that treats it.
        source: Literature, or "" where the claim is ours.
        rule: In words, what must come out for which verdict; written before measuring. For a
            claim of the literature: what would test it.
        setting: The task in one line, for the reader of the ledger.
        measure: size ("tiny", "cpu" or "gpu") -> per-seed values of each quantity.
        verdict: Applies the rule to the values: one of VERDICTS.
        evidence: "measurement"; "calculation" where a closed form decides and is evaluated
            (one value a quantity is enough); "literature" where nothing is measured here.
        contested: True where published work stands on both sides, whatever came out here.
        expected: The verdict that was expected before measuring here; "" where none was.
        finding: What came out otherwise than expected; "" if nothing did.
        changes: How to argue with this: what would change the verdict.
        shown: Quantities for the picture and the table, the most telling first; () is all.
    """

    id: str
    statement: str
    heard: str
    unit: str
    source: str
    rule: str
    setting: str
    measure: Callable[[str], dict[str, list[float]]] = nothing_to_measure
    verdict: Callable[[Values], str] = no_verdict
    evidence: str = "measurement"
    contested: bool = False
    expected: str = ""
    finding: str = ""
    changes: str = ""
    shown: tuple[str, ...] = ()
