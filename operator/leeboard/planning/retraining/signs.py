"""What the decision to train again is told: verdicts, data, people, and how the last training went."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from leeboard.api.retraining import Retraining
from leeboard.api.retraining_status import RetrainingStatus, TemplateMark, TrainingOutcome
from leeboard.planning.facts import Unknown


@dataclass(frozen=True, slots=True)
class Finding:
    """A verdict that speaks for a training: its name (the end of a window or a cohort), and its numbers."""

    key: str
    evidence: str


@dataclass(frozen=True, slots=True)
class NotYet:
    """No verdict can be given; what is needed, for example 613 more labels."""

    message: str


@dataclass(frozen=True, slots=True)
class Verdicts:
    """What monitoring says of the version that serves; None: looked at, and nothing found.

    ``veto`` is why the data must not be trained on, ``mismatch`` why the reference cannot be compared with.
    ``healthy_at`` is the end of the last window of this version that was judged and showed neither drift nor loss.
    """

    drift: Finding | Unknown | None = None
    performance: Finding | NotYet | Unknown | None = None
    veto: str | None = None
    mismatch: str | None = None
    healthy_at: str | None = None


class Candidate(StrEnum):
    """What became of the version that the last trigger brought."""

    PENDING = "Pending"  # not approved yet, or not yet offered to the rollout
    SERVES = "Serves"
    NOT_BETTER = "NotBetter"  # compared with the version that serves, and nobody approved it all the same
    REFUSED = "Refused"  # rejected, failed, or superseded: it will not serve by itself


@dataclass(frozen=True, slots=True)
class Training:
    """The TrainingJob of the last trigger as it was observed."""

    outcome: TrainingOutcome | None = None
    ended_at: str | None = None
    version: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """A person asks for a training."""

    id: str
    by: str


@dataclass(frozen=True, slots=True)
class Signs:
    """One observation.

    ``evaluation`` is how the candidate compares with the version that serves, empty while nobody knows.
    ``training`` is the TrainingJob that the last trigger names, None when there is none. ``marks`` tell by URI whether
    data have changed. ``data`` is the URI that the template reads, None when nobody can say whether that has changed.
    ``template`` is the template as it is now, None where nobody needs to know; ``is_template_only``: it does not train
    by itself.
    """

    verdicts: Verdicts | Unknown
    training: Training | Unknown | None = None
    candidate: Candidate | None = None
    evaluation: str = ""
    is_rolling_out: bool = False
    request: Request | None = None
    marks: Mapping[str, str | Unknown] = field(default_factory=dict)
    data: str | None = None
    template: TemplateMark | None = None
    is_template_only: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that a decision rests on."""

    spec: Retraining
    memory: RetrainingStatus
    signs: Signs
    now: datetime
