"""The process inside the sandbox: it runs what a student wrote and answers the judge.

Two ways to start, both from `sandbox.py`:

    serve   this process is for one submission
    fork    this process imports torch once, runs no student's code, and forks for each submission:

            zygote -> carer (new namespaces) -> first (process 1 there) -> student's process

Whatever the student's process says counts only as data. It can't reach the zygote: it has its own
process ids, its own scratch folder, no network, no right and no /proc.
"""

import array
import contextlib
import gc
import importlib
import json
import os
import signal
import socket
from typing import Any

from coursekit.classroom.sandbox import worker_walls as walls

HIGHEST_FD = 1024
BROKEN = 70  # exit status after an error of the worker's own


def main(arguments: str) -> None:
    """Start as told: a JSON object with `mode`, `fd`, `uid`, `limits`, `imports`, `hidden`, ..."""
    told = json.loads(arguments)
    if told["uid"] is not None and os.getuid() == 0:
        walls.leave_root(told["uid"])
    channel = socket.socket(fileno=told["fd"])
    begin_session()
    if told["mode"] == "serve":
        if told["walls"]:
            walls.drop_capabilities()
        serve(channel, told)
        return
    warm_up(told)
    gc.collect()
    gc.freeze()  # so that a child's collector does not copy the parent's pages
    channel.sendall(b"ready\n")
    serve_forks(channel, told)


def begin_session() -> None:
    """Leave the process group that we were born into: a signal to a whole group stays within it."""
    with contextlib.suppress(PermissionError):  # it leads its group already
        os.setsid()


def warm_up(told: dict[str, Any]) -> None:
    """Import what submissions import; the modules' names, never the text of a cell, come here."""
    from coursekit.classroom.sandbox.worker_standins import install_stand_ins

    install_stand_ins(told["hidden"])
    before = dict(os.environ)
    for name in told["imports"]:
        with contextlib.suppress(Exception):
            importlib.import_module(name)
    for name in set(os.environ) - set(before):  # torch names folders of its own there
        del os.environ[name]


def serve_forks(control: socket.socket, told: dict[str, Any]) -> None:
    """Fork for each pair of sockets that comes, until the judge hangs up."""
    signal.signal(signal.SIGCHLD, reap)
    reached: list[int] = []  # signals that came from somewhere: the proof wants none
    signal.signal(signal.SIGCONT, lambda number, frame: reached.append(number))
    while True:
        message, ancillary, _, _ = control.recvmsg(
            1, socket.CMSG_LEN(2 * array.array("i").itemsize)
        )
        if not message:
            return
        if message == b"?":
            control.sendall(f"{len(reached)}\n".encode())
            continue
        fds = array.array("i")
        for _, _, data in ancillary:
            fds.frombytes(data[: len(data) - len(data) % fds.itemsize])
        channel, status = fds
        if os.fork() == 0:
            begin_session()
            for number in (signal.SIGCHLD, signal.SIGCONT):
                signal.signal(number, signal.SIG_DFL)
            control.close()
            care(channel, status, told)
            os._exit(0)
        os.close(channel)
        os.close(status)


def reap(*signal_and_frame: Any) -> None:
    """Take leave of carers that have ended, so that the time they took is counted as ours."""
    with contextlib.suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass


def care(channel: int, status: int, told: dict[str, Any]) -> None:
    """Make namespaces, let the first process in them run, and say how it ended."""
    try:
        walls.enter_own_namespaces()
    except OSError as error:
        os.write(status, f"no namespaces: {error}".encode())
        return
    child = os.fork()
    if child == 0:
        os.close(status)
        be_first(channel, told)
    os.close(channel)
    _, how = os.waitpid(child, 0)
    os.write(status, str(exit_code(how)).encode())


def be_first(channel: int, told: dict[str, Any]) -> None:
    """Be process 1 of the namespaces: start the student's process, end with it, and all with us."""
    walls.die_with_parent()
    begin_session()
    told["mapped"] = walls.mapped_bytes()
    walls.own_scratch(told["scratch"], told["limits"]["scratch_mb"])
    child = os.fork()
    if child == 0:
        try:
            begin_session()
            walls.drop_capabilities()
            serve(socket.socket(fileno=channel), told)
        finally:  # an error of ours: a student's are caught where they arise
            os._exit(BROKEN)
    os.close(channel)
    while True:  # also reaps what the student's process leaves behind
        pid, how = os.wait()
        if pid == child:
            os._exit(exit_code(how))


def exit_code(how: int) -> int:
    """Return a wait status as shells do: the exit status, or 128 and the signal."""
    code = os.waitstatus_to_exitcode(how)
    return code if code >= 0 else 128 - code


def serve(channel: socket.socket, told: dict[str, Any]) -> None:
    """Set the limits, then do the one job that comes: a probe of the walls, or a submission."""
    quiet = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):  # what is printed goes nowhere
        os.dup2(quiet, fd)
    kept = channel.fileno()
    os.closerange(3, kept)
    os.closerange(kept + 1, HIGHEST_FD)
    if told["mode"] == "serve":
        warm_up(told)
    channel.sendall(b"\n")  # the kernel tells the judge which process this is
    lines = channel.makefile("rb", buffering=1 << 16)
    job = json.loads(lines.readline())
    if "probe" in job:
        give_up(told)
        from coursekit.classroom.sandbox.worker_probe import probe

        channel.sendall(json.dumps(probe(job["probe"])).encode() + b"\n")
        os._exit(0)
    from coursekit.classroom.sandbox.worker_answers import answer_requests
    from coursekit.classroom.sandbox.worker_cells import Cells

    give_up(told)
    answer_requests(Cells(job, channel), lines, channel)


def give_up(told: dict[str, Any]) -> None:
    """Set the limits and refuse system calls: the last step before foreign code."""
    walls.set_limits(told["limits"], told.get("mapped") or walls.mapped_bytes())
    if told["walls"]:
        walls.refuse_system_calls()
