"""Which logged model is the result: exactly one READY one, or the newest READY one of the name that the spec gives."""

from __future__ import annotations

from leeboard.api.training_job import Result
from leeboard.planning.facts import LoggedModel

MAX_LISTED = 10


def select(models: tuple[LoggedModel, ...], result: Result | None) -> LoggedModel | str:
    """The result among ``models`` (oldest first), or the fault as a sentence with the candidates and the next step.

    A model whose upload did not end (PENDING) or failed is never the result: MLflow links it to the run all the same.
    """
    ready = [model for model in models if model.is_ready]
    if result is not None:
        named = [model for model in ready if model.name == result.model_name]
        return named[-1] if named else f"the run holds no READY model named {result.model_name}: {_listed(models)}."
    if len(ready) == 1:
        return ready[0]
    if ready:
        return (
            f"the run holds {len(ready)} READY models: {_listed(tuple(ready))}. "
            "Next: say which one counts in spec.result.modelName, or log one."
        )
    return (
        f"the script ended well but its run holds no READY model: {_listed(models)}. "
        "Next: call mlflow.<flavour>.log_model within the first mlflow.start_run() of the script."
    )


def _listed(models: tuple[LoggedModel, ...]) -> str:
    """Candidates by name, state and id."""
    if not models:
        return "it logged none"
    listed = ", ".join(f"{model.name} ({model.status}, {model.id})" for model in models[:MAX_LISTED])
    more = len(models) - MAX_LISTED
    return f"{listed} and {more} more" if more > 0 else listed
