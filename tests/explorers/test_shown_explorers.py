"""What the units call: each hands its explorer to `show_explorer`, with the unit's own numbers."""

import importlib
import re
from pathlib import Path

import pytest

from coursekit.explorers.live import explorer_names, module_text

pytestmark = pytest.mark.quick
CALLS = {
    "basins": {},
    "edge": {},
    "gentle_start": {},
    "knee": {},
    "lr_frontier": {"max_lr": 3.7, "half_batch_size": 52.0},
    "mystery": {},
    "opening_plane": {},
    "three_prices": {"knee": 256},
    "trade_off": {"critical_batch": 64},
    "tuning": {},
    "two_wells": {},
    "valley": {},
}


@pytest.mark.parametrize("name", CALLS)
def test_a_unit_shows_its_explorer(name, monkeypatch):
    module = importlib.import_module(f"coursekit.explorers.{name}")
    shown = []
    monkeypatch.setattr(module, "show_explorer", lambda *a, **k: shown.append((a, k)))
    getattr(module, name)(**CALLS[name])
    ((args, settings),) = shown
    assert args == (name,)
    for key in settings.get("state", {}):
        assert f'{{ key: "{key}", label:' in module_text(name), "a slider of that name"
    assert set(CALLS[name].values()) <= set(settings.get("state", {}).values())


def test_every_unit_shows_one():
    units = sorted((Path(__file__).resolve().parents[2] / "solutions").glob("[0-9]*.py"))
    shown = {
        unit.stem: set(re.findall(r"explorers\.(\w+) import", unit.read_text())) for unit in units
    }
    assert len(shown) == 11
    for unit, names in shown.items():
        assert names & set(explorer_names()), unit
    assert set().union(*shown.values()) >= set(explorer_names()), "each is in some unit"


def test_every_explorer_is_called_by_a_function():
    assert {*CALLS, "noise_cloud", "micro_arrows"} == set(explorer_names())
