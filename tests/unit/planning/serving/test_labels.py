"""Pods that take labels: two Secrets that the operator never reads, and two arguments."""

from __future__ import annotations

from dataclasses import replace

from leeboard.api.model_version import Profile
from leeboard.api.monitoring import Monitoring
from leeboard.api.resource import Manifest
from leeboard.planning.serving import RUNTIMES
from tests.unit.planning.serving.builders import DIGEST, LABELS, a_server, container, served

PROFILE = Profile(uri="runs:/run/profile.json", digest=DIGEST, bytes=1000, rows=8000, features=7, monitored=7)
TAKES = Monitoring.model_validate({"labels": {"tokenKeysSecret": "loan-keys", "feedbackSecret": "loan-feedback"}})


def pod_of(monitoring: Monitoring | None, profile: Profile | None) -> Manifest:
    made = served(a_server("MLflow"))
    spec = made.service.spec.model_copy(update={"monitoring": monitoring})
    made = replace(made, service=made.service.model_copy(update={"spec": spec}), profile=profile)
    spec_of: Manifest = RUNTIMES["MLflow"].pod_template(made, labels=LABELS)["spec"]
    return spec_of


def server_of(spec: Manifest) -> Manifest:
    server: Manifest = next(item for item in spec["containers"] if item["name"] == "server")
    return server


def test_keys_and_credential_are_mounted_for_the_server_only() -> None:
    spec, bare = pod_of(TAKES, PROFILE), pod_of(None, PROFILE)
    more = [item for item in server_of(spec)["args"] if item not in server_of(bare)["args"]]
    mounts = [item for item in server_of(spec)["volumeMounts"] if item not in server_of(bare)["volumeMounts"]]
    volumes = [item for item in spec["volumes"] if item not in bare["volumes"]]
    assert more == ["--token-keys=/mnt/token-keys", "--feedback-credential=/mnt/feedback/credential", "--cohort=3600"]
    assert mounts == [
        {"name": "leeboard-token-keys", "mountPath": "/mnt/token-keys", "readOnly": True},
        {"name": "leeboard-feedback", "mountPath": "/mnt/feedback", "readOnly": True},
    ]
    assert volumes == [
        {"name": "leeboard-token-keys", "secret": {"secretName": "loan-keys"}},
        {"name": "leeboard-feedback", "secret": {"secretName": "loan-feedback"}},
    ]
    assert spec["initContainers"] == bare["initContainers"]


def test_without_a_profile_no_labels_are_taken() -> None:
    assert pod_of(TAKES, None) == pod_of(None, None)


def test_what_is_the_servers_own_cannot_be_taken_by_a_template() -> None:
    template = container("server", volumeMounts=[{"name": "x", "mountPath": "/mnt/token-keys"}])
    template["spec"]["volumes"] = [{"name": "leeboard-feedback", "emptyDir": {}}]
    found = [str(item) for item in RUNTIMES["MLflow"].findings(a_server("MLflow", template))]
    assert found == [
        "spec.server.template.spec.volumes[0].name is leeboard-feedback, a volume of the server's own",
        "spec.server.template.spec.containers[0].volumeMounts[0].mountPath is a path of the server's own",
    ]
