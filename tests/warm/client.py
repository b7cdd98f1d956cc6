"""Stand for a process of the server's: `python -S client.py SOCKET -m MODULE ARGUMENTS`."""

import json
import os
import signal
import socket
import sys


def main():
    path, *argv = sys.argv[1:]
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    asked = {"argv": argv, "cwd": os.getcwd(), "env": dict(os.environ)}
    socket.send_fds(connection, [json.dumps(asked).encode()], [0, 1, 2])
    pid, _, told = connection.recv(100).partition(b"\n")
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda n, _: os.kill(int(pid), n))
    while not told:
        told = connection.recv(100)
        if not told:
            return 1  # the server has gone
    code = int(told)
    return code if code >= 0 else 128 - code


sys.exit(main())
