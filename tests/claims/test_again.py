"""Measuring again: what is chosen, when it disagrees, and that a changed number is found out."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from coursekit import cli
from coursekit.claims import load_ledger, quote, save_entry
from coursekit.claims.again import LEVEL, a_quarter, disagreements, num_compared
from coursekit.claims.alarm import alarm_sentence, chance_to_turn, ledger_alarm
from coursekit.claims.ledger import LEDGER
from coursekit.claims.null_ledger import stored
from coursekit.claims.register import CLAIMS, measure
from coursekit.claims.rows import rows, short_device
from coursekit.classroom.release.build import RELEASE_FOLDER, release_files
from coursekit.classroom.release.place import drift
from coursekit.classroom.release.source import read_unit
from coursekit.commands import claims as command
from coursekit.commands import cli_measuring
from coursekit.commands.build import points_of

pytestmark = pytest.mark.in_turn(thing="a long look", of=3, turn=2)

ROOT = Path(__file__).resolve().parents[2]
CHEAP = 1.2  # CPU seconds: what costs less is measured again in every run of the tests
SECONDS = {i: command.cost(i, "cpu", {i: e}) for i, e in load_ledger().items() if "cpu" in e}
CHEAP_ONES = [i for i, s in SECONDS.items() if s <= CHEAP and CLAIMS[i].portable]


@pytest.fixture
def ledger_copy(tmp_path):
    return Path(shutil.copytree(LEDGER, tmp_path / "measured"))


def test_each_commit_measures_another_quarter():
    commits = [f"{i:040x}" for i in range(60)]
    quarters = [a_quarter(SECONDS, commit) for commit in commits]
    assert a_quarter(SECONDS, commits[0]) == quarters[0]
    assert len({tuple(t) for t in quarters}) == len(quarters)
    assert set().union(*quarters) == set(SECONDS)
    shares = [sum(SECONDS[i] for i in t) / sum(SECONDS.values()) for t in quarters]
    assert max(shares) <= 1 / 4 + 1e-9
    assert min(shares) > 0.22


def test_one_costly_claim_is_chosen_all_the_same():
    assert a_quarter({"N1": 30.0}, "abc") == ["N1"]


def test_a_quarter_takes_less_than_three_minutes_on_two_cores_and_all_less_than_fifteen():
    assert sum(SECONDS.values()) / 4 / 2 < 170
    assert sum(SECONDS.values()) / 2 < 850


def many(seed, shift=0.0):
    rng = np.random.default_rng(seed)
    values = {f"q{k}": list(rng.normal(size=8)) for k in range(40)}
    values["q7"] = [v + shift for v in values["q7"]]
    return {"X": values}


def test_false_alarms_are_as_rare_as_stated_though_forty_quantities_are_compared():
    alarms = sum(bool(disagreements(many(2 * i), many(2 * i + 1))) for i in range(300))
    assert alarms <= 300 * LEVEL + 4 * np.sqrt(300 * LEVEL)
    assert sum(bool(disagreements(many(2 * i), many(2 * i + 1, 4.0))) for i in range(20)) == 20


def test_a_quantity_without_spread_may_differ_by_rounding_only():
    assert disagreements({"X": {"a": [1.0]}}, {"X": {"a": [1.00001]}}, exact="X") == {}
    found = disagreements({"X": {"a": [1.0]}}, {"X": {"a": [1.001]}}, exact="X")
    assert "a:" in found["X"][0]
    assert disagreements({"X": {"a": [1e-7, 1e-7]}}, {"X": {"a": [3e-7, 3e-7]}}) == {}
    assert disagreements({"X": {"a": [1.0]}}, {"X": {"a": [float("nan")]}}, exact="X") != {}


def test_a_single_number_out_of_many_runs_has_no_error_to_compare_by():
    """Such as a tuned lr: rounding decides between neighbours on its grid."""
    assert disagreements({"X": {"lr": [0.5]}}, {"X": {"lr": [0.25]}}) == {}
    assert num_compared({"X": {"lr": [0.5], "a": [1.0, 2.0]}}) == 1
    assert num_compared({"X": {"lr": [0.5], "a": [1.0, 2.0]}}, ["X"]) == 2


def test_a_quantity_on_one_side_only_is_a_disagreement():
    assert "only one" in disagreements({"X": {"a": [1.0]}}, {"X": {"b": [1.0]}})["X"][0]


def test_cheap_claims_are_worth_the_name():
    assert len(CHEAP_ONES) >= 8
    assert sum(SECONDS[i] for i in CHEAP_ONES) < 10


def test_cheap_claims_come_out_again():
    """All of them in one comparison, so that the level covers all."""
    ledger = load_ledger()
    fresh = {i: measure(CLAIMS[i], "cpu") for i in CHEAP_ONES}
    stored = {i: ledger[i]["cpu"]["values"] for i in CHEAP_ONES}
    values = {i: e["values"] for i, e in fresh.items()}
    exact = [i for i in CHEAP_ONES if CLAIMS[i].evidence == "calculation"]
    assert disagreements(stored, values, exact=exact) == {}
    assert {i: e["verdict"] for i, e in fresh.items()} == {
        i: ledger[i]["cpu"]["verdict"] for i in CHEAP_ONES
    }


@pytest.mark.parametrize("options", [{"quick": True}, {}])
def test_measuring_again_agrees_writes_nothing_and_says_its_level(
    ledger_copy, capsys, options, monkeypatch
):
    monkeypatch.setenv("COURSEKIT_SIZE", "cpu")
    before = {p.name: p.read_bytes() for p in ledger_copy.iterdir()}
    assert command.run(["E4", "E2"], **options, folder=ledger_copy) == 0
    out = capsys.readouterr().out
    assert "E4: agrees" in out
    assert "at most 1%" in out
    assert {p.name: p.read_bytes() for p in ledger_copy.iterdir()} == before


def change_a_digit(path):
    """Make the first digit after a point in the first per-seed value another one."""
    text = path.read_text()
    start = text.index('"values"')
    new = re.sub(r"(\d\.)(\d)", lambda m: m[1] + str((int(m[2]) + 5) % 10), text[start:], count=1)
    path.write_text(text[:start] + new)


@pytest.mark.parametrize("claim_id", ["N1", "N4", "E2"])
def test_a_digit_changed_by_hand_is_refused(ledger_copy, monkeypatch, claim_id, capsys):
    change_a_digit(ledger_copy / f"{claim_id}.json")
    with pytest.raises(ValueError, match=f"{claim_id}.json is not what was measured"):
        load_ledger(ledger_copy)
    monkeypatch.setattr(
        cli_measuring, "load", lambda name: lambda ids, **o: command.run(ids, folder=ledger_copy)
    )
    assert cli.main(["claims"]) == 1
    assert f"python3 -m coursekit claims {claim_id} --write" in capsys.readouterr().err


def test_a_changed_number_with_a_new_digest_is_found_by_measuring(ledger_copy, capsys):
    entry = load_ledger(ledger_copy)["E2"]["cpu"]
    entry["values"]["trace"] = [v + 0.04 for v in entry["values"]["trace"]]
    save_entry("E2", "cpu", entry, ledger_copy)
    assert load_ledger(ledger_copy)
    assert command.run(["E2"], quick=True, folder=ledger_copy) == 1
    assert "trace: " in capsys.readouterr().out


def test_another_verdict_is_found_by_measuring(ledger_copy, capsys):
    entry = load_ledger(ledger_copy)["E2"]["cpu"]
    entry["values"]["trace"] = [1.3 * v for v in entry["values"]["trace"]]
    save_entry("E2", "cpu", {**entry, "verdict": "fails"}, ledger_copy)
    assert command.run(["E2"], quick=True, folder=ledger_copy) == 1
    assert "verdict: holds now, fails in the ledger" in capsys.readouterr().out


def test_a_close_verdict_may_turn_and_is_named(ledger_copy, monkeypatch, capsys):
    close = {"trace": [0.93, 0.96, 0.97, 0.94, 0.955, 0.965, 0.945, 0.95]}
    entry = {**load_ledger(ledger_copy)["E2"]["cpu"], "values": close, "verdict": "holds"}
    save_entry("E2", "cpu", entry, ledger_copy)
    moved = {"trace": [v - 0.005 for v in close["trace"]]}
    again = {**entry, "values": moved, "verdict": "fails"}
    monkeypatch.setattr(command, "measured", lambda ids, size, ledger: [("E2", again)])
    assert command.run(["E2"], quick=True, folder=ledger_copy) == 0
    assert "a close one" in capsys.readouterr().out


def test_a_number_changed_in_a_notebook_is_found_by_build_check(tmp_path):
    unit = read_unit(ROOT / "solutions/00_start.py")
    files = release_files([unit], points_of=points_of, quote=quote)
    (name,) = (n for n in files if n.startswith(RELEASE_FOLDER))
    path = tmp_path / name
    path.parent.mkdir(parents=True)
    path.write_bytes(files[name].encode())
    assert drift(tmp_path, files) == []
    number = quote("Q1.change")
    assert number in files[name]
    path.write_bytes(files[name].replace(number, number.replace("±", "± 1")).encode())
    assert drift(tmp_path, files) == [f"{name}: differs from its source"]


def test_a_verdict_on_its_threshold_is_called_fragile():
    claim = CLAIMS["Q1"]
    assert chance_to_turn(claim, {"change": [-7.0, -8.0, -6.0, -7.5]}) == 0
    assert chance_to_turn(claim, {"change": [-7.0, -1.0, -0.5, -5.0, -3.0, 0.5]}) > 0.1
    assert chance_to_turn(CLAIMS["E5"], load_ledger()["E5"]["cpu"]["values"]) == 0


def test_the_false_alarms_of_the_ledger_are_stated():
    alarm = ledger_alarm({"Q1": CLAIMS["Q1"], "E5": CLAIMS["E5"]}, load_ledger())
    assert alarm["verdicts"] == 1  # a calculation raises no false alarm
    assert alarm["on_thresholds"] == stored()
    assert 0 <= alarm["expected"] <= alarm["verdicts"]
    assert "1 measured verdicts" in alarm_sentence(alarm)


def test_what_cannot_be_measured_is_said(capsys, ledger_copy):
    assert command.run(["C9"], folder=ledger_copy) == 2
    assert "literature" in capsys.readouterr().err
    assert command.run(["X9"], folder=ledger_copy) == 2
    assert command.run(["N1"], all=True, folder=ledger_copy) == 2
    (ledger_copy / "N1.json").unlink()
    assert command.run(["N1"], quick=True, folder=ledger_copy) == 1
    assert "claims N1" in capsys.readouterr().err


def test_a_claim_of_the_gpu_is_left_out_on_a_cpu_and_says_where_it_goes(
    ledger_copy, monkeypatch, capsys
):
    monkeypatch.setenv("COURSEKIT_SIZE", "cpu")
    assert command.run(["W4", "E4"], folder=ledger_copy) == 2
    said = capsys.readouterr().err
    assert "W4: measured on a GPU only" in said
    assert "COURSEKIT_SIZE=gpu" in said
    asked = []
    monkeypatch.setattr(command, "check_again", lambda ids, ledger, size: asked.extend(ids) or 0)
    assert command.run([], all=True, folder=ledger_copy) == 0
    assert {"W3", "N1"} <= set(asked)
    assert not {i for i in asked if CLAIMS[i].gpu_only or CLAIMS[i].evidence == "literature"}
    asked.clear()
    monkeypatch.setenv("COURSEKIT_SIZE", "gpu")
    assert command.run([], all=True, folder=ledger_copy) == 0
    assert "W4" in asked


def test_measuring_writes_the_entry_and_a_tiny_one_is_never_written(ledger_copy, monkeypatch):
    (ledger_copy / "E4.json").unlink()
    monkeypatch.setenv("COURSEKIT_SIZE", "tiny")
    assert command.run(["E4"], write=True, json=True, folder=ledger_copy) == 0
    assert "E4" not in load_ledger(ledger_copy)
    monkeypatch.setenv("COURSEKIT_SIZE", "cpu")
    assert command.run(["E4"], write=True, json=True, folder=ledger_copy) == 0
    assert load_ledger(ledger_copy)["E4"]["cpu"]["verdict"] == "holds"


def test_show_prints_some_claims_and_measures_nothing(capsys, monkeypatch):
    monkeypatch.setattr(command, "measure_each", None)
    assert command.run(["show", "N1", "C9"]) == 0  # C9: literature alone
    out = capsys.readouterr().out
    assert "N1" in out
    assert "C9" in out
    assert "N2" not in out
    assert command.run(["show", "ZZ"]) == 2


def test_a_list_of_one_unit_or_one_verdict(capsys):
    assert command.run([], unit="06", verdict="fails") == 0
    listed = re.findall(r"^  (\S+)", capsys.readouterr().out, flags=re.MULTILINE)
    asked = [r for r in rows(load_ledger()) if r["unit"] == "06_sharpness"]
    assert listed
    assert set(listed) == {r["id"] for r in asked if r["verdict"] == "fails"}
    with pytest.raises(ValueError, match="it can be"):
        command.run([], verdict="good")
    assert command.run(["N1"], unit="01") == 2


@pytest.mark.parametrize("options", [{"quick": True}, {"page": True}, {}])
def test_write_needs_something_to_measure(options, capsys):
    assert command.run([], write=True, **options) == 2
    assert "--write goes with ids or --all" in capsys.readouterr().err


def test_the_table_has_every_claim_and_json_its_rows(capsys):
    assert command.run([]) == 0
    out = capsys.readouterr().out
    lines = out.splitlines()
    assert max(len(line) for line in lines) <= 100
    assert len(lines) < 2 * len(CLAIMS)
    for claim_id in CLAIMS:
        assert re.search(rf"^  {claim_id} +\S", out, flags=re.MULTILINE), claim_id
    assert command.run([], json=True) == 0
    rows = json.loads(capsys.readouterr().out)
    assert {r["id"] for r in rows} == set(CLAIMS)
    literature = next(r for r in rows if r["evidence"] == "literature")
    assert literature["status"] in ("untested here", "contested")
    assert literature["seeds"] == 0
    one = next(r for r in rows if r["id"] == "N1")
    assert one["seconds"] > 0
    assert one["intervals"]["slope_digits"][0] == pytest.approx(-1, abs=0.02)


@pytest.mark.parametrize(
    ("name", "short"),
    [("NVIDIA H100 80GB HBM3", "H100"), ("CPU, 2 threads", "CPU"), ("CPU", "CPU"), ("", "")],
)
def test_devices_are_short_in_the_table(name, short):
    assert short_device(name) == short
