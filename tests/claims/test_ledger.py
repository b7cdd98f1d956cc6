import json
import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coursekit.claims import load_ledger, quote, save_entry
from coursekit.claims.declare import EVIDENCE, VERDICTS, as_expected, status_of
from coursekit.claims.ledger import digest_of, format_with_interval, seconds_of
from coursekit.claims.register import CLAIMS, GROUPS, measure
from coursekit.claims.unit_02_lr_scaling.lr_verdicts import exponents_of_best
from coursekit.intervals import t_interval

ROOT = Path(__file__).resolve().parents[2]
LEDGER = load_ledger()
ENTRIES = [(claim_id, size) for claim_id, sizes in LEDGER.items() for size in sizes]
MEASURABLE = [claim_id for claim_id, c in CLAIMS.items() if c.evidence != "literature"]
BOTH = [i for i, sizes in LEDGER.items() if any("shared" in entry for entry in sizes.values())]
SMALL = {
    "N1": {
        "cpu": {"device": "CPU", "seconds": 3.2, "values": {"slope": [-1.0, -0.98, -1.02]}},
        "gpu": {"device": "H100", "seconds": 1.0, "values": {"slope": [-1.0, -1.0]}},
    }
}


@pytest.mark.quick
@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("N1.slope", "−1.000 ± 0.050"),  # half = 4.303 * 0.02 / sqrt(3)
        ("N1.slope.mean", "−1"),
        ("N1.slope.seeds", "3"),
        ("N1.slope.range", "−1.02 to −0.98"),
        ("N1.gpu.slope", "−1"),
        ("N1.seconds", "3"),
        ("N1.gpu.device", "H100"),
    ],
)
def test_a_number_is_computed_from_the_values(name, text):
    assert quote(name, ledger=SMALL) == text


@pytest.mark.quick
def test_seconds_are_of_computing_on_a_cpu_and_of_the_clock_on_a_gpu():
    both = {"seconds": 40.0, "cpu_seconds": 12.0}
    assert seconds_of({"device": "CPU, 2 threads", **both}) == 12.0
    assert seconds_of({"device": "NVIDIA H200", **both}) == 40.0
    assert seconds_of({"device": "CPU", "seconds": 3.2}) == 3.2


@pytest.mark.quick
def test_the_error_over_test_examples_is_stored_and_printed(tmp_path):
    entry = {"device": "CPU", "seconds": 1.0, "values": {"fall": [-6.0, -7.0, -8.0]}}
    save_entry("Q1", "cpu", {**entry, "shared": {"fall": [0.6, 0.8]}}, tmp_path)
    save_entry("Q1", "gpu", entry, tmp_path)
    ledger = load_ledger(tmp_path)
    assert ledger["Q1"]["cpu"]["values"]["fall"].shared_error == pytest.approx(1.0)
    assert quote("Q1.gpu.fall", ledger=ledger) == "−7.0 ± 2.5"  # 4.303 / sqrt(3)
    assert quote("Q1.fall", ledger=ledger) == "−7.0 ± 2.5"  # t_32 = 2.04, times sqrt(4/3): less
    save_entry("Q1", "cpu", {**entry, "shared": {"fall": [1.2, 1.6]}}, tmp_path)
    assert quote("Q1.fall", ledger=load_ledger(tmp_path)) == "−7.0 ± 4.1"  # 1.968 sqrt(4 + 1/3)


@pytest.mark.quick
@pytest.mark.parametrize(
    "name", ["N9.slope", "N1", "N1.slop", "N1.slope.median", "N1.slope.mean.x"]
)
def test_an_unknown_name_is_refused(name):
    with pytest.raises(KeyError, match="ledger"):
        quote(name, ledger=SMALL)


@pytest.mark.quick
@pytest.mark.parametrize(
    ("mean", "half", "text"),
    [
        (-0.99921, 0.00163, "−0.9992 ± 0.0016"),
        (52.13, 1.38, "52.1 ± 1.4"),
        (120.4, 13.0, "120 ± 13"),
        (0.5, math.nan, "0.5"),
        (1.05e-7, 4.7e-9, "1.05e−07 ± 4.7e−09"),
    ],
)
def test_two_digits_of_the_interval_decide_the_rounding(mean, half, text):
    assert format_with_interval(mean, half) == text


@pytest.mark.quick
def test_the_ledger_survives_a_round_trip_and_leaves_no_other_file(tmp_path):
    assert load_ledger(tmp_path) == {}
    for size, entry in SMALL["N1"].items():
        save_entry("N1", size, entry, tmp_path)
    written = load_ledger(tmp_path)["N1"]
    assert {size: entry.pop("digest") for size, entry in written.items()} == {
        size: digest_of(entry) for size, entry in SMALL["N1"].items()
    }
    assert written == SMALL["N1"]
    assert [p.name for p in tmp_path.iterdir()] == ["N1.json"]
    (tmp_path / "N1.json").write_text('{"cpu": ')
    with pytest.raises(ValueError, match="damaged"):
        load_ledger(tmp_path)


@pytest.mark.quick
def test_each_claim_has_a_name_of_its_own():
    names = [claim.id for group in GROUPS for claim in group.CLAIMS]
    assert len(names) == len(set(names))


@pytest.mark.quick
@pytest.mark.parametrize("claim_id", CLAIMS)
def test_a_claim_says_what_it_has_to(claim_id):
    claim = CLAIMS[claim_id]
    assert claim.id == claim_id
    assert claim.evidence in EVIDENCE
    assert claim.expected in ("", "contested", *VERDICTS)
    assert len(claim.rule) > 20, "a rule in words, written before measuring"
    assert len(claim.statement) > 20
    assert claim.evidence != "literature" or claim.source, "literature without a source"
    assert not re.search(r"\{\{", claim.statement + claim.rule + claim.finding)


@pytest.mark.quick
@pytest.mark.parametrize("claim_id", MEASURABLE)
def test_a_claim_that_can_be_measured_was(claim_id):
    size = CLAIMS[claim_id].sizes[0]
    remedy = f"COURSEKIT_SIZE={size} python3 -m coursekit claims {claim_id} --write"
    assert size in LEDGER.get(claim_id, {}), remedy


@pytest.mark.quick
@pytest.mark.parametrize(("claim_id", "size"), ENTRIES)
def test_an_entry_says_what_its_values_do(claim_id, size):
    """The verdict comes out of the per-seed values again; other than expected is explained."""
    assert claim_id in CLAIMS, f"no claim {claim_id}: delete its file"
    claim, entry = CLAIMS[claim_id], LEDGER[claim_id][size]
    assert size in ("cpu", "gpu")
    verdict = claim.verdict(entry["values"])
    assert verdict in VERDICTS
    assert entry["verdict"] == verdict
    assert entry["digest"] == digest_of(entry)
    assert entry["device"]
    assert entry["seconds"] >= 0
    assert {n for n in claim.shown if size == "cpu" or "digits_" not in n} <= set(entry["values"])
    assert as_expected(claim, verdict) or claim.finding, "otherwise than expected: say so"


@pytest.mark.quick
def test_status_follows_from_evidence_dispute_and_verdict():
    claim = CLAIMS["N1"]
    assert status_of(claim, "holds") == status_of(claim, "depends") == "measured"
    assert status_of(claim, "fails") == "fails here"
    assert status_of(claim, "not reproduced") == "not reproduced"
    assert status_of(replace(claim, evidence="calculation"), "holds") == "proven"
    assert status_of(replace(claim, evidence="calculation"), "fails") == "fails here"
    assert status_of(replace(claim, evidence="literature"), "fails") == "untested here"
    assert status_of(replace(claim, contested=True), "fails") == "contested"


@pytest.mark.quick
def test_a_verdict_turns_when_its_numbers_do():
    values = LEDGER["N1"]["cpu"]["values"]
    uncorrected = {**values, "without_digits_512": [2 * v for v in values["without_digits_512"]]}
    assert CLAIMS["N1"].verdict(uncorrected) == "fails"
    assert CLAIMS["N2"].verdict({"price_ratio": [1.2, 1.21, 1.19]}) == "holds"
    assert CLAIMS["N3"].verdict({"independent": [7.0, 7.1], "together": [7.0, 7.1]}) == "holds"
    assert CLAIMS["N3"].verdict({"independent": [1.0, 1.01], "together": [1.0, 1.01]}) == "fails"
    assert CLAIMS["Q1"].verdict({"change": [-1.0, 1.0, 0.5]}) == "unresolved"
    assert CLAIMS["Q1"].verdict({"change": [1.0, 1.1, 1.2]}) == "fails"


@pytest.mark.quick
def test_findings_say_what_the_ledger_holds():
    """Figures of findings that no column prints, computed again."""
    cpu, gpu = ({i: LEDGER[i][s]["values"] for i in ("L3", "N5", "B1")} for s in ("cpu", "gpu"))

    def said(claim_id, column, decimals):
        mean, half = t_interval(column)
        return f"{mean:.{decimals}f} +- {half:.{decimals}f}" in CLAIMS[claim_id].finding

    more = [np.subtract(v["N5"]["given_back"], v["N5"]["lost"]) for v in (cpu, gpu)]
    assert all(said("N5", column, 1) for column in more)
    assert all(said("L3", exponents_of_best(v["L3"]), 2) for v in (cpu, gpu))
    off = [np.abs(np.subtract(v["B1"]["of_ratios_all"], 1)) > 0.25 for v in (cpu, gpu)]
    assert f"{off[0].sum()} of {len(off[0])}" in CLAIMS["B1"].finding
    assert f"{off[1].sum()} of {len(off[1])}" in CLAIMS["B1"].finding
    given = [np.mean(c) for n, c in LEDGER["G2"]["cpu"]["values"].items() if "given_ratio" in n]
    assert f"{max(given):.2f}" in CLAIMS["G2"].finding
    assert f"{min(given):.2f}" in CLAIMS["G2"].finding


@pytest.mark.quick
def test_prose_quotes_only_what_the_ledger_holds():
    names = []
    for path in (ROOT / "solutions").glob("*.py"):
        names += re.findall(r"\{\{(.*?)\}\}", path.read_text())
    assert len(names) > 10
    for name in names:
        assert quote(name)


GROWING = ("G7", "L17", "T2")  # grids of rates that grow until the best lies inside


@pytest.mark.in_turn
@pytest.mark.parametrize("claim_id", MEASURABLE)
def test_a_claim_can_be_measured(claim_id):
    claim = CLAIMS[claim_id]
    entry = measure(claim, "tiny")
    stored = LEDGER[claim_id][claim.sizes[0]]
    if not claim.gpu_only:  # at tiny such a claim has fewer batch sizes
        other = set(entry["values"]) ^ set(stored["values"])
        if claim_id in GROWING:  # at tiny the best rate lies elsewhere
            other = {name for name in other if not name.startswith(("seen_", "test_"))}
        assert not other
    assert set(claim.shown) <= set(entry["values"])
    assert claim.verdict(stored["values"]) == stored["verdict"]
    assert all(np.isfinite(v).all() for v in entry["values"].values())
    assert json.loads(json.dumps(entry)) == entry


@pytest.mark.quick
def test_a_claim_of_the_literature_has_nothing_to_measure():
    for claim_id in set(CLAIMS) - set(MEASURABLE):
        with pytest.raises(ValueError, match="literature"):
            measure(CLAIMS[claim_id], "tiny")


@pytest.mark.quick
@pytest.mark.parametrize("claim_id", BOTH)
def test_every_row_knows_the_test_examples(claim_id):
    """A claim on accuracies: where one row's intervals run over examples too, all rows' do."""
    sizes = LEDGER[claim_id]
    known = {size: set(entry.get("shared", {})) for size, entry in sizes.items()}
    in_all = set.intersection(*(set(entry["values"]) for entry in sizes.values()))
    named = set.union(*known.values()) & in_all
    assert named
    assert {size: names & in_all for size, names in known.items()} == dict.fromkeys(sizes, named)
