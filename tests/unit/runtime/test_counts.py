"""The document that the operator reads."""

import json
import time

import pytest

from leeboard.monitoring import counts as format_
from leeboard_runtime.answers import Entry
from leeboard_runtime.counts import ANSWERS_BYTES, SCHEMA_VERSION, Asked, CountsReport, asked
from leeboard_runtime.errors import Refusal
from leeboard_runtime.metrics import DURATION_BOUNDS_SECONDS, ServerMetrics
from leeboard_runtime.monitor import Declared, Monitor
from tests.unit.runtime.counted import PROFILE


def test_both_sides_mean_the_same_format() -> None:
    assert SCHEMA_VERSION == format_.SCHEMA_VERSION
    assert DURATION_BOUNDS_SECONDS == format_.DURATION_BOUNDS_SECONDS


def test_it_says_who_counted_and_what() -> None:
    metrics = ServerMetrics("car-loan", "3", "r3")
    for status, seconds in ((200, 0.004), (200, 100.0), (404, 0.0001), (503, 0.0001)):
        metrics.finished(status, seconds)

    document = json.loads(CountsReport(metrics).document())

    started = document.pop("started")
    durations = document.pop("durations")
    assert len(started) == 16
    assert document == {
        "schema": 1,
        "name": "car-loan",
        "version": "3",
        "revision": "r3",
        "requests": {"2xx": 2, "4xx": 1, "5xx": 1},
        "answers": [],
    }
    assert durations["bounds"] == list(DURATION_BOUNDS_SECONDS)
    assert [(index, count) for index, count in enumerate(durations["counts"]) if count] == [(0, 2), (4, 1), (22, 1)]


def test_another_process_says_another_start() -> None:
    metrics = ServerMetrics("car-loan", "3", "r3")
    one, other = CountsReport(metrics), CountsReport(metrics)
    starts = [json.loads(report.document())["started"] for report in (one, one, other)]
    assert starts[0] == starts[1] != starts[2]


def test_of_many_answers_the_newest_are_told_and_a_nan_is_null() -> None:
    entries = [Entry(f"{number:016x}", [float("nan"), "x" * 200]) for number in range(5000)]

    body = CountsReport(ServerMetrics("car-loan", "3", "r3")).document(entries)

    told = json.loads(body)["answers"]
    assert told[0] == ["0" * 16, [None, "x" * 200]]
    assert 1000 < len(told) < 5000
    assert len(body) < ANSWERS_BYTES + 4096


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        (b"", Asked()),
        (b"answers=1", Asked(answers=True)),
        (b"cells=1&labels=17", Asked(cells=True, labels=17)),
        (b"answers=0&cells=0&labels=0", Asked(labels=0)),
    ],
)
def test_a_reader_says_what_it_wants(query: bytes, wanted: Asked) -> None:
    assert asked(query) == wanted


@pytest.mark.parametrize("query", [b"cell=1", b"cells=yes", b"answers=", b"labels=-1", b"labels=", b"labels=%D9%A1"])
def test_a_query_that_is_wrong_is_named(query: bytes) -> None:
    with pytest.raises(Refusal, match=query.split(b"=", maxsplit=1)[0].decode()):
        asked(query)


def test_cells_and_labels_are_there_when_asked_for_and_null_where_there_are_none() -> None:
    metrics = ServerMetrics("car-loan", "3", "r3")
    wanted = Asked(cells=True, labels=0)
    plain = json.loads(CountsReport(metrics).document((), wanted))
    monitor = Monitor(Declared(PROFILE), tokens=None, clock=time.time)
    counted = json.loads(CountsReport(metrics, monitor).document((), wanted))

    assert (plain["cells"], plain["labels"]) == (None, None)
    assert (counted["cells"]["profile"], counted["cells"]["rows"], counted["labels"]) == (PROFILE.digest, 0, None)
