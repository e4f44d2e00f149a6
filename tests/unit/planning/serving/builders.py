"""Version 3 of car-loan, as service ``loans`` serves it by a runtime."""

from __future__ import annotations

from leeboard.api.inference_service import InferenceService, InferenceServiceSpec, ModelChoice, Revision
from leeboard.api.model_version import Artifact, Fingerprint
from leeboard.api.resource import Manifest, Metadata
from leeboard.api.serving import Server
from leeboard.planning.defaults import Defaults
from leeboard.planning.serving import RUNTIMES, Served

DEFAULTS = Defaults(
    cluster="test", runtime_image="runtime:1", tracking_uri="http://mlflow:5000", seldon_image="seldon:1"
)
DIGEST = f"sha256:{7:064x}"
LABELS = {"leeboard.dev/uid": "uid-1", "leeboard.dev/revision": "abc"}


def a_server(runtime: str, template: Manifest | None = None, **fields: object) -> Server:
    """The server part of a spec, in the API's names."""
    return Server.model_validate({"runtime": runtime, "template": template, **fields})


def served(server: Server, *, defaults: Defaults = DEFAULTS) -> Served:
    """What a pod template is made from; the version was fingerprinted in an image that it does not fit."""
    model = ModelChoice(name="car-loan", follow="Approved")
    service = InferenceService(
        metadata=Metadata(name="loans", namespace="team", uid="uid-1"),
        spec=InferenceServiceSpec(model=model, server=server),
    )
    revision = Revision(
        name="abc",
        model_version="car-loan-v3",
        version="3",
        digest=DIGEST,
        deployment="loans-xyz",
        image=RUNTIMES[server.runtime].image(server, defaults=defaults),
        template_hash="hash",
        since="2026-03-01T12:00:00Z",
    )
    fingerprint = Fingerprint(
        flavor="sklearn", python_version="3.9.1", row_wise=False, environment="Refuse", record="sha256:x"
    )
    artifact = Artifact(uri="models:/m-3", digest=DIGEST, bytes=3_000_000)
    return Served(service, revision, artifact, fingerprint, defaults)


def template_of(server: Server) -> Manifest:
    """The pod template of that version by the server's own runtime."""
    return RUNTIMES[server.runtime].pod_template(served(server), labels=LABELS)


def container(name: str, **fields: object) -> Manifest:
    """A pod template with one container."""
    return {"spec": {"containers": [{"name": name, **fields}]}}
