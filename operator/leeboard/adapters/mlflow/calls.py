"""Blocking calls to MLflow from coroutines: bounded threads, one translation of errors, one place that counts."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from types import ModuleType
from typing import TYPE_CHECKING, TypeVar, cast

import requests

from leeboard.adapters.mlflow.breaker import CircuitBreaker
from leeboard.errors import PermanentError, TrackingUnavailable
from leeboard.metrics import Metrics

if TYPE_CHECKING:
    from mlflow import MlflowClient

THREADS = 8
REQUEST_SECONDS = 10
RETRIES = 1
CALL_SECONDS = 45.0
MISSING = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND", "ENDPOINT_NOT_FOUND"})
EXISTS = frozenset({"RESOURCE_ALREADY_EXISTS", "ALREADY_EXISTS"})
_TRANSIENT = frozenset(
    {
        "INTERNAL_ERROR",
        "TEMPORARILY_UNAVAILABLE",
        "DEADLINE_EXCEEDED",
        "REQUEST_LIMIT_EXCEEDED",
        "RESOURCE_EXHAUSTED",
        "ABORTED",
        "CANCELLED",
        "UNAUTHENTICATED",
        "CUSTOMER_UNAUTHORIZED",
        "PERMISSION_DENIED",
    }
)
_ENVIRONMENT = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": str(REQUEST_SECONDS),
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": str(RETRIES),
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_POOL_MAXSIZE": str(THREADS),
    "MLFLOW_SUPPRESS_PRINTING_URL_TO_STDOUT": "true",
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
# Before every request MLflow looks for a Databricks notebook by imports that fail, a third of a call's CPU. None in
# sys.modules makes them fail at once.
_NEVER_INSTALLED = ("dbruntime", "IPython", "pyspark")
T = TypeVar("T")


class TrackingError(PermanentError):
    """MLflow refused a call for good; ``code`` is its error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"MLflow: {code}: {message}")
        self.code = code


class Calls:
    """Runs blocking functions of one ``MlflowClient``."""

    def __init__(self, tracking_uri: str, metrics: Metrics, *, steady: Callable[[], float]) -> None:
        self._tracking_uri = tracking_uri
        self._metrics = metrics
        self._steady = steady
        self._threads = ThreadPoolExecutor(max_workers=THREADS, thread_name_prefix="mlflow")
        self._breaker = CircuitBreaker(steady=steady)
        self._client: MlflowClient | None = None

    async def warm_up(self) -> None:
        """Load the library, which takes seconds, before the first key needs it."""
        await asyncio.get_running_loop().run_in_executor(self._threads, self._client_of_process)

    async def call(self, name: str, function: Callable[[MlflowClient], T]) -> T:
        """The result of ``function`` on a thread; raises TrackingUnavailable or TrackingError."""
        self._breaker.check()
        begun, outcome = self._steady(), "unavailable"
        try:
            async with asyncio.timeout(CALL_SECONDS):
                result = await asyncio.get_running_loop().run_in_executor(self._threads, self._run, function)
            outcome = "ok"
        except (TrackingUnavailable, TimeoutError) as error:
            self._breaker.failed()
            raise TrackingUnavailable(str(error) or f"MLflow did not answer within {CALL_SECONDS:.0f} s") from error
        except TrackingError as error:
            outcome = error.code
            self._breaker.succeeded()
            raise
        except asyncio.CancelledError:
            self._breaker.abandoned()
            raise
        finally:
            self._metrics.tracking.labels(name, outcome).observe(self._steady() - begun)
        self._breaker.succeeded()
        return result

    def close(self) -> None:
        """Let no further call start; those under way end by their time-outs."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _run(self, function: Callable[[MlflowClient], T]) -> T:
        # The import takes a second, so it happens on the thread that first needs it.
        from mlflow.exceptions import MlflowException  # noqa: PLC0415 - see above

        try:
            return function(self._client_of_process())
        except MlflowException as error:
            if error.error_code in _TRANSIENT:
                raise TrackingUnavailable(f"MLflow: {error.error_code}: {_first_line(error)}") from error
            raise TrackingError(str(error.error_code), _first_line(error)) from error
        except (requests.RequestException, OSError) as error:
            raise TrackingUnavailable(f"MLflow: {_first_line(error)}") from error

    def _client_of_process(self) -> MlflowClient:
        if self._client is None:
            os.environ.update(_ENVIRONMENT)
            for absent in _NEVER_INSTALLED:
                sys.modules.setdefault(absent, cast("ModuleType", None))
            from mlflow import MlflowClient  # noqa: PLC0415 - after its environment is set

            self._client = MlflowClient(tracking_uri=self._tracking_uri, registry_uri=self._tracking_uri)
        return self._client


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:512]
