"""Who owns which field: what we made by POST becomes ours by apply, so that a later apply can remove it.

A POST records us as an updater and an apply as an applier. An item that the second leaves out stays, because the first
still owns it: a Service keeps its old port beside the new one (tried on 1.36.3). client-go has csaupgrade for this.
"""

from __future__ import annotations

from leeboard.api.names import FIELD_MANAGER
from leeboard.api.resource import Manifest
from leeboard.planning.plan import JsonPatch, ref_of, uid_of


def upgrade_of(live: Manifest) -> JsonPatch | None:
    """The patch that makes our updates of ``live`` an apply of ours; None when there is nothing to do."""
    entries = live["metadata"].get("managedFields") or []
    updates = [entry for entry in entries if _is_ours(entry, "Update")]
    if not updates:
        return None
    applies = [entry for entry in entries if _is_ours(entry, "Apply")]
    fields: Manifest = {}
    for entry in (*applies, *updates):
        fields = _union(fields, entry.get("fieldsV1") or {})
    ours = {**updates[0], "operation": "Apply", "fieldsV1": fields}
    others = [entry for entry in entries if entry not in updates and entry not in applies]
    version = {"op": "test", "path": "/metadata/resourceVersion", "value": live["metadata"]["resourceVersion"]}
    replace = {"op": "replace", "path": "/metadata/managedFields", "value": [*others, ours]}
    return JsonPatch(ref_of(live), uid_of(live), (version, replace))


def _is_ours(entry: Manifest, operation: str) -> bool:
    return (
        entry.get("manager") == FIELD_MANAGER and entry.get("operation") == operation and not entry.get("subresource")
    )


def _union(one: Manifest, other: Manifest) -> Manifest:
    return {key: _union(one.get(key) or {}, other.get(key) or {}) for key in {**one, **other}}
