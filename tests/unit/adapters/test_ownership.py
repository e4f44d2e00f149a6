"""Fields that we POSTed become ours by apply."""

from leeboard.adapters.kubernetes.ownership import upgrade_of
from leeboard.api.resource import Manifest
from leeboard.planning.plan import JsonPatch, ObjectRef


def entry(manager: str, operation: str, fields: Manifest, **more: str) -> Manifest:
    return {"manager": manager, "operation": operation, "apiVersion": "v1", "fieldsV1": fields, **more}


def service(*entries: Manifest) -> Manifest:
    metadata = {"name": "s", "namespace": "team", "uid": "u", "resourceVersion": "7", "managedFields": list(entries)}
    return {"apiVersion": "v1", "kind": "Service", "metadata": metadata}


POSTED = entry("leeboard", "Update", {"f:spec": {"f:ports": {"k:80": {".": {}}}}})
APPLIED = entry("leeboard", "Apply", {"f:spec": {"f:selector": {}}})
OTHER = entry("kube-controller-manager", "Update", {"f:metadata": {}})
STATUS = entry("leeboard", "Update", {"f:status": {}}, subresource="status")


def test_updates_of_ours_are_united_with_our_apply_and_others_are_left() -> None:
    merged = entry("leeboard", "Apply", {"f:spec": {"f:selector": {}, "f:ports": {"k:80": {".": {}}}}})

    assert upgrade_of(service(OTHER, POSTED, APPLIED, STATUS)) == JsonPatch(
        ObjectRef("v1", "Service", "team", "s"),
        "u",
        (
            {"op": "test", "path": "/metadata/resourceVersion", "value": "7"},
            {"op": "replace", "path": "/metadata/managedFields", "value": [OTHER, STATUS, merged]},
        ),
    )


def test_there_is_nothing_to_do_where_we_only_applied() -> None:
    assert upgrade_of(service(OTHER, APPLIED, STATUS)) is None
