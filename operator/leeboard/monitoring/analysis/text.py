"""Evidence as JSON and back, exactly. Keys are short because the ConfigMap is written often."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from leeboard.monitoring.analysis.disagreement import DIGEST_CHARACTERS, Pairs
from leeboard.monitoring.analysis.evidence import Baseline, Evidence, Side
from leeboard.monitoring.analysis.states import state_from_json, state_to_json
from leeboard.monitoring.counts import DURATION_BOUNDS_SECONDS, RequestCounts

SCHEMA = 2
MAX_BYTES = 64 * 1024
_BUCKETS = len(DURATION_BOUNDS_SECONDS) + 1


def written(evidence: Evidence) -> str:
    """One line of JSON."""
    document = {
        "schema": SCHEMA,
        "canary": evidence.canary,
        "stable": evidence.stable,
        "began": evidence.began.isoformat(),
        "stepBegan": _moment(evidence.step_began),
        "polled": _moment(evidence.polled),
        "lost": evidence.lost,
        "ofCanary": _side(evidence.of_canary),
        "ofStable": _side(evidence.of_stable),
        "uncounted": evidence.uncounted,
        "pairs": [evidence.pairs.compared, evidence.pairs.unpaired, "".join(evidence.pairs.digests)],
        "checks": {name: state_to_json(state) for name, state in evidence.checks.items()},
        "pods": {
            name: [_revision(evidence, pod.revision), pod.started, pod.group, *_counts(pod.counts)]
            for name, pod in evidence.pods.items()
        },
    }
    return json.dumps(document, separators=(",", ":"))


def read(text: str) -> Evidence | None:
    """The evidence that ``written`` wrote; None for anything else."""
    try:
        document = json.loads(text)
        return _evidence(document) if document["schema"] == SCHEMA else None
    except (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError):
        return None


def _evidence(document: dict[str, Any]) -> Evidence:
    revisions = {0: str(document["stable"]), 1: str(document["canary"])}
    return Evidence(
        canary=str(document["canary"]),
        stable=str(document["stable"]),
        began=datetime.fromisoformat(document["began"]),
        step_began=_read_moment(document["stepBegan"]),
        polled=_read_moment(document["polled"]),
        lost=int(document["lost"]),
        uncounted=int(document["uncounted"]),
        pairs=_read_pairs(document["pairs"]),
        checks={name: state_from_json(state) for name, state in document["checks"].items()},
        of_canary=_read_side(document["ofCanary"]),
        of_stable=_read_side(document["ofStable"]),
        pods={
            name: Baseline(revisions[pod[0]], str(pod[1]), _read_counts(pod[3:]), int(pod[2]))
            for name, pod in document["pods"].items()
        },
    )


def _revision(evidence: Evidence, revision: str) -> int:
    return int(revision == evidence.canary)


def _read_pairs(pairs: list[Any]) -> Pairs:
    compared, unpaired, text = pairs
    digests = (text[start : start + DIGEST_CHARACTERS] for start in range(0, len(text), DIGEST_CHARACTERS))
    return Pairs(tuple(digests), int(compared), int(unpaired))


def _moment(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()


def _read_moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _counts(counts: RequestCounts) -> list[int]:
    """Requests, 4xx, 5xx and the durations without the zeros at their end."""
    durations = list(counts.durations)
    while durations and durations[-1] == 0:
        durations.pop()
    return [counts.requests, counts.client_errors, counts.errors, *durations]


def _read_counts(numbers: list[int]) -> RequestCounts:
    requests, client_errors, errors, *durations = (int(number) for number in numbers)
    return RequestCounts(requests, client_errors, errors, (*durations, *(0,) * (_BUCKETS - len(durations))))


def _side(side: Side) -> list[Any]:
    return [_counts(side.step), _counts(side.rollout), _moment(side.seen), _moment(side.busy)]


def _read_side(side: list[Any]) -> Side:
    return Side(_read_counts(side[0]), _read_counts(side[1]), _read_moment(side[2]), _read_moment(side[3]))
