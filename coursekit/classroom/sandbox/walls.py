"""The walls that bubblewrap builds, as its arguments."""

import sys
from collections.abc import Sequence
from pathlib import Path

from coursekit.bootstrap.bubblewrap import find_bubblewrap, how_to_install
from coursekit.classroom.sandbox.lean import library_folders

INSIDE = "/judge"  # where the lean package lies
WORKER = (
    "import sys; sys.path[:0] = sys.argv[2:]; "
    "from coursekit.classroom.sandbox.worker import main; main(sys.argv[1])"
)
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "agg",
    "COURSEKIT_SIZE": "tiny",
    "COURSEKIT_NO_VENV": "1",
    "NBGRADER_EXECUTION": "autograde",
    "CUDA_VISIBLE_DEVICES": "",
}


class SandboxError(RuntimeError):
    """There is no sandbox that holds; the message says which wall is missing, and the remedy."""


def bubblewrap() -> str:
    """Return the path of bubblewrap.

    Raises:
        SandboxError: If there is none, or one too old; the message names the remedy.
    """
    program, seen = find_bubblewrap()
    if program is None:
        raise SandboxError(f"{seen}: {how_to_install()}")
    return str(program)


def wall_arguments(program: str, *, lean: Path, root: bool, scratch_mb: int) -> list[str]:
    """Return bubblewrap's command up to the program that shall run inside.

    Visible are the system's libraries, this Python with its packages, and the lean package, all
    read-only; a scratch folder in memory; no network, no other process, no environment.

    Args:
        program: bubblewrap.
        lean: The folder made by `make_lean_package`.
        root: Started by root. Then no user namespace is made; the worker inside gives up root for
            a user id that nobody has, which the count of processes also needs.
        scratch_mb: Size of the scratch folder.
    """
    argv = [program, "--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts"]
    argv += ["--unshare-cgroup-try", "--new-session", "--clearenv", "--hostname", "sandbox"]
    if root:
        argv += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"]
    else:
        argv += ["--unshare-user", "--uid", "1000", "--gid", "1000"]
    scratch = scratch_place()
    for name, value in (*ENVIRONMENT.items(), ("HOME", scratch), ("TMPDIR", scratch)):
        argv += ["--setenv", name, value]
    argv += _system_folders()
    argv += ["--proc", "/proc", "--dev", "/dev"]
    size = str(scratch_mb << 20)
    for place in (scratch, "/dev/shm"):
        argv += ["--perms", "1777", "--size", size, "--tmpfs", place]
    for folder in python_folders():
        for above in reversed(folder.parents[:-1]):  # made for all to pass, whatever it is outside
            argv += ["--perms", "0755", "--dir", str(above)]
        argv += ["--ro-bind", str(folder), str(folder)]
    for link in python_links():
        for above in reversed(link.parents[:-1]):
            argv += ["--perms", "0755", "--dir", str(above)]
        argv += ["--symlink", str(link.readlink()), str(link)]
    for folder in library_folders():
        if (folder / "coursekit").exists():  # installed: it holds the bank
            argv += ["--tmpfs", str(folder / "coursekit")]
            argv += ["--remount-ro", str(folder / "coursekit")]
    argv += ["--ro-bind", str(lean), INSIDE, "--remount-ro", "/dev", "--remount-ro", "/"]
    return [*argv, "--chdir", scratch, "--"]


def worker_command(told: str, *, package: str, python: str = sys.executable) -> list[str]:
    """Return the command of the worker: an isolated Python that reads nothing of the caller's."""
    return [python, "-I", "-c", WORKER, told, package, *map(str, library_folders())]


def python_folders() -> list[Path]:
    """Return the folders of this Python and its packages, outermost ones only."""
    wanted = [Path(sys.prefix), Path(sys.base_prefix), *library_folders()]
    wanted += [path.resolve() for path in wanted] + [Path(sys.executable).resolve().parent]
    outer: list[Path] = []
    for folder in sorted(set(wanted), key=lambda path: len(path.parts)):
        if folder == Path("/usr") or Path("/usr") in folder.parents:
            continue  # bound as a whole
        if not any(above in folder.parents for above in outer):
            outer.append(folder)
    return outer


def python_links() -> list[Path]:
    """Return the links between this Python's name and its program that lie in no visible folder.

    As where `~/bin/python3`, a link itself, made the environment.
    """
    visible = [*python_folders(), Path("/usr"), Path("/bin")]
    links, path = [], Path(sys.executable)
    while path.is_symlink():
        if not any(folder in path.parents for folder in visible):
            links.append(path)
        path = path.parent / path.readlink()
    return links


def scratch_place() -> str:
    """Return where submissions may write: /tmp, unless that would hide this Python."""
    tmp = Path("/tmp")
    here = any(tmp == folder or tmp in folder.parents for folder in python_folders())
    return "/scratch" if here else "/tmp"


def _system_folders() -> Sequence[str]:
    argv = ["--ro-bind", "/usr", "/usr"]
    for name in ("/lib", "/lib64", "/lib32", "/bin", "/sbin"):
        path = Path(name)
        if path.is_symlink():
            argv += ["--symlink", str(path.readlink()), name]
        elif path.is_dir():
            argv += ["--ro-bind", name, name]
    for name in ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime"):
        argv += ["--ro-bind-try", name, name]
    return argv
