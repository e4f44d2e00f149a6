"""The component that ``seldon-core-microservice`` runs: one MLflow model, from the directory that MODEL_PATH names.

Its files were verified by their digest before the container started. The wrapper calls ``load`` once in its worker,
``health_status`` when it is probed and ``predict_raw`` for each request; a message with a status code is an answer with
that code.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from threading import Thread
from typing import Any

import mlflow.pyfunc
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, ErrorCode
from mlflow.pyfunc import PyFuncModel

from leeboard_runtime.errors import PermanentFault, Reason
from leeboard_runtime.termination import write_fault
from leeboard_seldon.counters import Counters
from leeboard_seldon.payload import PayloadError, is_tensor, message_of, model_input

log = logging.getLogger("leeboard.seldon")

DEFAULT_PATH = "/mnt/model"
BOOT_ERROR = 3
"""By this exit code of a worker gunicorn knows that there is no use in starting another one, and ends."""


class MLflowModel:
    """One model; the wrapper makes it without arguments."""

    def __init__(self) -> None:
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        self._path = Path(os.environ.get("MODEL_PATH", DEFAULT_PATH))
        labels = {
            "name": os.environ.get("SELDON_DEPLOYMENT_ID", ""),
            "version": os.environ.get("MODEL_VERSION", ""),
            "revision": os.environ.get("PREDICTOR_ID", ""),
        }
        self._model: PyFuncModel | None = None
        self._counters = Counters(labels)

    def load(self) -> None:
        """Begin to load. The wrapper kills a worker that is busy longer than a request may take, and a model may take
        longer to load: so it is loaded beside the worker's loop, and ``health_status`` tells when it is there.
        """
        Thread(target=self._load_or_end, name="load", daemon=True).start()

    def health_status(self) -> str:
        """Whether requests are answered. Raises RuntimeError, which the wrapper answers with 500, until they are."""
        if self._model is None:
            raise RuntimeError("the model is not loaded yet")
        return "healthy"

    def _load_or_end(self) -> None:
        """Load the model and ask it once with its own example; one that does not serve ends the server."""
        try:
            model = mlflow.pyfunc.load_model(str(self._path), suppress_warnings=True)
            if model.metadata.saved_input_example_info:
                model.predict(model.metadata.load_input_example(str(self._path)))
        except Exception as error:
            log.exception("the model cannot be loaded or does not answer its own example")
            why = f"the model cannot be loaded or does not answer its own example: {type(error).__name__}: {error}"
            write_fault(PermanentFault(Reason.LOAD_FAILED, why))
            os._exit(BOOT_ERROR)
        self._counters.begin()
        self._model = model

    def predict_raw(self, message: object) -> dict[str, Any]:
        """The answer to one request, counted."""
        began = time.perf_counter()
        code, answer = self._answer(message)
        answer["meta"] = {"metrics": self._counters.finished(code, time.perf_counter() - began)}
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


def _refusal(code: int, reason: str, info: str) -> tuple[int, dict[str, Any]]:
    """A message without data."""
    return code, {"status": {"code": code, "reason": reason, "info": info, "status": "FAILURE"}}
