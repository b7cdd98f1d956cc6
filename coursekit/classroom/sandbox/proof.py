"""A sandbox proves itself: a probe in a student's place tries what nobody may."""

import contextlib
import os
import secrets
import shutil
import socket
import tempfile
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

from coursekit.classroom.sandbox.lean import PACKAGE
from coursekit.classroom.sandbox.session import Gone
from coursekit.classroom.sandbox.walls import SandboxError, python_folders
from coursekit.classroom.sandbox.wire import Unreadable, read_line, write_line
from coursekit.storage import home, workspace

PROBE_SECONDS = 30.0
BANK = (
    "coursekit.exercises.bank",
    "coursekit.exercises.engine.declare",
    "coursekit.claims.register",
)
WALLS = {
    "network": "a submission can reach {}",
    "read": "a submission can read {}",
    "write": "a submission can write {}",
    "processes": "a submission sees {}",
    "bank": "a submission can import {}",
    "environment": "a submission sees the variable {}",
    "limits": "a submission has no limit: {}",
    "rights": "a submission has {}",
}


def prove(sandbox: Any, forbidden: Collection[Path] = ()) -> None:
    """Try every wall of a sandbox from the inside.

    Args:
        sandbox: To start the probe in.
        forbidden: Files and folders that must not be visible; those that are not there are left.

    Raises:
        SandboxError: If one does not hold; all that do not are named.
    """
    with _bait() as bait:
        targets = {
            "tcp": [bait.port],
            "unix": bait.address,
            "read": [*map(str, _existing(forbidden)), str(bait.file)],
            "write": _outside(bait.folder, forbidden),
            "modules": BANK,
            "secrets": [bait.variable],
        }
        session = sandbox.session(imports=())  # the walls are the same, and it starts sooner
        try:
            session.send(write_line({"probe": targets}), PROBE_SECONDS)
            found = read_line(session.receive(PROBE_SECONDS))
        except (Gone, Unreadable) as error:
            raise SandboxError(f"the sandbox's probe gave no answer: {error}") from error
        finally:
            session.close()
        holes = [
            WALLS[wall].format(", ".join(map(str, found.get(wall, ["everything"]))))
            for wall in WALLS
            if found.get(wall) != []
        ]
        holes += bait.taken()
        if sandbox.signals_to_parent():
            holes.append("a submission's signal reaches the process that all submissions share")
    if holes:
        raise SandboxError("the sandbox does not hold: " + "; ".join(holes))


class _Bait:
    """Things on this machine that a probe tries to get at."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="coursekit-bait-"))
        self.folder.chmod(0o777)  # so that only the walls stand between
        self.file = self.folder / "gradebook.db"
        self.file.write_text("marks of everybody")
        self.file.chmod(0o666)
        self.address = "coursekit-bait-" + secrets.token_hex(8)
        self.variable = "COURSEKIT_BAIT"
        self.tcp = socket.create_server(("127.0.0.1", 0))
        self.port = self.tcp.getsockname()[1]
        self.unix = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.unix.bind("\0" + self.address)
        self.unix.listen()

    def taken(self) -> list[str]:
        """Say what happened out here, whatever the probe said."""
        happened = []
        for listener in (self.tcp, self.unix):
            listener.settimeout(0)
            with contextlib.suppress(BlockingIOError):
                listener.accept()[0].close()
                happened.append("a submission's connection arrived here")
        if self.file.read_text() != "marks of everybody" or len(os.listdir(self.folder)) > 1:
            happened.append("a submission wrote outside")
        return happened

    def close(self) -> None:
        """Take it all away."""
        self.tcp.close()
        self.unix.close()
        shutil.rmtree(self.folder, ignore_errors=True)


@contextlib.contextmanager
def _bait() -> Iterator[_Bait]:
    bait = _Bait()
    before = os.environ.get(bait.variable)
    os.environ[bait.variable] = "seed"
    try:
        yield bait
    finally:
        os.environ.pop(bait.variable, None)
        if before is not None:
            os.environ[bait.variable] = before
        bait.close()


def _existing(forbidden: Collection[Path]) -> list[Path]:
    """Return what really exists of what was named, and of what always counts."""
    always = [PACKAGE / "exercises" / "bank.py", PACKAGE.parent / "solutions", home()]
    always += [workspace() / "grading", Path("/etc/passwd"), Path("/etc/shadow")]
    return [path.absolute() for path in (*forbidden, *always) if path.exists()]


def _outside(folder: Path, forbidden: Collection[Path]) -> list[str]:
    """Return paths of files that do not exist, in places where nobody may write."""
    name = "coursekit-probe-" + secrets.token_hex(4)
    places = [folder, Path("/"), Path("/usr"), Path("/dev"), Path("/judge"), *python_folders()]
    places += [path if path.is_dir() else path.parent for path in map(Path, forbidden)]
    return [str(place / name) for place in places]
