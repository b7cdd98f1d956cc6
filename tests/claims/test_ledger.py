import json
import math
import re
from pathlib import Path

import numpy as np
import pytest

from coursekit.claims import load_ledger, quote, save_entry
from coursekit.claims.ledger import format_with_interval
from coursekit.claims.register import CLAIMS, measure

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.quick
SMALL = {
    "N1": {
        "cpu": {"device": "CPU", "seconds": 3.2, "values": {"slope": [-1.0, -0.98, -1.02]}},
        "gpu": {"device": "H100", "seconds": 1.0, "values": {"slope": [-1.0, -1.0]}},
    }
}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("N1.slope", "−1.000 ± 0.050"),  # half = 4.303 * 0.02 / sqrt(3)
        ("N1.slope.mean", "−1"),
        ("N1.slope.seeds", "3"),
        ("N1.gpu.slope", "−1"),
        ("N1.seconds", "3"),
        ("N1.gpu.device", "H100"),
    ],
)
def test_a_number_is_computed_from_the_values(name, text):
    assert quote(name, ledger=SMALL) == text


@pytest.mark.parametrize(
    "name", ["N9.slope", "N1", "N1.slop", "N1.slope.median", "N1.slope.mean.x"]
)
def test_an_unknown_name_is_refused(name):
    with pytest.raises(KeyError, match="ledger"):
        quote(name, ledger=SMALL)


@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (-0.99921, 0.00163, "−0.9992 ± 0.0016"),
        (52.13, 1.38, "52.1 ± 1.4"),
        (120.4, 13.0, "120 ± 13"),
        (0.5, math.nan, "0.5"),
    ],
)
def test_two_digits_of_the_interval_decide_the_rounding(mean, half, text):
    assert format_with_interval(mean, half) == text


def test_the_ledger_survives_a_round_trip_and_leaves_no_other_file(tmp_path):
    assert load_ledger(tmp_path) == {}
    for size, entry in SMALL["N1"].items():
        save_entry("N1", size, entry, tmp_path)
    assert load_ledger(tmp_path) == SMALL
    assert [p.name for p in tmp_path.iterdir()] == ["N1.json"]
    (tmp_path / "N1.json").write_text('{"cpu": ')
    with pytest.raises(ValueError, match="damaged"):
        load_ledger(tmp_path)


def test_every_claim_is_in_the_ledger_with_its_verdict():
    ledger = load_ledger()
    verdicts = {i: c.verdict(ledger[i]["cpu"]["values"]) for i, c in CLAIMS.items()}
    assert verdicts == {"Q1": "holds", "N1": "holds", "N2": "fails", "N3": "depends"}
    for claim_id in ("N1", "N2", "N3"):
        entry = ledger[claim_id]["gpu"]
        assert CLAIMS[claim_id].verdict(entry["values"]) == verdicts[claim_id]
        assert "H100" in entry["device"]


def test_a_verdict_turns_when_its_numbers_do():
    values = load_ledger()["N1"]["cpu"]["values"]
    uncorrected = {**values, "without_digits_512": [2 * v for v in values["without_digits_512"]]}
    assert CLAIMS["N1"].verdict(uncorrected) == "fails"
    assert CLAIMS["N2"].verdict({"price_ratio": [1.2, 1.21, 1.19]}) == "holds"
    assert CLAIMS["N3"].verdict({"independent": [7.0, 7.1], "together": [7.0, 7.1]}) == "holds"
    assert CLAIMS["N3"].verdict({"independent": [1.0, 1.01], "together": [1.0, 1.01]}) == "fails"
    assert CLAIMS["Q1"].verdict({"change": [-1.0, 1.0, 0.5]}) == "fails"


def test_prose_quotes_only_what_the_ledger_holds():
    names = []
    for path in (ROOT / "solutions").glob("*.py"):
        names += re.findall(r"\{\{(.*?)\}\}", path.read_text())
    assert len(names) > 10
    for name in names:
        assert quote(name)


@pytest.mark.parametrize("claim_id", CLAIMS)
def test_a_claim_can_be_measured(claim_id):
    entry = measure(CLAIMS[claim_id], "tiny")
    stored = load_ledger()[claim_id]["cpu"]
    assert set(entry["values"]) == set(stored["values"])
    assert all(np.isfinite(v).all() for v in entry["values"].values())
    assert json.loads(json.dumps(entry)) == entry


def test_the_stored_values_come_out_again():
    """N2 measured anew, on this machine: the same seeds give the same numbers to rounding."""
    entry = measure(CLAIMS["N2"], "cpu")
    stored = load_ledger()["N2"]["cpu"]["values"]
    assert entry["values"]["price_ratio"] == pytest.approx(stored["price_ratio"], rel=0.02)
