"""Pictures of a run: taken out of the notebook's HTML and put into files beside the pages."""

import base64
import hashlib
import re
import struct
from pathlib import Path

INLINE = re.compile(
    r'<img\b(?P<before>[^>]*?)\ssrc="data:image/(?P<kind>png|svg\+xml);base64,(?P<data>[^"]+)"'
    r"(?P<after>[^>]*)>",
    re.DOTALL,
)
STYLE = re.compile(r'\sstyle="[^"]*"')


def keep_pictures(markup: str, folder: Path, stem: str) -> str:
    """Return the markup with each inline picture in a file of ``folder``, named by its content."""

    def keep(match: re.Match[str]) -> str:
        data = base64.b64decode(match["data"])
        kind = "png" if match["kind"] == "png" else "svg"
        name = f"{stem}-{hashlib.sha256(data).hexdigest()[:10]}.{kind}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
        rest = STYLE.sub("", match["before"] + match["after"])
        return (
            f'<img class="figure" src="../{folder.name}/{name}"{dimensions(data, kind)} '
            f'loading="lazy"{rest}>'
        )

    return INLINE.sub(keep, markup)


def dimensions(data: bytes, kind: str) -> str:
    """Return width and height as attributes, so that text does not jump when a picture arrives."""
    if kind == "png":
        width, height = struct.unpack(">II", data[16:24])
        return f' width="{width}" height="{height}"'
    box = re.search(rb'viewBox="0 0 ([\d.]+) ([\d.]+)"', data)
    if box is None:
        return ""
    return f' width="{float(box[1]):.0f}" height="{float(box[2]):.0f}"'
