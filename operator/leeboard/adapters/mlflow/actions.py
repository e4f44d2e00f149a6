"""What a plan may ask of MLflow, carried out; every one may be carried out again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeboard.adapters.mlflow.calls import EXISTS, MISSING
from leeboard.adapters.mlflow.experiments import Experiments
from leeboard.adapters.mlflow.values import tag_filter
from leeboard.api.names import Tag
from leeboard.planning.actions import (
    ClaimModel,
    CloseRun,
    LogParameters,
    OpenRun,
    RegisterVersion,
    TagVersion,
    UploadText,
)

if TYPE_CHECKING:
    from mlflow import MlflowClient

PARAMETERS_A_CALL = 100
MAX_PARAMETER = 6000
LOGGED_MODEL = "models:/"


def open_run(client: MlflowClient, experiments: Experiments, action: OpenRun) -> str:
    """Create the run with its tags in one request, then its parameters; the run's id.

    A crash between the two leaves a run without parameters: the planner sees it and has them logged.
    """
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - see calls.py

    experiment_id = experiments.ensure(client, action.experiment)
    try:
        run = client.create_run(experiment_id, tags=action.tags, run_name=action.name)
    except MlflowException as error:
        if error.error_code not in MISSING | {"INVALID_PARAMETER_VALUE"}:
            raise
        # The experiment was deleted since we looked it up.
        experiments.forget(action.experiment)
        run = client.create_run(experiments.ensure(client, action.experiment), tags=action.tags, run_name=action.name)
    run_id = str(run.info.run_id)
    log_parameters(client, LogParameters(run_id, action.parameters))
    return run_id


def log_parameters(client: MlflowClient, action: LogParameters) -> None:
    """Log them, a hundred in a request."""
    from mlflow.entities import Param  # noqa: PLC0415 - see calls.py

    parameters = [Param(name, value[:MAX_PARAMETER]) for name, value in sorted(action.parameters.items())]
    for first in range(0, len(parameters), PARAMETERS_A_CALL):
        client.log_batch(action.run_id, params=parameters[first : first + PARAMETERS_A_CALL])


def close_run(client: MlflowClient, action: CloseRun) -> None:
    """Set the tags, then the final status, which also sets the end time."""
    for name, value in sorted(action.tags.items()):
        client.set_tag(action.run_id, name, value)
    client.set_terminated(action.run_id, status=action.status.value)


def upload_text(client: MlflowClient, action: UploadText) -> None:
    """Store the text through the server's artifact proxy."""
    client.log_text(action.run_id, action.text, action.path)


def claim_model(client: MlflowClient, action: ClaimModel) -> None:
    """Create the registered model; one that exists gets the tags that it lacks, and keeps those that it has."""
    from mlflow.exceptions import MlflowException  # noqa: PLC0415 - see calls.py

    try:
        client.create_registered_model(action.model, tags=action.tags)
    except MlflowException as error:
        if error.error_code not in EXISTS:
            raise
        known = client.get_registered_model(action.model).tags
        for name, value in sorted(action.tags.items()):
            if name not in known:
                client.set_registered_model_tag(action.model, name, value)


def register_version(client: MlflowClient, action: RegisterVersion) -> None:
    """Create the version with its tags in one request, unless one with the same logged model and uid is there."""
    identity = {name.value: action.tags[name] for name in (Tag.UID, Tag.LOGGED_MODEL) if name in action.tags}
    if identity and client.search_model_versions(f"name = '{action.model}' AND {tag_filter(identity)}", max_results=1):
        return
    client.create_model_version(
        action.model,
        action.source,
        run_id=action.run_id,
        tags=action.tags,
        await_creation_for=0,
        model_id=action.source.removeprefix("models:/"),  # the server takes a logged model as source only with its id
    )


def tag_version(client: MlflowClient, action: TagVersion) -> None:
    """Set each tag."""
    for name, value in sorted(action.tags.items()):
        client.set_model_version_tag(action.model, action.version, name, value)
