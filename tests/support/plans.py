"""What a test reads of a plan, whatever it is a plan for."""

from __future__ import annotations

from leeboard.planning.plan import Plan


def said(result: Plan) -> dict[str, str]:
    """Each condition of the planned status as ``status/reason``."""
    assert result.status is not None
    return {item.type: f"{item.status.value}/{item.reason}" for item in result.status.conditions}


def message_of(result: Plan) -> str:
    """The message of Ready."""
    assert result.status is not None
    return next(item.message for item in result.status.conditions if item.type == "Ready")
