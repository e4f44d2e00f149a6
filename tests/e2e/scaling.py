"""How many pods a version of a service has, and who says so."""

import json
from typing import Final

from tests.e2e.rollouts import Serving
from tests.support.kubectl import Manifest

SCALING: Final = {"minReplicas": 1, "maxReplicas": 3, "targetCPUPercent": 15}
"""A server that does nothing takes less than 15 % of what it requests; 40 requests a second take more than 45 %."""
AUTOSCALER: Final = "kube-controller-manager"
SCALED_SECONDS: Final = 150.0
"""A measurement takes 15 s, an autoscaler looks each 15 s, and a pod has to start."""


def deployment(serving: Serving, version: str) -> Manifest:
    """A version's Deployment, with the API server's record of who has written what."""
    label = f"{serving.town.scene.model}-v{version}"
    selector = f"leeboard.dev/uid={serving.live()['metadata']['uid']},leeboard.dev/model-version={label}"
    words = ["get", "deployments", "-n", serving.namespace, "-l", selector, "-o", "json", "--show-managed-fields"]
    (found,) = json.loads(serving.town.kubectl.run(*words))["items"]
    return dict(found)


def replicas(serving: Serving, version: str) -> int:
    """Pods that a version's Deployment is asked for."""
    return int(deployment(serving, version)["spec"]["replicas"])


def sizers(serving: Serving, version: str) -> set[str]:
    """Who has set that number."""
    fields = deployment(serving, version)["metadata"]["managedFields"]
    return {item["manager"] for item in fields if "f:replicas" in item["fieldsV1"].get("f:spec", {})}


def autoscaler(serving: Serving, version: str) -> Manifest | None:
    """A version's autoscaler, which is named like its Deployment."""
    return serving.town.scene.find("hpa", deployment(serving, version)["metadata"]["name"])


def least(serving: Serving, version: str) -> int | None:
    """Fewest pods by a version's autoscaler; None where it has none."""
    found = autoscaler(serving, version)
    return None if found is None else int(found["spec"]["minReplicas"])


def until_scaled(serving: Serving, version: str, *, to: int) -> None:
    """Its autoscaler, and nobody else, has set so many pods, and all of them answer."""
    scene = serving.town.scene
    scene.eventually(lambda: replicas(serving, version), to, seconds=SCALED_SECONDS)
    assert sizers(serving, version) == {AUTOSCALER}
    scene.eventually(lambda: deployment(serving, version)["status"].get("readyReplicas"), to, seconds=60)
