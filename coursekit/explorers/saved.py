"""What stays of a widget when its kernel is gone: a picture that the notebook saves beside it.

A saved notebook keeps a widget's address and not the widget. Opened the next day JupyterLab shows
"Error displaying widget: model not found" in its place. So each widget of the course is shown by
`show_living`, together with plain HTML that says what it said last:

    keep = show_living(box, "<p>B = 1: the cloud is 4.1 wide</p>")
    ...
    keep("<p>B = 16: the cloud is 1.0 wide</p>")   # whenever there is something new to keep

While the widget lives, its picture is hidden; where it does not, the picture stands alone. The rest
is style sheet: a class on the widget's own element says that it lives. Nothing is written to disk.

`keep` sends its text to the page, so call it when a movement ends, not at every step of a slider.
The picture has to say itself what it shows: it is read without a kernel, on another machine, and,
where the notebook is not trusted, without <svg>, <style> and <script>; `as_image` turns an SVG into
an <img>, which survives there.
"""

import base64
import html
import secrets
from collections.abc import Callable
from typing import Any

RULES = """<style>
:root:has(.coursekit-live-{key}) .coursekit-saved-{key},
.jp-OutputArea:has(.coursekit-live-{key}) > .jp-OutputArea-child:has(.coursekit-saved-{key}),
.jp-OutputArea-child:has(+ .jp-OutputArea-child .coursekit-saved-{key}):not(
  :has(.coursekit-live-{key})) {{ display: none }}
</style>"""  # the picture while the widget lives; the widget's place while it does not


def show_living(widget: Any, picture: str) -> Callable[[str], None]:
    """Show a widget, and keep what it says for the time when it is gone.

    Args:
        widget: Any ipywidgets or anywidget DOM widget.
        picture: HTML of its first state.

    Returns:
        A function that replaces the picture.
    """
    from IPython.display import HTML, display

    key = secrets.token_hex(6)
    widget.add_class(f"coursekit-live-{key}")
    display(widget)
    handle = display(HTML(_kept(key, picture)), display_id=f"coursekit-{key}")

    def keep(now: str) -> None:
        if handle is not None:  # None where no notebook listens
            handle.update(HTML(_kept(key, now)))

    return keep


def _kept(key: str, picture: str) -> str:
    """Return a picture with the rules that hide it while its widget lives."""
    return (
        f'{RULES.format(key=key)}<div class="coursekit-saved coursekit-saved-{key}">{picture}</div>'
    )


def as_image(svg: str, alt: str, *, width: str = "100%") -> str:
    """Return an SVG as an <img>, which notebooks show even where they are not trusted.

    Args:
        svg: The drawing; what is not told a colour is black, so give it a ground.
        alt: What it shows, in words.
        width: At most so wide, in CSS.
    """
    if "xmlns=" not in svg:
        svg = svg.replace("<svg", '<svg xmlns="http://www.w3.org/2000/svg"', 1)
    data = base64.b64encode(svg.encode()).decode()
    return (
        f'<img src="data:image/svg+xml;base64,{data}" alt="{html.escape(alt, quote=True)}" '
        f'style="max-width:{width}">'
    )
