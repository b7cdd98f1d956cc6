"""docs/real_models.md says what these tests show, row by row."""

from pathlib import Path

import pytest
from zoo import CASES, EXACT, PLAIN, PROBES, REFUSED, TRACES

PAGE = Path(__file__).resolve().parents[2] / "docs" / "real_models.md"
WAYS = {
    EXACT: "right, exact",
    PROBES: "right, one probe per example",
    PLAIN: "right, Hutchinson's probes",
}


def rows_of_tests() -> list[tuple[str, str, str]]:
    norms = [("norms, moments", name, case.way) for name, case in CASES.items()]
    traces = [("trace", name, WAYS[trace.way]) for name, trace in TRACES.items()]
    refused = [("all", name, f'refused: "... {said}"') for name, (_, said) in REFUSED.items()]
    return norms + traces + refused


@pytest.mark.quick
def test_the_page_has_one_row_for_every_test_and_no_other():
    lines = [line for line in PAGE.read_text().splitlines() if line.startswith("| ")]
    rows = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in lines]
    named = {"model or loop", "---"}
    found = [(what, name, said) for name, what, said in rows if name not in named]
    assert sorted(found) == sorted(rows_of_tests())


@pytest.mark.quick
def test_thirty_models_or_more():
    assert len(CASES) + len(REFUSED) >= 30
