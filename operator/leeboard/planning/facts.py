"""Facts as the reconcile loop observed them: frozen, and with "unknown" as a value of its own."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from leeboard.api.resource import Manifest


@dataclass(frozen=True, slots=True)
class Unknown:
    """A fact that could not be observed; never to be read as absent, zero, false or healthy."""

    why: str


class RunStatus(StrEnum):
    """MLflow's run states."""

    RUNNING = "RUNNING"
    SCHEDULED = "SCHEDULED"
    FINISHED = "FINISHED"
    FAILED = "FAILED"
    KILLED = "KILLED"


@dataclass(frozen=True, slots=True)
class Run:
    """An MLflow run."""

    id: str
    experiment_id: str
    status: RunStatus
    tags: dict[str, str] = field(default_factory=dict)
    metrics: tuple[tuple[str, str], ...] = ()  # latest values as strings, sorted by name
    parameters: frozenset[str] = frozenset()  # names


@dataclass(frozen=True, slots=True)
class LoggedModel:
    """An MLflow logged model; only ``status`` READY may be registered."""

    id: str
    name: str
    status: str
    artifact_uri: str = ""

    @property
    def is_ready(self) -> bool:
        """Whether its upload is complete."""
        return self.status == "READY"

    @property
    def uri(self) -> str:
        """``models:/<id>``."""
        return f"models:/{self.id}"


@dataclass(frozen=True, slots=True)
class RegisteredModel:
    """An MLflow registered model."""

    name: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegisteredVersion:
    """A version of an MLflow registered model."""

    model: str
    version: str
    run_id: str
    source: str
    tags: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rejection:
    """A write of the last pass that the API server refused: 422 invalid, 403 denied, 409 the name is taken."""

    code: int
    message: str
    kind: str
    name: str
    generation: int


@dataclass(frozen=True, slots=True)
class PodLog:
    """The end of one container's log."""

    pod: str
    container: str
    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Children:
    """The resource's children of one kind by the cache; complete, or the fact is Unknown instead."""

    items: tuple[Manifest, ...] = ()

    def named(self, name: str) -> Manifest | None:
        """The child of that name."""
        return next((item for item in self.items if item["metadata"]["name"] == name), None)
