"""Inside the sandbox, in a student's place: try what nobody may, and tell what came of it.

Standard library only. Whether a wall stands is decided outside, from what really happened there.
"""

import os
import resource
import signal
import socket
import sys
from typing import Any


def probe(targets: dict[str, Any]) -> dict[str, Any]:
    """Try the network, other people's files, writing outside, other processes and the bank.

    Args:
        targets: "tcp" ports of this machine, "unix" an abstract address, "read" and "write" paths.

    Returns:
        What could be reached, by wall; empty lists where nothing could.
    """
    os.kill(0, signal.SIGCONT)  # harmless; whom else it reached is asked outside
    return {
        "network": [f"port {p}" for p in targets["tcp"] if _connects(("127.0.0.1", p))]
        + ([targets["unix"]] if _connects("\0" + targets["unix"]) else [])
        + [name for name in _interfaces() if name != "lo"],
        "read": [path for path in targets["read"] if _readable(path)],
        "write": [path for path in targets["write"] if _writable(path)],
        "processes": _other_processes(),
        "bank": [name for name in targets["modules"] if _imports(name)],
        "environment": [name for name in targets["secrets"] if name in os.environ],
        "limits": _missing_limits(),
        "rights": _rights(),
    }


def _connects(address: Any) -> bool:
    family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as caller:
        caller.settimeout(2)
        try:
            caller.connect(address)
        except OSError:
            return False
    return True


def _interfaces() -> list[str]:
    try:
        return [name for _, name in socket.if_nameindex()]
    except OSError:
        return []


def _readable(path: str) -> bool:
    try:
        if os.path.isdir(path):
            return bool(os.listdir(path))
        with open(path, "rb") as file:
            file.read(1)
    except OSError:
        return False
    return True


def _writable(path: str) -> bool:
    try:
        with open(path, "ab") as file:
            file.write(b"x")
    except OSError:
        return False
    return True


def _other_processes() -> list[str]:
    """Name processes that are neither this one nor its own sandbox's first ones."""
    try:
        pids = [int(name) for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
    return [f"process {pid}" for pid in pids if pid > 16]


def _imports(name: str) -> bool:
    """Look for the module's file; importing it would take torch, and minutes of a small limit."""
    file = name.replace(".", "/") + ".py"
    return any(_readable(os.path.join(folder, file)) for folder in sys.path)


def _missing_limits() -> list[str]:
    names = ("RLIMIT_AS", "RLIMIT_CPU", "RLIMIT_FSIZE", "RLIMIT_NPROC")
    endless = resource.RLIM_INFINITY
    missing = [n for n in names if resource.getrlimit(getattr(resource, n))[1] == endless]
    if "RLIMIT_AS" not in missing:
        try:
            bytearray(resource.getrlimit(resource.RLIMIT_AS)[1])  # more than is left
            missing.append("memory")
        except MemoryError:
            pass
    return missing


def _rights() -> list[str]:
    found = ["user 0"] if os.getuid() == 0 or os.geteuid() == 0 else []
    for call in (lambda: os.setuid(0), lambda: os.chroot("/tmp"), lambda: os.nice(-5)):
        try:
            call()
            found.append("rights of root")
        except OSError:
            continue
    return found
