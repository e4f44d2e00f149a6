"""`python -m tests.bench.watch_pods FIRST LAST PORT`: the pods of some services, each on a port of its own.

They count two hundred rows between two questions and speak the model server's format. On SIGTERM the moments at which
each was asked are written to standard output.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from functools import partial

from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS
from tests.bench.watch_scene import PODS, REVISION, a_second, digest, name_of, reference

ASKED: dict[int, list[float]] = {}
_ZEROS = [0] * (len(DURATION_BOUNDS_SECONDS) + 1)


def document(number: int, found: str, times: int) -> bytes:
    """What a pod tells that was asked so often before."""
    counted, widths = a_second(), reference().profile.widths
    cells = {
        "profile": found,
        "rows": counted.rows * times,
        "counts": [(row[:width] * times).tolist() for row, width in zip(counted.counts, widths, strict=True)],
        "quality": (counted.quality * times).tolist(),
        "skipped": 0,
    }
    return json.dumps(
        {
            "schema": 1,
            "name": name_of(number),
            "version": "1",
            "revision": REVISION,
            "started": "once",
            "requests": {"2xx": 0, "4xx": 0, "5xx": 0},
            "durations": {"bounds": DURATION_BOUNDS_SECONDS, "counts": _ZEROS},
            "answers": [],
            "cells": cells,
        }
    ).encode()


async def answer(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, number: int, found: str, port: int
) -> None:
    """One connection, kept alive."""
    try:
        while await reader.readuntil(b"\r\n\r\n"):
            times = ASKED.setdefault(port, [])
            times.append(time.monotonic())
            body = document(number, found, len(times))
            head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
            writer.write(head.encode() + body)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        writer.close()


async def serve(first: int, last: int, port: int) -> None:
    """Until SIGTERM."""
    servers, ended = [], asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    for number in range(first, last):
        found = digest(number)
        for place in range(PODS):
            own = port + PODS * (number - first) + place
            handler = partial(answer, number=number, found=found, port=own)
            servers.append(await asyncio.start_server(handler, "127.0.0.1", own))
    print("ready", flush=True)
    await ended.wait()
    print(json.dumps(ASKED), flush=True)


if __name__ == "__main__":
    asyncio.run(serve(*map(int, sys.argv[1:])))
