"""`GET /monitoring/counts`: what the operator reads of this process, as JSON.

The format is that of the operator's `monitoring.counts`: counters since `started`, which is another value after every
start, so that a reader takes differences within one `started` only. What a reader must ask for by name (`answers=1`,
`cells=1`, `labels=<cursor>`) is left out otherwise; `cells` and `labels` are null where this server has none.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import parse_qs

import orjson

from leeboard_runtime.answers import Entry
from leeboard_runtime.errors import Refusal
from leeboard_runtime.metrics import ServerMetrics
from leeboard_runtime.values import BAD_REQUEST, shown

if TYPE_CHECKING:
    from leeboard_runtime.monitor import Monitor

SCHEMA_VERSION = 1
ANSWERS_BYTES = 512 * 1024


class Asked(NamedTuple):
    """What a reader wants beside the counters; ``labels`` is the cursor to go on from, None for no labels."""

    answers: bool = False
    cells: bool = False
    labels: int | None = None


NOTHING_MORE = Asked()


def asked(query: bytes) -> Asked:
    """The query of a request. Raises Refusal naming the parameter that is wrong."""
    given = {name: values[-1] for name, values in parse_qs(query.decode("latin-1"), keep_blank_values=True).items()}
    unknown = given.keys() - {"answers", "cells", "labels"}
    if unknown:
        raise Refusal(BAD_REQUEST, f"unknown parameter {shown(min(unknown))}; there are answers, cells and labels")
    for name in ("answers", "cells"):
        if given.get(name, "0") not in {"0", "1"}:
            raise Refusal(BAD_REQUEST, f"{name} must be 0 or 1, not {shown(given[name])}")
    labels = given.get("labels")
    if labels is not None and not (labels.isascii() and labels.isdigit()):
        raise Refusal(BAD_REQUEST, f"labels must be a cursor, 0 at first, not {shown(labels)}")
    return Asked(
        answers=given.get("answers") == "1",
        cells=given.get("cells") == "1",
        labels=None if labels is None else int(labels),
    )


class CountsReport:
    """The document of one server process."""

    def __init__(self, metrics: ServerMetrics, monitor: Monitor | None = None) -> None:
        self._metrics = metrics
        self._monitor = monitor
        self._started = secrets.token_hex(8)

    def document(self, answers: Sequence[Entry] = (), wanted: Asked = NOTHING_MORE) -> bytes:
        """The counters of this moment, and of ``answers`` (newest first) as many as fit in ANSWERS_BYTES."""
        metrics, monitor = self._metrics, self._monitor
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
        if wanted.cells:
            document["cells"] = None if monitor is None else monitor.cells_document()
        if wanted.labels is not None:
            document["labels"] = None if monitor is None else monitor.labels_document(wanted.labels)
        return orjson.dumps(document)


def _fitting(answers: Sequence[Entry]) -> bytes:
    """The first of ``answers``, as many as are surely below the limit."""
    rows = [tuple(answer) for answer in answers]
    text = orjson.dumps(rows)
    while len(text) > ANSWERS_BYTES:
        rows = rows[: len(rows) * ANSWERS_BYTES // len(text)]
        text = orjson.dumps(rows)
    return text
