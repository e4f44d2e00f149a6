"""The table of rights, and that the chart holds exactly it."""

from __future__ import annotations

import pytest

from leeboard.packaging.rbac import OPERATOR_RIGHTS, USER_ROLES, Right, Scope, operator_rules
from tests.support.chart import WITH_MLFLOW, one, template

ALL_RIGHTS = [*OPERATOR_RIGHTS, *(right for role in USER_ROLES for right in role.rights)]
FORBIDDEN_RESOURCES = {
    "serviceaccounts",
    "serviceaccounts/token",
    "pods/exec",
    "pods/attach",
    "pods/portforward",
    "pods/ephemeralcontainers",
    "nodes",
    "nodes/proxy",
    "roles",
    "rolebindings",
    "clusterroles",
    "clusterrolebindings",
    "customresourcedefinitions",
}


def _row(right: Right) -> str:
    return f"{','.join(right.verbs)} {right.group or 'core'}/{','.join(right.resources)}"


@pytest.mark.parametrize("right", ALL_RIGHTS, ids=_row)
def test_no_row_holds_a_wildcard(right: Right) -> None:
    assert "*" not in "".join((right.group, *right.resources, *right.verbs))


@pytest.mark.parametrize("right", ALL_RIGHTS, ids=_row)
def test_no_row_reaches_a_shell_or_rights_themselves(right: Right) -> None:
    assert FORBIDDEN_RESOURCES.isdisjoint(right.resources)
    assert "admissionregistration.k8s.io" not in right.group
    assert {"impersonate", "escalate", "bind"}.isdisjoint(right.verbs)


def test_secrets_are_made_by_the_operator_and_read_by_nobody() -> None:
    reaching = [right for right in ALL_RIGHTS if "secrets" in right.resources]
    assert [(right.resources, right.verbs) for right in reaching] == [(("secrets",), ("create",))]
    assert set(reaching) <= set(OPERATOR_RIGHTS)


@pytest.mark.parametrize("right", ALL_RIGHTS, ids=_row)
def test_every_row_says_why(right: Right) -> None:
    assert len(right.why.split()) >= 2


def test_the_operator_never_changes_a_spec_that_a_user_wrote() -> None:
    ours = [right for right in OPERATOR_RIGHTS if right.group == "leeboard.dev"]
    changing = {
        (resource, verb)
        for right in ours
        for resource in right.resources
        for verb in right.verbs
        if verb not in {"get", "list", "watch"}
    }
    assert changing == {
        ("modelversions", "create"),
        ("trainingjobs", "create"),
        ("trainingjobs", "delete"),
        ("trainingjobs/status", "patch"),
        ("modelversions/status", "patch"),
        ("inferenceservices/status", "patch"),
    }


def test_leases_are_reached_in_the_own_namespace_only() -> None:
    scopes = {right.scope for right in OPERATOR_RIGHTS if "leases" in right.resources}
    assert scopes == {Scope.OWN_NAMESPACE}


def test_no_user_role_writes_a_status_and_view_writes_nothing() -> None:
    verbs = {(role.suffix, verb) for role in USER_ROLES for right in role.rights for verb in right.verbs}
    resources = {resource for role in USER_ROLES for right in role.rights for resource in right.resources}
    assert {verb for suffix, verb in verbs if suffix == "view"} == {"get", "list", "watch"}
    assert not {resource for resource in resources if "/" in resource}


def test_the_rendered_roles_of_the_operator_are_the_table() -> None:
    manifests = template(WITH_MLFLOW).manifests
    assert one(manifests, "ClusterRole", "leeboard")["rules"] == operator_rules(Scope.CLUSTER)
    assert one(manifests, "Role", "leeboard")["rules"] == operator_rules(Scope.OWN_NAMESPACE)


def test_the_rendered_roles_for_users_are_the_table_and_aggregate() -> None:
    manifests = template(WITH_MLFLOW).manifests
    for role in USER_ROLES:
        rendered = one(manifests, "ClusterRole", f"leeboard-{role.suffix}")
        labels = {label for label, value in rendered["metadata"]["labels"].items() if value == "true"}
        assert rendered["rules"] == [right.rule() for right in role.rights]
        assert labels == {f"rbac.authorization.k8s.io/aggregate-to-{target}" for target in role.aggregate_to}


def test_the_operator_is_bound_to_nothing_but_its_own_roles() -> None:
    manifests = [
        entry
        for entry in template(WITH_MLFLOW).manifests
        if "helm.sh/hook" not in entry["metadata"].get("annotations", {})
    ]
    bindings = [entry for entry in manifests if entry["kind"] in {"ClusterRoleBinding", "RoleBinding"}]
    subject = {"kind": "ServiceAccount", "name": "leeboard", "namespace": "leeboard-system"}
    assert [
        (entry["kind"], entry["roleRef"]["kind"], entry["roleRef"]["name"], entry["subjects"]) for entry in bindings
    ] == [
        ("ClusterRoleBinding", "ClusterRole", "leeboard", [subject]),
        ("RoleBinding", "Role", "leeboard", [subject]),
    ]


def test_without_rbac_values_there_are_no_roles() -> None:
    manifests = template(WITH_MLFLOW, "rbac.create=false", "rbac.aggregate=false").manifests
    kinds = [entry["kind"] for entry in manifests if "helm.sh/hook" not in entry["metadata"].get("annotations", {})]
    assert {"ClusterRole", "Role", "ClusterRoleBinding", "RoleBinding"}.isdisjoint(kinds)
