"""What a plan may ask of MLflow, as values; the loop carries them out and the next pass observes what came of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from leeboard.planning.facts import RunStatus


@dataclass(frozen=True, slots=True)
class OpenRun:
    """Create a run with ``tags`` and ``parameters`` in the experiment of that name (made when missing)."""

    experiment: str
    name: str
    tags: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogParameters:
    """Give a run parameters that it lacks; the same value again is no change, another one is refused."""

    run_id: str
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class CloseRun:
    """Set ``tags`` on a run, then its final status: the tags prove that it was closed by us and not by a script."""

    run_id: str
    status: RunStatus
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class UploadText:
    """Store a small text as the run's artifact; written again with the same content it changes nothing."""

    run_id: str
    path: str
    text: str


@dataclass(frozen=True, slots=True)
class ClaimModel:
    """Create the registered model with ``tags``, or give an existing one those that it lacks; what it says stays."""

    model: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegisterVersion:
    """Create a version of ``model`` from ``source`` (``models:/<id>``) with its tags in the same transaction."""

    model: str
    source: str
    run_id: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TagVersion:
    """Set tags on a version."""

    model: str
    version: str
    tags: dict[str, str] = field(default_factory=dict)


Action = OpenRun | LogParameters | CloseRun | UploadText | ClaimModel | RegisterVersion | TagVersion
