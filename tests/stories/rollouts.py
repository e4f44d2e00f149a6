"""Reading how far a rollout is: of the InferenceService and of the HTTPRoute that splits its requests."""

from datetime import datetime

from tests.support.kubectl import Manifest
from tests.support.resources import is_true


def is_alone(route: Manifest | None) -> bool:
    """Whether the route has one backend, no copy, and was accepted as it is now."""
    if route is None:
        return False
    rules = route["spec"]["rules"]
    conditions = [item for parent in route["status"]["parents"] for item in parent["conditions"]]
    accepted = [item for item in conditions if item["type"] == "Accepted" and item["status"] == "True"]
    is_current = any(item["observedGeneration"] == route["metadata"]["generation"] for item in accepted)
    return is_current and all(len(rule["backendRefs"]) == 1 and not rule.get("filters") for rule in rules)


def observes(service: Manifest, weight: int) -> bool:
    """Whether the step of that weight is in force."""
    status = service["status"]
    asked = (status.get("traffic") or {}).get("asked")
    phase = (status.get("step") or {}).get("phase")
    kind = (status.get("step") or {}).get("kind")
    return asked == weight and kind == "Weight" and phase in {"Observing", "Holding"}


def waits_for_person(service: Manifest) -> bool:
    """Whether the rollout stands at a step that a person has to approve."""
    return bool((service["status"].get("step") or {}).get("phase") == "WaitingForPerson")


def serves(service: Manifest, version: str) -> bool:
    """Whether a version serves alone."""
    status = service.get("status", {})
    is_stable = status.get("stable", {}).get("version") == version
    return is_stable and not status.get("canary") and is_true(service, "Serving")


def decided(service: Manifest, version: str, outcome: str) -> bool:
    """Whether the last decision was this one."""
    history = service["status"].get("history") or [{}]
    return (history[0].get("version"), history[0].get("outcome")) == (version, outcome)


def seconds_between(begin: str, end: str) -> float:
    """Seconds from one time of the status to another."""
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds(), 2)
