"""A process that has torch loaded and forks: each fork goes on as a Python of its own.

    python server.py SOCKET

Loading torch, scipy and what a kernel needs takes longer than most units at the tiny size. Only
what others wrote is loaded here, nothing of coursekit, and no operation is run. Who tests a machine
with the core dependencies alone takes the rest out again (units/test_units.py).
`client.py` asks for a process, waits for it, and hands over its own folder, environment and files.
"""

import contextlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
import time

import pyparsing  # noqa: F401, what matplotlib loads
import scipy.optimize
import scipy.stats  # noqa: F401
import torch._dynamo  # noqa: F401, what the first optimizer loads

with contextlib.suppress(ImportError):
    import ipykernel.kernelapp
    import ipykernel.zmqshell  # noqa: F401

LOADED = time.process_time()  # a fork's own clock begins at zero


def main(path):
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen()
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    woken.setblocking(False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker.fileno())
    selector = selectors.DefaultSelector()
    for end in (listener, woken, sys.stdin):
        selector.register(end, selectors.EVENT_READ)
    clients = {}  # process id -> the connection that waits for it
    print("ready", flush=True)
    while True:
        for key, _ in selector.select():
            end = key.fileobj
            if end is sys.stdin:  # who started us has ended
                for pid in clients:
                    end_group(pid)
                return
            if end is woken:
                woken.recv(4096)
                for pid, code in ended():
                    connection = clients.pop(pid, None)
                    if connection is None:
                        continue
                    selector.unregister(connection)
                    with contextlib.suppress(OSError):
                        connection.sendall(str(code).encode())
                    connection.close()
            elif end is listener:
                connection, _ = listener.accept()
                asked, files = request(connection)
                pid = os.fork()
                if pid == 0:
                    signal.set_wakeup_fd(-1)
                    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
                    for other in (listener, woken, waker, *clients.values()):
                        other.close()
                    become(asked, files)
                for fd in files:
                    os.close(fd)
                with contextlib.suppress(OSError):  # killed already: its end is noticed below
                    connection.sendall(f"{pid}\n".encode())
                clients[pid] = connection
                selector.register(connection, selectors.EVENT_READ)
            elif not end.recv(1):  # the client was killed
                (pid,) = [pid for pid, one in clients.items() if one is end]
                end_group(pid)
                selector.unregister(end)
                del clients[pid]
                end.close()


def end_group(pid):
    """End a process and all that it started."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(pid, signal.SIGKILL)


def ended():
    """Yield the id and the exit code of each process that has ended."""
    with contextlib.suppress(ChildProcessError):
        while (found := os.waitpid(-1, os.WNOHANG))[0]:
            yield found[0], os.waitstatus_to_exitcode(found[1])


def request(connection):
    """Return what a client asks for, and its standard input, output and error."""
    text, files, _, _ = socket.recv_fds(connection, 1 << 20, 3)
    return json.loads(text), files


def become(asked, files):
    """Go on as the process that the client describes; never returns."""
    os.setsid()
    for fd, given in enumerate(files):
        os.dup2(given, fd)
        os.close(given)
    os.chdir(asked["cwd"])
    os.environ.clear()
    os.environ.update(asked["env"], WARM_SECONDS=str(LOADED))
    sys.path[:] = [
        "",
        *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep)),
        *(folder for folder in sys.path if folder != os.path.dirname(__file__)),
    ]
    code = 1
    try:
        with contextlib.suppress(ImportError):
            import sitecustomize  # noqa: F401
        flag, name, *sys.argv[1:] = asked["argv"]
        assert flag == "-m", "only modules are run here"
        sys.argv[0] = name
        runpy.run_module(name, run_name="__main__", alter_sys=True)
        code = 0
    except SystemExit as ending:
        code = ending.code if isinstance(ending.code, int) else int(ending.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    main(sys.argv[1])
