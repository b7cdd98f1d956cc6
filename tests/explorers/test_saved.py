"""What stays of a widget when its kernel is gone."""

import base64
import re

import pytest

from coursekit.explorers.saved import as_image, show_living

pytestmark = pytest.mark.quick


def test_the_picture_is_shown_beside_the_widget_and_replaced(monkeypatch):
    widgets = pytest.importorskip("ipywidgets")
    shown, updates = [], []

    class Handle:
        update = staticmethod(updates.append)

    def display(what, display_id=None):
        shown.append((what, display_id))
        return Handle() if display_id else None

    monkeypatch.setattr("IPython.display.display", display)
    box = widgets.VBox([])
    keep = show_living(box, "<p>first</p>")
    keep("<p>second</p>")
    (widget, _), (picture, display_id) = shown
    (live,) = [name for name in box._dom_classes if name.startswith("coursekit-live-")]
    key = live.removeprefix("coursekit-live-")
    assert widget is box
    assert display_id == f"coursekit-{key}"
    assert "<p>first</p>" in picture.data
    assert "<p>second</p>" in updates[0].data
    for shows in (picture, updates[0]):  # the rule that hides it while the widget lives
        assert f":has(.coursekit-live-{key}) .coursekit-saved-{key}" in shows.data


def test_an_svg_becomes_an_image_with_its_name():
    image = as_image('<svg width="2"></svg>', 'B = "2"')
    data = base64.b64decode(re.search(r"base64,([^\"]+)", image)[1]).decode()
    assert data == '<svg xmlns="http://www.w3.org/2000/svg" width="2"></svg>'
    assert 'alt="B = &quot;2&quot;"' in image
