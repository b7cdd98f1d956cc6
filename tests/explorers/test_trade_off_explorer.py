import pytest

from coursekit.explorers import trade_off as module
from coursekit.explorers.trade_off import trade_off

pytestmark = pytest.mark.quick


def test_the_task_and_the_hardware_are_handed_over(monkeypatch):
    shown = []
    monkeypatch.setattr(module, "show_explorer", lambda *a, **k: shown.append((a, k)))
    trade_off(critical_batch=64)
    assert shown == [(("trade_off",), {"state": {"critical": 64, "full": 1024}})]
