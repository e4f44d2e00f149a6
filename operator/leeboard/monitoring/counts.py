"""What a model server has counted since it started; the operator takes differences, so a restart loses nothing else.

The bounds of the duration buckets are part of the format: the server and the statistics read the same ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field

SCHEMA_VERSION = 1
DURATION_BOUNDS_SECONDS = (
    *(0.0005, 0.001, 0.002, 0.003, 0.005, 0.0075, 0.01, 0.015, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0),
)


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Inference requests: all that were answered, those of them answered 4xx and 5xx, and how many fell into each
    duration bucket (upper bounds as above, inclusive, and one more bucket for what is longer).
    """

    requests: int = 0
    client_errors: int = 0
    errors: int = 0
    durations: tuple[int, ...] = (0,) * (len(DURATION_BOUNDS_SECONDS) + 1)

    def __add__(self, other: RequestCounts) -> RequestCounts:
        pairs = zip(self.durations, other.durations, strict=True)
        return RequestCounts(
            self.requests + other.requests,
            self.client_errors + other.client_errors,
            self.errors + other.errors,
            tuple(one + two for one, two in pairs),
        )

    def __sub__(self, earlier: RequestCounts) -> RequestCounts:
        pairs = zip(self.durations, earlier.durations, strict=True)
        return RequestCounts(
            self.requests - earlier.requests,
            self.client_errors - earlier.client_errors,
            self.errors - earlier.errors,
            tuple(one - two for one, two in pairs),
        )


@dataclass(frozen=True, slots=True)
class Answer:
    """One prediction that a server remembers: the hash of the canonical input, and the outputs as a flat list."""

    input_hash: str
    outputs: tuple[float | str | bool | None, ...]


@dataclass(frozen=True, slots=True)
class PodCounts:
    """One pod's counters: cumulative since ``started`` (its process start, an opaque value that changes on restart).

    ``answers`` is the ring of its last predictions, empty unless it was asked for.
    """

    pod: str
    revision: str
    started: str
    counts: RequestCounts
    answers: tuple[Answer, ...] = field(default=())
