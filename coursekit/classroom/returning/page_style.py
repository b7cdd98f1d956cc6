"""The look of the pages that this package writes: light and dark, nothing loaded, nothing run."""

import re

from jinja2 import Environment
from markupsafe import Markup, escape

POLICY = "default-src 'none'; style-src 'unsafe-inline'"

# Every pair of text and ground is at least 4.5 : 1, in both schemes; no colour says anything alone.
STYLE = """
:root { color-scheme: light dark; --ground: #ffffff; --card: #f6f7f8; --text: #1b1e21;
  --soft: #565d64; --line: #d3d8dd; --right: #0b6b4a; --part: #8a5a00; --wrong: #a83a12;
  --none: #565d64; --ask: #0b5c94; --bar-right: #1f9d72; --bar-part: #e0a526; --bar-wrong: #d9622b;
  --bar-none: #b3bac1 }
@media (prefers-color-scheme: dark) { :root { --ground: #14171a; --card: #1e2327; --text: #e8eaec;
  --soft: #a9b2ba; --line: #3b444c; --right: #58d0a2; --part: #f0bf5a; --wrong: #ff9f78;
  --none: #a9b2ba; --ask: #7cc4f5; --bar-right: #2ba87d; --bar-part: #d59b22; --bar-wrong: #cf6434;
  --bar-none: #59626a } }
* { box-sizing: border-box }
body { background: var(--ground); color: var(--text); font: 16px/1.5 system-ui, sans-serif;
  margin: 0 auto; max-width: 54rem; padding: 1.5rem 1rem 4rem }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .3rem }
h2 { font-size: 1.2rem; margin: 2rem 0 .6rem }
h3 { font-size: 1.05rem; margin: 0 }
p { margin: .4rem 0 }
table { border-collapse: collapse; width: 100% }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .5rem .3rem 0; text-align: left;
  vertical-align: top }
td { overflow-wrap: anywhere }
th { color: var(--soft); font-weight: 600 }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
.soft { color: var(--soft) }
.right { color: var(--right) } .part { color: var(--part) } .wrong { color: var(--wrong) }
.none { color: var(--none) } .word { font-weight: 600 }
pre { background: var(--ground); border: 1px solid var(--line); border-radius: 4px;
  font: .86rem/1.45 ui-monospace, monospace; margin: .2rem 0; overflow-wrap: anywhere;
  padding: .5rem .7rem; white-space: pre-wrap }
details > summary { cursor: pointer; color: var(--ask) }
summary:focus-visible, a:focus-visible { outline: 3px solid var(--ask); outline-offset: 2px }
a { color: var(--ask) }
@media print { details > :not(summary) { display: block } body { max-width: none } }
"""


def page(title: str, own_style: str, body: str) -> str:
    """Return the template of a whole page, which loads nothing and runs nothing.

    Args:
        title: Of the window; a template, as the others.
        own_style: Rules of this page beyond those that all share.
        body: What stands in it.
    """
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>{STYLE}{own_style}</style>
</head>
<body>
<main>{body}</main>
</body>
</html>
"""


def rendered(template: str, **values: object) -> str:
    """Return a page; all that comes in is escaped."""
    environment = Environment(autoescape=True)
    environment.filters["code"] = with_code
    return environment.from_string(template).render(**values)


def with_code(text: str) -> Markup:
    """Return text in which what stands between backticks is shown as code."""
    return Markup(re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(text))))
