"""Explorers as text: one module each, HTML that carries it, a still picture where nothing runs."""

import base64
import re
from xml.etree import ElementTree

import pytest

from coursekit.explorers import live
from coursekit.explorers.live import (
    WEB,
    as_script,
    explorer_names,
    explorer_widget,
    live_html,
    module_text,
    sentence,
    show_explorer,
    still_html,
    still_picture,
)

pytestmark = pytest.mark.quick
NAMES = explorer_names()


@pytest.mark.parametrize("name", NAMES)
def test_an_explorer_is_one_module_for_anywidget_and_for_a_page(name):
    text = module_text(name)
    assert not re.search(r"^\s*import\b|\bimport\(|\bfetch\(|https?://(?!www\.w3\.org)", text, re.M)
    assert "</script" not in text.lower()
    assert text.count("export default { render };") == 1
    assert "export { maths };" in text
    assert text.count("\nconst STORED =") + text.startswith("const STORED =") == 1


@pytest.mark.parametrize("name", NAMES)
def test_a_still_picture_stands_in_without_scripts(name):
    ElementTree.fromstring(still_picture(name))
    assert "var(--" not in still_picture(name)
    assert len(sentence(name)) > 30
    (source,) = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', still_html(name))
    assert base64.b64decode(source).decode() == still_picture(name)
    assert "<script" not in still_html(name)


@pytest.mark.parametrize("name", NAMES)
def test_an_explorer_is_small(name):
    assert (WEB / f"{name}.js").stat().st_size < 14_000
    assert len(live_html(name)) < 150_000


def test_html_carries_the_module_its_state_and_its_data():
    page = live_html("trade_off", state={"batch": 64}, data={"says": "</script>"})
    assert module_text("trade_off") in page
    (place,) = re.findall(r'data-ckx-host="(\w+)"', page)
    assert f'mount("{place}", {{"batch":64}}, {{"says":"<\\/script>"}});' in page
    assert live_html("trade_off") != live_html("trade_off"), "two on a page are told apart"


def test_an_unknown_explorer_names_those_there_are():
    with pytest.raises(ValueError, match=r"no explorer 'cloud'; there are .*noise_cloud"):
        module_text("cloud")
    with pytest.raises(ValueError, match="Out of range"):
        as_script(float("nan"))


def test_in_a_plain_script_it_says_what_it_would_show(capsys):
    show_explorer("trade_off")
    assert capsys.readouterr().out.startswith("[explorer] B = 16 is 0.13 times B_crit: steps × 9")


def test_a_notebook_gets_the_living_one_and_the_tiny_size_the_still(monkeypatch):
    shown = []
    monkeypatch.setattr(live, "show_html", lambda markup, text: shown.append(markup))
    for living in (True, False):
        monkeypatch.setattr(live, "interactive", lambda living=living: living)
        show_explorer("trade_off")
    assert ["<script" in markup for markup in shown] == [True, False]


def test_as_a_widget_python_reads_its_state():
    pytest.importorskip("anywidget")
    widget = explorer_widget("trade_off", state={"batch": 64})
    assert widget._esm == module_text("trade_off")
    assert widget.state == {"batch": 64}
    widget.close()


def luminance(colour):
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("look", ["LIGHT", "DARK"])
def test_colours_can_be_read(look):
    """WCAG AA: 4.5 for text, 3 for what is only drawn, on the ground of either look."""
    style = (WEB / "_style.js").read_text()
    (block,) = re.findall(rf"const {look} = {{(.*?)}};", style, re.S)
    colours = dict(re.findall(r'(\w+): "(#\w{6})"', block))
    for name, colour in colours.items():
        if name in ("paper", "field", "grid", "sky"):
            continue
        needed = 3.0 if name in ("line", "ghost") else 4.5
        for ground in ("paper", "field") if needed == 4.5 else ("paper",):
            a, b = sorted((luminance(colour), luminance(colours[ground])))
            assert (b + 0.05) / (a + 0.05) >= needed, (name, ground)
