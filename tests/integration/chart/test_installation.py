"""The chart's objects on a real API server: accepted as they are, policies well typed, roles aggregated."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from leeboard.packaging.plain import VARIANTS
from tests.cluster.waiting import until
from tests.integration.chart.conftest import Kubectl
from tests.support.chart import ROOT, VALUES_FILES, template

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("values", VALUES_FILES, ids=lambda path: path.stem)
def test_every_object_of_the_chart_is_accepted_strictly(bare: Kubectl, values: Path) -> None:
    for manifest in template(values=values).manifests:
        words = ("apply", "--server-side", "--dry-run=server", "--validate=strict", "--force-conflicts", "-f", "-")
        answer = bare.run(*words, body=manifest)
        assert (answer.code, answer.errors) == (0, ""), f"{manifest['kind']} {manifest['metadata']['name']}"


def test_the_policies_type_check_without_a_warning(kubectl: Kubectl) -> None:
    checks = {
        entry["metadata"]["name"]: entry["status"].get("typeChecking")
        for entry in kubectl.items("validatingadmissionpolicies")
    }
    assert checks == {
        "leeboard-decisions": {},
        "leeboard-inferenceservices": {},
        "leeboard-lineage": {},
        "leeboard-own-config-maps": {},
        "leeboard-own-namespace": {},
        "leeboard-own-secrets": {},
        "leeboard-own-training-jobs": {},
        "leeboard-requests": {},
        "leeboard-trainingjobs": {},
    }


READING = {"get", "list", "watch"}
WRITING = READING | {"create", "delete", "deletecollection", "patch", "update"}
VERBS = ("promote", "abort", "pause", "resume", "retry", "skip-step", "rollback", "restart", "retrain")
ASKING = {("inferenceservices", verb) for verb in VERBS}
DECIDING = {("modelversions", "approve")}


@pytest.mark.parametrize(
    ("aggregate", "verbs", "own"),
    [("view", READING, set()), ("edit", WRITING, ASKING), ("admin", WRITING, ASKING | DECIDING)],
)
def test_kubernetes_own_roles_reach_our_kinds_and_never_a_status(
    kubectl: Kubectl, aggregate: str, *, verbs: set[str], own: set[tuple[str, str]]
) -> None:
    def rights() -> set[tuple[str, str]]:
        rules = json.loads(kubectl.done("get", "clusterrole", aggregate, "-o", "json"))["rules"] or []
        ours = [rule for rule in rules if "leeboard.dev" in rule["apiGroups"]]
        return {(resource, verb) for rule in ours for resource in rule["resources"] for verb in rule["verbs"]}

    kinds = ("trainingjobs", "modelversions", "inferenceservices")
    expected = {(resource, verb) for resource in kinds for verb in verbs}
    until(lambda: rights() == expected | own, f"{aggregate} holds exactly our rights", seconds=30)


@pytest.mark.parametrize("path", VARIANTS, ids=str)
def test_plain_manifests_apply_with_kubectl_apply_and_leave_no_difference(kubectl: Kubectl, path: Path) -> None:
    kubectl.done("apply", "-f", str(ROOT / path))
    difference = kubectl.run("diff", "-f", str(ROOT / path))
    assert (difference.code, difference.output) == (0, ""), difference.errors
