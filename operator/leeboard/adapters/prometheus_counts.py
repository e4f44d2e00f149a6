"""Model servers' counters as Prometheus has them: the same numbers, pod by pod, that the pods tell themselves.

A scrape must leave the labels ``namespace`` and ``pod`` on each series, as the usual ones do; ``name``, ``revision``,
``code`` and ``le`` are the server's own. All series of a pod come from one scrape, so they fit together.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from leeboard.api.names import Label
from leeboard.api.resource import Manifest
from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS, PodCounts, RequestCounts
from leeboard.planning.facts import Unknown

REQUESTS = "leeboard_server_requests_total"
BUCKETS = "leeboard_server_request_duration_seconds_bucket"
STARTED = "leeboard_server_start_time_seconds"
Series = tuple[Mapping[str, str], str]
"""Labels and value, as the API tells them."""


def query_for(pods: Sequence[Manifest]) -> str:
    """One instant query for everything that the pods of one service count."""
    labels = pods[0]["metadata"].get("labels") or {}
    revisions = sorted({_label(pod, Label.REVISION) for pod in pods})
    chosen = {
        "namespace": pods[0]["metadata"]["namespace"],
        "name": labels.get(Label.OWNER, ""),
    }
    equal = ",".join(f"{name}={json.dumps(value)}" for name, value in chosen.items())
    return f'{{__name__=~"{REQUESTS}|{BUCKETS}|{STARTED}",{equal},revision=~{json.dumps("|".join(revisions))}}}'


def counts_of(
    pods: Sequence[Manifest], series: Iterable[Series], *, provider: str
) -> Mapping[str, PodCounts | Unknown]:
    """By pod; one whose series are not complete, or there twice, is Unknown."""
    found: dict[tuple[str, str], dict[tuple[str, str], str]] = defaultdict(dict)
    twice: set[str] = set()
    for labels, value in series:
        server, name = (labels.get("pod", ""), labels.get("revision", "")), labels.get("__name__", "")
        parts = {REQUESTS: labels.get("code", ""), BUCKETS: _bound(labels.get("le", "")), STARTED: ""}
        if name not in parts:
            continue
        key = (name, parts[name])
        if key in found[server]:
            twice.add(server[0])
        found[server][key] = value
    answers: dict[str, PodCounts | Unknown] = {}
    for pod in pods:
        name = pod["metadata"]["name"]
        counts = None if name in twice else _counts(found[name, _label(pod, Label.REVISION)], pod)
        reason = "is scraped more than once" if name in twice else "has series that are missing or do not fit together"
        answers[name] = counts or Unknown(f"{provider}: pod {name} {reason}")
    return answers


def _counts(found: Mapping[tuple[str, str], str], pod: Manifest) -> PodCounts | None:
    """Of one pod; None where one of its series is missing or makes no sense."""
    try:
        started = found[STARTED, ""]
        of_code = {code: _whole(found[REQUESTS, code]) for code in ("2xx", "4xx", "5xx")}
        bounds = [*(str(bound) for bound in DURATION_BOUNDS_SECONDS), "inf"]
        running = [_whole(found[BUCKETS, bound]) for bound in bounds]
    except (KeyError, ValueError):
        return None
    durations = [after - before for before, after in zip([0, *running[:-1]], running, strict=True)]
    total = sum(of_code.values())
    if min(durations) < 0 or running[-1] != total:
        return None
    counts = RequestCounts(total, of_code["4xx"], of_code["5xx"], tuple(durations))
    return PodCounts(pod["metadata"]["name"], _label(pod, Label.REVISION), f"prometheus/{started}", counts)


def _bound(text: str) -> str:
    """A bucket's bound in one spelling: 1 and 1.0 are told by different releases."""
    try:
        return str(float(text))
    except ValueError:
        return text


def _whole(text: str) -> int:
    value = float(text)
    if value < 0 or value != int(value):
        raise ValueError(text)
    return int(value)


def _label(pod: Manifest, label: Label) -> str:
    return str((pod["metadata"].get("labels") or {}).get(label, ""))
