"""What kubectl shows and does with the three kinds, on a real API server."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from leeboard.api.conditions import Condition
from leeboard.api.inference_service import InferenceService
from leeboard.api.model_version import ModelVersion
from leeboard.api.training_job import TrainingJob
from tests.integration.api.kubectl import Kubectl
from tests.integration.api.manifests import DIGEST, inference_service, model_version, training_job

pytestmark = pytest.mark.integration

CRDS = Path(__file__).parents[3] / "crds"
SINCE = "2026-11-21T10:00:00Z"


def condition(type_: str = "Ready", status: str = "True", reason: str = "Done", **more: object) -> dict[str, Any]:
    fixed = {"message": "", "observedGeneration": 1, "lastTransitionTime": SINCE}
    return {"type": type_, "status": status, "reason": reason} | fixed | more


def report(kubectl: Kubectl, name: str, **status: object) -> None:
    """Write ``status`` as the operator does."""
    patch = {"status": {"observedGeneration": 1} | status}
    kubectl.do("patch", name, "--subresource=status", "--type=merge", "-p", json.dumps(patch))


def table(kubectl: Kubectl, *arguments: str) -> list[list[str]]:
    """The lines of ``kubectl get`` in cells, which begin where the headings do."""
    lines = kubectl.do("get", *arguments).splitlines()
    starts = [heading.start() for heading in re.finditer(r"\S+", lines[0])]
    return [[line[start:end].strip() for start, end in zip(starts, [*starts[1:], None], strict=True)] for line in lines]


def conditions_of(kubectl: Kubectl) -> list[dict[str, Any]]:
    """The conditions of our three definitions."""
    found = kubectl.read("get", "-f", str(CRDS))
    return [condition for item in found["items"] for condition in item["status"]["conditions"]]


def test_the_definitions_can_be_applied_from_the_client_and_are_established(kubectl: Kubectl) -> None:
    # Client-side apply keeps the whole object in an annotation of at most 256 KiB.
    for path in sorted(CRDS.glob("*.yaml")):
        kubectl.do("apply", "--dry-run=server", "-f", str(path))

    kubectl.do("wait", "--for=condition=Established", "--timeout=10s", "-f", str(CRDS))
    assert [found for found in conditions_of(kubectl) if found["type"] == "NonStructuralSchema"] == []


def test_the_definitions_can_be_applied_by_the_server_over_what_another_created(kubectl: Kubectl) -> None:
    for path in sorted(CRDS.glob("*.yaml")):
        kubectl.do("apply", "--server-side", "--force-conflicts", "--dry-run=server", "-f", str(path))


def test_what_is_unset_gets_its_default(kubectl: Kubectl) -> None:
    job = kubectl.read("create", "-f", "-", manifest=training_job())
    version = kubectl.read("create", "-f", "-", manifest=model_version())
    service = kubectl.read("create", "-f", "-", manifest=inference_service())

    assert job["spec"]["modelVersion"] == {"approval": "Automatic"}
    assert version["spec"]["approval"] == "Automatic"
    assert service["spec"]["server"] == {
        "runtime": "MLflow",
        "replicas": 1,
        "environment": "Image",
        "requestTimeout": "60s",
    }
    assert [found["status"] for found in (job, version, service)] == [{"observedGeneration": -1}] * 3


def test_a_status_in_a_created_object_is_not_taken(kubectl: Kubectl) -> None:
    claimed = training_job() | {"status": {"phase": "Succeeded", "observedGeneration": 1}}

    assert kubectl.read("create", "-f", "-", manifest=claimed)["status"] == {"observedGeneration": -1}


def test_a_typo_is_refused_by_kubectl(kubectl: Kubectl) -> None:
    complaint = kubectl.refusal("apply", "-f", "-", manifest=training_job(paramters={"a": "1"}))

    assert 'strict decoding error: unknown field "spec.paramters"' in complaint


def test_a_typo_inside_the_pod_template_is_refused_by_kubectl(kubectl: Kubectl) -> None:
    template = {"spec": {"containers": [{"name": "train", "image": "i", "comand": ["x"]}]}}

    complaint = kubectl.refusal("apply", "-f", "-", manifest=training_job(template=template))

    assert 'unknown field "spec.template.spec.containers[0].comand"' in complaint


def test_ephemeral_containers_have_no_field(kubectl: Kubectl) -> None:
    template = training_job()["spec"]["template"]["spec"] | {"ephemeralContainers": [{"name": "debug"}]}

    complaint = kubectl.refusal("apply", "-f", "-", manifest=training_job(template={"spec": template}))

    assert 'unknown field "spec.template.spec.ephemeralContainers"' in complaint


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("trainingjob", "runs a pod template as a Job with an MLflow run"),
        ("tj.spec.parameters", "Hyper-parameters: environment variables of every container"),
        ("trainingjob.spec.template.spec.containers", "image <string> -required-"),
        ("trainingjob.spec.template.spec.containers.resources", "limits"),
        ("tj.status.failure", "lastLogLines"),
        ("mv.spec.source", "modelURI <string> -required-"),
        ("mv.status.fingerprint.environment", "Refuse: it would not serve as it was trained"),
        ("lbsvc.spec.model", "Registered model. It cannot be changed"),
        ("lbsvc.spec.server.template.spec.containers", "name <string> -required-"),
    ],
)
def test_kubectl_explains(path: str, said: str, kubectl: Kubectl) -> None:
    assert said in " ".join(kubectl.do("explain", path).split())


def test_a_server_template_demands_only_names(kubectl: Kubectl) -> None:
    explained = kubectl.do("explain", "lbsvc.spec.server.template", "--recursive")

    demanded = {line.split("\t")[0].strip() for line in explained.splitlines() if "-required-" in line}

    assert "containers" not in demanded
    assert "image" not in demanded


def test_the_table_of_trainings_answers_what_people_ask(kubectl: Kubectl) -> None:
    kubectl.do("create", "-f", "-", manifest=training_job())
    report(
        kubectl,
        "tj/car-loan",
        phase="Succeeded",
        attempt=1,
        conditions=[condition("Succeeded", reason="Other"), condition("Ready", reason="Registered")],
        metrics=[{"name": "accuracy", "value": "0.9134"}, {"name": "loss", "value": "0.2"}],
        modelVersion={"name": "car-loan-v3", "version": "3"},
    )

    head, row = table(kubectl, "tj")

    assert head == ["NAME", "PHASE", "MODEL", "VERSION", "METRIC", "VALUE", "REASON", "AGE"]
    assert row[:-1] == ["car-loan", "Succeeded", "car-loan", "3", "accuracy", "0.9134", "Registered"]


def test_a_training_that_nobody_has_seen_has_empty_columns(kubectl: Kubectl) -> None:
    kubectl.do("create", "-f", "-", manifest=training_job())

    assert table(kubectl, "tj")[1][:-1] == ["car-loan", "", "car-loan", "", "", "", ""]


def test_the_table_of_versions_answers_what_people_ask(kubectl: Kubectl) -> None:
    kubectl.do("create", "-f", "-", manifest=model_version())
    fingerprint = {
        "flavor": "sklearn",
        "pythonVersion": "3.11.7",
        "rowWise": True,
        "environment": "Match",
        "record": "0" * 64,
    }
    report(
        kubectl,
        "mv/car-loan-v3",
        phase="Approved",
        conditions=[condition(reason="Approved")],
        artifact={"uri": "models:/m-1", "digest": DIGEST, "bytes": 1234},
        fingerprint=fingerprint,
    )

    head, row = table(kubectl, "mv", "-o", "wide")

    assert head == ["NAME", "MODEL", "VERSION", "PHASE", "ROW-WISE", "REASON", "DIGEST", "TRAINING", "AGE"]
    assert row[:-1] == ["car-loan-v3", "car-loan", "3", "Approved", "true", "Approved", DIGEST, ""]


def test_the_table_of_services_answers_what_people_ask(kubectl: Kubectl) -> None:
    kubectl.do("create", "-f", "-", manifest=inference_service())
    report(
        kubectl,
        "lbsvc/car-loan",
        url="http://car-loan.test.svc",
        conditions=[condition(status="False", reason="BringingUp")],
        stable=revision("3"),
        canary=revision("4"),
        phase="Updating",
        traffic={"provider": "GatewayAPI", "asked": 25, "applied": 10},
    )

    head, row = table(kubectl, "lbsvc")

    assert head == ["NAME", "READY", "MODEL", "VERSION", "NEXT", "WEIGHT", "PHASE", "REASON", "URL", "AGE"]
    shown = ["car-loan", "False", "car-loan", "3", "4", "10", "Updating", "BringingUp", "http://car-loan.test.svc"]
    assert row[:-1] == shown


def test_one_category_lists_the_three_kinds(kubectl: Kubectl) -> None:
    for manifest in (training_job(), model_version(), inference_service()):
        kubectl.do("create", "-f", "-", manifest=manifest)

    assert kubectl.do("get", "leeboard", "-o", "name").split() == [
        "inferenceservice.leeboard.dev/car-loan",
        "modelversion.leeboard.dev/car-loan-v3",
        "trainingjob.leeboard.dev/car-loan",
    ]


def test_objects_can_be_selected_by_model(kubectl: Kubectl) -> None:
    for manifest in (training_job("a"), training_job("b", model="other"), inference_service(), model_version()):
        kubectl.do("create", "-f", "-", manifest=manifest)

    assert kubectl.do("get", "tj", "-o", "name", "--field-selector=spec.model=other").split() == [
        "trainingjob.leeboard.dev/b"
    ]
    assert kubectl.do("get", "mv", "-o", "name", "--field-selector=spec.model=car-loan").split() == [
        "modelversion.leeboard.dev/car-loan-v3"
    ]
    assert kubectl.do("get", "lbsvc", "-o", "name", "--field-selector=spec.model.name=other").split() == []


def test_kubectl_waits_for_an_object_that_the_operator_has_not_seen(kubectl: Kubectl) -> None:
    kubectl.do("create", "-f", "-", manifest=inference_service())

    assert "timed out" in kubectl.refusal("wait", "--for=condition=Ready", "--timeout=1s", "lbsvc/car-loan")


def test_kubectl_refuses_a_ready_of_an_older_generation_and_takes_one_of_this(kubectl: Kubectl) -> None:
    kubectl.do("create", "-f", "-", manifest=inference_service())
    report(kubectl, "lbsvc/car-loan", conditions=[condition()])
    kubectl.do("patch", "lbsvc", "car-loan", "--type=merge", "-p", '{"spec": {"server": {"replicas": 2}}}')

    assert "timed out" in kubectl.refusal("wait", "--for=condition=Ready", "--timeout=1s", "lbsvc/car-loan")

    report(kubectl, "lbsvc/car-loan", observedGeneration=2, conditions=[condition(observedGeneration=2)])
    kubectl.do("wait", "--for=condition=Ready", "--timeout=1s", "lbsvc/car-loan")


def test_a_second_condition_of_one_type_is_refused(kubectl: Kubectl) -> None:
    kubectl.do("create", "-f", "-", manifest=training_job())
    twice = {"status": {"observedGeneration": 1, "conditions": [condition(), condition()]}}

    complaint = kubectl.refusal("patch", "tj/car-loan", "--subresource=status", "--type=merge", "-p", json.dumps(twice))

    assert "status.conditions[1]: Duplicate value" in complaint


def test_what_the_server_stored_parses_to_the_same_status(kubectl: Kubectl) -> None:
    expected = Condition.model_validate(condition())
    for manifest, name in (
        (training_job(), "tj/car-loan"),
        (model_version(), "mv/car-loan-v3"),
        (inference_service(), "lbsvc/car-loan"),
    ):
        kubectl.do("create", "-f", "-", manifest=manifest)
        report(kubectl, name, phase="Some", conditions=[condition()])

    job = TrainingJob.model_validate(kubectl.read("get", "tj", "car-loan"))
    version = ModelVersion.model_validate(kubectl.read("get", "mv", "car-loan-v3"))
    service = InferenceService.model_validate(kubectl.read("get", "lbsvc", "car-loan"))

    assert [found.status.conditions for found in (job, version, service)] == [(expected,)] * 3
    assert (job.spec.model, version.spec.version, service.spec.server.request_timeout) == ("car-loan", "3", "60s")


def test_an_object_that_the_operator_has_not_seen_parses(kubectl: Kubectl) -> None:
    kubectl.do("create", "-f", "-", manifest=training_job())

    job = TrainingJob.model_validate(kubectl.read("get", "tj", "car-loan"))

    assert job.status.observed_generation == -1
    assert job.status.conditions == ()


def revision(version: str) -> dict[str, Any]:
    return {
        "name": f"r{version}",
        "modelVersion": f"car-loan-v{version}",
        "version": version,
        "digest": DIGEST,
        "deployment": f"car-loan-r{version}",
        "image": "runtime:1",
        "templateHash": "0" * 10,
        "replicas": 1,
        "readyReplicas": 1,
        "since": SINCE,
    }
