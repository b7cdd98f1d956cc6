"""Inside the sandbox: call the functions of a submission that the judge asks for.

See `worker_cells`: nothing here defends itself.
"""

import os
import socket
from typing import Any

from coursekit.classroom.sandbox.worker_cells import MOST_DETAIL, Cells, describe
from coursekit.classroom.sandbox.worker_standins import StandIn


def answer_requests(cells: Cells, lines: Any, channel: socket.socket) -> None:
    """Run cells as far as told, and answer one line for each request, until the judge hangs up."""
    from coursekit.classroom.sandbox.wire import MOST_BYTES, read_line, write_line

    for line in lines:
        request = read_line(line)
        if "go" in request:
            cells.run_until(request["go"])
            continue
        try:
            reply = write_line({"id": request["id"], **answer(cells.namespace, request)})
        except ValueError as error:  # a whole number of thousands of digits
            reply = write_line({"id": request["id"], **problem("not plain", describe(error))})
        if len(reply) > MOST_BYTES:
            said = f"a result of {len(reply)} bytes"
            reply = write_line({"id": request["id"], **problem("not plain", said)})
        channel.sendall(reply)
    os._exit(0)


def answer(namespace: dict[str, Any], request: dict[str, Any]) -> dict[str, Any]:
    """Call the function asked for and return its result, or what kept it from giving one.

    As in a notebook's own check, the call leaves no trace: random states and settings are put back.
    """
    from coursekit.classroom.sandbox.wire import pack, unpack
    from coursekit.exercises.engine.adapters import ADAPTERS
    from coursekit.exercises.engine.guard import undisturbed
    from coursekit.exercises.engine.plain import NotPlain

    function = namespace.get(request["function"])
    if function is None or isinstance(function, StandIn):
        return problem("missing", f"there is no function {request['function']}")
    if not callable(function):
        return problem("missing", f"{request['function']} is a {type(function).__name__}")
    args = [unpack(value) for value in request["args"]]
    try:
        with undisturbed():
            return {"value": pack(ADAPTERS[request["run"]](function, *args))}
    except NotPlain as error:
        return problem("not plain", str(error))
    except NotImplementedError as error:
        return problem("unfinished" if _is_stub(error) else "raised", describe(error))
    except MemoryError as error:
        return problem("memory", describe(error))
    except BaseException as error:
        text = describe(error)
        return problem("memory" if "can't allocate memory" in text else "raised", text)


def _is_stub(error: NotImplementedError) -> bool:
    """Tell a `raise NotImplementedError` of a cell from one that a library raised."""
    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return last is not None and last.tb_frame.f_code.co_filename.startswith("cell ")


def problem(kind: str, detail: str) -> dict[str, Any]:
    """Return an error as a reply carries it."""
    return {"error": {"kind": kind, "detail": detail[:MOST_DETAIL]}}
