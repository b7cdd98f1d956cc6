"""Which of a person's settings of Python and pip hold for the set-up: those that say where from.

Standard library only, and it parses on Python 3.8.
"""

from __future__ import annotations

import configparser
import json
import os
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

SOURCES = re.compile(  # settings of pip that say where packages come from, and how
    r"INDEX|PROXY|CERT|TRUSTED|FIND_LINKS|TIMEOUT|RETRIES|CACHE|KEYRING|CONSTRAINT|FEATURE"
)  # not NO_BINARY: there is no torch without wheels
KEPT_OF_PYTHON = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONUTF8", "PYTHONMALLOC")
ASK_PIP = (
    "import json; from pip._internal.configuration import get_configuration_files as files; "
    "print(json.dumps(files()))"
)


def clean_environment() -> dict:
    """Return os.environ without what would send Python or pip to another place.

    Nor does a person's PYTHONWARNINGS=error, PYTHONSAFEPATH or PYTHONINSPECT get there: pip is not
    theirs to debug.
    """
    kept = {
        name: value
        for name, value in os.environ.items()
        if (not name.startswith("PYTHON") or name in KEPT_OF_PYTHON)
        and (not name.startswith("PIP_") or SOURCES.search(name))
    }
    return {
        **kept,
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PYTHONUNBUFFERED": "1",
        "PYTHONIOENCODING": "utf-8:backslashreplace",  # as run_step reads it
    }


def pip_environment(python: str) -> dict:
    """Return the environment for pip: a person's settings only as far as they say where from.

    Index, proxy, certificate and the like are read from pip's configuration files and become
    variables; then no file is read. So `user`, `target` or `require-hashes` in one, which may suit
    the person elsewhere, cannot move or forbid what belongs into this environment. As for pip,
    [install] goes before [global], and a later file before an earlier one. pip asks nobody for a
    password: nobody would see the question.

    Args:
        python: The environment's interpreter, which has pip.
    """
    found: dict = {"global": {}, "install": {}}
    for path in _configuration_files(python):
        parser = configparser.RawConfigParser(strict=False)
        try:
            # bytes of another encoding, in a comment or a password, must not cost the index
            text = Path(path).read_text(encoding="utf-8", errors="surrogateescape")
            parser.read_string(text.lstrip("\ufeff"), source=path)
        except OSError:
            continue
        except configparser.Error as error:
            said = " ".join(str(error).split())[:200]
            sys.stderr.write(f"Left out of pip's configuration: {path} ({said})\n")
        for section, settings in found.items():
            for name, value in parser.items(section) if parser.has_section(section) else ():
                variable = "PIP_" + name.upper().replace("-", "_")
                if SOURCES.search(variable) and value:
                    settings[variable] = " ".join(value.split())
    own = {**found["global"], **found["install"], **clean_environment()}
    return {**own, "PIP_CONFIG_FILE": os.devnull, "PIP_NO_INPUT": "1"}


def patience(environment: Mapping[str, str], seconds: str, retries: str) -> tuple:
    """Return pip's arguments for how long to wait, where the person's settings do not say."""
    waits = () if {"PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT"} & set(environment) else (seconds,)
    again = () if "PIP_RETRIES" in environment else (retries,)
    return (*(("--timeout", *waits) if waits else ()), *(("--retries", *again) if again else ()))


def _configuration_files(python: str) -> list:
    """Return the configuration files that this pip would read, the one that decides last.

    pip is asked for their names alone, by its own function: its command `pip config` obeys the
    files, so that ``quiet``, ``python``, ``user`` or a mistake in one would hide them all.
    """
    chosen = os.environ.get("PIP_CONFIG_FILE", "")
    if chosen == os.devnull:
        return []
    answer = subprocess.run(
        [python, "-I", "-c", ASK_PIP], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        files = json.loads(answer.stdout.decode("utf-8", "replace"))
    except ValueError:
        return []
    kinds = ("global", "site") if chosen and os.path.exists(chosen) else ("global", "user", "site")
    named = [path for kind in kinds for path in files.get(kind, ())]
    return [path for path in (*named, chosen) if path and os.path.exists(path)]
