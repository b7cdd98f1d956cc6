"""One module per command, each with a function ``run(...) -> int`` that returns the exit status.

``NEEDS`` names the commands and what each needs to be importable: ``core`` (the dependencies of the
package), ``course`` (the extra of that name as well) or ``test`` (the test extra and the oracles
too). ``coursekit.cli`` gives each its options. Standard library only: the set-up reads this.
"""

NEEDS = {
    "lab": "course",
    "test": "test",
    "doctor": "core",
    "progress": "core",
    "solution": "course",
    "build": "course",
    "claims": "core",
}
