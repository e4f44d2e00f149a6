"""Why pods do not become ready, as the kubelet reports it."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from leeboard.api.resource import Manifest
from leeboard.planning.inference_service.troubles import Trouble, trouble_of


def a_pod(
    *, ready: bool = False, init: Manifest | None = None, server: Manifest | None = None, **status: object
) -> Manifest:
    """A pod with one init container and one container."""
    return {
        "metadata": {"name": "pod"},
        "status": {
            "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
            "initContainerStatuses": [{"name": "fetch", "image": "runtime:1", "ready": False, **(init or {})}],
            "containerStatuses": [{"name": "server", "image": "runtime:1", "ready": ready, **(server or {})}],
            **status,
        },
    }


def ended(code: int, message: str = "", reason: str = "Error") -> Manifest:
    return {"terminated": {"exitCode": code, "message": message, "reason": reason}}


def waiting(reason: str, message: str = "") -> Manifest:
    return {"waiting": {"reason": reason, "message": message}}


MISMATCH = '{"reason":"DigestMismatch","message":"the files are not those that were approved"}'
DOWN = '{"reason":"TrackingUnavailable","message":"mlflow does not answer"}'
PULL = 'failed to pull and unpack image "runtime:1": not found'


@pytest.mark.parametrize(
    ("pod", "expected"),
    [
        pytest.param(a_pod(ready=True), None, id="a ready pod has none"),
        pytest.param(a_pod(), None, id="a pod that starts has none"),
        pytest.param(a_pod(init={"state": ended(0), "ready": True}), None, id="a fetch that succeeded is none"),
        pytest.param(
            a_pod(init={"state": ended(2, MISMATCH)}),
            Trouble("DigestMismatch", "the files are not those that were approved"),
            id="a fetch that failed says why",
        ),
        pytest.param(
            a_pod(init={"state": waiting("CrashLoopBackOff"), "lastState": ended(2, MISMATCH)}),
            Trouble("DigestMismatch", "the files are not those that were approved"),
            id="and says the same while it backs off",
        ),
        pytest.param(
            a_pod(init={"state": {"running": {}}, "lastState": ended(2, MISMATCH)}),
            Trouble("DigestMismatch", "the files are not those that were approved"),
            id="and while it tries again",
        ),
        pytest.param(
            a_pod(init={"state": ended(75, DOWN)}),
            Trouble("TrackingUnavailable", "mlflow does not answer", lasting=False),
            id="a fetch that may succeed later does not stall",
        ),
        pytest.param(
            a_pod(init={"state": ended(1, "Traceback\nValueError: x")}),
            Trouble("FetchFailed", "Traceback\nValueError: x"),
            id="a fetch without a reason shows its last lines",
        ),
        pytest.param(
            a_pod(init={"state": ended(1, '{"reason":"not a reason!","message":"x"}')}),
            Trouble("FetchFailed", '{"reason":"not a reason!","message":"x"}'),
            id="a reason is one CamelCase word",
        ),
        pytest.param(
            a_pod(init={"state": ended(137, "")}),
            Trouble("FetchFailed", "container fetch ended with exit code 137 (Error)"),
            id="an end without a message shows its code",
        ),
        pytest.param(
            a_pod(server={"state": waiting("CrashLoopBackOff"), "lastState": ended(1, "boom")}),
            Trouble("CrashLoop", "boom"),
            id="a server that crashes",
        ),
        pytest.param(
            a_pod(
                server={
                    "state": {"running": {}},
                    "lastState": ended(2, '{"reason":"LoadFailed","message":"no joblib"}'),
                }
            ),
            Trouble("LoadFailed", "no joblib"),
            id="a server that cannot load the model says why",
        ),
        pytest.param(
            a_pod(ready=True, server={"state": {"running": {}}, "lastState": ended(1, "boom")}),
            None,
            id="a server that is ready again",
        ),
        pytest.param(
            a_pod(server={"state": ended(137, "", "OOMKilled")}),
            Trouble(
                "OutOfMemory",
                "container server: it ran out of memory: raise resources.limits.memory of it in spec.server.template",
            ),
            id="out of memory comes with advice",
        ),
        pytest.param(
            a_pod(init={"state": waiting("ErrImagePull", PULL)}),
            Trouble("ImagePullFailed", f"cannot pull runtime:1: {PULL}"),
            id="an image that is not there",
        ),
        pytest.param(
            a_pod(
                init={"state": waiting("ImagePullBackOff", f'Back-off pulling image "runtime:1": ErrImagePull: {PULL}')}
            ),
            Trouble("ImagePullFailed", f"cannot pull runtime:1: {PULL}"),
            id="and says the same while the kubelet waits",
        ),
        pytest.param(
            a_pod(server={"state": waiting("CreateContainerConfigError", 'secret "s" not found')}),
            Trouble("ContainerConfigInvalid", 'container server: secret "s" not found'),
            id="a Secret that is missing",
        ),
        pytest.param(
            a_pod(
                conditions=[
                    {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/1 nodes: cpu"}
                ]
            ),
            Trouble("Unschedulable", "0/1 nodes: cpu"),
            id="no node has room",
        ),
    ],
)
def test_the_trouble_of_a_pod(pod: Manifest, expected: Trouble | None) -> None:
    assert trouble_of([pod], None) == expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        pytest.param([], None, id="none"),
        pytest.param(
            [{"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}],
            Trouble("PodsRejected", "exceeded quota"),
            id="pods that admission refuses",
        ),
        pytest.param(
            [{"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}],
            Trouble("StartDeadlineExceeded", "its pods did not become ready within the start deadline"),
            id="pods that take too long",
        ),
        pytest.param(
            [{"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"}], None, id="progress is none"
        ),
    ],
)
def test_the_trouble_of_a_deployment(conditions: Sequence[Manifest], expected: Trouble | None) -> None:
    assert trouble_of([], {"status": {"conditions": conditions}}) == expected


def test_a_pods_own_words_come_before_its_deployments() -> None:
    late = {"status": {"conditions": [{"type": "Progressing", "reason": "ProgressDeadlineExceeded"}]}}

    found = trouble_of([a_pod(ready=True), a_pod(init={"state": ended(2, MISMATCH)})], late)

    assert found == Trouble("DigestMismatch", "the files are not those that were approved")
