"""Slides of a unit's claims: a question to vote on, then the picture and what came out."""

import base64
from collections.abc import Mapping
from typing import Any

from coursekit.claims.rows import rows, short_device
from coursekit.classroom.teaching.page import page, text
from coursekit.interview.evidence import picture_of

STYLE = """
body { overflow: hidden; }
section { display: none; height: 100vh; padding: 5vh 6vw; flex-direction: column; }
section.on { display: flex; } h1 { font-size: min(3.4rem, 5.4vw); margin: 0 0 2vh; }
.vote { font-size: min(1.9rem, 3.4vw); } .vote li { margin: 1.2vh 0; }
.picture { flex: 1; min-height: 0; display: flex; justify-content: center; background: #fff;
  border-radius: 6px; padding: 8px; }
.picture img { max-width: 100%; max-height: 100%; object-fit: contain; }
.verdict { font-size: min(2rem, 3.6vw); margin: 0 0 1vh; } .verdict b { color: var(--key); }
footer { position: fixed; right: 1.2rem; bottom: .6rem; color: var(--soft); font-size: .9rem; }
@media print { body { overflow: visible; } section { display: flex; break-after: page; }
  footer { display: none; } }
"""
SCRIPT = """
const all = [...document.querySelectorAll('section')]; let now = 0;
const show = i => { now = Math.max(0, Math.min(all.length - 1, i));
  all.forEach((s, k) => s.classList.toggle('on', k === now));
  document.querySelector('footer').textContent = `${now + 1} / ${all.length}`; };
addEventListener('keydown', e => {
  if (['ArrowRight', 'PageDown', ' ', 'Enter'].includes(e.key)) {
    e.preventDefault(); show(now + 1); }
  if (['ArrowLeft', 'PageUp'].includes(e.key)) { e.preventDefault(); show(now - 1); }
  if (e.key === 'Home') show(0); if (e.key === 'End') show(all.length - 1); });
addEventListener('click', () => show(now + 1)); show(0);
"""


def slides_of_unit(unit: str, ledger: Mapping[str, Any]) -> str:
    """Return one self-contained page: two slides a claim, arrow keys go on and back.

    Args:
        unit: Full name.
        ledger: What was measured.

    Raises:
        ValueError: If the unit has no claim.
    """
    claims: dict[str, list[dict[str, Any]]] = {}
    for row in rows(dict(ledger)):
        if row["unit"] == unit:
            claims.setdefault(row["id"], []).append(row)
    if not claims:
        raise ValueError(f"unit {unit} has no claims to show; take another one")
    title = unit.partition("_")[2].replace("_", " ").capitalize()
    parts = [
        f"<section><h1>{text(title)}</h1><p class='vote'>{len(claims)} things that people say. "
        "Vote first; then see what was measured.</p><p class='soft'>Arrow keys. Printed: one "
        "slide a page.</p></section>"
    ]
    for found in claims.values():
        parts += [_asked(found[0]), _answered(found)]
    body = "\n".join(parts) + "\n<footer></footer>"
    return page(f"{title}: what people say", body, style=STYLE, script=SCRIPT)


def _asked(row: Mapping[str, Any]) -> str:
    """Return the slide that asks; its setting is said, what came out is not."""
    return (
        f"<section><h1>“{text(row['statement'])}”</h1><p class='soft'>heard: {text(row['heard'])}"
        "</p><ol class='vote'><li>holds</li><li>depends: on what?</li><li>fails</li>"
        "<li>nobody can tell yet</li></ol>"
        f"<p class='soft'>If you were to test it: which run would change your mind?</p></section>"
    )


def _answered(found: list[dict[str, Any]]) -> str:
    """Return the slide with verdict, picture, and what would change it."""
    row = found[0]
    verdicts = "; ".join(
        f"<b>{text(r['verdict'])}</b> ({text(r['seeds'])} seeds, {text(short_device(r['device']))})"
        if r["seeds"]
        else f"<b>{text(r['verdict'])}</b> by the literature"
        for r in found
    )
    path = picture_of(row["id"])
    if path is None:
        picture = f"<p class='vote'>{text(row['rule'])}</p>"
    else:
        data = base64.b64encode(path.read_bytes()).decode()
        alt = text(f"What was measured for: {row['statement']}")
        picture = (
            f"<div class='picture'><img alt='{alt}' src='data:image/svg+xml;base64,{data}'></div>"
        )
    return (
        f"<section><p class='verdict'>{text(row['id'])}: {verdicts}</p>{picture}"
        f"<p>{text(row['rule'])}</p>"
        f"<p class='soft'>Would change with: {text(row['changes'])}</p>"
        f"<p class='soft'>{text(row['source'])}</p></section>"
    )
