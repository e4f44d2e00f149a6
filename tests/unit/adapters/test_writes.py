"""Every write as the request that can only hit what the planner saw."""

import pytest

from leeboard.adapters.kubernetes.client import Request, Verb
from leeboard.adapters.kubernetes.writes import request_of, status_request
from leeboard.api.names import API_VERSION, Kind
from leeboard.errors import PermanentError
from leeboard.planning.plan import Apply, Create, CreateSecret, Delete, JsonPatch, ObjectRef, Write

JOB = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a", "namespace": "team"}}
REF = ObjectRef("batch/v1", "Job", "team", "a")
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "s", "namespace": "team"}}
COLLECTION = "/apis/batch/v1/namespaces/team/jobs"
STRICT = {"fieldManager": "leeboard", "fieldValidation": "Strict"}
SUSPEND = {"op": "replace", "path": "/spec/suspend", "value": True}
OPTIONS = {
    "apiVersion": "v1",
    "kind": "DeleteOptions",
    "propagationPolicy": "Background",
    "preconditions": {"uid": "u"},
}
CASES: dict[str, tuple[Write, Request]] = {
    "create is a POST, so that it never adopts": (
        Create(JOB),
        Request(Verb.CREATE, "Job", COLLECTION, query=STRICT, body=JOB),
    ),
    "apply carries the observed uid, so that it never creates": (
        Apply(SERVICE, "u"),
        Request(
            Verb.APPLY,
            "Service",
            "/api/v1/namespaces/team/services/s",
            query=STRICT | {"force": "true"},
            body=SERVICE | {"metadata": {"name": "s", "namespace": "team", "uid": "u"}},
        ),
    ),
    "a patch tests the uid first": (
        JsonPatch(REF, "u", (SUSPEND,)),
        Request(
            Verb.PATCH,
            "Job",
            f"{COLLECTION}/a",
            query=STRICT,
            body=[{"op": "test", "path": "/metadata/uid", "value": "u"}, SUSPEND],
        ),
    ),
    "a delete demands the uid and leaves dependants to the background": (
        Delete(REF, "u"),
        Request(Verb.DELETE, "Job", f"{COLLECTION}/a", body=OPTIONS),
    ),
}


@pytest.mark.parametrize(("write", "expected"), CASES.values(), ids=CASES.keys())
def test_a_write_becomes_one_request(write: Write, expected: Request) -> None:
    assert request_of(write) == expected


def test_a_secret_is_drawn_anew_for_each_request() -> None:
    manifest = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "team"}}
    write = CreateSecret(manifest, {"0": 32, "credential": 5})
    first, second = request_of(write).body, request_of(write).body
    assert isinstance(first, dict)
    assert isinstance(second, dict)
    assert {entry: len(text) for entry, text in first["stringData"].items()} == {"0": 32, "credential": 5}
    assert set("".join(first["stringData"].values())) <= set("0123456789abcdef")
    assert first["stringData"] != second["stringData"]
    assert first == {**manifest, "stringData": first["stringData"]}


def test_a_kind_without_a_right_is_refused_before_any_request() -> None:
    with pytest.raises(PermanentError, match="Secret"):
        request_of(Create({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s", "namespace": "team"}}))


def test_the_whole_status_is_replaced_under_its_own_manager_for_that_uid_only() -> None:
    ref = ObjectRef(API_VERSION, "TrainingJob", "team", "train")

    assert status_request(Kind.TRAINING_JOB, ref=ref, uid="u", status={"phase": "Running"}) == Request(
        Verb.PATCH,
        "TrainingJob/status",
        "/apis/leeboard.dev/v1alpha1/namespaces/team/trainingjobs/train/status",
        query={"fieldManager": "leeboard-status", "fieldValidation": "Strict"},
        body=[
            {"op": "test", "path": "/metadata/uid", "value": "u"},
            {"op": "add", "path": "/status", "value": {"phase": "Running"}},
        ],
    )
