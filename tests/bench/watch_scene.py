"""A fleet that is watched: services, versions, pods and profiles, all of them told apart by a number."""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256

import numpy as np

from leeboard.api.names import API_VERSION, Kind, owner_labels
from leeboard.api.resource import Manifest
from leeboard.monitoring.cells import Cells
from tests.support.profiles import Reference, Rows, reference_of

FEATURES = 30
PODS = 2
NAMESPACE = "fleet"
REVISION = "r1"
_VERSION = b'"version": "3"'


@cache
def reference() -> Reference:
    """Thirty numeric features, a score, two classes, 120 blocks."""
    return reference_of(_rows(np.random.default_rng(1), 12_000))


@cache
def a_second() -> Cells:
    """What a pod counts between two polls."""
    return reference().window(_rows(np.random.default_rng(2), 200))


def _rows(random: np.random.Generator, rows: int) -> Rows:
    score = random.random(rows)
    columns = {f"feature_{place}": random.normal(size=rows) for place in range(FEATURES)}
    return Rows(columns, score=score, predicted=(score > 0.5).astype(int))


@cache
def _document() -> bytes:
    return json.dumps(reference().document).encode()


def profile_bytes(number: int) -> bytes:
    """The profile of a service's version, of which no two are equal."""
    return _document().replace(_VERSION, b'"version": "%d"' % number)


def digest(number: int) -> str:
    """Of these bytes."""
    return f"sha256:{sha256(profile_bytes(number)).hexdigest()}"


def name_of(number: int) -> str:
    """A service."""
    return f"service-{number:04d}"


def service(number: int, *, period: str) -> Manifest:
    """One that serves."""
    return {
        "apiVersion": API_VERSION,
        "kind": Kind.INFERENCE_SERVICE.value,
        "metadata": _metadata(name_of(number), f"service-{number}"),
        "spec": {
            "model": {"name": name_of(number)},
            "server": {"runtime": "MLflow"},
            "monitoring": {"window": {"period": period, "qualityPeriod": "1h" if period.endswith("h") else period}},
        },
        "status": {"stable": {"name": REVISION, "modelVersion": f"{name_of(number)}-v1"}},
    }


def version(number: int, found: str) -> Manifest:
    """Its version, whose profile has that digest."""
    profile = {"uri": f"runs:/{number}/leeboard/profile.json", "digest": found}
    metadata = _metadata(f"{name_of(number)}-v1", f"version-{number}")
    return {"apiVersion": API_VERSION, "kind": "ModelVersion", "metadata": metadata, "status": {"profile": profile}}


def pod(number: int, place: int, port: int) -> Manifest:
    """One of its pods."""
    labels = owner_labels(Kind.INFERENCE_SERVICE, name=name_of(number), uid=f"service-{number}")
    metadata = _metadata(f"{name_of(number)}-{place}", f"pod-{number}-{place}")
    ports = [{"name": "metrics", "containerPort": port}]
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "labels": {**labels, "leeboard.dev/revision": REVISION}},
        "spec": {"containers": [{"name": "server", "ports": ports}]},
        "status": {"phase": "Running", "podIP": "127.0.0.1"},
    }


def _metadata(name: str, uid: str) -> Manifest:
    return {"name": name, "namespace": NAMESPACE, "uid": uid, "resourceVersion": "1"}
