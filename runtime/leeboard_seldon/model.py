"""The component that ``seldon-core-microservice`` runs: one MLflow model, from the directory that MODEL_PATH names.

Its files were verified by their digest before the container started. The wrapper calls ``load`` once in its worker,
then ``predict_raw`` for each request; a message with a status code is an answer with that code.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

import mlflow.pyfunc
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, ErrorCode
from mlflow.pyfunc import PyFuncModel

from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.termination import write_fault
from leeboard_seldon.payload import PayloadError, is_tensor, message_of, model_input

log = logging.getLogger("leeboard.seldon")

DEFAULT_PATH = "/mnt/model"
REQUESTS = "leeboard_server_requests"
DURATION = "leeboard_server_request_duration_seconds"
"""The names under which the built-in server counts, so that one query reads both."""


class MLflowModel:
    """One model; the wrapper makes it without arguments."""

    def __init__(self) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        self._path = Path(os.environ.get("MODEL_PATH", DEFAULT_PATH))
        self._labels = {
            "name": os.environ.get("SELDON_DEPLOYMENT_ID", ""),
            "version": os.environ.get("MODEL_VERSION", ""),
        }
        self._model: PyFuncModel | None = None

    def load(self) -> None:
        """Load the model and ask it once with its own example. Raises RuntimeError, which ends the server."""
        try:
            model = mlflow.pyfunc.load_model(str(self._path), suppress_warnings=True)
            if model.metadata.saved_input_example_info:
                model.predict(model.metadata.load_input_example(str(self._path)))
        except Exception as error:
            # The wrapper takes an AttributeError for a component without load, and would serve without a model.
            why = f"the model cannot be loaded or does not answer its own example: {type(error).__name__}: {error}"
            write_fault(PermanentFault(Reason.LOAD_FAILED, why))
            raise RuntimeError(why) from error
        self._model = model

    def predict_raw(self, message: object) -> dict[str, Any]:
        """The answer to one request, counted."""
        began = time.perf_counter()
        code, answer = self._answer(message)
        answer["meta"] = {"metrics": self._counted(code, milliseconds=(time.perf_counter() - began) * 1000)}
        return answer

    def _answer(self, message: object) -> tuple[int, dict[str, Any]]:
        """Status code and message."""
        if self._model is None:
            return _refusal(503, "MODEL_NOT_LOADED", "the model is not loaded yet")
        try:
            rows = model_input(message, self._model.metadata.get_input_schema())
            return 200, message_of(self._model.predict(rows), as_tensor=is_tensor(message))
        except PayloadError as error:
            return _refusal(400, "MICROSERVICE_BAD_DATA", str(error))
        except MlflowException as error:
            if error.error_code == ErrorCode.Name(INVALID_PARAMETER_VALUE):
                return _refusal(400, "MICROSERVICE_BAD_DATA", error.message)
            return self._broken(error)
        except Exception as error:  # noqa: BLE001 - whatever the model raises is an answer
            return self._broken(error)

    def _broken(self, error: Exception) -> tuple[int, dict[str, Any]]:
        """The model itself failed."""
        log.error("the model failed", exc_info=error)
        return _refusal(500, "MICROSERVICE_INTERNAL_ERROR", f"the model raised {type(error).__name__}: {error}")

    def _counted(self, code: int, *, milliseconds: float) -> list[dict[str, Any]]:
        """One request, for the wrapper's own metrics; each entry with labels of its own, since the wrapper adds one."""
        tags = {**self._labels, "code": f"{code // 100}xx"}
        return [
            {"type": "COUNTER", "key": REQUESTS, "value": 1, "tags": tags},
            {"type": "TIMER", "key": DURATION, "value": milliseconds, "tags": {**self._labels}},
        ]


def _refusal(code: int, reason: str, info: str) -> tuple[int, dict[str, Any]]:
    """A message without data."""
    return code, {"status": {"code": code, "reason": reason, "info": info, "status": "FAILURE"}}
