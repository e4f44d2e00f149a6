"""A version beside the one that serves: a real API server, real models in MLflow, and the containers' own commands."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from leeboard.api.conditions import timestamp
from tests.cluster.rest import ApiError
from tests.integration.conftest import Api, StartOperator, eventually
from tests.integration.kinds.serving_world import MODEL, SERVICE, ServingWorld
from tests.integration.mlflow_server import MlflowServer
from tests.integration.runtime.serving import ROOT, command_environment, run
from tests.integration.runtime.test_profile import people
from tests.support.builders_version import NOW
from tests.unit.planning.inference_service.builders import a_version

pytestmark = pytest.mark.integration

TRAINED, LATER = 400, 900
Rival = dict[str, Any]


def later_rows() -> pd.DataFrame:
    """One row a minute: the first 400 are those of the time of training, one in ten has no label."""
    rows = people(TRAINED + LATER)
    rows["seen"] = pd.date_range("2031-01-01", periods=len(rows), freq="min").strftime("%Y-%m-%dT%H:%M:%SZ")
    return rows


@pytest.fixture(scope="module")
def rivals(mlflow_server: MlflowServer, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Rival]:
    """Both versions: where they are, and the digest of their files."""
    folder = tmp_path_factory.mktemp("rivals")
    environment = command_environment(
        folder, PYTHONPATH=f"{ROOT}:{ROOT / 'runtime'}", MLFLOW_TRACKING_URI=mlflow_server.uri, PYTHONWARNINGS="ignore"
    )
    command = [sys.executable, "-m", "tests.integration.runtime.rivals"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    found: dict[str, Rival] = json.loads(done.stdout.splitlines()[-1])
    for name, rival in found.items():
        fetch = ["fetch", "--model-uri", rival["modelURI"], "--destination", str(folder / name)]
        ended = run(fetch, folder, MLFLOW_TRACKING_URI=mlflow_server.uri)
        rival["folder"] = str(folder / name)
        rival["artifact"] = {"uri": rival["modelURI"], "digest": ended.message["digest"], "bytes": 1}
    return found


@pytest.fixture
def data(tmp_path: Path) -> Iterator[str]:
    """Where the rows are on the web."""
    folder = tmp_path / "web"
    folder.mkdir()
    rows = later_rows()
    rows.loc[rows.index % 10 == 0, "repaid"] = None
    rows.to_csv(folder / "later.csv", index=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(SimpleHTTPRequestHandler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/later.csv"
    server.shutdown()
    server.server_close()


class Contest(ServingWorld):
    """Version 1 serves; the test is the node on which the pod of the comparison runs."""

    def known(self, number: int, rival: Rival, **spec: object) -> None:
        """A version whose files and profile are known, and that is not approved yet when it has to be compared."""
        version = a_version(number, is_approved=not spec).to_json()
        name = f"{MODEL}-v{number}"
        source = {name: rival[name] for name in ("runID", "modelURI")}
        head = {"apiVersion": "leeboard.dev/v1alpha1", "kind": "ModelVersion"}
        manifest = {**head, "metadata": {"name": name, "namespace": self.namespace}}
        self.api.create(self.path("modelversions"), {**manifest, "spec": {**version["spec"], "source": source, **spec}})
        if spec:  # its operator says at once that MLflow knows no such version, and then nothing for a minute
            path = self.path("modelversions", name)
            eventually(lambda: self.api.get(path).get("status", {}).get("phase") == "Failed", what="a first look")
        profile = {"profile": rival["profile"]} if "profile" in rival else {}
        conditions = version["status"]["conditions"] if not spec else []
        gone = {"type": "ProfileReady", "status": "False", "reason": "NoReference", "observedGeneration": 1}
        conditions = [*conditions, *([] if profile else [{**gone, "lastTransitionTime": timestamp(NOW)}])]
        status = {**version["status"], "artifact": rival["artifact"], "conditions": conditions, **profile}
        eventually(lambda: self.latched(name, {**status, "observedGeneration": 1}), what=f"the status of {name}")

    def latched(self, name: str, status: dict[str, Any]) -> bool:
        path = self.path("modelversions", name)
        try:
            self.api.rest.replace(f"{path}/status", {**self.api.get(path), "status": status})
        except ApiError as error:
            if error.status != 409:  # the operator was faster
                raise
            return False
        return True

    def job(self) -> dict[str, Any] | None:
        """The Job of the comparison."""
        found = self.api.items(f"/apis/batch/v1/namespaces/{self.namespace}/jobs")
        assert len(found) < 2, found
        return {"apiVersion": "batch/v1", "kind": "Job", **found[0]} if found else None

    def run_pod(self, job: dict[str, Any], folder: Path, mlflow: MlflowServer) -> None:
        """Run its containers one after the other, each with the mounts that it asks for, and tell how they ended."""
        template = job["spec"]["template"]
        groups = {kind: [] for kind in ("initContainers", "containers")}  # type: dict[str, list[dict[str, Any]]]
        for kind, told in groups.items():
            for container in template["spec"][kind]:
                message = self._run(container, folder, mlflow)
                ended = {"exitCode": 0, "reason": "Completed", "message": message}
                about = {"name": container["name"], "image": "runtime", "imageID": "", "ready": False}
                told.append({**about, "restartCount": 0, "state": {"terminated": ended}})
        name = f"{job['metadata']['name']}-x"
        metadata = {**template["metadata"], "name": name, "namespace": self.namespace}
        path = self.path("pods", api="v1")
        pod = self.api.create(path, {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]})
        status = {
            "phase": "Succeeded",
            "initContainerStatuses": groups["initContainers"],
            "containerStatuses": groups["containers"],
        }
        self.api.rest.replace(f"{path}/{name}/status", {**pod, "status": status})
        conditions = [
            {"type": kind, "status": "True", "lastTransitionTime": timestamp(NOW)}
            for kind in ("SuccessCriteriaMet", "Complete")
        ]
        times = {"startTime": timestamp(NOW), "completionTime": timestamp(NOW)}
        job_path = f"/apis/batch/v1/namespaces/{self.namespace}/jobs/{job['metadata']['name']}/status"
        self.api.rest.replace(job_path, {**job, "status": {**times, "succeeded": 1, "conditions": conditions}})

    @staticmethod
    def _run(container: dict[str, Any], folder: Path, mlflow: MlflowServer) -> str:
        """A container with its own mounts, which knows MLflow only where its environment names it."""
        place, arguments = folder / container["name"], list(container["args"])
        place.mkdir(parents=True)
        for mount in container["volumeMounts"]:
            volume = folder / "volumes" / mount["name"]
            volume.mkdir(parents=True, exist_ok=True)
            path = f"={mount['mountPath']}"
            arguments = [argument.replace(f"{path}/", f"={volume}/") for argument in arguments]
            arguments = [
                f"{argument[: -len(path)]}={volume}" if argument.endswith(path) else argument for argument in arguments
            ]
        assert not [argument for argument in arguments if "=/mnt/" in argument], arguments
        knows_mlflow = any(item["name"] == "MLFLOW_TRACKING_URI" for item in container["env"])
        ended = run(arguments, place, **({"MLFLOW_TRACKING_URI": mlflow.uri} if knows_mlflow else {}))
        assert ended.code == 0, f"{container['name']}: {ended.errors}"
        message: str = (place / "termination").read_text()
        return message

    def about(self, kind: str) -> str:
        """``status/reason`` of a condition of version 2."""
        status = self.api.get(self.path("modelversions", f"{MODEL}-v2")).get("status", {})
        found = (item for item in status.get("conditions", []) if item["type"] == kind)
        return next((f"{item['status']}/{item['reason']}" for item in found), "")


def profiled(rival: Rival, folder: Path, mlflow: MlflowServer) -> Rival:
    """With a profile of the rows of its training, built and kept by the commands that do that."""
    later_rows()[:TRAINED].to_csv(folder / "reference.csv", index=False)
    digest, profile = rival["artifact"]["digest"], str(folder / "profile.json")
    subject = ["--model-name", MODEL, "--model-version", "2", "--model-digest", digest, "--model", rival["folder"]]
    rows = ["--reference", str(folder / "reference.csv"), "--source", "r.csv", "--time-column", "seen"]
    assert run(["profile", *subject, *rows, "--profile", profile], folder).code == 0
    upload = ["upload-profile", "--run-id", rival["runID"], "--model-digest", digest, "--profile", profile]
    return {**rival, "profile": run(upload, folder, MLFLOW_TRACKING_URI=mlflow.uri).message}


def test_a_version_that_answers_later_rows_better_is_approved_by_itself(
    api: Api, namespace: str, mlflow_server: MlflowServer, *,
    rivals: dict[str, Rival], data: str, tmp_path: Path, start_operator: StartOperator,
) -> None:  # fmt: skip
    world = Contest(api, namespace)
    world.known(1, rivals["worse"])
    first = start_operator()
    first.wait_until_leading()
    world.serve(replicas=1)
    world.playing_until(lambda: world.condition("Progressing") == "False/Settled", 1, what="version 1")
    evaluation = {"dataset": {"uri": data}, "target": "repaid", "timeColumn": "seen", "service": SERVICE}
    world.known(2, profiled(rivals["better"], tmp_path, mlflow_server), evaluation=evaluation)
    job = eventually(world.job, what="the Job of the comparison")
    assert (world.about("Better"), world.about("Approved")) == ("Unknown/Evaluating", "Unknown/WaitsForEvaluation")
    first.process.kill()
    first.process.wait()
    assert job is not None
    world.run_pod(job, tmp_path / "node", mlflow_server)

    start_operator().wait_until_leading()
    eventually(lambda: world.about("Better") == "True/Better", what="a verdict")

    eventually(lambda: world.about("Approved") == "True/Automatic", what="the approval")
    found = world.api.get(world.path("modelversions", f"{MODEL}-v2"))["status"]["evaluation"]
    assert found["after"] == "2031-01-01T06:39:00Z"
    assert (found["champion"], found["notLater"], found["unlabelled"], found["rows"]) == ("1", 400, 90, 810)
    assert sum(found["counts"].values()) == 810
    assert float(found["candidateValue"]) > 0.8 > float(found["championValue"])
    assert float(found["low"]) > 0
    inputs = (tmp_path / "node" / "volumes" / "inputs" / "rows").read_text().splitlines()
    assert inputs[0] == "age,income,visits,seen"
    assert world.job() is not None  # one only, see there
