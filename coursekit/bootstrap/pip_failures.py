"""What a failed step of the set-up tells: what was tried, what came back, what to do next.

Standard library only, and it parses on Python 3.8.
"""

from __future__ import annotations

import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

GO_ON = "run the same command again: it goes on where this one stopped"
NETWORK = re.compile(
    r"NewConnectionError|name resolution|NameResolutionError|timed out|ConnectTimeout|"
    r"Network is unreachable|No route to host|Connection refused|ProxyError|SSLError|"
    r"Max retries exceeded|Temporary failure"
)
FULL_DISK = re.compile(r"No space left on device|Errno 28|not enough space on the disk")
NO_TEMPORARY = re.compile(r"No usable temporary directory")
CERTIFICATE = re.compile(r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|CA bundle|cacert")
LOGIN = re.compile(r"\b40[137] (Client Error|Unauthorized|Forbidden|Proxy Auth)|error 40[137]")
CONSTRAINT = re.compile(r"conflicting dependencies|\(constraint\)|Could not open requirements file")
NO_WHEEL = re.compile(r"No matching distribution found|Could not find a version")
TOLD = re.compile(r"\s*(ERROR|error:|\w+Error)\b")
PASSWORD = re.compile(r"(?<=://)[^/@\s]+@")


def explain_failure(
    argv: Sequence[str],
    title: str,
    status: int,
    output: Sequence[str],
    log: Path,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Say what was tried, what it answered and what to do next, in that order.

    Args:
        argv: The command that failed.
        title: What the step does.
        status: Its exit status, negative for a signal.
        output: Its lines.
        log: Where all of them stand.
        environment: Its variables; a person's settings of pip among them are shown.
    """
    said = [line.strip() for line in output if TOLD.match(line)]
    said = said or [line.strip() for line in output if line.strip()]
    settings = settings_of_pip(environment or {})
    return (
        f"set-up stopped at step {title} (exit status {status}).\n"
        f"  tried: {' '.join(argv)}\n"
        + (f"  with: {' '.join(settings)}\n" if settings else "")
        + "".join(f"  answer: {line}\n" for line in said[-3:])
        + remedy_for("\n".join(output), status, log, settings)
    )


def settings_of_pip(environment: Mapping[str, str]) -> list:
    """Return a person's settings of pip as NAME=VALUE, passwords left out."""
    ours = ("PIP_CONFIG_FILE", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_INPUT")
    return [
        f"{name}={PASSWORD.sub('...@', value)}"
        for name, value in sorted(environment.items())
        if name.startswith("PIP_") and name not in ours and value
    ]


def remedy_for(text: str, status: int, log: Path, settings: Sequence[str]) -> str:
    """Return the last line of the message: what to do, and that the set-up goes on after it."""
    named = [line.partition("=")[0] for line in settings]
    if FULL_DISK.search(text):
        places = {str(log.parent): "", tempfile.gettempdir(): "; TMPDIR moves it"}
        free = ", ".join(
            f"{place} ({shutil.disk_usage(place).free / 1e9:.1f} GB free{how})"
            for place, how in places.items()
        )
        return f"The disk is full. pip writes in {free}: make room there, then {GO_ON}."
    if NO_TEMPORARY.search(text):
        return f"Set TMPDIR to a folder that you can write in, then {GO_ON}."
    if status in (-9, 137):
        return f"It was killed, as where memory runs out: close other programs, then {GO_ON}."
    if CERTIFICATE.search(text):
        return (
            "Something between here and the index answers with a certificate that pip does not "
            f"know: name the file of your organisation's in PIP_CERT, then {GO_ON}."
        )
    if LOGIN.search(text):
        return (
            "The index or the proxy wants a name and a password: PIP_INDEX_URL and PIP_PROXY take "
            f"https://NAME:PASSWORD@HOST, then {GO_ON}."
        )
    if NETWORK.search(text):
        return (
            "The first set-up needs the network: https://pypi.org and (for the CPU build of torch) "
            "https://download.pytorch.org, about 0.6 GB; a mirror is named by PIP_INDEX_URL. "
            f"Connect, then {GO_ON}."
        )
    if CONSTRAINT.search(text) and "PIP_CONSTRAINT" in named:
        return (
            "PIP_CONSTRAINT (or `constraint` in pip's configuration) asks for other versions, or "
            f"its file is not there: set PIP_CONSTRAINT to another file, then {GO_ON}."
        )
    if NO_WHEEL.search(text):
        version = ".".join(map(str, sys.version_info[:3]))
        return (
            f"There is no such package for Python {version} on {platform.system()} "
            f"{platform.machine()} at {where_pip_looked(settings)}: try another Python "
            f"(3.11 to 3.14), or change these settings. Then {GO_ON}."
        )
    return f"See {log} for the whole output; when the cause is mended, {GO_ON}."


def where_pip_looked(settings: Sequence[str]) -> str:
    """Return the settings that say where packages come from; without any, PyPI's address."""
    asked = ("INDEX", "FIND_LINKS")
    found = [line for line in settings if any(word in line.partition("=")[0] for word in asked)]
    return ", ".join(found) or "https://pypi.org"
