"""Secrets of late labels on a real API server: made with the pods that mount them, and left as they are."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from tests.integration.conftest import Api, StartOperator, eventually
from tests.integration.kinds.serving_world import MODEL, SERVICE, ServingWorld

pytestmark = pytest.mark.integration
DIGEST = f"sha256:{7:064x}"
PROFILE = {"uri": "runs:/run/profile.json", "digest": DIGEST, "bytes": 1, "rows": 800, "features": 1, "monitored": 1}


def mounted(deployment: dict[str, Any]) -> set[str]:
    """Secrets that its pods mount."""
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    return {volume["secret"]["secretName"] for volume in volumes if "secret" in volume}


def test_keys_and_credential_are_drawn_once_and_stay_when_their_pods_are_made_again(
    api: Api, namespace: str, start_operator: StartOperator
) -> None:
    world = ServingWorld(api, namespace)
    world.approve(1)
    version = world.path("modelversions", f"{MODEL}-v1")
    live = api.get(version)
    api.rest.replace(f"{version}/status", {**live, "status": {**live["status"], "profile": PROFILE}})
    spec = {"model": {"name": MODEL, "version": "1"}, "monitoring": {"labels": {}}}
    head = {"apiVersion": "leeboard.dev/v1alpha1", "kind": "InferenceService"}
    service = api.create(
        world.path("inferenceservices"), {**head, "metadata": {"name": SERVICE, "namespace": namespace}, "spec": spec}
    )
    start_operator().wait_until_leading()

    names = mounted(world.made_deployment(1))

    secrets = {name: api.get(world.path("secrets", name, api="v1")) for name in names}
    drawn = {entry: b64decode(text) for secret in secrets.values() for entry, text in secret["data"].items()}
    assert {entry: len(text) for entry, text in drawn.items()} == {"0": 32, "credential": 64}
    assert {secret["metadata"]["ownerReferences"][0]["uid"] for secret in secrets.values()} == {
        service["metadata"]["uid"]
    }

    before = world.made_deployment(1)["metadata"]
    api.rest.delete(world.path("deployments", before["name"], api="apps/v1"))
    again = lambda: (world.deployment(1) or {"metadata": before})["metadata"]["uid"] != before["uid"]  # noqa: E731 - polled
    eventually(again, what="the Deployment again")
    assert mounted(world.made_deployment(1)) == names
    assert {name: api.get(world.path("secrets", name, api="v1")) for name in names} == secrets
