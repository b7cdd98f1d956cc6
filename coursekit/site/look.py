"""Look at every built page: links lead somewhere, and nothing comes from another place."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

FETCHED = {  # what a browser fetches by itself when it reads a page
    ("script", "src"),
    ("img", "src"),
    ("img", "srcset"),
    ("source", "src"),
    ("source", "srcset"),
    ("video", "src"),
    ("video", "poster"),
    ("audio", "src"),
    ("iframe", "src"),
    ("embed", "src"),
    ("object", "data"),
    ("track", "src"),
    ("input", "src"),
    ("link", "href"),
    ("use", "href"),
    ("image", "href"),
}
NOT_FETCHED = {"canonical", "next", "prev", "search", "index", "author", "license"}  # rel of <link>
CSS_URL = re.compile(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]([^'\"]+)")
JS_URL = re.compile(r"""(?:fetch|import|importScripts|Worker)\(\s*['"`](https?:)?//""")


class Page(HTMLParser):
    """What a page links to, fetches, and can be linked to."""

    def __init__(self, text: str) -> None:
        """Read a page."""
        super().__init__()
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.anchors: set[str] = set()
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag's addresses."""
        values = {key: value or "" for key, value in attrs}
        self.anchors |= {values[key] for key in ("id", "name") if values.get(key)}
        if tag == "a" and values.get("href"):
            self.links.append(values["href"])
        for key, value in values.items():
            stays = tag == "link" and values.get("rel") in NOT_FETCHED
            if (tag, key) in FETCHED and value and not stays:
                self.fetched.append(value)
            if key == "style":
                self.fetched += [a or b for a, b in CSS_URL.findall(value)]


def faults(site: Path) -> list[str]:
    """Return a line for each dead link and each request that would leave the site."""
    pages = {
        path.relative_to(site).as_posix(): Page(path.read_text(encoding="utf-8"))
        for path in sorted(site.rglob("*.html"))
    }
    found = []
    for name, page in pages.items():
        for address in page.fetched:
            if leaves(address):
                found.append(f"{name}: asks another place for {address}")
            elif not address.startswith(("data:", "#")):
                found += missing(site, pages, name, address)
        for address in page.links:
            if not urlsplit(address).scheme:
                found += missing(site, pages, name, address)
    for path in sorted(site.rglob("*.css")):
        for match in CSS_URL.findall(path.read_text(encoding="utf-8")):
            if leaves(match[0] or match[1]):
                found.append(f"{path.name}: asks another place for {match[0] or match[1]}")
    for path in sorted(site.rglob("*.js")):
        if JS_URL.search(path.read_text(encoding="utf-8")):
            found.append(f"{path.name}: asks another place for something")
    return list(dict.fromkeys(found))


def leaves(address: str) -> bool:
    """Say whether a browser would ask another place for this address."""
    return address.startswith("//") or urlsplit(address).scheme in ("http", "https", "ws", "wss")


def missing(site: Path, pages: dict[str, Page], name: str, address: str) -> list[str]:
    """Return a line if a link within the site leads nowhere."""
    parts = urlsplit(address)
    target = (site / name).parent / unquote(parts.path) if parts.path else site / name
    target = target / "index.html" if target.is_dir() else target
    try:
        inside = target.resolve().relative_to(site.resolve()).as_posix()
    except ValueError:
        return [f"{name}: {address} lies outside the site"]
    if not target.is_file():
        return [f"{name}: {address} leads nowhere"]
    anchor = unquote(parts.fragment)
    if anchor and inside in pages and anchor not in pages[inside].anchors:
        return [f"{name}: {address}: no such place on that page"]
    return []
