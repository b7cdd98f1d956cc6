"""What each command needs, read from the one list in pyproject.toml, and whether it is here."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import json
import re

from coursekit.bootstrap.installer import SetupError
from coursekit.storage import ROOT, is_clone

TORCH = "torch==2.13.0"  # what a set-up installs; the package itself accepts a range
NEEDS = {  # every command, and the level of what it imports
    "lab": "course",
    "test": "test",
    "doctor": "course",  # so that it looks at the interpreter that `lab` would use
    "progress": "core",
    "solution": "course",
    "build": "course",
    "grade": "course",
    "feedback": "course",
    "report": "course",
    "split": "course",
    "export": "course",
    "variant": "course",
    "teach": "course",
    "forget": "course",
    "claims": "core",
    "interview": "course",
    "measure": "core",
    "bench": "core",
}
EXTRAS = {
    "core": (),
    "course": ("course",),
    "site": ("course", "site"),
    "test": ("course", "site", "test"),
}
ORACLES = "tests/oracles.txt"

# Distributions whose module is not the distribution's name with "-" turned into "_".
MODULE_OF = {
    "backpack-for-pytorch": "backpack",
    "curvlinops-for-pytorch": "curvlinops",
    "py-rattler": "rattler",
    "pytest-xdist": "xdist",
    "scikit-learn": "sklearn",
}


def suits(level: str, *, gpu: bool = False) -> bool:
    """Say whether this interpreter has every module of the level, and with ``gpu`` no CPU torch."""
    if missing(level):
        return False
    if not gpu:
        return True
    from importlib.metadata import PackageNotFoundError, version

    try:
        return not version("torch").endswith("+cpu")
    except PackageNotFoundError:  # a folder named torch on PYTHONPATH
        return False


def missing(level: str) -> list:
    """Return the distributions of a level whose modules this interpreter does not find."""
    importlib.invalidate_caches()
    return [name for name in distributions(level) if not _has_module(name)]


def modules(level: str) -> list:
    """Return the modules by which the distributions of a level are found."""
    return [_module(name) for name in distributions(level)]


def _module(distribution: str) -> str:
    return MODULE_OF.get(distribution, distribution.replace("-", "_"))


def _has_module(distribution: str) -> bool:
    spec = importlib.util.find_spec(_module(distribution))
    return spec is not None and spec.origin is not None  # a bare folder is no module


def distributions(level: str) -> list:
    """Return the names of the distributions that a level needs."""
    if is_clone():
        lines = _dependencies() + _extras(level) + (_oracles() if level == "test" else [])
    else:
        from importlib.metadata import PackageNotFoundError, requires

        try:
            split = [line.partition(";") for line in requires("coursekit") or []]
        except PackageNotFoundError:
            raise SetupError(
                f"{ROOT} is neither a whole clone of the course nor an installed package.\n"
                "Clone the repository and run the command in its folder."
            ) from None
        lines = [
            line
            for line, _, marker in split
            if "extra" not in marker
            or any(f"'{x}'" in marker for x in EXTRAS[level])
            or any(f'"{x}"' in marker for x in EXTRAS[level])
        ]
    return [re.split(r"[\s<>=!~;\[(]", line.strip(), maxsplit=1)[0] for line in lines]


def stamp(level: str, python_version: str) -> str:
    """Return a hash of all that decides what an environment of this level holds.

    Of pyproject.toml only what pip reads counts: a change to a linter's settings must not send a
    learner without network into a new installation.
    """
    project = _pyproject()["project"]
    described = {
        "python": python_version,
        "torch": TORCH,
        "build": _pyproject()["build-system"],
        "requires": [_dependencies(), _extras(level), project.get("scripts")],
        "oracles": _oracles() if level == "test" else [],
    }
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def _dependencies() -> list:
    return list(_pyproject()["project"]["dependencies"])


def _extras(level: str) -> list:
    optional = _pyproject()["project"]["optional-dependencies"]
    return [line for extra in EXTRAS[level] for line in optional[extra]]


def _oracles() -> list:
    lines = (ROOT / ORACLES).read_text(encoding="utf-8").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]


def _pyproject() -> dict:
    import tomllib

    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
