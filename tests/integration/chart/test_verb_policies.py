"""Admission of what people ask of a running service, and of the operator's own children."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from leeboard.api.resource import Manifest
from leeboard.api.verbs import REQUEST, REQUESTED_BY, RequestVerb
from leeboard.packaging.policies import STAMPS
from tests.cluster.api import ApiServer
from tests.cluster.waiting import until
from tests.integration.chart.conftest import TEAM, Answer, Kubectl, binding, inference_service, training_job
from tests.support.chart import NAMESPACE, ROOT, WITH_MLFLOW, template

pytestmark = pytest.mark.integration
OPERATOR = f"system:serviceaccount:{NAMESPACE}:leeboard"
NAMES = (f"asked-{number}" for number in itertools.count(1))
WRITE = ("get", "list", "patch", "update")


@dataclass(frozen=True, slots=True)
class Service:
    """One service, and people who ask something of it."""

    kubectl: Kubectl
    name: str

    def annotate(self, *words: str, user: str = "ann", group: str = "promoters") -> Answer:
        """``kubectl annotate --overwrite`` as a member of a group."""
        target = ("annotate", "--overwrite", "-n", TEAM, "inferenceservices.leeboard.dev", self.name)
        return self.kubectl.run(*target, *words, user=user, groups=(group,))

    def ask(self, request: str, *, by: str = "ann", user: str = "ann", group: str = "promoters") -> Answer:
        """Both annotations at once, as the command line writes them."""
        return self.annotate(f"{REQUEST}={request}", f"{REQUESTED_BY}={by}", user=user, group=group)

    def answer(self, identity: str) -> None:
        """What the operator writes once it has consumed a request."""
        entry = {"id": identity, "verb": "promote", "at": "2026-11-21T16:00:00Z", "outcome": "Done"}
        patch = json.dumps({"status": {"request": entry}})
        target = ("patch", "-n", TEAM, "inferenceservices.leeboard.dev", self.name, "--subresource=status")
        self.kubectl.done(*target, "--type=merge", "-p", patch)

    def annotations(self) -> dict[str, str]:
        """As they are stored."""
        return dict(self._metadata().get("annotations", {}))

    def uid(self) -> str:
        """The service's uid."""
        return str(self._metadata()["uid"])

    def _metadata(self) -> Manifest:
        found = self.kubectl.done("get", "-n", TEAM, "inferenceservices.leeboard.dev", self.name, "-o", "json")
        return dict(json.loads(found)["metadata"])


def _role(name: str, *verbs: str) -> Manifest:
    rule = {"apiGroups": ["leeboard.dev"], "resources": ["inferenceservices"], "verbs": [*WRITE, *verbs]}
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": name, "namespace": TEAM},
        "rules": [rule],
    }


@pytest.fixture(scope="module", autouse=True)
def people(kubectl: Kubectl) -> None:
    """Groups by the verbs that they hold besides writing services; RBAC lets ``ops`` write any ConfigMap and
    TrainingJob, and make any Secret.
    """
    kubectl.apply(_role("promoters", "promote"), binding("promoters"))
    kubectl.apply(_role("writers"), binding("writers"))
    rules = [
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["secrets"], "verbs": ["create"]},
        {"apiGroups": ["leeboard.dev"], "resources": ["trainingjobs"], "verbs": ["*"]},
    ]
    kubectl.apply(_role("ops") | {"rules": rules}, binding("ops"))
    kubectl.apply(binding("editors", cluster_role="edit"), binding("viewers", cluster_role="view"))
    until(lambda: _are_enforced(kubectl, _made(kubectl)), "the policies are in force", seconds=60)


def _are_enforced(kubectl: Kubectl, probe: Service) -> bool:
    """The API server takes new policies, and new rights, up after a while."""
    named = probe.annotate(f"{REQUESTED_BY}=x")
    body = _config_map("probe", labels={}, owners=[])
    created = kubectl.run("create", "--dry-run=server", "-f", "-", user=OPERATOR, groups=("ops",), body=body)
    return all("ValidatingAdmissionPolicy" in answer.errors for answer in (named, created))


def _made(kubectl: Kubectl) -> Service:
    service = Service(kubectl, next(NAMES))
    kubectl.apply(inference_service(name=service.name))
    return service


@pytest.fixture
def service(kubectl: Kubectl) -> Service:
    """A service of which nothing was asked yet."""
    return _made(kubectl)


@pytest.mark.parametrize("verb", RequestVerb)
def test_every_verb_needs_a_right_of_its_own(service: Service, *, verb: RequestVerb) -> None:
    refused = service.ask(f"{verb}/a1/", group="writers")
    asked = service.ask(f"{verb}/a1/", group="editors")
    assert f"ann lacks the right to {verb} inferenceservices.leeboard.dev {service.name} in namespace team" in (
        refused.errors
    )
    assert asked.code == 0, asked.errors


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        pytest.param("get/a1/", "with a verb of promote, abort", id="a verb of Kubernetes that everybody holds"),
        pytest.param("promote/a1", "VERB/ID/REVISION", id="no revision"),
        pytest.param("promote//", "VERB/ID/REVISION", id="no id"),
        pytest.param("promote/A 1/", "VERB/ID/REVISION", id="another alphabet"),
        pytest.param(f"promote/{'a' * 65}/", "VERB/ID/REVISION", id="an id that the status cannot hold"),
        pytest.param("abort/a1/", "lacks the right to abort", id="a verb that the requester does not hold"),
    ],
)
def test_what_is_no_request_is_refused(service: Service, *, request_: str, words: str) -> None:
    answer = service.ask(request_)
    assert answer.code != 0
    assert words in answer.errors
    assert service.annotations() == {}


@pytest.mark.parametrize("by", ["bob", "system:admin", ""])
def test_nobody_asks_in_another_name(service: Service, *, by: str) -> None:
    answer = service.ask("promote/a1/", by=by)
    assert answer.code != 0
    assert f"{REQUESTED_BY} is the name of who asks" in answer.errors


def test_a_request_without_a_name_is_refused_where_the_api_server_writes_none(service: Service) -> None:
    assert f"{REQUESTED_BY} is the name of who asks" in service.annotate(f"{REQUEST}=promote/a1/").errors


def test_a_viewer_asks_nothing(service: Service) -> None:
    assert "cannot patch resource" in service.ask("promote/a1/", group="viewers").errors


def test_a_request_is_not_overwritten_before_it_is_answered(service: Service) -> None:
    first = service.ask("promote/a1/", group="editors")
    too_early = service.ask("abort/a2/", by="bob", user="bob", group="editors")
    service.answer("a1")
    then = service.ask("abort/a2/", by="bob", user="bob", group="editors")
    assert (first.code, then.code) == (0, 0), then.errors
    assert "the request promote/a1/ of ann is not answered yet" in too_early.errors


def test_an_answered_id_is_not_used_again(service: Service) -> None:
    service.ask("promote/a1/r1", group="editors")
    service.answer("a1")
    assert "the id a1 was answered already" in service.ask("abort/a1/r1", group="editors").errors


def test_the_name_below_a_request_is_not_changed_afterwards(service: Service) -> None:
    service.ask("promote/a1/")
    renamed = service.annotate(f"{REQUESTED_BY}=bob", user="bob", group="editors")
    removed = service.annotate(f"{REQUESTED_BY}-", user="bob", group="editors")
    assert renamed.code != 0
    assert removed.code != 0
    assert service.annotations() == {REQUEST: "promote/a1/", REQUESTED_BY: "ann"}


@pytest.mark.parametrize(
    ("group", "refusal"),
    [
        pytest.param("promoters", "", id="by somebody who could ask for it"),
        pytest.param("writers", "lacks the right to promote", id="by somebody who could not"),
    ],
)
def test_taking_a_request_back_needs_the_right_to_ask(service: Service, *, group: str, refusal: str) -> None:
    service.ask("promote/a1/")
    answer = service.annotate(f"{REQUEST}-", user="bob", group=group)
    assert (answer.code == 0, refusal in answer.errors) == (not refusal, True), answer.errors


def test_an_answered_request_may_be_tidied_away_by_whoever_may_write_the_service(service: Service) -> None:
    service.ask("promote/a1/")
    service.answer("a1")
    answer = service.annotate(f"{REQUEST}-", f"{REQUESTED_BY}-", user="bob", group="writers")
    assert answer.code == 0, answer.errors


def test_other_annotations_ask_nobody(service: Service) -> None:
    service.ask("promote/a1/")
    answer = service.annotate("team=red", user="bob", group="writers")
    assert answer.code == 0, answer.errors


def test_a_restored_service_keeps_its_old_annotations(kubectl: Kubectl) -> None:
    body = inference_service(name=next(NAMES))
    body["metadata"]["annotations"] = {REQUEST: "promote/a1/r1", REQUESTED_BY: "ann"}
    answer = kubectl.run("create", "-f", "-", body=body)
    assert answer.code == 0, answer.errors


def _command_line(server: ApiServer, service: Service, *words: str, user: str, group: str) -> Answer:
    environment = os.environ | {"KUBECONFIG": str(server.kubeconfig_for(user, group)), "PYTHONPATH": f"{ROOT}/operator"}
    command = [sys.executable, "-m", "leeboard", words[0], service.name, "-n", TEAM, *words[1:]]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120, check=False)
    return Answer(done.returncode, done.stdout, done.stderr)


def test_the_command_line_asks_in_its_users_name(server: ApiServer, service: Service) -> None:
    refused = _command_line(server, service, "promote", "--no-wait", user="ed", group="writers")
    asked = _command_line(server, service, "promote", "--no-wait", user="dora", group="promoters")
    assert (refused.code, "ed lacks the right to promote" in refused.errors) == (1, True), refused.errors
    assert asked.code == 0, asked.errors
    assert service.annotations()[REQUESTED_BY] == "dora"


def test_a_request_that_nobody_can_answer_does_not_stand_in_the_way(kubectl: Kubectl) -> None:
    body = inference_service(name=next(NAMES))
    body["metadata"]["annotations"] = {REQUEST: "anything"}
    kubectl.apply(body)
    answer = Service(kubectl, body["metadata"]["name"]).ask("promote/a1/")
    assert answer.code == 0, answer.errors


@pytest.fixture(scope="module")
def stamping(kubectl: Kubectl) -> Iterator[None]:
    """The policy that writes who asks, as the chart renders it for this API server."""
    manifests = template(WITH_MLFLOW, served=(STAMPS,)).manifests
    added = [entry for entry in manifests if entry["kind"].startswith("MutatingAdmissionPolicy")]
    kubectl.apply(*added)
    probe = _made(kubectl)
    words = (f"{REQUEST}=promote/a1/", "--dry-run=server")
    until(lambda: probe.annotate(*words).code == 0, "names are written", seconds=60)
    yield
    for entry in added:
        kubectl.done("delete", entry["kind"], entry["metadata"]["name"])
    until(lambda: probe.annotate(*words).code != 0, "names are no longer written", seconds=60)


@pytest.mark.usefixtures("stamping")
def test_a_plain_annotate_is_signed_by_the_api_server(service: Service) -> None:
    first = service.annotate(f"{REQUEST}=promote/a1/")
    service.answer("a1")
    second = service.annotate(f"{REQUEST}=promote/a2/", user="system:serviceaccount:argocd:argocd-server")
    assert (first.code, second.code) == (0, 0), second.errors
    assert service.annotations() == {
        REQUEST: "promote/a2/",
        REQUESTED_BY: "system:serviceaccount:argocd:argocd-server",
    }


@pytest.mark.usefixtures("stamping")
def test_a_wrong_name_is_refused_and_not_corrected(service: Service) -> None:
    assert f"{REQUESTED_BY} is the name of who asks" in service.ask("promote/a1/", by="bob").errors


@pytest.mark.usefixtures("stamping")
def test_a_signed_request_needs_the_right_as_well(service: Service) -> None:
    assert "lacks the right to abort" in service.annotate(f"{REQUEST}=abort/a1/").errors


def _config_map(name: str, *, labels: dict[str, str], owners: list[Manifest]) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": TEAM, "labels": labels, "ownerReferences": owners},
    }


OURS = {"app.kubernetes.io/managed-by": "leeboard"}
OWNER: Manifest = {
    "apiVersion": "leeboard.dev/v1alpha1",
    "kind": "InferenceService",
    "name": "serve",
    "uid": "5f0c",
    "controller": True,
}


@pytest.mark.parametrize(
    ("labels", "owners", "user", "is_allowed"),
    [
        pytest.param(OURS, [OWNER], OPERATOR, True, id="its own"),
        pytest.param({}, [OWNER], OPERATOR, False, id="without the label"),
        pytest.param(OURS, [], OPERATOR, False, id="without an owner"),
        pytest.param(OURS, [OWNER | {"controller": False}], OPERATOR, False, id="with an owner that is no controller"),
        pytest.param(OURS, [OWNER | {"kind": "TrainingJob"}], OPERATOR, False, id="of another kind"),
        pytest.param(OURS, [OWNER | {"apiVersion": "serving.kserve.io/v1"}], OPERATOR, False, id="of another product"),
        pytest.param({}, [], "ann", True, id="anybody else's"),
    ],
)
def test_the_operator_writes_its_own_config_maps_only(
    kubectl: Kubectl, labels: dict[str, str], owners: list[Manifest], *, user: str, is_allowed: bool
) -> None:
    body = _config_map(next(NAMES), labels=labels, owners=owners)
    created = kubectl.run("create", "-f", "-", body=body, user=user, groups=("ops",))
    assert (created.code == 0, "not the operator's" in created.errors) == (is_allowed, not is_allowed), created.errors


def test_the_operator_neither_takes_nor_changes_nor_deletes_a_strangers_config_map(kubectl: Kubectl) -> None:
    name = next(NAMES)
    kubectl.apply(_config_map(name, labels={}, owners=[]))
    target, operator = ("-n", TEAM, "configmap", name), {"user": OPERATOR, "groups": ("ops",)}
    taken = {"metadata": {"labels": OURS, "ownerReferences": [OWNER]}}
    answers = (
        kubectl.run("patch", *target, "--type=merge", "-p", json.dumps(taken), **operator),  # type: ignore[arg-type]
        kubectl.run("patch", *target, "--type=merge", "-p", '{"data": {"a": "b"}}', **operator),  # type: ignore[arg-type]
        kubectl.run("delete", *target, **operator),  # type: ignore[arg-type]
    )
    assert [(answer.code != 0, "not the operator's" in answer.errors) for answer in answers] == [(True, True)] * 3


def test_the_operator_changes_and_deletes_its_own_but_does_not_give_it_away(kubectl: Kubectl, service: Service) -> None:
    name = next(NAMES)
    live = {"name": service.name, "uid": service.uid()}  # or the garbage collector takes it first
    kubectl.apply(_config_map(name, labels=OURS, owners=[OWNER | live]))
    target, operator = ("-n", TEAM, "configmap", name), {"user": OPERATOR, "groups": ("ops",)}
    changed = kubectl.run("patch", *target, "--type=merge", "-p", '{"data": {"a": "b"}}', **operator)  # type: ignore[arg-type]
    given = kubectl.run("label", *target, "app.kubernetes.io/managed-by-", **operator)  # type: ignore[arg-type]
    deleted = kubectl.run("delete", *target, **operator)  # type: ignore[arg-type]
    assert (changed.code, deleted.code) == (0, 0), (changed.errors, deleted.errors)
    assert "not the operator's" in given.errors


def test_the_operator_deletes_the_training_jobs_that_it_made_and_no_others(kubectl: Kubectl, service: Service) -> None:
    theirs, own = training_job(name=next(NAMES)), training_job(name=next(NAMES))
    own["metadata"] |= {"labels": OURS, "ownerReferences": [OWNER | {"name": service.name, "uid": service.uid()}]}
    kubectl.apply(theirs, own)
    operator = {"user": OPERATOR, "groups": ("ops",)}
    answers = [
        kubectl.run("delete", "-n", TEAM, "trainingjobs", job["metadata"]["name"], **operator)  # type: ignore[arg-type]
        for job in (theirs, own)
    ]
    assert [(answer.code == 0, "not the operator's" in answer.errors) for answer in answers] == [
        (False, True),
        (True, False),
    ]


@pytest.mark.parametrize(
    ("type_", "owners", "refused"),
    [
        pytest.param("Opaque", [OWNER], "", id="its own"),
        pytest.param("Opaque", [], "not the operator's", id="without an owner"),
        pytest.param(
            "kubernetes.io/service-account-token", [OWNER], "of type Opaque only", id="another account's token"
        ),
    ],
)
def test_the_operator_makes_plain_secrets_of_its_own_only(
    kubectl: Kubectl, type_: str, owners: list[Manifest], *, refused: str
) -> None:
    body = _config_map(next(NAMES), labels=OURS, owners=owners) | {"kind": "Secret", "type": type_}
    body["metadata"]["annotations"] = {"kubernetes.io/service-account.name": "default"}
    created = kubectl.run("create", "-f", "-", body=body, user=OPERATOR, groups=("ops",))
    assert (created.code == 0, refused in created.errors) == (refused == "", True), created.errors
