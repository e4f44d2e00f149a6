"""What the chart renders: restricted pods, settings that the operator understands, data that outlive an uninstall."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from leeboard.api.resource import Manifest
from leeboard.packaging.chart import chart_files
from leeboard.packaging.plain import VARIANTS
from leeboard.packaging.policies import STAMPS
from leeboard.planning.defaults import DefaultGateway
from leeboard.settings import Settings
from tests.support.chart import CHART, ROOT, VALUES_FILES, WITH_MLFLOW, environment, objects, one, template

VAP_REASONS = {"Forbidden", "Invalid", "RequestEntityTooLarge"}


def _pods(manifests: list[Manifest]) -> list[dict[str, Any]]:
    templates = [entry["spec"]["template"]["spec"] for entry in manifests if entry["kind"] == "Deployment"]
    return templates + [entry["spec"] for entry in manifests if entry["kind"] == "Pod"]


@pytest.mark.parametrize("values", VALUES_FILES, ids=lambda path: path.stem)
def test_every_pod_is_restricted_and_writes_to_its_scratch_volume_only(values: Path) -> None:
    for pod in _pods(template(values=values).manifests):
        assert pod["securityContext"]["runAsNonRoot"] is True
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert {"name": "HOME", "value": "/tmp"} in container["env"]
            assert {"name": "tmp", "mountPath": "/tmp"} in container["volumeMounts"]
            assert container["resources"]["limits"]["memory"]


@pytest.mark.parametrize("values", VALUES_FILES, ids=lambda path: path.stem)
def test_the_operator_understands_every_variable_that_the_chart_sets(
    values: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    variables = environment(template(values=values).manifests)
    settings = {name: value for name, value in variables.items() if name.startswith("LEEBOARD_")}
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    assert {name.removeprefix("LEEBOARD_").lower() for name in settings} <= set(Settings.model_fields)
    assert Settings().tracking_uri


def test_the_gateway_and_the_prometheus_servers_reach_the_operator(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in environment(template(values=CHART / "ci" / "ha-values.yaml").manifests).items():
        monkeypatch.setenv(name, value)

    settings = Settings()

    assert settings.defaults().gateway == DefaultGateway("public", "gateways", "https", "models.example.com")
    assert settings.prometheus == {
        "main": "http://prometheus.monitoring.svc:9090",
        "long-term": "https://metrics.example.com/prometheus",
    }


def test_values_become_the_settings_of_the_operator() -> None:
    variables = environment(template(values=CHART / "ci" / "external-mlflow-values.yaml").manifests)
    assert variables == {
        "HOME": "/tmp",
        "LEEBOARD_CLUSTER": "production",
        "LEEBOARD_CREDENTIALS_SECRET": "mlflow-credentials",
        "LEEBOARD_FINISHED_JOB_TTL_SECONDS": "86400",
        "LEEBOARD_IMAGE_PULL_POLICY": "IfNotPresent",
        "LEEBOARD_IMAGE_PULL_SECRETS": "registry",
        "LEEBOARD_LEADER_ELECTION": "true",
        "LEEBOARD_LEASE_NAME": "leeboard",
        "LEEBOARD_LOG_FORMAT": "json",
        "LEEBOARD_LOG_LEVEL": "INFO",
        "LEEBOARD_METRICS_PORT": "8080",
        "LEEBOARD_PROBE_PORT": "8081",
        "LEEBOARD_RUNTIME_IMAGE": "leeboard.dev/runtime:0.1.0",
        "LEEBOARD_SELDON_IMAGE": "leeboard.dev/seldon:0.1.0",
        "LEEBOARD_START_DEADLINE_SECONDS": "600",
        "LEEBOARD_SWEEP_SECONDS": "300",
        "LEEBOARD_TRACKING_PAGE": "https://mlflow.example.com",
        "LEEBOARD_TRACKING_URI": "https://mlflow.example.com",
        "LEEBOARD_TRACKING_URI_FOR_PODS": "http://mlflow.mlflow.svc:5000",
        "LEEBOARD_WORKERS": "8",
    }


def test_a_digest_wins_over_a_tag() -> None:
    digest = f"sha256:{'ab' * 32}"
    manifests = template(WITH_MLFLOW, "image.tag=dev", f"image.digest={digest}").manifests
    container = one(manifests, "Deployment", "leeboard")["spec"]["template"]["spec"]["containers"][0]
    assert container["image"] == f"leeboard.dev/operator@{digest}"


def test_the_embedded_mlflow_answers_to_the_name_that_the_operator_uses() -> None:
    manifests = template(WITH_MLFLOW, "fullnameOverride=board", namespace="models").manifests
    arguments = one(manifests, "Deployment", "board-mlflow")["spec"]["template"]["spec"]["containers"][0]["args"]
    hosts = next(entry for entry in arguments if entry.startswith("--allowed-hosts=")).partition("=")[2].split(",")
    service = one(manifests, "Service", "board-mlflow")
    assert service["spec"]["ports"] == [{"name": "http", "port": 5000, "targetPort": "http"}]
    assert {
        "board-mlflow.models.svc:5000",
        "board-mlflow",
        "localhost:*",
        "board-mlflow.models.svc.cluster.local",
    } <= set(hosts)
    operator = one(manifests, "Deployment", "board")["spec"]["template"]["spec"]["containers"][0]
    assert {"name": "LEEBOARD_TRACKING_URI", "value": "http://board-mlflow.models.svc:5000"} in operator["env"]


def test_the_embedded_mlflow_is_one_writer_whose_volume_outlives_the_release() -> None:
    manifests = template(WITH_MLFLOW).manifests
    deployment = one(manifests, "Deployment", "leeboard-mlflow")["spec"]
    claim = one(manifests, "PersistentVolumeClaim", "leeboard-mlflow")
    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
    assert claim["metadata"]["annotations"] == {"helm.sh/resource-policy": "keep"}


def test_with_a_database_and_a_bucket_the_embedded_mlflow_has_no_volume() -> None:
    manifests = template(values=CHART / "ci" / "ha-values.yaml").manifests
    assert [entry for entry in manifests if entry["kind"] == "PersistentVolumeClaim"] == []
    assert [
        volume["name"]
        for volume in one(manifests, "Deployment", "leeboard-mlflow")["spec"]["template"]["spec"]["volumes"]
    ] == ["tmp"]


@pytest.mark.parametrize("values", VALUES_FILES, ids=lambda path: path.stem)
def test_nothing_secret_is_generated_or_looked_up(values: Path) -> None:
    text = "".join(path.read_text() for path in (CHART / "templates").rglob("*.*") if "crds" not in path.parts)
    assert [word for word in ("lookup ", "genCA", "randAlpha", "htpasswd", "uuidv4", "now |") if word in text] == []
    assert [entry for entry in template(values=values).manifests if entry["kind"] == "Secret"] == []
    assert template.__wrapped__(values=values) == template.__wrapped__(values=values)


def test_the_crds_stay_on_uninstall_unless_the_values_say_otherwise() -> None:
    def policies(*settings: str) -> list[str | None]:
        crds = [
            entry for entry in template(WITH_MLFLOW, *settings).manifests if entry["kind"] == "CustomResourceDefinition"
        ]
        return [(entry["metadata"].get("annotations") or {}).get("helm.sh/resource-policy") for entry in crds]

    assert policies() == ["keep"] * 3
    assert policies("crds.keep=false") == [None] * 3
    assert policies("crds.install=false") == []


def test_the_crds_of_the_chart_are_the_published_ones() -> None:
    rendered = [entry for entry in template(WITH_MLFLOW).manifests if entry["kind"] == "CustomResourceDefinition"]
    published = [objects(path.read_text())[0] for path in sorted((ROOT / "crds").glob("*.yaml"))]
    assert [(entry["metadata"]["name"], entry["spec"]) for entry in rendered] == [
        (entry["metadata"]["name"], entry["spec"]) for entry in published
    ]


def test_a_crd_with_template_braces_is_not_written_into_the_chart() -> None:
    crd = {"apiVersion": "v1", "kind": "CRD", "metadata": {"name": "x"}, "spec": {"description": "{{ evil }}"}}
    with pytest.raises(ValueError, match="CRD x contains template braces"):
        chart_files([crd])


def test_policies_give_only_reasons_that_the_api_server_accepts_and_each_is_bound() -> None:
    manifests = template(WITH_MLFLOW).manifests
    policies = [entry for entry in manifests if entry["kind"] == "ValidatingAdmissionPolicy"]
    bindings = [entry for entry in manifests if entry["kind"] == "ValidatingAdmissionPolicyBinding"]
    reasons = {check["reason"] for policy in policies for check in policy["spec"]["validations"]}
    assert reasons <= VAP_REASONS
    assert {policy["spec"]["failurePolicy"] for policy in policies} == {"Fail"}
    assert {policy["metadata"]["name"] for policy in policies} == {entry["spec"]["policyName"] for entry in bindings}
    assert {tuple(entry["spec"]["validationActions"]) for entry in bindings} == {("Deny",)}
    assert len(policies) == 9


def test_who_asks_is_written_by_the_api_server_where_it_can() -> None:
    def kinds(*served: str) -> dict[str, str]:
        manifests = template(WITH_MLFLOW, served=served).manifests
        return {entry["kind"]: entry["metadata"]["name"] for entry in manifests if entry["kind"].startswith("Mutating")}

    assert kinds() == {}
    assert kinds(STAMPS) == {
        "MutatingAdmissionPolicy": "leeboard-requested-by",
        "MutatingAdmissionPolicyBinding": "leeboard-requested-by",
    }


def test_policies_can_be_left_out() -> None:
    kinds = {entry["kind"] for entry in template(WITH_MLFLOW, "admissionPolicies.enabled=false").manifests}
    assert not {kind for kind in kinds if kind.startswith("ValidatingAdmissionPolicy")}


def test_the_test_hook_is_left_out_where_training_is_closed() -> None:
    hooks = [
        entry for entry in template(WITH_MLFLOW, "test.namespace=leeboard-system").manifests if entry["kind"] == "Pod"
    ]
    assert hooks == []
    assert [entry["metadata"]["name"] for entry in template(WITH_MLFLOW).manifests if entry["kind"] == "Pod"] == [
        "leeboard-test"
    ]


def test_the_service_monitor_is_off_until_asked_for_and_needs_its_service() -> None:
    assert [entry for entry in template(WITH_MLFLOW).manifests if entry["kind"] == "ServiceMonitor"] == []
    on = "metrics.serviceMonitor.enabled=true"
    assert one(template(WITH_MLFLOW, on).manifests, "ServiceMonitor", "leeboard")["spec"]["endpoints"] == [
        {"port": "metrics", "interval": "30s", "honorLabels": True}
    ]
    assert "needs metrics.service.enabled" in template(WITH_MLFLOW, on, "metrics.service.enabled=false").errors


def test_a_chart_upgrade_restarts_no_pod_whose_image_and_settings_stay() -> None:
    for deployment in [entry for entry in template(WITH_MLFLOW).manifests if entry["kind"] == "Deployment"]:
        labels = deployment["spec"]["template"]["metadata"]["labels"]
        assert {"helm.sh/chart", "app.kubernetes.io/version"}.isdisjoint(labels)


@pytest.mark.parametrize("path", VARIANTS, ids=str)
def test_plain_manifests_hold_the_namespace_and_nothing_of_helm(path: Path) -> None:
    manifests = objects((ROOT / path).read_text())
    assert manifests[0]["kind"] == "Namespace"
    assert manifests[0]["metadata"]["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    assert {entry["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") for entry in manifests} == {None}
    assert [entry for entry in manifests if "helm.sh/hook" in entry["metadata"].get("annotations", {})] == []
