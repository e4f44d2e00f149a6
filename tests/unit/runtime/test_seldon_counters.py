"""What the wrapper is told of requests: the series that the operator reads from Prometheus."""

from leeboard.adapters.prometheus_counts import counts_of
from leeboard.monitoring.counts import PodCounts
from leeboard_seldon.counters import Counters

LABELS = {"name": "loans", "version": "3", "revision": "abc"}
POD = {"metadata": {"name": "loans-1", "namespace": "team", "labels": {"leeboard.dev/revision": "abc"}}}


def test_the_operator_reads_the_series_of_the_wrapper_as_the_counts_of_a_pod() -> None:
    counters, kept = Counters(LABELS), dict[tuple[str, str], tuple[dict[str, str], float]]()
    counters.begin()

    for status, seconds in ((200, 0.004), (200, 0.0101), (400, 0.0001), (500, 120.0)):
        for item in counters.finished(status, seconds):
            _take(kept, item)
    series = [(labels, str(value)) for labels, value in kept.values()]
    counts = counts_of([POD], series, provider="main")["loans-1"]

    assert isinstance(counts, PodCounts)
    assert (counts.revision, counts.counts.requests) == ("abc", 4)
    assert (counts.counts.client_errors, counts.counts.errors) == (1, 1)
    assert [index for index, count in enumerate(counts.counts.durations) if count] == [0, 4, 7, 22]


def test_counting_begins_when_the_model_is_loaded() -> None:
    counters = Counters(LABELS)
    counters.finished(200, 1.0)
    counters.begin()

    told = {item["key"]: item["value"] for item in counters.finished(200, 0.5)}

    assert told["leeboard_server_request_duration_seconds_count"] == 1.0
    assert told["leeboard_server_request_duration_seconds_sum"] == 0.5


def _take(kept: dict[tuple[str, str], tuple[dict[str, str], float]], item: dict[str, object]) -> None:
    """What the wrapper keeps of one entry: counters added up, gauges replaced, counters' names ending in _total."""
    tags, value, name = item["tags"], item["value"], str(item["key"])
    assert isinstance(tags, dict)
    assert isinstance(value, int | float)
    if item["type"] == "COUNTER":
        name = f"{name}_total"
    key = (name, str(sorted(tags.items())))
    before = kept[key][1] if key in kept and item["type"] == "COUNTER" else 0
    kept[key] = ({**tags, "pod": "loans-1", "__name__": name}, before + value)
