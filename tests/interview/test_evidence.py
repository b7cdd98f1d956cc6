"""Evidence: what the ledger holds, told without torch."""

import pytest

from coursekit.interview.evidence import picture_of, verdict_of

pytestmark = pytest.mark.quick


def test_the_ledger_speaks():
    assert verdict_of("N1").startswith("holds (")
    assert verdict_of("X99") == ""
    assert picture_of("X99") is None
