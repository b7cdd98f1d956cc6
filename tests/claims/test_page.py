"""docs/claims.md is what the ledger makes: every word, number and picture of it."""

import re
import xml.etree.ElementTree as ElementTree
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from coursekit.claims import load_ledger
from coursekit.claims.ledger import format_with_interval
from coursekit.claims.register import CLAIMS
from coursekit.claims.rows import over_words
from coursekit.claims.turning import turning_points
from coursekit.commands import claims_page
from coursekit.commands.claims_page import (
    PAGE,
    PICTURES,
    UNIT_PAGES,
    page_files,
    put_in_place,
    strays,
    unit_page,
)
from coursekit.commands.recent_page import PAGE as RECENT
from coursekit.commands.recent_page import RECENT as PAPERS
from coursekit.commands.recent_page import recent_page
from coursekit.intervals import Crossed, t_interval
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
    assert strays(files) == [], remedy


def test_a_number_changed_on_the_page_or_in_a_picture_is_found(files, tmp_path, monkeypatch):
    monkeypatch.setattr(claims_page, "ROOT", tmp_path)
    (tmp_path / PICTURES).mkdir(parents=True)
    (tmp_path / PICTURES / "Z9.svg").write_text("left over")
    (tmp_path / UNIT_PAGES).mkdir(parents=True)
    (tmp_path / UNIT_PAGES / "99_gone.md").write_text("left over")
    monkeypatch.setattr(claims_page, "page_files", lambda ledger: files)
    changed = put_in_place({})
    assert f"wrote {PAGE}" in changed
    assert f"removed {PICTURES}/Z9.svg" in changed
    assert f"removed {UNIT_PAGES}/99_gone.md" in changed
    assert put_in_place({}) == [f"{PAGE} is what the ledger makes"]
    assert drifted(tmp_path, files) == []
    touched = [PAGE, f"{PICTURES}/N4.svg", unit_page("02_lr_scaling")]
    for name in touched:
        digit = re.search(r"(?<=[−\d]\.)\d", files[name])
        (tmp_path / name).write_text(
            files[name][: digit.start()]
            + str((int(digit[0]) + 1) % 10)
            + files[name][digit.end() :]
        )
    assert sorted(drifted(tmp_path, files)) == sorted(touched)


def test_the_page_says_what_an_interval_runs_over():
    claim = replace(CLAIMS["N1"], shown=("fall", "loss", "lr"))
    fall, loss = Crossed([1.0, 2.0, 4.0], [0.5]), [1.0, 2.0, 3.0]
    assert over_words(claim, {"fall": loss, "loss": loss}) == "over 3 seeds"
    assert over_words(claim, {"fall": fall, "lr": [0.1]}) == "over 3 seeds and test examples"
    mixed = over_words(claim, {"fall": fall, "loss": loss})
    assert mixed == "over 3 seeds, fall over test examples too"
    longer = over_words(claim, {"fall": loss, "loss": [*loss, 4.0]})
    assert longer == "over 3 to 4 seeds"
    assert over_words(claim, {"lr": [0.1]}) == ""
    assert over_words(CLAIMS["P9"], {"step_variance_inverse": [0.25]}) == "calculation"


def test_every_claim_stands_on_the_page_with_how_to_argue(files):
    for claim in CLAIMS.values():
        page = files[unit_page(claim.unit)]
        (section,) = re.findall(rf"^## {claim.id}\n(.*?)(?=^## |\Z)", page, re.M | re.S)
        assert claim.statement in section
        assert claim.rule.removesuffix(".") in section
        assert claim.changes.removesuffix(".") in section
        link = unit_page(claim.unit).removeprefix("docs/")
        assert f"| [{claim.id}]({link}#{claim.id.lower()}) |" in files[PAGE]
        assert f"| [{claim.id}](#{claim.id.lower()}) |" in page
    assert "False alarms" in files[PAGE]


def test_surprises_come_first_and_no_page_is_long(files):
    """A reader sees them in ten seconds; numbers are the ledger's."""
    first = files[PAGE].splitlines()[:14]
    lines = [line for line in first if line.startswith("- [")]
    assert len(lines) == len(claims_page.SURPRISES) <= 8
    assert all("±" in line for line in lines)
    sizes = {name: len(text) for name, text in files.items() if name.endswith(".md")}
    assert max(sizes.values()) < 40_000, sizes


def test_links_between_pages_lead_somewhere(files):
    pages = {name: text for name, text in files.items() if name.endswith(".md")}
    for name, text in pages.items():
        for target in re.findall(r"\]\(([^)#:]*)(?:#[^)]*)?\)", text):
            if target:
                parts = [*name.split("/")[:-1], *target.split("/")]
                while ".." in parts:
                    at = parts.index("..")
                    del parts[at - 1 : at + 1]
                assert "/".join(parts) in files, (name, target)
        for link, anchor in re.findall(r"\]\(([^)#:]*)#([^)]*)\)", text):
            other = f"docs/{link}" if link else name
            assert f"\n## {anchor.upper()}\n" in pages[other] or anchor == "how-to-read-it"


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
    text = "".join(page for name, page in files.items() if name.startswith(UNIT_PAGES))
    alts = re.findall(r"!\[(.*?)\]\(../images/claims/", text)
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


def test_published_figures_stand_beside_ours(files):
    """At least eight, each with a source that can be found and numbers of the ledger."""
    page = files["docs/figures.md"]
    sections = page.split("\n## ")[1:]
    assert len(sections) >= 8
    for section in sections:
        assert re.search(r"arXiv:\d{4}\.\d{5}", section)
        assert [w for w in ("Theirs", "Ours", "Agrees?") if f"**{w}" not in section] == []
        ours = section.partition("**Ours.**")[2].partition("**Agrees?**")[0]
        assert "±" in ours, section
        (picture,) = re.findall(r"\((images/claims/.*?\.svg)\)", section)
        assert f"docs/{picture}" in files
    assert "{{" not in page
    assert "@" not in page


def test_all_claims_of_a_cpu_fit_into_a_quarter_of_an_hour_on_two_cores(files):
    """And a quarter of them into three minutes; the page says how long they take."""
    found = re.search(r"took (\d+) s of computing: (\S+) minutes\s+on two idle cores", files[PAGE])
    entries = [e["cpu"] for e in load_ledger().values() if "cpu" in e]
    spent = sum(e.get("cpu_seconds", e["seconds"]) for e in entries)
    assert int(found[1]) == round(spent)
    assert float(found[2]) == pytest.approx(spent / 2 / 60, abs=0.05)
    assert spent / 2 < 15 * 60
    assert spent / 4 / 2 < 3 * 60


def test_recent_papers_have_a_line_for_each_measurement(files):
    """Verdicts and numbers are the ledger's; a verdict that is another's has its reason."""
    ledger = load_ledger()
    lines = [text for text in files[RECENT].splitlines() if text.startswith("| [")]
    measured = [(i, size) for i in PAPERS for size in sorted(ledger[i])]
    assert len(lines) == len(measured)
    for text, (claim_id, size) in zip(lines, measured, strict=True):
        cells = [cell.strip() for cell in text.strip("|").split("|")]
        entry = ledger[claim_id][size]
        assert cells[0].startswith(f"[{claim_id}](claims/{CLAIMS[claim_id].unit}.md#")
        assert cells[3] == CLAIMS[claim_id].verdict(entry["values"])
        assert str(max(len(column) for column in entry["values"].values())) == cells[5]
        shown = next(name for name in CLAIMS[claim_id].shown if name in entry["values"])
        number = format_with_interval(*t_interval(entry["values"][shown]))
        assert cells[4].split("<br>")[0] == f"{shown.replace('_', ' ')} {number}"


def test_a_ledger_without_a_recent_claim_leaves_its_line_out():
    whole = load_ledger()
    page = recent_page({"W3": whole["W3"]})
    assert page.count("[W3]") == 2
    assert "[W4]" not in page
