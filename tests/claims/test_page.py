"""docs/claims.md is what the ledger makes: every word, number and picture of it."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coursekit.claims import load_ledger
from coursekit.claims.register import CLAIMS
from coursekit.claims.turning import turning_points
from coursekit.commands import claims_page
from coursekit.commands.claims_page import PAGE, PICTURES, page_files, put_in_place, stray_pictures
from coursekit.plots.claims import claim_picture, nice_ticks, panels

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def files():
    return page_files(load_ledger())


def drifted(root, files):
    """Name the files under root that are not what the ledger makes."""
    return [
        name
        for name, text in files.items()
        if not (root / name).exists() or (root / name).read_text(encoding="utf-8") != text
    ]


def test_the_committed_page_is_what_the_ledger_makes(files):
    remedy = "run `python3 -m coursekit claims --page` and commit docs/"
    assert drifted(ROOT, files) == [], remedy
    assert stray_pictures(files) == [], remedy


def test_a_number_changed_on_the_page_or_in_a_picture_is_found(files, tmp_path, monkeypatch):
    monkeypatch.setattr(claims_page, "ROOT", tmp_path)
    (tmp_path / PICTURES).mkdir(parents=True)
    (tmp_path / PICTURES / "Z9.svg").write_text("left over")
    monkeypatch.setattr(claims_page, "page_files", lambda ledger: files)
    changed = put_in_place({})
    assert f"wrote {PAGE}" in changed
    assert f"removed {PICTURES}/Z9.svg" in changed
    assert put_in_place({}) == [f"{PAGE} is what the ledger makes"]
    assert drifted(tmp_path, files) == []
    for name in (PAGE, f"{PICTURES}/N4.svg"):
        digit = re.search(r"(?<=[−\d]\.)\d", files[name])
        (tmp_path / name).write_text(
            files[name][: digit.start()]
            + str((int(digit[0]) + 1) % 10)
            + files[name][digit.end() :]
        )
    assert drifted(tmp_path, files) == [PAGE, f"{PICTURES}/N4.svg"]


def test_every_claim_stands_on_the_page_with_how_to_argue(files):
    page = files[PAGE]
    for claim in CLAIMS.values():
        (section,) = re.findall(rf"^## {claim.id}\n(.*?)(?=^## |\Z)", page, re.M | re.S)
        assert claim.statement in section
        assert claim.rule.removesuffix(".") in section
        assert claim.changes.removesuffix(".") in section
        assert f"| [{claim.id}](#{claim.id.lower()}) |" in page
    assert "False alarms" in page


@pytest.mark.quick
@pytest.mark.parametrize("claim_id", CLAIMS)
def test_a_claim_says_what_would_change_it(claim_id):
    assert len(CLAIMS[claim_id].changes) > 20


def test_pictures_are_small_well_formed_and_have_a_text(files):
    pictures = {name: text for name, text in files.items() if name.endswith(".svg")}
    assert len(pictures) == len([c for c in CLAIMS.values() if c.evidence != "literature"])
    assert sum(len(text.encode()) for text in pictures.values()) < 1_500_000
    for text in pictures.values():
        ElementTree.fromstring(text)
    alts = re.findall(r"!\[(.*?)\]\(images/claims/", files[PAGE])
    assert len(alts) == len(pictures)
    assert all(len(alt) > 15 for alt in alts)


@pytest.mark.quick
def test_the_point_where_a_verdict_turns_is_found():
    claim = replace(
        CLAIMS["N2"], verdict=lambda v: "holds" if np.mean(v["a"]) > v["b"][0] else "fails"
    )
    values = {"a": [3.0, 5.0], "b": [3.0]}
    assert turning_points(claim, values, "a") == [pytest.approx(3.0, rel=1e-3)]
    assert turning_points(claim, values, "b") == [pytest.approx(4.0, rel=1e-3)]
    between = replace(claim, verdict=lambda v: "holds" if 3 < np.mean(v["a"]) < 6 else "fails")
    assert turning_points(between, values, "a") == [
        pytest.approx(3, rel=1e-3),
        pytest.approx(6, rel=1e-3),
    ]
    never = replace(claim, verdict=lambda v: "holds")
    assert turning_points(never, values, "a") == []
    logs = replace(claim, verdict=lambda v: "holds" if np.log(v["a"]).mean() > 0 else "fails")
    assert turning_points(logs, {"a": [3.0, 3.2]}, "a") == [pytest.approx(1.005, abs=0.01)]


@pytest.mark.quick
def test_a_picture_shows_every_seed_and_the_turn():
    values = {"fall": [-8.0, -7.0, -6.5], "gain": [1.0, 2.0, 3.0]}
    svg, alt = claim_picture(
        values, {"fall": [-2.0], "gain": []}, {"fall": "−7.2 ± 1.9", "gain": "2.0 ± 2.5"}
    )
    assert svg.count("<circle") == 6
    assert svg.count('class="r"') == 1
    assert "over 3 seeds" in alt
    assert "turning at −2" in alt


@pytest.mark.quick
def test_quantities_share_an_axis_only_where_their_spread_stays_visible():
    values = {"a": [44.0, 44.5, 45.0], "b": [40.0, 41.0, 42.0], "c": [0.10, 0.105, 0.11]}
    assert panels(values) == [["a", "b"], ["c"]]
    assert panels({"a": [1.0], "b": [1.01]}) == [["a", "b"]]


@pytest.mark.quick
@pytest.mark.parametrize("view", [(-1.0, 1.0), (0.9, 1.1), (0.0, 1e-7), (-45.0, 12.0)])
def test_ticks_are_round_and_few(view):
    ticks = nice_ticks(view)
    assert 2 <= len(ticks) <= 6
    assert all(view[0] <= t <= view[1] for t in ticks)
