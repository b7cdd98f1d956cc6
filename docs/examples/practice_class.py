"""Make a class that hands in unit 01, to try grading out; run it in the clone.

    python3 docs/examples/practice_class.py [SIZE]

It writes grading/submitted/, grading/roster.csv and grading/due.csv, for thirty people if no size
is given. Most know some of it and have misconceptions; some hand in what real classes do: a copied
cell, a late notebook, an endless loop, half a file, somebody else's work in other words.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from coursekit.bootstrap.environment import ensure_environment, find_environment
from coursekit.bootstrap.installer import SetupError
from coursekit.bootstrap.requirements import suits
from coursekit.bootstrap.start import hand_over

if not suits("course"):  # as `python3 -m coursekit` does it
    try:
        python = find_environment("course") or ensure_environment("course")
    except SetupError as error:
        raise SystemExit(f"practice_class: {error}") from None
    raise SystemExit(hand_over([str(python), *sys.argv]))

from datetime import UTC, datetime

from coursekit.classroom.handing_in.practice_class import make_class, usual_class
from coursekit.exercises.bank import EXERCISES
from coursekit.storage import ROOT

UNIT = "01_gradient_noise"

if __name__ == "__main__":
    solved = ROOT / ".build" / "source" / UNIT / f"{UNIT}.ipynb"
    if not solved.exists():
        raise SystemExit(f"{solved} is missing: run `python3 -m coursekit build` first")
    words = sys.argv[1:] or ["30"]
    if len(words) > 1 or not words[0].isdigit() or int(words[0]) < 1:
        print(__doc__)
        raise SystemExit(0 if {"-h", "--help"} & set(words) else 2)
    size = int(words[0])
    made = make_class(
        ROOT / "notebooks" / UNIT / f"{UNIT}.ipynb",
        solved,
        ROOT / "grading",
        size=size,
        kinds=usual_class(size),
        due=datetime(2026, 3, 1, 18, tzinfo=UTC),
        exercises=[one for one in EXERCISES.values() if one.id.startswith(f"u{UNIT[:2]}_")],
    )
    for student, kind in made.items():
        print(f"{student:16} {kind}")
