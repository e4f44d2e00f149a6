"""MLflow's artifacts through its own client, with its errors as faults; whoever calls this knows credentials."""

from __future__ import annotations

import os
import re
from pathlib import Path

from leeboard_runtime.errors import PermanentFault, Reason, RuntimeFault, TransientFault

CLIENT_DEFAULTS = {
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_DISABLE_TELEMETRY": "true",
}
"""The client's own defaults block for many minutes; the kubelet retries better."""

MISSING = frozenset({"RESOURCE_DOES_NOT_EXIST", "NOT_FOUND", "INVALID_PARAMETER_VALUE"})
REFUSED = frozenset({"PERMISSION_DENIED", "UNAUTHENTICATED"})
CREDENTIALS = re.compile(r"://[^/@\s]*@")


def download(uri: str, folder: Path, *, missing: Reason) -> Path:
    """What is behind `uri`, below `folder`. Raises PermanentFault (`missing`, AccessDenied) and TransientFault."""
    set_defaults()
    import requests  # noqa: PLC0415 - the client is slow to import and reads the variables when it is
    from mlflow.artifacts import download_artifacts  # noqa: PLC0415
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    try:
        return Path(download_artifacts(artifact_uri=uri, dst_path=str(folder)))
    except MlflowException as error:
        raise fault_of(uri, error, missing=missing) from error
    except requests.RequestException as error:
        raise unavailable(uri, error) from error


def upload(file: Path, run_id: str, folder: str) -> None:
    """Keep `file` with a run, below `folder`. Raises PermanentFault (RunNotFound, AccessDenied) and TransientFault."""
    set_defaults()
    import requests  # noqa: PLC0415 - see above
    from mlflow import MlflowClient  # noqa: PLC0415
    from mlflow.exceptions import MlflowException  # noqa: PLC0415

    try:
        MlflowClient().log_artifact(run_id, str(file), folder)
    except MlflowException as error:
        raise fault_of(f"run {run_id}", error, missing=Reason.RUN_NOT_FOUND) from error
    except requests.RequestException as error:
        raise unavailable(f"run {run_id}", error) from error


def set_defaults() -> None:
    """Before the client is imported."""
    for variable, value in CLIENT_DEFAULTS.items():
        os.environ.setdefault(variable, value)


def fault_of(what: str, error: Exception, *, missing: Reason) -> RuntimeFault:
    """An error of MLflow's as a fault; what cannot be told apart may pass."""
    code = str(getattr(error, "error_code", ""))
    status = getattr(error, "get_http_status_code", lambda: 500)()
    text = without_credentials(f"{error}")
    if code in MISSING or " 404" in text:
        return PermanentFault(missing, f"{what} is not at the tracking server ({tracking()}): {text}")
    if code in REFUSED or status in {401, 403} or " 401" in text or " 403" in text:
        message = f"the tracking server ({tracking()}) refuses {what}: {text}; check its credentials"
        return PermanentFault(Reason.ACCESS_DENIED, message)
    return unavailable(what, error)


def unavailable(what: str, error: Exception) -> TransientFault:
    """It may work in a moment."""
    told = without_credentials(f"{type(error).__name__}: {error}")
    return TransientFault(Reason.TRACKING_UNAVAILABLE, f"{what} cannot be reached at {tracking()} now: {told}")


def tracking() -> str:
    """The tracking server, for messages."""
    return without_credentials(os.environ.get("MLFLOW_TRACKING_URI", "MLFLOW_TRACKING_URI is not set"))


def without_credentials(text: str) -> str:
    """The text without user and password of any address in it: messages end in the resource's status."""
    return CREDENTIALS.sub("://", text)
