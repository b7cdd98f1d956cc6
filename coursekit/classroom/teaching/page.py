"""One self-contained page: no script from elsewhere, light and dark, good on paper."""

import html

POLICY = "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:"
STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --soft: #57606a; --line: #d0d7de;
  --key: #0b5cad; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6edf3; --paper: #0d1117; --soft: #9aa4af; --line: #3d444d; --key: #79b8ff; } }
* { box-sizing: border-box; }
body { margin: 0; color: var(--ink); background: var(--paper);
  font: 1.06rem/1.5 system-ui, sans-serif; }
main { max-width: 46rem; margin: 0 auto; padding: 2rem 1.2rem; }
h1 { font-size: 1.7rem; line-height: 1.25; } h2 { font-size: 1.15rem; margin: 1.8rem 0 .3rem; }
.soft { color: var(--soft); } .write { border-bottom: 1px solid var(--line); height: 2.6rem; }
table { border-collapse: collapse; } th, td { border: 1px solid var(--line); padding: .3rem .6rem;
  text-align: left; vertical-align: top; }
@media print { :root { --ink: #000; --paper: #fff; --soft: #444; --line: #999; }
  section { break-inside: avoid; } }
"""


def page(title: str, body: str, *, style: str = "", script: str = "") -> str:
    """Return a whole HTML page; `body` is HTML already, the title is text."""
    code = f"<script>{script}</script>" if script else ""
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{text(title)}</title>\n<style>{STYLE}{style}</style>\n</head>\n"
        f"<body>\n{body}\n{code}</body>\n</html>\n"
    )


def text(words: object) -> str:
    """Return words as HTML text."""
    return html.escape(str(words))
