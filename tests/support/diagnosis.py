"""What a person wants to read when something did not come true: conditions, events, logs."""

from collections.abc import Iterator

from tests.support.kubectl import OURS, Kubectl, KubectlError, Manifest
from tests.support.resources import phase

OPERATOR_NAMESPACE = "leeboard-system"


def diagnose(kubectl: Kubectl, namespace: str) -> str:
    """Return a namespace's conditions and last events, its failing pods' logs and the end of the operator's log."""
    return "\n".join(_sections(kubectl, namespace))


def _sections(kubectl: Kubectl, namespace: str) -> Iterator[str]:
    for resource in _listed(kubectl, OURS, namespace):
        yield from _conditions(resource)
    yield f"--- events of {namespace}"
    yield _printed(kubectl, "get", "events", "-n", namespace, "--sort-by=.lastTimestamp", limit=3000)
    yield f"--- pods of {namespace}"
    yield _printed(kubectl, "get", "pods", "-n", namespace, "-o", "wide", limit=3000)
    for pod in _listed(kubectl, "pods", namespace):
        if not _is_well(pod):
            name = pod["metadata"]["name"]
            yield f"--- log of pod {name}"
            yield _printed(kubectl, "logs", name, "-n", namespace, "--all-containers", "--tail=25", limit=3000)
    yield "--- operator"
    yield _printed(kubectl, "get", "pods", "-n", OPERATOR_NAMESPACE, limit=1500)
    yield _printed(kubectl, "logs", "deployment/leeboard", "-n", OPERATOR_NAMESPACE, "--tail=30", limit=8000)


def _conditions(resource: Manifest) -> Iterator[str]:
    yield f"--- {resource['kind']}/{resource['metadata']['name']}: {phase(resource) or 'no phase yet'}"
    for item in resource.get("status", {}).get("conditions") or ():
        yield f"{item['type']:>14} {item['status']:<8} {item['reason']}: {item.get('message', '')}"


def _is_well(pod: Manifest) -> bool:
    if pod["status"].get("phase") == "Succeeded":
        return True
    ready = [item for item in pod["status"].get("conditions") or () if item["type"] == "Ready"]
    return bool(ready) and ready[0]["status"] == "True"


def _listed(kubectl: Kubectl, kinds: str, namespace: str) -> list[Manifest]:
    try:
        return kubectl.list(kinds, namespace=namespace)
    except KubectlError:
        return []


def _printed(kubectl: Kubectl, *words: str, limit: int) -> str:
    try:
        return kubectl.run(*words).strip()[-limit:]
    except KubectlError as error:
        return str(error)
