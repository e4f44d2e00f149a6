"""Every write of a plan as one request that can only hit what the planner saw."""

from __future__ import annotations

from secrets import token_hex
from typing import assert_never

from leeboard.adapters.kubernetes.client import Request, Verb
from leeboard.adapters.kubernetes.kinds import SECRET, kind_of
from leeboard.api.names import FIELD_MANAGER, STATUS_MANAGER, Kind
from leeboard.api.resource import Manifest
from leeboard.planning.plan import Apply, Create, CreateSecret, Delete, JsonPatch, ObjectRef, Write, ref_of

_STRICT = {"fieldManager": FIELD_MANAGER, "fieldValidation": "Strict"}


def target_of(write: Write) -> ObjectRef:
    """The object that a write changes."""
    match write:
        case Create(manifest=manifest) | CreateSecret(manifest=manifest) | Apply(manifest=manifest):
            return ref_of(manifest)
        case JsonPatch(ref=ref) | Delete(ref=ref):
            return ref
        case _:
            assert_never(write)


def request_of(write: Write) -> Request:
    """The request: POST that creates only, apply, patch and delete that demand the observed uid."""
    ref = target_of(write)
    kind = SECRET if isinstance(write, CreateSecret) else kind_of(ref.api_version, ref.kind)
    path = kind.path(ref.namespace, ref.name)
    match write:
        case Create(manifest=manifest):
            return Request(Verb.CREATE, kind.kind, kind.path(ref.namespace), query=_STRICT, body=manifest)
        case CreateSecret(manifest=manifest, hex_digits=hex_digits):
            drawn = {entry: token_hex((digits + 1) // 2)[:digits] for entry, digits in hex_digits.items()}
            body = manifest | {"stringData": drawn}
            return Request(Verb.CREATE, kind.kind, kind.path(ref.namespace), query=_STRICT, body=body)
        case Apply(manifest=manifest, uid=uid):
            body = manifest | {"metadata": manifest["metadata"] | {"uid": uid}}
            return Request(Verb.APPLY, kind.kind, path, query=_STRICT | {"force": "true"}, body=body)
        case JsonPatch(uid=uid, operations=operations):
            test = {"op": "test", "path": "/metadata/uid", "value": uid}
            return Request(Verb.PATCH, kind.kind, path, query=_STRICT, body=[test, *operations])
        case Delete(uid=uid):
            options: Manifest = {
                "apiVersion": "v1",
                "kind": "DeleteOptions",
                "propagationPolicy": "Background",
                "preconditions": {"uid": uid},
            }
            return Request(Verb.DELETE, kind.kind, path, body=options)
        case _:
            assert_never(write)


def status_request(kind: Kind, *, ref: ObjectRef, uid: str, status: Manifest) -> Request:
    """Replace the whole status of the object with that uid; what is left out disappears.

    A patch with a test, because an apply of a custom resource's status does not check the uid (tried on 1.36.3).
    """
    operations: list[Manifest] = [
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "add", "path": "/status", "value": status},
    ]
    path = kind_of(ref.api_version, ref.kind).path(ref.namespace, ref.name, subresource="status")
    query = {"fieldManager": STATUS_MANAGER, "fieldValidation": "Strict"}
    return Request(Verb.PATCH, f"{kind.value}/status", path, query=query, body=operations)
