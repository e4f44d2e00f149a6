"""What pods use is measured, and an autoscaler goes by it. No operator takes part."""

import pytest

from tests.e2e.scene import TRAINER, Scene
from tests.support.kubectl import Manifest

NAME = "busy"
BURNING = "while True: pass"


@pytest.mark.usefixtures("metrics")
def test_an_autoscaler_adds_a_pod_to_one_that_uses_more_than_it_asked_for(bare_scene: Scene) -> None:
    kubectl, namespace = bare_scene.kubectl, bare_scene.namespace

    kubectl.apply(_deployment(namespace), _autoscaler(namespace))

    # A measurement takes 15 s, and an autoscaler looks each 15 s.
    bare_scene.eventually(lambda: _replicas(bare_scene), 2, seconds=90)
    assert NAME in kubectl.run("top", "pods", "-n", namespace, "--no-headers")


def _replicas(scene: Scene) -> int:
    found = scene.find("deployment", NAME)
    return 0 if found is None else int(found["spec"]["replicas"])


def _deployment(namespace: str) -> Manifest:
    container = {
        "name": NAME,
        "image": TRAINER,
        "command": ["python3", "-c", BURNING],
        "resources": {"requests": {"cpu": "50m"}, "limits": {"cpu": "200m"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    pod = {
        "terminationGracePeriodSeconds": 1,
        "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container],
    }
    labels = {"app": NAME}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {"selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}},
    }


def _autoscaler(namespace: str) -> Manifest:
    cpu = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME},
            "minReplicas": 1,
            "maxReplicas": 2,
            "metrics": [{"type": "Resource", "resource": cpu}],
        },
    }
