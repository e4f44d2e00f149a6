"""What a template may not hold: every refusal names the field."""

from __future__ import annotations

import pytest

from leeboard.api.resource import Manifest
from leeboard.planning.pod_rules import findings, reserved_env


def pod(**spec: object) -> Manifest:
    return {"spec": {"containers": [{"name": "c", "image": "i"}], **spec}}


def container(**fields: object) -> Manifest:
    return {"spec": {"containers": [{"name": "c", "image": "i", **fields}]}}


def security(**context: object) -> Manifest:
    return container(securityContext=context)


FIRST = "t.spec.containers[0]"
SELINUX = "container_engine_t, container_init_t, container_kvm_t, container_t"
REFUSED: dict[str, tuple[Manifest, str]] = {
    "no container": ({"spec": {}}, "t.spec.containers needs at least one container"),
    "host network": (pod(hostNetwork=True), "t.spec.hostNetwork is not allowed"),
    "host processes": (pod(hostPID=True), "t.spec.hostPID is not allowed"),
    "host ipc": (pod(hostIPC=True), "t.spec.hostIPC is not allowed"),
    "a node by name": (pod(nodeName="n"), "t.spec.nodeName is not allowed"),
    "ephemeral containers": (pod(ephemeralContainers=[{"name": "e"}]), "t.spec.ephemeralContainers is not allowed"),
    "a deadline of the pod's own": (pod(activeDeadlineSeconds=5), "t.spec.activeDeadlineSeconds is not allowed"),
    "an account by its old name": (pod(serviceAccount="s"), "t.spec.serviceAccount is not allowed"),
    "restart rules": (container(restartPolicyRules=[{}]), f"{FIRST}.restartPolicyRules is not allowed"),
    "privileged": (security(privileged=True), f"{FIRST}.securityContext.privileged is not allowed"),
    "escalation": (
        security(allowPrivilegeEscalation=True),
        f"{FIRST}.securityContext.allowPrivilegeEscalation must not be true",
    ),
    "root by flag": (
        security(runAsNonRoot=False),
        f"{FIRST}.securityContext.runAsNonRoot must not be false: pods run without root",
    ),
    "root by number": (
        pod(securityContext={"runAsUser": 0}),
        "t.spec.securityContext.runAsUser must not be 0: pods run without root",
    ),
    "a capability": (
        security(capabilities={"add": ["SYS_ADMIN"]}),
        f"{FIRST}.securityContext.capabilities.add must not hold SYS_ADMIN",
    ),
    "no seccomp": (
        security(seccompProfile={"type": "Unconfined"}),
        f"{FIRST}.securityContext.seccompProfile.type must be RuntimeDefault or Localhost",
    ),
    "no apparmor": (
        security(appArmorProfile={"type": "Unconfined"}),
        f"{FIRST}.securityContext.appArmorProfile.type must be RuntimeDefault or Localhost",
    ),
    "the host's proc": (security(procMount="Unmasked"), f"{FIRST}.securityContext.procMount must be Default"),
    "another selinux user": (
        security(seLinuxOptions={"user": "system_u"}),
        f"{FIRST}.securityContext.seLinuxOptions.user is not allowed",
    ),
    "another selinux type": (
        security(seLinuxOptions={"type": "spc_t"}),
        f"{FIRST}.securityContext.seLinuxOptions.type must be one of {SELINUX}",
    ),
    "a kernel setting": (
        pod(securityContext={"sysctls": [{"name": "kernel.x"}]}),
        "t.spec.securityContext.sysctls is not allowed",
    ),
    "a host path": (
        pod(volumes=[{"name": "v", "hostPath": {"path": "/"}}]),
        "t.spec.volumes[0].hostPath is not allowed",
    ),
    "a disk by address": (
        pod(volumes=[{"name": "v", "nfs": {"server": "10.0.0.1"}}]),
        "t.spec.volumes[0].nfs is not allowed",
    ),
    "a token without an account": (
        pod(automountServiceAccountToken=True),
        "t.spec.automountServiceAccountToken needs spec.serviceAccountName beside it",
    ),
    "a projected token without an account": (
        pod(volumes=[{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}]),
        "t.spec.volumes[0].projected.sources[0].serviceAccountToken needs spec.serviceAccountName beside it",
    ),
    "a port of the node": (
        container(ports=[{"containerPort": 80, "hostPort": 80}]),
        f"{FIRST}.ports[0].hostPort is not allowed: it takes a port of the node",
    ),
    "a probe of another host": (
        container(livenessProbe={"httpGet": {"host": "169.254.169.254", "port": 80}}),
        f"{FIRST}.livenessProbe.httpGet.host is not allowed: the node would ask another host",
    ),
    "a hook to another host": (
        container(lifecycle={"preStop": {"httpGet": {"host": "10.0.0.1", "port": 80}}}),
        f"{FIRST}.lifecycle.preStop.httpGet.host is not allowed: the node would ask another host",
    ),
    "a label of ours": (
        {**pod(), "metadata": {"labels": {"leeboard.dev/uid": "x"}}},
        "t.metadata.labels[leeboard.dev/uid] belongs to Leeboard",
    ),
    "a label of a pool": (
        {**pod(), "metadata": {"labels": {"pool.leeboard.dev/abc": "true"}}},
        "t.metadata.labels[pool.leeboard.dev/abc] belongs to Leeboard",
    ),
    "the manager's label": (
        {**pod(), "metadata": {"labels": {"app.kubernetes.io/managed-by": "x"}}},
        "t.metadata.labels[app.kubernetes.io/managed-by] belongs to Leeboard",
    ),
    "a fault of an init container": (
        pod(initContainers=[{"name": "i", "image": "i", "securityContext": {"privileged": True}}]),
        "t.spec.initContainers[0].securityContext.privileged is not allowed",
    ),
}


@pytest.mark.parametrize(("template", "fault"), REFUSED.values(), ids=REFUSED)
def test_refused(template: Manifest, fault: str) -> None:
    assert [str(found) for found in findings(template, path="t")] == [fault]


ALLOWED: dict[str, Manifest] = {
    "false is as good as absent": pod(hostNetwork=False, hostPID=False),
    "a token of a named account": pod(serviceAccountName="s", automountServiceAccountToken=True),
    "volumes of the restricted profile": pod(
        volumes=[
            {"name": "a", "emptyDir": {}},
            {"name": "b", "persistentVolumeClaim": {"claimName": "c"}},
            {"name": "d", "secret": {"secretName": "s"}},
            {"name": "e", "image": {"reference": "r"}},
        ]
    ),
    "a low port": security(capabilities={"add": ["NET_BIND_SERVICE"]}),
    "a probe of the pod itself": container(readinessProbe={"httpGet": {"path": "/", "port": 80}}),
    "labels of one's own": {**pod(), "metadata": {"labels": {"team": "risk", "example.dev/uid": "x"}}},
}


@pytest.mark.parametrize("template", ALLOWED.values(), ids=ALLOWED)
def test_allowed(template: Manifest) -> None:
    assert findings(template, path="t") == ()


def test_reserved_variables_are_found_by_prefix_and_by_name() -> None:
    template = container(env=[{"name": "X_1"}, {"name": "A"}, {"name": "AX_"}])

    found = findings(template, path="t", rules=(reserved_env("X_", names=frozenset({"A"})),))

    assert [str(one) for one in found] == [
        f"{FIRST}.env[0].name is X_1, which Leeboard sets",
        f"{FIRST}.env[1].name is A, which Leeboard sets",
    ]
