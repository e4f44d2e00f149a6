"""`leeboard-runtime fetch` against a real MLflow server."""

import http.server
import json
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from leeboard_runtime.digest import measure
from tests.integration.mlflow_server import MlflowServer
from tests.integration.runtime.serving import Ended, command_environment, run

pytestmark = pytest.mark.integration
REGISTERED = "fetched"

LOG = """
import sys, mlflow

model = mlflow.pyfunc.load_model(sys.argv[1])
mlflow.set_experiment("fetch")
with mlflow.start_run():
    info = mlflow.sklearn.log_model(
        mlflow.sklearn.load_model(sys.argv[1]),
        name="model", signature=model.metadata.signature, input_example=model.input_example,
        pip_requirements=sys.argv[2].split(","), registered_model_name=sys.argv[3],
    )
print("URI", info.model_uri)
"""


@dataclass(frozen=True, slots=True)
class Tracking:
    """A real MLflow server with one registered model."""

    uri: str
    model_uri: str
    artifacts: Path


@pytest.fixture(scope="module")
def tracking(mlflow_server: MlflowServer, models: Path, tmp_path_factory: pytest.TempPathFactory) -> Tracking:
    folder = tmp_path_factory.mktemp("logging")
    logged = log_model(mlflow_server.uri, models / "linear", folder, requirements="scikit-learn==1.7.2")
    return Tracking(mlflow_server.uri, logged, mlflow_server.folder / "artifacts")


def log_model(uri: str, model: Path, folder: Path, *, requirements: str) -> str:
    """Log a copy of a saved model, register it, and return the logged model's URI."""
    environment = command_environment(folder, MLFLOW_TRACKING_URI=uri, PYTHONWARNINGS="ignore")
    done = subprocess.run(
        [sys.executable, "-c", LOG, str(model), requirements, REGISTERED],
        env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return next(line.split()[1] for line in done.stdout.splitlines() if line.startswith("URI"))


def fetch(tracking_uri: str, model_uri: str, folder: Path, *options: str) -> Ended:
    return run(
        ["fetch", "--model-uri", model_uri, "--destination", str(folder / "model"), *options],
        folder,
        MLFLOW_TRACKING_URI=tracking_uri,
        MLFLOW_HTTP_REQUEST_MAX_RETRIES="0",
    )


def test_a_logged_model_arrives_with_its_digest(tracking: Tracking, tmp_path: Path) -> None:
    ended = fetch(tracking.uri, tracking.model_uri, tmp_path, "--compare-requirements")
    content = measure(tmp_path / "model")
    assert ended.code == 0, ended.errors
    assert ended.message == {"digest": content.digest, "bytes": content.size_bytes, "warnings": []}
    assert (tmp_path / "model" / "MLmodel").is_file()
    assert not (tmp_path / "model" / ".leeboard-download").exists()


def test_a_registered_version_has_the_digest_of_its_logged_model(tracking: Tracking, tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    logged = fetch(tracking.uri, tracking.model_uri, tmp_path / "a")
    registered = fetch(tracking.uri, f"models:/{REGISTERED}/1", tmp_path, "--digest", logged.message["digest"])
    assert (registered.code, registered.message["digest"]) == (0, logged.message["digest"])


def test_another_digest_is_refused_and_nothing_is_left_to_serve(tracking: Tracking, tmp_path: Path) -> None:
    ended = fetch(tracking.uri, tracking.model_uri, tmp_path, "--digest", "sha256:" + "0" * 64)
    assert (ended.code, ended.message["reason"]) == (2, "DigestMismatch")
    assert "expected sha256:000" in ended.message["message"]
    assert not (tmp_path / "model" / "MLmodel").exists()


def test_a_complete_destination_is_reused_without_the_server(tracking: Tracking, tmp_path: Path) -> None:
    first = fetch(tracking.uri, tracking.model_uri, tmp_path)
    again = fetch("http://127.0.0.1:9", tracking.model_uri, tmp_path, "--digest", first.message["digest"])
    assert (again.code, again.message) == (0, first.message)


@pytest.mark.parametrize("damage", ["a changed file", "a missing mark", "a file too many", "half a download"])
def test_a_destination_that_is_not_complete_is_fetched_again(damage: str, tracking: Tracking, tmp_path: Path) -> None:
    first = fetch(tracking.uri, tracking.model_uri, tmp_path)
    model = tmp_path / "model"
    match damage:
        case "a changed file":
            (model / "MLmodel").write_text("flavors: {}")
        case "a missing mark":
            (model / ".leeboard-complete").unlink()
        case "a file too many":
            (model / "extra").write_text("x")
        case _:
            shutil.rmtree(model)
            (model / ".leeboard-download" / "model").mkdir(parents=True)
            (model / ".leeboard-download" / "model" / "part").write_text("x")
    again = fetch(tracking.uri, tracking.model_uri, tmp_path)
    assert (again.code, again.message) == (0, first.message)
    assert measure(model).digest == first.message["digest"]


def test_files_that_changed_in_the_store_are_found(tracking: Tracking, models: Path, tmp_path: Path) -> None:
    uri = log_model(tracking.uri, models / "linear", tmp_path, requirements="scikit-learn==1.7.2")
    recorded = fetch(tracking.uri, uri, tmp_path).message["digest"]
    folder = next(tracking.artifacts.rglob(uri.removeprefix("models:/")))
    requirements = next(folder.rglob("requirements.txt"))
    requirements.write_text("evil==1.0\n")
    (tmp_path / "later").mkdir()
    ended = fetch(tracking.uri, uri, tmp_path / "later", "--digest", recorded)
    assert (ended.code, ended.message["reason"]) == (2, "DigestMismatch")


@pytest.mark.parametrize(
    "uri", ["models:/m-0123456789abcdef0123456789abcdef", f"models:/{REGISTERED}/99", "runs:/abc/model"]
)
def test_a_model_that_is_not_there_is_permanent(uri: str, tracking: Tracking, tmp_path: Path) -> None:
    ended = fetch(tracking.uri, uri, tmp_path)
    assert (ended.code, ended.message["reason"]) == (2, "ModelNotFound")


def test_a_server_that_does_not_answer_is_transient(tmp_path: Path) -> None:
    ended = fetch("http://user:secret@127.0.0.1:9", f"models:/{REGISTERED}/1", tmp_path)
    assert (ended.code, ended.message["reason"]) == (75, "TrackingUnavailable")


def test_credentials_in_the_servers_address_are_never_told(tmp_path: Path) -> None:
    ended = fetch("http://user:secret@127.0.0.1:9", f"models:/{REGISTERED}/1", tmp_path)
    assert "secret" not in json.dumps(ended.message)


@pytest.mark.parametrize(("status", "code", "reason"), [(503, 75, "TrackingUnavailable"), (403, 2, "AccessDenied")])
def test_what_a_server_answers_decides_whether_to_try_again(  # noqa: PLR0917 - cases and fixtures
    status: int, code: int, reason: str, tmp_path: Path
) -> None:
    with answering(status) as uri:
        ended = fetch(uri, f"models:/{REGISTERED}/1", tmp_path)
    assert (ended.code, ended.message["reason"]) == (code, reason)


@contextmanager
def answering(status: int) -> Iterator[str]:
    """A server that answers everything with one status."""

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize(
    ("requirements", "code", "told"),
    [
        ("scikit-learn==1.6.0", 2, "scikit-learn==1.6.0 made the model"),
        ("scikit-learn==1.7.2,numpy==1.26.4", 0, "numpy==1.26.4"),
    ],
    ids=["the flavour's library differs", "another library differs"],
)
def test_requirements_are_compared_before_anything_is_loaded(  # noqa: PLR0917 - cases and fixtures
    requirements: str, code: int, told: str, tracking: Tracking, models: Path, tmp_path: Path
) -> None:
    uri = log_model(tracking.uri, models / "linear", tmp_path, requirements=requirements)
    ended = fetch(tracking.uri, uri, tmp_path, "--compare-requirements")
    assert (ended.code, told in json.dumps(ended.message)) == (code, True), ended.message
    assert ended.message.get("reason") == ("RequirementsMismatch" if code else None)


def test_a_destination_that_cannot_be_written_is_told(tracking: Tracking, tmp_path: Path) -> None:
    (tmp_path / "model").write_text("a file, no folder")
    ended = fetch(tracking.uri, tracking.model_uri, tmp_path)
    assert (ended.code, ended.message["reason"]) == (2, "DestinationUnusable")
