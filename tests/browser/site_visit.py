"""A built site visited in Chromium: what its pages complain of, ask for, and hide from some."""

import functools
import http.server
import threading
from contextlib import contextmanager

from looked_at import faults

THEMES = ("light", "dark")


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args):
        pass


@contextmanager
def served(folder):
    """Serve a folder on a free port; yield its address."""
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def page_names(folder):
    """Return every page of a site, as paths from its root."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))


def complaints(context, address, names):
    """Return, by page, errors and warnings on the console, failed answers, requests elsewhere."""
    page, said, found = context.new_page(), [], {}
    page.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("response", lambda r: said.append(f"{r.status} {r.url}") if r.status >= 400 else None)
    page.on(
        "request",
        lambda r: None if r.url.startswith((address, "data:")) else said.append(f"asked {r.url}"),
    )
    for name in names:
        page.goto(address + name, wait_until="load")
        if said:
            found[name], said[:] = list(said), []
    page.close()
    return found


def hard_to_use(context, address, name, themes=THEMES):
    """Return axe-core's faults of a page in each theme, all that is folded on it open."""
    page, found = context.new_page(), []
    page.goto(address + name)
    page.evaluate("document.querySelectorAll('details').forEach((d) => { d.open = true })")
    for theme in themes:
        page.emulate_media(color_scheme=theme)
        found += [(name, theme, *fault) for fault in faults(page)]
    page.close()
    return found
