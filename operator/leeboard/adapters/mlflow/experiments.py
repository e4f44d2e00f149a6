"""Experiments by name: looked up once, made when missing, brought back when somebody deleted them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from leeboard.adapters.mlflow.calls import EXISTS

if TYPE_CHECKING:
    from mlflow import MlflowClient


class Experiments:
    """Ids by name; used from the calls' threads, where a lost race only costs a second look."""

    def __init__(self) -> None:
        self._ids: dict[str, str] = {}

    def find(self, client: MlflowClient, name: str) -> str | None:
        """The experiment's id, None when it does not exist or is deleted."""
        known = self._ids.get(name)
        if known is not None:
            return known
        experiment = client.get_experiment_by_name(name)
        if experiment is None or experiment.lifecycle_stage != "active":
            return None
        self._ids[name] = experiment.experiment_id
        return self._ids[name]

    def ensure(self, client: MlflowClient, name: str) -> str:
        """The experiment's id; it exists and is active afterwards."""
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - see calls.py

        if name in self._ids:
            return self._ids[name]
        # Not looked up first: whoever opens a run has just searched the experiment and found none.
        try:
            self._ids[name] = client.create_experiment(name)
        except MlflowException as error:
            if error.error_code not in EXISTS:
                raise
            experiment = client.get_experiment_by_name(name)
            if experiment.lifecycle_stage != "active":
                client.restore_experiment(experiment.experiment_id)
            self._ids[name] = experiment.experiment_id
        return self._ids[name]

    def forget(self, name: str) -> None:
        """What was known of it is no longer true."""
        self._ids.pop(name, None)
