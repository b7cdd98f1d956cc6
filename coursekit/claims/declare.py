"""What a claim is, and what measuring it gives."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from coursekit.intervals import Crossed, t_interval

Values = Mapping[str, Sequence[float]]  # name of a quantity -> one number a seed

EVIDENCE = ("measurement", "calculation", "literature")
VERDICTS = ("holds", "fails", "depends", "not reproduced", "unresolved")
STATUSES = ("proven", "measured", "contested", "fails here", "not reproduced", "untested here")


Measured = dict[str, Any]  # name -> one number a seed, or a table (seeds, test examples)


def nothing_to_measure(size: str) -> Measured:
    """Stand for the measurement of a claim that rests on literature alone."""
    raise ValueError(f"this claim rests on literature: nothing can be measured at size {size!r}")


def no_verdict(values: Values) -> str:
    """Stand for the rule of a claim that rests on literature alone."""
    return "unresolved"


def published(verdict: str) -> Callable[[Values], str]:
    """Return the rule of a claim whose verdict is what published figures say."""
    return lambda values: verdict


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
        measure: size ("tiny", "cpu" or "gpu") -> per-seed values of each quantity; a table (seeds,
            test examples) in % where it is an accuracy or a difference of some: its mean over
            examples is the value, and its interval runs over seeds and test examples.
        verdict: Applies the rule to the values: one of VERDICTS.
        evidence: "measurement"; "calculation" where a closed form decides and is evaluated
            (one value a quantity is enough); "literature" where nothing is measured here.
        contested: True where published work stands on both sides, whatever came out here.
        expected: The verdict that was expected before measuring here; "" where none was.
        finding: What came out otherwise than expected; "" if nothing did.
        changes: How to argue with this: what would change the verdict.
        shown: Quantities for the picture and the table, the most telling first; () is all.
        looked: True where the rule was set or changed after a look at measurements; the rule's
            words say what was looked at.
        portable: False where the quantities are times of one machine: measured again elsewhere,
            neither they nor the verdict need agree, and ``claims --quick`` only runs them.
        gpu_only: True where a measurement takes minutes on a GPU and would take an hour without
            one: the ledger holds no CPU measurement, ``claims --all`` leaves it out on a CPU.
    """

    id: str
    statement: str
    heard: str
    unit: str
    source: str
    rule: str
    setting: str
    measure: Callable[[str], Measured] = nothing_to_measure
    verdict: Callable[[Values], str] = no_verdict
    evidence: str = "measurement"
    contested: bool = False
    expected: str = ""
    finding: str = ""
    changes: str = ""
    shown: tuple[str, ...] = ()
    looked: bool = False
    portable: bool = True
    gpu_only: bool = False

    @property
    def sizes(self) -> tuple[str, ...]:
        """Where the ledger holds a measurement, the one that the table shows first."""
        if self.evidence == "literature":
            return ()
        return ("gpu",) if self.gpu_only else ("cpu", "gpu")


def status_of(claim: Claim, verdict: str) -> str:
    """Return how far a claim is settled: one of STATUSES.

    "fails here": in our setting; a general sentence neither stands nor falls by one network.

    Published disagreement comes first: a small experiment does not end it. A verdict that rests
    on literature alone is "untested here", whatever it is.
    """
    if claim.contested:
        return "contested"
    if claim.evidence == "literature":
        return "untested here"
    if verdict == "not reproduced":
        return "not reproduced"
    if verdict == "fails":
        return "fails here"
    return "proven" if claim.evidence == "calculation" else "measured"


def as_expected(claim: Claim, verdict: str) -> bool:
    """Say whether a verdict is the one that was expected before measuring.

    "contested" is expected of a claim that published work disputes; any verdict agrees with it.
    """
    if claim.expected == "contested":
        return claim.contested
    return claim.expected in ("", verdict)


def runs_over(claim: Claim, column: Sequence[float]) -> str:
    """Say what the interval of a quantity runs over: what was drawn again and again."""
    if claim.evidence == "calculation" and not math.isfinite(t_interval(column)[1]):
        return "calculation"
    if len(column) < 2:
        return "one number"
    return "seeds and test examples" if isinstance(column, Crossed) else "seeds"
