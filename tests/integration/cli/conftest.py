"""The command line as people run it: a process, a kubeconfig, a real API server; the test answers as the operator."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest

from leeboard.api.verbs import REQUEST, Asked
from tests.cluster.api import ApiServer

ROOT = Path(__file__).parents[3]
SERVICES = "/apis/leeboard.dev/v1alpha1/namespaces/{}/inferenceservices"
RBAC = "/apis/rbac.authorization.k8s.io/v1/namespaces/{}/{}"
SECONDS = 60


class Rest(Protocol):
    """What tests do at the API server, of the run's fixture ``api``."""

    server: ApiServer
    rest: Any

    def get(self, path: str) -> dict[str, Any]:
        """One object."""
        ...

    def create(self, path: str, manifest: Mapping[str, object]) -> dict[str, Any]:
        """A new object."""
        ...


@pytest.fixture(scope="session", autouse=True)
def interruptible() -> Iterator[None]:
    """A job in a shell's background ignores SIGINT, and so would all that it starts."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended, and what it said."""

    code: int
    output: str
    errors: str


@dataclass(slots=True)
class CommandLine:
    """``leeboard`` of one person in one namespace."""

    kubeconfig: Path
    namespace: str
    running: list[subprocess.Popen[str]] = field(default_factory=list)

    def start(self, *words: str) -> subprocess.Popen[str]:
        """A command that runs; stopped at the end of the test."""
        environment = os.environ | {"KUBECONFIG": str(self.kubeconfig), "PYTHONPATH": f"{ROOT / 'operator'}"}
        command = [sys.executable, "-m", "leeboard", *words, "-n", self.namespace]
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, env=environment, stdout=pipe, stderr=pipe, text=True)
        self.running.append(process)
        return process

    def run(self, *words: str) -> Ended:
        """A command and its end."""
        return ended(self.start(*words))


def ended(process: subprocess.Popen[str]) -> Ended:
    """The end of a command."""
    output, errors = process.communicate(timeout=SECONDS)
    return Ended(process.returncode, output, errors)


@dataclass(frozen=True, slots=True)
class Services:
    """Services of one namespace, and the operator's part in them."""

    api: Rest
    namespace: str

    def make(self, name: str = "loans", status: Mapping[str, object] | None = None) -> None:
        """A service that the operator has seen, version 7 serving."""
        self.api.create(
            SERVICES.format(self.namespace),
            {
                "apiVersion": "leeboard.dev/v1alpha1",
                "kind": "InferenceService",
                "metadata": {"name": name, "namespace": self.namespace},
                "spec": {"model": {"name": name, "version": "7"}},
            },
        )
        self.report(name, {"observedGeneration": 1, "stable": revision(7, name=name)} | dict(status or {}))

    def get(self, name: str = "loans") -> dict[str, Any]:
        """A service as it stands."""
        return self.api.get(f"{SERVICES.format(self.namespace)}/{name}")

    def report(self, name: str, fields: Mapping[str, object]) -> None:
        """Write fields of the status, as the operator does."""
        live = self.get(name)
        live["status"] = live.get("status", {}) | dict(fields)
        self.api.rest.replace(f"{SERVICES.format(self.namespace)}/{name}/status", live)

    def asked(self, name: str = "loans") -> Asked | None:
        """The request that stands on a service."""
        return Asked.parse(self.get(name)["metadata"].get("annotations", {}).get(REQUEST, ""))

    def answer(self, asked: Asked, outcome: str, message: str) -> None:
        """Consume a request."""
        said = {"id": asked.id, "verb": asked.verb, "revision": asked.revision, "outcome": outcome, "message": message}
        self.report("loans", {"request": said | {"by": "leeboard-admin", "at": "2026-11-21T16:00:00Z"}})


def revision(number: int, *, name: str = "loans") -> dict[str, Any]:
    """A revision as the operator reports it."""
    return {
        "name": f"{name}-{number}",
        "modelVersion": f"{name}-v{number}",
        "version": str(number),
        "digest": f"sha256:{'0' * 64}",
        "deployment": f"{name}-{number}",
        "image": "runtime:1",
        "templateHash": "1",
        "replicas": 1,
        "readyReplicas": 1,
        "since": "2026-11-21T15:00:00Z",
    }


@pytest.fixture
def services(api: Rest, namespace: str) -> Services:
    """Services in the test's namespace."""
    return Services(api, namespace)


@pytest.fixture
def leeboard(api: Rest, namespace: str) -> Iterator[CommandLine]:
    """The administrator's command line."""
    line = CommandLine(api.server.kubeconfig, namespace)
    yield line
    for process in line.running:
        if process.poll() is None:
            process.kill()
            process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()


def may(api: Rest, namespace: str, user: str, *, verbs: tuple[str, ...]) -> CommandLine:
    """The command line of somebody who may do ``verbs`` with services of one namespace."""
    rule = {"apiGroups": ["leeboard.dev"], "resources": ["inferenceservices"], "verbs": list(verbs)}
    group = "rbac.authorization.k8s.io"
    metadata = {"name": user, "namespace": namespace}
    role = {"apiVersion": f"{group}/v1", "kind": "Role", "metadata": metadata, "rules": [rule]}
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "RoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": group, "kind": "Role", "name": user},
        "subjects": [{"apiGroup": group, "kind": "User", "name": user}],
    }
    api.create(RBAC.format(namespace, "roles"), role)
    api.create(RBAC.format(namespace, "rolebindings"), binding)
    return CommandLine(api.server.kubeconfig_for(user), namespace)
