"""What a claim is, and what measuring it gives."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

Values = Mapping[str, Sequence[float]]  # name of a quantity -> one number a seed


@dataclass(frozen=True)
class Claim:
    """A quantitative sentence that can be measured again.

    Attributes:
        id: Short name, such as "N1".
        statement: The sentence under test.
        heard: Where people meet it.
        unit: The unit that treats it.
        source: Literature, or "" where the claim is ours.
        rule: In words, what must come out for which verdict; written before measuring.
        measure: size ("tiny", "cpu" or "gpu") -> per-seed values of each quantity.
        verdict: Applies the rule to the values: "holds", "fails" or "depends".
        setting: The task in one line, for the reader of the ledger.
    """

    id: str
    statement: str
    heard: str
    unit: str
    source: str
    rule: str
    setting: str
    measure: Callable[[str], dict[str, list[float]]]
    verdict: Callable[[Values], str]
