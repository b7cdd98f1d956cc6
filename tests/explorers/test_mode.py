"""Where widgets can live, and what `COURSEKIT_WIDGETS=0` asks for."""

from types import SimpleNamespace

import IPython
import pytest

from coursekit.explorers import live, mode
from coursekit.explorers.mode import interactive

pytestmark = pytest.mark.quick


@pytest.fixture(autouse=True)
def in_a_notebook(monkeypatch):
    """Pretend that a notebook's kernel runs this, at full size and without other wishes."""
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=object()))
    monkeypatch.setenv("COURSEKIT_SIZE", "cpu")
    monkeypatch.delenv("COURSEKIT_WIDGETS", raising=False)


def test_widgets_live_in_a_notebook():
    assert interactive()


@pytest.mark.parametrize(("said", "living"), [("0", False), ("1", True), ("", True)])
def test_the_environment_can_ask_for_static_forms(monkeypatch, said, living):
    monkeypatch.setenv("COURSEKIT_WIDGETS", said)
    assert interactive() is living


def test_the_tiny_size_is_static(monkeypatch):
    monkeypatch.setenv("COURSEKIT_SIZE", "tiny")
    assert not interactive()


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_a_script_and_a_terminal_are_static(monkeypatch, shell):
    monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
    assert not interactive()


@pytest.mark.parametrize("lacking", ["ipywidgets", "anywidget"])
def test_without_the_widgets_libraries_it_is_static(monkeypatch, lacking):
    monkeypatch.setattr(mode, "find_spec", lambda name: None if name == lacking else object())
    assert not interactive()


@pytest.mark.parametrize(("said", "scripts"), [("0", 0), ("1", 1)])
def test_an_explorer_asked_to_be_static_is_a_picture(monkeypatch, said, scripts):
    shown = []
    monkeypatch.setenv("COURSEKIT_WIDGETS", said)
    monkeypatch.setattr(live, "show_html", lambda markup, text: shown.append(markup))
    live.show_explorer("valley")
    assert shown[0].count("<script") == scripts
    assert "<img" in shown[0]
