"""MLflow's entities as facts, and its filter language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from leeboard.errors import PermanentError
from leeboard.planning.facts import LoggedModel, RegisteredModel, RegisteredVersion, Run, RunStatus

if TYPE_CHECKING:
    from mlflow import entities
    from mlflow.entities import model_registry


def tag_filter(tags: Mapping[str, str]) -> str:
    """A filter for objects that carry all of ``tags``; raises PermanentError for a value that cannot be quoted."""
    return " AND ".join(f"tags.`{name}` = {quoted(value)}" for name, value in sorted(tags.items()))


def quoted(value: str) -> str:
    """A string literal of the filter language, which knows no escapes: either quote may stand inside the other."""
    if "'" not in value:
        return f"'{value}'"
    if '"' not in value:
        return f'"{value}"'
    raise PermanentError("MLflow's filters cannot express a value with both kinds of quotes")


def run_of(run: entities.Run) -> Run:
    """The fact of a run, its metrics sorted by name."""
    metrics = tuple(sorted((name, repr(value)) for name, value in run.data.metrics.items()))
    return Run(
        id=run.info.run_id,
        experiment_id=run.info.experiment_id,
        status=RunStatus(run.info.status),
        tags=dict(run.data.tags),
        metrics=metrics,
        parameters=frozenset(run.data.params),
    )


def logged_model_of(model: entities.LoggedModel) -> LoggedModel:
    """The fact of a logged model."""
    return LoggedModel(
        id=model.model_id, name=model.name or "", status=str(model.status), artifact_uri=model.artifact_location
    )


def registered_model_of(model: model_registry.RegisteredModel) -> RegisteredModel:
    """The fact of a registered model."""
    return RegisteredModel(name=model.name, tags=dict(model.tags))


def version_of(version: model_registry.ModelVersion) -> RegisteredVersion:
    """The fact of a version."""
    return RegisteredVersion(
        model=version.name,
        version=str(version.version),
        run_id=version.run_id or "",
        source=version.source or "",
        tags=dict(version.tags),
    )
