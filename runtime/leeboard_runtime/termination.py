"""The termination message: the few bytes by which a container tells the operator how it ended.

Kubernetes reads at most 4096 bytes from `/dev/termination-log`; a longer one would be cut in the middle of the JSON, so
the sentence is shortened here. A file that cannot be written is no reason to fail: the same line goes to stderr.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from leeboard_runtime.errors import RuntimeFault

LIMIT_BYTES = 4096
MESSAGE_LIMIT_CHARACTERS = 2000
PATH_VARIABLE = "LEEBOARD_TERMINATION_MESSAGE"


def write_termination(content: Mapping[str, object]) -> None:
    """Write `content` as one line of JSON to the termination message path; never raises for an unwritable path."""
    line = encode(content)
    try:
        Path(os.environ.get(PATH_VARIABLE, "/dev/termination-log")).write_text(line)
    except OSError:
        print(f"termination message: {line}", file=sys.stderr, flush=True)


def write_fault(fault: RuntimeFault) -> None:
    """Write the reason and the sentence of a fault."""
    write_termination({"reason": str(fault.reason), "message": fault.message})


def encode(content: Mapping[str, object]) -> str:
    """One line of JSON of at most 4096 bytes; `message` is shortened and `warnings` are dropped until it fits."""
    room: dict[str, object] = dict(content)
    message = room.get("message")
    if isinstance(message, str):
        room["message"] = shorten(message)
    line = _dump(room)
    given = room.get("warnings")
    warnings = list(given) if isinstance(given, list) else []
    while len(line.encode()) > LIMIT_BYTES and warnings:
        warnings.pop()
        line = _dump({**room, "warnings": [*warnings, "and more: see the log"]})
    return line


def shorten(message: str) -> str:
    """The sentence on one line, at most 2000 characters once it is ASCII, which leaves room for the rest."""
    flat = " ".join(message.split())
    ascii_room = flat.encode("ascii", "backslashreplace").decode()
    return flat if len(ascii_room) <= MESSAGE_LIMIT_CHARACTERS else ascii_room[: MESSAGE_LIMIT_CHARACTERS - 3] + "..."


def _dump(content: Mapping[str, object]) -> str:
    return json.dumps(content, separators=(",", ":"), allow_nan=False)
