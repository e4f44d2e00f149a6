"""The worker: loads the model, says what it is, answers one batch after the other until its socket closes.

Runs in the model's environment; beside the standard library it imports what the model needs (mlflow, numpy, pandas)
and no more.
"""

from __future__ import annotations

import json
import logging
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

from leeboard_runtime import wire
from leeboard_runtime.errors import PermanentFault

if TYPE_CHECKING:
    from leeboard_runtime.served_model import ServedModel

log = logging.getLogger("leeboard.worker")


def main() -> int:
    """Serve batches on the socket that the front passed. Returns the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the front ends us, so that a Ctrl-C drains
    arguments = json.loads(sys.argv[1])
    sys.argv = ["leeboard-worker"]
    with socket.socket(fileno=arguments["descriptor"]) as link:
        link.setblocking(True)  # noqa: FBT003 - the standard library's signature
        try:
            model = _load(arguments)
        except PermanentFault as fault:
            _send(link, {"failed": {"reason": str(fault.reason), "message": fault.message}}, [])
            return fault.exit_code
        _send(link, {"ready": model.description.as_json()}, [])
        _serve(link, model)
    return 0


def _load(arguments: dict[str, Any]) -> ServedModel:
    from leeboard_runtime.served_model import ServedModel  # noqa: PLC0415 - a missing library is an answer, not a crash

    return ServedModel.load(Path(arguments["model"]), lean=arguments["lean"], predict_fn=arguments["predict_fn"])


def _serve(link: socket.socket, model: ServedModel) -> None:
    while True:
        frame = _receive(link)
        if frame is None:
            return
        header = json.loads(frame.header)
        try:
            outputs, blocks = model.answer(header, frame.body)
        except Exception as error:  # noqa: BLE001 - whatever the model raises is this batch's answer
            log.warning("the model raised on a batch rows=%s\n%s", header["rows"], traceback.format_exc())
            _send(link, {"error": {"status": _status(error), "message": describe(error)}}, [])
            continue
        _send(link, {"outputs": outputs}, blocks)


def describe(error: BaseException) -> str:
    """The error as a sentence of bounded length."""
    return f"the model raised {type(error).__name__}: {' '.join(str(error).split())[:500]}"


def _status(error: Exception) -> int:
    """400 where MLflow itself refuses the input, 500 for all that the model raises."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    refused = isinstance(error, MlflowException) and error.error_code in {"BAD_REQUEST", "INVALID_PARAMETER_VALUE"}
    return 400 if refused else 500


def _send(link: socket.socket, header: dict[str, Any], blocks: list[bytes]) -> None:
    header["sizes"] = [len(block) for block in blocks]
    link.sendall(wire.encode(json.dumps(header).encode(), blocks))


def _receive(link: socket.socket) -> wire.Frame | None:
    prefix = _exactly(link, wire.PREFIX.size)
    if prefix is None:
        return None
    payload = _exactly(link, wire.PREFIX.unpack(prefix)[0])
    return None if payload is None else wire.decode(payload)


def _exactly(link: socket.socket, size: int) -> memoryview | None:
    """`size` bytes, or None when the front has closed its end."""
    buffer = memoryview(bytearray(size))
    filled = 0
    while filled < size:
        got = link.recv_into(buffer[filled:])
        if got == 0:
            return None
        filled += got
    return buffer
