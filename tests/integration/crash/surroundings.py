"""What reacts to the operator's objects in a cluster: kubelet, training scripts, and the controllers of Kubernetes.

It looks again and again at all namespaces of the sweep, in one thread, and does the one next thing for each object:

    Job of a training        pod runs ─> (the operator has said so) the script logs a model ─> pod and Job end
    Job of a fingerprint     pod prints its record and ends ─> the Job ends
    Job of a profile         pod says what it kept and ends ─> the Job ends
    Deployment               as many ready pods as it asks for
    Service                  an EndpointSlice of the pods that it selects
    HTTPRoute                its gateway accepts it

Every reaction can be repeated, and none looks at whether an operator is alive.
"""

import hashlib
import json
import threading
from collections.abc import Iterator
from typing import Any, Self

import httpx

from tests.integration.crash.kubelet import NODE, LogServer
from tests.integration.crash.place import RUNS
from tests.integration.crash.wire import Manifest, Wire
from tests.support.builders_version import DIGEST, record
from tests.unit.planning.inference_service.builders import START

MOMENT = START.strftime("%Y-%m-%dT%H:%M:%SZ")
OURS = "app.kubernetes.io/managed-by=leeboard"
COUNTS = {"bytes": 20000, "rows": 8000, "features": 7, "monitored": 7}
INTERVAL_SECONDS = 0.1
READY = {"type": "Ready", "status": "True"}


class Surroundings:
    """A context manager: inside, the world reacts."""

    def __init__(self, wire: Wire, kubelet: LogServer, tracking_uri: str) -> None:
        self._wire = wire
        self._kubelet = kubelet
        self._mlflow = httpx.Client(base_url=f"{tracking_uri}/api/2.0/mlflow", timeout=30, trust_env=False)
        self._trained: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._react_for_ever, daemon=True)
        self.error: BaseException | None = None

    def __enter__(self) -> Self:
        self._wire.create("nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": NODE}})
        self._wire.merge("nodes", f"{NODE}/status", namespace="", change={"status": self._kubelet.node_status()})
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()
        self._mlflow.close()

    def _react_for_ever(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            try:
                self._react()
            except BaseException as error:  # noqa: BLE001 - shown by whoever waits
                self.error = error
                return

    def _react(self) -> None:
        pods = {key(pod): pod for pod in self._ours("pods")}
        for job in self._ours("jobs"):
            if not (job.get("status") or {}).get("conditions"):
                self._run(job, pods.get(key(job)))
        self._scale(pods)
        self._route(list(pods.values()))
        for route in self._ours("httproutes"):
            self._accept(route)

    def _ours(self, plural: str) -> list[Manifest]:
        """What operators made in these tests' own namespaces: others' tests leave things behind on the same server."""
        found = self._wire.list(plural, selector=OURS)
        return [item for item in found if item["metadata"]["namespace"].startswith(f"{RUNS}-")]

    def _run(self, job: Manifest, pod: Manifest | None) -> None:
        """One step of a Job's life."""
        if pod is None:
            self._start_pod(job, job["metadata"]["name"], ready=False)
        elif "leeboard.dev/task" in job["metadata"]["labels"]:
            self._profile(job, pod)
        elif job["metadata"]["labels"]["leeboard.dev/kind"] == "ModelVersion":
            self._fingerprint(job, pod)
        elif self._is_told(job):
            self._train(job, pod)

    def _is_told(self, job: Manifest) -> bool:
        """Whether the operator has said that the pod runs: what happens before is the same in every life."""
        metadata = job["metadata"]
        owner = self._wire.find(
            "trainingjobs", metadata["labels"]["leeboard.dev/owner"], namespace=metadata["namespace"]
        )
        return owner is not None and owner.get("status", {}).get("phase") == "Running"

    def _train(self, job: Manifest, pod: Manifest) -> None:
        """The script's whole work; a training whose parameter ``fails`` is set ends with exit code 1."""
        (container,) = job["spec"]["template"]["spec"]["containers"]
        told = {item["name"]: item["value"] for item in container["env"]}
        name, fails = pod["metadata"]["name"], "fails" in told
        if name not in self._trained:
            self._kubelet.logs[name] = "reading the table\n"
            self._script(told["MLFLOW_RUN_ID"], told["MLFLOW_EXPERIMENT_ID"], fails=fails)
            self._trained.add(name)
        terminated = {"exitCode": int(fails), "reason": "Error" if fails else "Completed", "finishedAt": MOMENT}
        self._end_pod(pod, "Failed" if fails else "Succeeded", {"train": terminated})
        self._end_job(job, "Failed" if fails else "Complete")

    def _script(self, run: str, experiment: str, *, fails: bool) -> None:
        """What ``log_metric``, ``log_text``, ``log_model`` and the end of ``start_run`` send."""
        if not fails:
            self._log_reference(run)
            self._post("runs/log-metric", run_id=run, key="accuracy", value=0.9, timestamp=1)
            made = self._post("logged-models", experiment_id=experiment, name="model", source_run_id=run)
            model = made["model"]["info"]["model_id"]
            ready = {"model_id": model, "status": "LOGGED_MODEL_READY"}
            self._mlflow.patch(f"/logged-models/{model}", json=ready).raise_for_status()
        self._post("runs/update", run_id=run, status="FAILED" if fails else "FINISHED", end_time=1)

    def _log_reference(self, run: str) -> None:
        found = self._mlflow.get("/runs/get", params={"run_id": run}).raise_for_status().json()
        path = found["run"]["info"]["artifact_uri"].partition("mlflow-artifacts:/")[2]
        url = self._mlflow.base_url.join(f"/api/2.0/mlflow-artifacts/artifacts/{path}/reference.csv")
        self._mlflow.put(url, content=b"income\n1\n").raise_for_status()

    def _post(self, what: str, **content: object) -> dict[str, Any]:
        return dict(self._mlflow.post(f"/{what}", json=content).raise_for_status().json())

    def _fingerprint(self, job: Manifest, pod: Manifest) -> None:
        """Fetch and fingerprint containers as they end, and the record in the log."""
        text = record()
        self._kubelet.logs[pod["metadata"]["name"]] = f"LEEBOARD-FINGERPRINT {text}\n"
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        said = {"fetch": {"digest": DIGEST}, "fingerprint": {"recordSHA256": sha256}}
        ended = {
            name: {"exitCode": 0, "reason": "Completed", "message": json.dumps(message), "finishedAt": MOMENT}
            for name, message in said.items()
        }
        self._end_pod(pod, "Succeeded", ended)
        self._end_job(job, "Complete")

    def _profile(self, job: Manifest, pod: Manifest) -> None:
        """All four containers as they end, and what the last one says that it kept."""
        run = next(item for item in pod["spec"]["containers"][0]["args"] if item.startswith("--run-id="))
        kept = {"uri": f"runs:/{run.removeprefix('--run-id=')}/leeboard/profile-1.json", "digest": DIGEST, **COUNTS}
        said = {"reference": {}, "fetch": {"digest": DIGEST}, "profile": {}, "upload": kept}
        ended = {
            name: {"exitCode": 0, "reason": "Completed", "message": json.dumps(message), "finishedAt": MOMENT}
            for name, message in said.items()
        }
        self._end_pod(pod, "Succeeded", ended)
        self._end_job(job, "Complete")

    def _end_pod(self, pod: Manifest, phase: str, terminated: dict[str, Manifest]) -> None:
        spec, statuses = pod["spec"], {}
        for field in ("initContainers", "containers"):
            statuses[f"{field.removesuffix('s')}Statuses"] = [
                {**container_status(item), "state": {"terminated": terminated[item["name"]]}}
                for item in spec.get(field) or ()
                if item["name"] in terminated
            ]
        change = {"status": {"phase": phase, "conditions": [], **statuses}}
        metadata = pod["metadata"]
        self._wire.merge("pods", f"{metadata['name']}/status", namespace=metadata["namespace"], change=change)

    def _end_job(self, job: Manifest, condition: str) -> None:
        """What the Job controller says."""
        before = "SuccessCriteriaMet" if condition == "Complete" else "FailureTarget"
        reason = "CompletionsReached" if condition == "Complete" else "BackoffLimitExceeded"
        conditions = [
            {"type": type_, "status": "True", "reason": reason, "message": "", "lastTransitionTime": MOMENT}
            for type_ in (before, condition)
        ]
        status: Manifest = {"startTime": MOMENT, "conditions": conditions}
        status |= {"succeeded": 1, "completionTime": MOMENT} if condition == "Complete" else {"failed": 1}
        metadata = job["metadata"]
        change = {"status": status}
        self._wire.merge("jobs", f"{metadata['name']}/status", namespace=metadata["namespace"], change=change)

    def _scale(self, pods: dict[tuple[str, str], Manifest]) -> None:
        """Pods of every Deployment, and its status."""
        wanted: set[tuple[str, str]] = set()
        for deployment in self._ours("deployments"):
            metadata, replicas = deployment["metadata"], deployment["spec"]["replicas"]
            names = [f"{metadata['name']}-{number}" for number in range(replicas)]
            wanted |= {(metadata["namespace"], name) for name in names}
            for name in names:
                if (metadata["namespace"], name) not in pods:
                    self._start_pod(deployment, name, ready=True)
            self._report(deployment)
        for (namespace, name), pod in pods.items():
            if pod["metadata"]["labels"]["leeboard.dev/kind"] == "InferenceService" and (namespace, name) not in wanted:
                self._wire.delete("pods", name, namespace=namespace)

    def _report(self, deployment: Manifest) -> None:
        metadata, replicas = deployment["metadata"], deployment["spec"]["replicas"]
        counts = dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), replicas)
        status = {"observedGeneration": metadata["generation"], **counts}
        if not status.items() <= (deployment.get("status") or {}).items():
            name = f"{metadata['name']}/status"
            self._wire.merge("deployments", name, namespace=metadata["namespace"], change={"status": status})

    def _start_pod(self, owner: Manifest, name: str, *, ready: bool) -> None:
        """A pod of the owner's template, whose containers run."""
        template, namespace = owner["spec"]["template"], owner["metadata"]["namespace"]
        metadata = {**template["metadata"], "name": name, "namespace": namespace}
        metadata = {field: value for field, value in metadata.items() if value is not None}
        spec = {**template["spec"], "nodeName": NODE}
        self._wire.create("pods", {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": spec})
        running = [
            {**container_status(item), "state": {"running": {"startedAt": MOMENT}}} for item in spec["containers"]
        ]
        status = {"phase": "Running", "containerStatuses": running, "conditions": [READY] if ready else []}
        self._wire.merge("pods", f"{name}/status", namespace=namespace, change={"status": status})

    def _route(self, pods: list[Manifest]) -> None:
        """The EndpointSlice of every Service."""
        slices = {key(item): item for item in self._ours("endpointslices")}
        for service in self._ours("services"):
            endpoints = list(endpoints_of(service, pods))
            live = slices.get(key(service))
            if live is None:
                self._wire.create("endpointslices", slice_of(service, endpoints))
            elif [item["targetRef"]["uid"] for item in live.get("endpoints") or ()] != [
                item["targetRef"]["uid"] for item in endpoints
            ]:
                name, namespace = service["metadata"]["name"], service["metadata"]["namespace"]
                self._wire.merge("endpointslices", name, namespace=namespace, change={"endpoints": endpoints})

    def _accept(self, route: Manifest) -> None:
        """What a gateway's controller says of a route at its generation."""
        metadata = route["metadata"]
        known = (route.get("status") or {}).get("parents") or ()
        seen = {item["observedGeneration"] for parent in known for item in parent["conditions"]}
        if seen == {metadata["generation"]}:
            return
        said = {"status": "True", "observedGeneration": metadata["generation"], "lastTransitionTime": MOMENT}
        conditions = [
            {"type": "Accepted", "reason": "Accepted", "message": "", **said},
            {"type": "ResolvedRefs", "reason": "ResolvedRefs", "message": "", **said},
        ]
        parents = [
            {"parentRef": parent, "controllerName": "leeboard.dev/test", "conditions": conditions}
            for parent in route["spec"]["parentRefs"]
        ]
        name = f"{metadata['name']}/status"
        self._wire.merge("httproutes", name, namespace=metadata["namespace"], change={"status": {"parents": parents}})


def key(item: Manifest) -> tuple[str, str]:
    """Namespace and name."""
    return item["metadata"]["namespace"], item["metadata"]["name"]


def container_status(container: Manifest) -> Manifest:
    """What every container's status has."""
    return {"name": container["name"], "image": container["image"], "imageID": "", "ready": True, "restartCount": 0}


def endpoints_of(service: Manifest, pods: list[Manifest]) -> Iterator[Manifest]:
    """The pods that a Service selects, as endpoints."""
    chosen = service["spec"]["selector"].items()
    for pod in pods:
        metadata = pod["metadata"]
        if metadata["namespace"] == service["metadata"]["namespace"] and chosen <= metadata["labels"].items():
            target = {
                "kind": "Pod",
                "name": metadata["name"],
                "namespace": metadata["namespace"],
                "uid": metadata["uid"],
            }
            yield {"addresses": ["10.0.0.1"], "conditions": {"ready": True}, "targetRef": target}


def slice_of(service: Manifest, endpoints: list[Manifest]) -> Manifest:
    """The EndpointSlice of a Service."""
    metadata = service["metadata"]
    labels = {**metadata["labels"], "kubernetes.io/service-name": metadata["name"]}
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": metadata["name"], "namespace": metadata["namespace"], "labels": labels},
        "addressType": "IPv4",
        "ports": [{"name": "http", "port": 8080}],
        "endpoints": endpoints,
    }
