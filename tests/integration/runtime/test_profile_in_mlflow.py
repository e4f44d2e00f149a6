"""References come from where they are named; profiles are kept, and brought to servers. MLflow and the web are real."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from tests.integration.mlflow_server import MlflowServer
from tests.integration.runtime.serving import Ended, run

pytestmark = pytest.mark.integration

ROWS = b"a,b\n1,2\n"
DIGEST = f"sha256:{'d' * 64}"
PROFILE = {
    "schema": 1,
    "model": {"name": "car-loan", "version": "3", "digest": DIGEST},
    "reference": {"rows": 300},
    "features": [{"kind": "Numeric"}, {"kind": "NotMonitored"}],
}


@pytest.fixture(scope="module")
def run_id(mlflow_server: MlflowServer) -> str:
    """A run with the artifact reference.csv."""
    with httpx.Client(base_url=f"{mlflow_server.uri}/api/2.0", timeout=60, trust_env=False) as client:
        experiment = client.post("/mlflow/experiments/create", json={"name": "profiles"}).raise_for_status().json()
        made = client.post("/mlflow/runs/create", json={"experiment_id": experiment["experiment_id"]})
        info = made.raise_for_status().json()["run"]["info"]
        path = info["artifact_uri"].partition("mlflow-artifacts:/")[2]
        client.put(f"/mlflow-artifacts/artifacts/{path}/reference.csv", content=ROWS).raise_for_status()
    return str(info["run_id"])


@contextmanager
def website(status: int, content: bytes = b"") -> Iterator[tuple[str, list[dict[str, str]]]]:
    """A web server that answers everything so, and the headers that it was asked with."""
    seen: list[dict[str, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            del format, args

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/rows.csv", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def fetch_reference(uri: str, folder: Path, **environment: str) -> Ended:
    return run(
        ["fetch-reference", "--reference-uri", uri, "--reference", str(folder / "in" / "rows")], folder, **environment
    )


def test_a_reference_is_fetched_from_the_run(mlflow_server: MlflowServer, run_id: str, tmp_path: Path) -> None:
    ended = fetch_reference(f"runs:/{run_id}/reference.csv", tmp_path, MLFLOW_TRACKING_URI=mlflow_server.uri)

    assert ended.code == 0, ended.errors
    assert (tmp_path / "in" / "rows").read_bytes() == ROWS
    assert ended.message == {"digest": f"sha256:{hashlib.sha256(ROWS).hexdigest()}", "bytes": len(ROWS)}


def test_an_artifact_that_is_not_there_is_named(mlflow_server: MlflowServer, run_id: str, tmp_path: Path) -> None:
    ended = fetch_reference(f"runs:/{run_id}/other.csv", tmp_path, MLFLOW_TRACKING_URI=mlflow_server.uri)

    assert (ended.code, ended.message["reason"]) == (2, "ReferenceNotFound")
    assert "other.csv" in ended.message["message"]


def test_an_address_is_asked_without_the_credentials_of_mlflow(tmp_path: Path) -> None:
    secrets = {"MLFLOW_TRACKING_USERNAME": "ann", "MLFLOW_TRACKING_PASSWORD": "secret", "MLFLOW_TRACKING_TOKEN": "t"}
    with website(200, b"a\n1\n") as (uri, seen):
        ended = fetch_reference(uri, tmp_path, **secrets)

    assert (ended.code, (tmp_path / "in" / "rows").read_bytes()) == (0, b"a\n1\n")
    assert ["authorization" in headers for headers in seen] == [False]


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [
        (404, 2, "ReferenceNotFound"),
        (403, 2, "AccessDenied"),
        (418, 2, "ReferenceInvalid"),
        (503, 75, "TrackingUnavailable"),
    ],
)
def test_an_address_that_does_not_give_it(status: int, code: int, *, reason: str, tmp_path: Path) -> None:
    with website(status) as (uri, _):
        ended = fetch_reference(uri, tmp_path)

    assert (ended.code, ended.message["reason"]) == (code, reason)


@pytest.mark.parametrize("uri", ["file:///etc/passwd", "/etc/passwd", "models:/m-1", "ftp://data.example/a.csv"])
def test_other_kinds_of_address_are_refused(uri: str, tmp_path: Path) -> None:
    ended = fetch_reference(uri, tmp_path)

    assert (ended.code, ended.message["reason"]) == (2, "ReferenceInvalid")


def test_a_profile_is_kept_once_and_brought_verified(mlflow_server: MlflowServer, run_id: str, tmp_path: Path) -> None:
    path, environment = tmp_path / "profile.json", {"MLFLOW_TRACKING_URI": mlflow_server.uri}
    path.write_text(json.dumps(PROFILE))
    digest = f"sha256:{hashlib.sha256(path.read_bytes()).hexdigest()}"
    keep = partial(
        run, ["upload-profile", "--run-id", run_id, "--model-digest", DIGEST, "--profile", str(path)], tmp_path
    )

    first, second = keep(**environment), keep(**environment)

    uri = f"runs:/{run_id}/leeboard/profile-{digest[7:23]}.json"
    told = {"uri": uri, "digest": digest, "bytes": path.stat().st_size, "rows": 300, "features": 2, "monitored": 1}
    assert (first.code, first.message, second.message) == (0, told, told)
    brought = tmp_path / "pod" / "profile.json"
    fetch = ["fetch", "--profile-uri", uri, "--profile", str(brought), "--model-uri", "models:/m-none"]
    wrong = run([*fetch, "--profile-digest", DIGEST, "--destination", str(tmp_path / "model")], tmp_path, **environment)
    assert (wrong.code, wrong.message["reason"], brought.exists()) == (2, "DigestMismatch", False)
    right = run([*fetch, "--profile-digest", digest, "--destination", str(tmp_path / "model")], tmp_path, **environment)
    assert (right.message["reason"], brought.read_bytes()) == ("ModelNotFound", path.read_bytes())


def test_a_run_that_is_gone_cannot_keep_it(mlflow_server: MlflowServer, tmp_path: Path) -> None:
    path = tmp_path / "profile.json"
    path.write_text(json.dumps(PROFILE))
    options = ["--run-id", "0" * 32, "--model-digest", DIGEST, "--profile", str(path)]

    ended = run(["upload-profile", *options], tmp_path, MLFLOW_TRACKING_URI=mlflow_server.uri)

    assert (ended.code, ended.message["reason"]) == (2, "RunNotFound")
