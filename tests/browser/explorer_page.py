"""Explorers in a page of Chromium, and in Python the random numbers that they draw."""

import numpy as np

from coursekit.explorers.live import explorer_names
from coursekit.explorers.stills import page_of

MASK = np.uint64(0xFFFFFFFF)


def uniforms(seed, count):
    """Return what `random(seed)` of web/_numbers.js draws: mulberry32, all draws at once."""
    steps = np.arange(1, count + 1, dtype=np.uint64)
    a = (np.uint64(seed) + steps * np.uint64(0x6D2B79F5)) & MASK
    t = ((a ^ (a >> np.uint64(15))) * (a | np.uint64(1))) & MASK
    t ^= (t + (((t ^ (t >> np.uint64(7))) * (t | np.uint64(61))) & MASK)) & MASK
    return ((t ^ (t >> np.uint64(14))) & MASK).astype(float) / 2**32


def normals(seed, count):
    """Return what `normal(random(seed))` draws: Box and Muller, in pairs."""
    u = uniforms(seed, count + count % 2).reshape(-1, 2)
    radius, angle = np.sqrt(-2 * np.log(1 - u[:, 0])), 2 * np.pi * u[:, 1]
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1).ravel()[:count]


def open_explorers(browser, *names, state=None, **settings):
    """Return a page with these explorers (all without names), and what it complained of."""
    page = browser.new_page(**{"viewport": {"width": 800, "height": 900}, **settings})
    page.set_default_timeout(20_000)
    complaints = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    names = names or explorer_names()
    page.set_content(page_of(*names, state=state))
    page.wait_for_function(f"document.querySelectorAll('.ckx svg').length === {len(names)}")
    return page, complaints
