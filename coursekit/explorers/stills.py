"""Explorers drawn by a browser: pages to look at, and still pictures as files."""

from typing import Any

from coursekit.explorers.live import as_script, module_text

WIDTH = 754  # pixels of the frame: 720 for the picture


def page_of(*names: str, state: dict[str, Any] | None = None) -> str:
    """Return a page that shows explorers; ``window.maths`` holds each one's functions by name."""
    hosts = "".join(
        f'<div data-ckx-host="{name}" style="width:{WIDTH}px;max-width:100%"></div>'
        for name in names
    )
    scripts = "".join(
        f'<script type="module">{module_text(name)}\n'
        f"(window.maths ??= {{}}).{name} = maths; "
        f"(window.mounts ??= {{}}).{name} = mount; "
        f'mount("{name}", {as_script(state or {})}, null);</script>'
        for name in names
    )
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Explorers</title>'
        '<meta name="viewport" content="width=device-width"></head><body style="margin:0">'
        f"<main><h1>Explorers</h1>{hosts}</main>{scripts}</body></html>"
    )


def draw_still(page: Any, name: str) -> str:
    """Return the SVG of an explorer's first state as a file; ``page`` is playwright's."""
    page.set_content(page_of(name))
    page.wait_for_selector(".ckx svg")
    drawn: str = page.evaluate(
        """async (text) => {
            const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
            const { alone } = await import(url);
            return alone(document.querySelector(".ckx-picture svg"));
        }""",
        module_text(name) + "\nexport { alone };",
    )
    return drawn + "\n"
