"""The one table of rights: what the operator may do, what users may be given, and why.

Chart and manifests are made of it. Not in it, on purpose: reading Secrets, exec, impersonate, escalate, bind,
wildcards, webhooks, CRD writes. Creating a TrainingJob is creating pods, so it belongs to edit, never to view; nobody
but the operator writes a status.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from leeboard.api.names import GROUP, Kind
from leeboard.api.resource import Manifest
from leeboard.api.verbs import RequestVerb

LEASE_NAME = "leeboard"
READ = ("get", "list", "watch")
MANAGE = ("create", "delete", "get", "list", "patch", "watch")
KINDS = tuple(kind.plural for kind in Kind)


class Scope(StrEnum):
    """Where a right holds."""

    CLUSTER = "cluster"
    OWN_NAMESPACE = "own namespace"


@dataclass(frozen=True, slots=True)
class Right:
    """One row: verbs on resources of one API group, and the sentence that justifies them."""

    group: str
    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    why: str
    scope: Scope = Scope.CLUSTER
    names: tuple[str, ...] = ()

    def rule(self) -> Manifest:
        """The row as a PolicyRule."""
        rule: Manifest = {"apiGroups": [self.group], "resources": list(self.resources), "verbs": list(self.verbs)}
        return rule | ({"resourceNames": list(self.names)} if self.names else {})


@dataclass(frozen=True, slots=True)
class UserRole:
    """A role that is aggregated into Kubernetes' own view, edit and admin."""

    suffix: str
    aggregate_to: tuple[str, ...]
    rights: tuple[Right, ...]


OPERATOR_RIGHTS: tuple[Right, ...] = (
    Right(GROUP, KINDS, READ, "what users ask for"),
    Right(GROUP, (Kind.MODEL_VERSION.plural,), ("create",), "a training's result becomes a ModelVersion"),
    Right(
        GROUP, (Kind.TRAINING_JOB.plural,), ("create",), "a model is trained again, by a TrainingJob that a user wrote"
    ),
    Right(GROUP, (Kind.TRAINING_JOB.plural,), ("delete",), "old ones of those; a policy confines it to them"),
    Right(
        GROUP, tuple(f"{plural}/status" for plural in KINDS), ("patch",), "what is known is written to the status only"
    ),
    Right("batch", ("jobs",), MANAGE, "one Job for each training attempt, each fingerprint and each check of a step"),
    Right("", ("podtemplates",), ("get",), "what a check of a rollout runs"),
    Right("apps", ("deployments",), MANAGE, "one Deployment for each revision that serves"),
    Right("", ("services",), MANAGE, "one address for each InferenceService"),
    Right("gateway.networking.k8s.io", ("httproutes",), MANAGE, "how a gateway splits requests between two versions"),
    Right("autoscaling", ("horizontalpodautoscalers",), MANAGE, "one autoscaler for each version that asks for it"),
    Right("", ("configmaps",), MANAGE, "counts, evidence, what failed; a policy confines it to the operator's own"),
    Right("", ("secrets",), ("create",), "keys and a credential for late labels; a policy confines it to its own"),
    Right("policy", ("poddisruptionbudgets",), MANAGE, "a node drain leaves enough servers"),
    Right("", ("pods",), READ, "why an attempt failed, which servers answer"),
    Right("", ("pods/log",), ("get",), "last log lines of a failed training, the record of a fingerprint"),
    Right(
        "discovery.k8s.io", ("endpointslices",), ("list", "watch"), "a server leaves the Service before it is removed"
    ),
    Right("events.k8s.io", ("events",), ("create",), "transitions are told to users"),
    Right("coordination.k8s.io", ("leases",), ("create",), "names cannot limit a create", Scope.OWN_NAMESPACE),
    Right("coordination.k8s.io", ("leases",), ("get", "update"), "one leader", Scope.OWN_NAMESPACE, (LEASE_NAME,)),
)

USER_ROLES: tuple[UserRole, ...] = (
    UserRole("view", ("view", "edit", "admin"), (Right(GROUP, KINDS, READ, "look at models and what serves"),)),
    UserRole(
        "edit",
        ("edit", "admin"),
        (
            Right(
                GROUP,
                KINDS,
                ("create", "delete", "deletecollection", "patch", "update"),
                "train and serve: this creates pods, which the edit role may do anyway",
            ),
            Right(
                GROUP,
                (Kind.INFERENCE_SERVICE.plural,),
                tuple(RequestVerb),
                "ask for what is done to a running service: annotations, which a policy checks against these verbs",
            ),
        ),
    ),
    UserRole(
        "approve",
        ("admin",),
        (
            Right(
                GROUP,
                (Kind.MODEL_VERSION.plural,),
                ("approve",),
                "decide which versions may serve: spec.decision, which a policy checks against this verb",
            ),
        ),
    ),
)


def operator_rules(scope: Scope) -> list[Manifest]:
    """The operator's PolicyRules that hold in ``scope``."""
    return [right.rule() for right in OPERATOR_RIGHTS if right.scope is scope]
