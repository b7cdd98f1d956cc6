"""Draw the pictures of README and docs from the units themselves: python docs/make_pictures.py."""

import runpy
from pathlib import Path

from coursekit import notebook
from coursekit.plots import Plot, png

ROOT = Path(__file__).resolve().parents[1]
WANTED = {
    "solutions/00_start.py": {2: "plane.png"},
    "solutions/01_gradient_noise.py": {2: "law.png"},
}


def draw(unit: str, names: dict[int, str]) -> None:
    """Run a unit and keep the figures that are wanted, counted from 1."""
    shown = []

    def keep(plot: Plot) -> None:
        shown.append(plot)
        if len(shown) in names:
            (ROOT / "docs/images" / names[len(shown)]).write_bytes(png(plot[0]))
            print(f"{names[len(shown)]}: {plot[1]}")

    notebook.show = keep
    runpy.run_path(str(ROOT / unit))


if __name__ == "__main__":
    for unit, names in WANTED.items():
        draw(unit, names)
