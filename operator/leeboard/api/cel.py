"""CEL rules as the API server checks them: written beside the fields that they judge, shown to users when broken.

A rule's ``message`` says what is wrong in the user's terms and, where there is one, the way out. Rules read bounded
fields only, or their estimated cost is beyond the API server's budget and the CRD is refused.
"""

from __future__ import annotations

from enum import StrEnum

from pydantic import JsonValue

KEYWORD = "x-kubernetes-validations"


class Because(StrEnum):
    """The reasons that the API server lets a rule give."""

    INVALID = "FieldValueInvalid"
    FORBIDDEN = "FieldValueForbidden"
    REQUIRED = "FieldValueRequired"


def rule(expression: str, message: str, *, path: str = "", because: Because = Because.INVALID) -> dict[str, JsonValue]:
    """One rule; ``path`` (``.spec.nodeName``) is where the fault lies below the object that the rule judges."""
    stated: dict[str, JsonValue] = {"rule": expression, "message": message, "reason": because.value}
    return stated | ({"fieldPath": path} if path else {})


def rules(*stated: dict[str, JsonValue]) -> dict[str, JsonValue]:
    """The schema keyword that holds ``stated``: for ``json_schema_extra``."""
    return {KEYWORD: list(stated)}


def immutable(message: str) -> dict[str, JsonValue]:
    """Refuse any change of a required field after creation."""
    return rules(rule("self == oldSelf", message, because=Because.FORBIDDEN))
