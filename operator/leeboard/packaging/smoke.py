"""``helm test``: trains a tiny model through the installed operator and waits until its version is Ready.

    python -m leeboard.packaging.smoke --namespace NAMESPACE --image IMAGE

Runs in a pod whose service account may create TrainingJobs in the namespace. Everything that it made in Kubernetes is
deleted again; the registered model stays in MLflow, one more version of it for each test.
"""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass

from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, ApiException, CustomObjectsApi

from leeboard.api.conditions import Condition, ConditionType, condition_of, is_true
from leeboard.api.names import API_VERSION, GROUP, VERSION, Kind, short_hash
from leeboard.api.resource import Manifest

REQUEST_SECONDS = 10.0
POLL_SECONDS = 1.0
NOT_FOUND = 404
SCRIPT = """\
import mlflow
import pandas
from sklearn.linear_model import LogisticRegression

rows = pandas.DataFrame({"x": [float(value) for value in range(20)]})
target = [int(value >= 10) for value in range(20)]
with mlflow.start_run():
    model = LogisticRegression().fit(rows, target)
    mlflow.log_metric("accuracy", model.score(rows, target))
    mlflow.sklearn.log_model(model, name="model", input_example=rows.head(2))
"""


@dataclass(frozen=True, slots=True)
class Options:
    """What the hook says: where to train, with which image, and for how long to wait."""

    namespace: str
    image: str
    pull_policy: str = "IfNotPresent"
    timeout_seconds: float = 240.0


class SmokeError(Exception):
    """The operator did not make a Ready ModelVersion; the message says what it said last."""


class Resources:
    """Our kinds in one namespace."""

    def __init__(self, api: CustomObjectsApi, namespace: str) -> None:
        self._api = api
        self._namespace = namespace

    async def create(self, kind: Kind, body: Manifest) -> str:
        """Create ``body`` and return its generated name."""
        made = await self._api.create_namespaced_custom_object(
            GROUP, VERSION, self._namespace, kind.plural, body, _request_timeout=REQUEST_SECONDS
        )
        return str(made["metadata"]["name"])

    async def get(self, kind: Kind, name: str) -> Manifest:
        """The live object."""
        found: Manifest = await self._api.get_namespaced_custom_object(
            GROUP, VERSION, self._namespace, kind.plural, name, _request_timeout=REQUEST_SECONDS
        )
        return found

    async def delete(self, kind: Kind, name: str) -> None:
        """Delete it, if it is there."""
        try:
            await self._api.delete_namespaced_custom_object(
                GROUP, VERSION, self._namespace, kind.plural, name, _request_timeout=REQUEST_SECONDS
            )
        except ApiException as error:
            if error.status != NOT_FOUND:
                raise


def training_job(options: Options) -> Manifest:
    """The TrainingJob: a model name of the namespace's own, because a registered model belongs to one namespace."""
    container = {
        "name": "train",
        "image": options.image,
        "imagePullPolicy": options.pull_policy,
        "command": ["python3", "-c", SCRIPT],
        "env": [{"name": "HOME", "value": "/tmp"}],  # noqa: S108 - an emptyDir of the pod
        "resources": {"requests": {"cpu": "100m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
        "volumeMounts": [{"name": "scratch", "mountPath": "/tmp"}],  # noqa: S108
    }
    pod = {
        "restartPolicy": "Never",
        "securityContext": {"runAsNonRoot": True, "runAsUser": 10001, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
        "volumes": [{"name": "scratch", "emptyDir": {}}],
    }
    return {
        "apiVersion": API_VERSION,
        "kind": Kind.TRAINING_JOB.value,
        "metadata": {"generateName": "smoke-test-", "namespace": options.namespace},
        "spec": {"model": f"smoke-test-{short_hash(options.namespace)}", "template": {"spec": pod}},
    }


async def train(resources: Resources, options: Options) -> str:
    """Train, wait for the Ready ModelVersion and return its name; deletes what it made, also after a failure.

    Raises SmokeError when the job or the version is stalled, or when the time is over.
    """
    job = await resources.create(Kind.TRAINING_JOB, training_job(options))
    made = [(Kind.TRAINING_JOB, job)]
    try:
        async with asyncio.timeout(options.timeout_seconds):
            ended = await _ready(resources, Kind.TRAINING_JOB, job)
            version = str(ended["status"]["modelVersion"]["name"])
            made.append((Kind.MODEL_VERSION, version))
            await _ready(resources, Kind.MODEL_VERSION, version)
            return version
    except TimeoutError as error:
        message = f"{made[-1][0]} {made[-1][1]} is not Ready after {options.timeout_seconds:.0f} s"
        raise SmokeError(message) from error
    finally:
        for kind, name in made:
            await resources.delete(kind, name)


async def _ready(resources: Resources, kind: Kind, name: str) -> Manifest:
    """The object once it is Ready; prints each condition when it flips."""
    said: set[str] = set()
    while True:
        found = await _get_if_there(resources, kind, name)
        conditions = tuple(Condition.model_validate(entry) for entry in found.get("status", {}).get("conditions", ()))
        lines = [
            f"{kind} {name}: {entry.type}={entry.status} {entry.reason} {entry.message}"
            for entry in conditions
            if entry.type != ConditionType.RECONCILING  # it says what Ready says
        ]
        sys.stdout.write("".join(f"{line}\n" for line in lines if line not in said))
        sys.stdout.flush()
        said.update(lines)
        if is_true(conditions, ConditionType.READY):
            return found
        stalled = condition_of(conditions, ConditionType.STALLED)
        if stalled is not None and is_true(conditions, ConditionType.STALLED):
            message = f"{kind} {name} is stalled: {stalled.reason}: {stalled.message}"
            raise SmokeError(message)
        await asyncio.sleep(POLL_SECONDS)


async def _get_if_there(resources: Resources, kind: Kind, name: str) -> Manifest:
    """The object, or an empty one while it does not exist: a job's status may name a version before it is made."""
    try:
        return await resources.get(kind, name)
    except ApiException as error:
        if error.status != NOT_FOUND:
            raise
        return {}


async def run(options: Options) -> str:
    """The whole test from within a pod; returns the name of the version that became Ready.

    SIGTERM cancels it, so that what it made is deleted: the first process of a container has no default for it.
    """
    config.load_incluster_config()
    if task := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
    async with ApiClient() as client:
        return await train(Resources(CustomObjectsApi(client), options.namespace), options)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit status: 0 when a version became Ready."""
    parser = argparse.ArgumentParser(prog="python -m leeboard.packaging.smoke", description="Train a tiny model.")
    parser.add_argument("--namespace", required=True, help="where to train; not the operator's namespace")
    parser.add_argument("--image", required=True, help="an image with MLflow and scikit-learn")
    parser.add_argument("--pull-policy", default="IfNotPresent")
    parser.add_argument("--timeout-seconds", type=float, default=240.0)
    try:
        version = asyncio.run(run(Options(**vars(parser.parse_args(arguments)))))
    except asyncio.CancelledError:
        sys.stdout.write("FAILED: stopped\n")
        return 1
    except SmokeError as failure:
        sys.stdout.write(f"FAILED: {failure}\n")
        return 1
    sys.stdout.write(f"PASSED: ModelVersion {version} was Ready\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
