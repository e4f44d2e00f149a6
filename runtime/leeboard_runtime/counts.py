"""`GET /monitoring/counts`: what the operator reads of this process, as JSON.

The format is that of the operator's `monitoring.counts`: counters since `started`, which is another value after every
start, so that a reader takes differences within one `started` only.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import orjson

from leeboard_runtime.answers import Entry
from leeboard_runtime.metrics import ServerMetrics

SCHEMA_VERSION = 1
ANSWERS_BYTES = 512 * 1024


class CountsReport:
    """The document of one server process."""

    def __init__(self, metrics: ServerMetrics) -> None:
        self._metrics = metrics
        self._started = secrets.token_hex(8)

    def document(self, answers: Sequence[Entry] = ()) -> bytes:
        """The counters of this moment, and of ``answers`` (newest first) as many as fit in ANSWERS_BYTES."""
        metrics = self._metrics
        document: dict[str, Any] = {
            "schema": SCHEMA_VERSION,
            "name": metrics.name,
            "version": metrics.version,
            "revision": metrics.revision,
            "started": self._started,
            "requests": metrics.requests,
            "durations": {"bounds": metrics.durations.bounds, "counts": metrics.durations.counts},
            "answers": orjson.Fragment(_fitting(answers)),
        }
        return orjson.dumps(document)


def _fitting(answers: Sequence[Entry]) -> bytes:
    """The first of ``answers``, as many as are surely below the limit."""
    rows = [tuple(answer) for answer in answers]
    text = orjson.dumps(rows)
    while len(text) > ANSWERS_BYTES:
        rows = rows[: len(rows) * ANSWERS_BYTES // len(text)]
        text = orjson.dumps(rows)
    return text
