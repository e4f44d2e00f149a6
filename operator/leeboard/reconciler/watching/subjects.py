"""Whom to poll: services whose revisions have a profile, read from the watch cache without parsing every object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from leeboard.api.monitoring import Monitoring
from leeboard.api.names import Kind, Label
from leeboard.api.resource import Manifest, Metadata
from leeboard.monitoring.drift.settings import Settings
from leeboard.planning.facts import Unknown
from leeboard.planning.monitoring.settings import settings_of
from leeboard.planning.serving import RUNTIMES
from leeboard.ports import Cluster

ROLES = ("stable", "canary")
DEFAULT_RUNTIME = "MLflow"
LEAST_INTERVAL, POLLS = 2.0, 4
"""Seconds between two polls at least, and polls in the shortest window."""


@dataclass(frozen=True, slots=True)
class ProfileRef:
    """Where a version's profile is."""

    uri: str
    digest: str


@dataclass(frozen=True, slots=True)
class Polled:
    """One service that is watched: profiles and pods of its revisions."""

    profiles: Mapping[str, ProfileRef]
    pods: tuple[Manifest, ...]
    stable: str | None
    settings: Settings
    takes_labels: bool


def polled_of(service: Manifest, owner: Metadata, cluster: Cluster) -> Polled | Unknown | None:
    """Whom to poll for a service; None when there is nobody, Unknown while the cache is not complete.

    Raises ValidationError when its spec cannot be read.
    """
    spec, status = service.get("spec") or {}, service.get("status") or {}
    runtime = RUNTIMES.get((spec.get("server") or {}).get("runtime", DEFAULT_RUNTIME))
    revisions = {found["name"]: found["modelVersion"] for role in ROLES if (found := status.get(role))}
    if runtime is None or not runtime.counts or not revisions:
        return None
    pods, profiles = cluster.children(owner, "Pod"), dict[str, ProfileRef]()
    if isinstance(pods, Unknown):
        return pods
    for name, number in revisions.items():
        version = cluster.named(Kind.MODEL_VERSION, owner.namespace, number)
        if isinstance(version, Unknown):
            return version
        profile = _profile(version)
        if profile is not None:
            profiles[name] = profile
    if not profiles:
        return None
    monitoring = None if spec.get("monitoring") is None else Monitoring.model_validate(spec["monitoring"])
    return Polled(
        profiles=profiles,
        pods=tuple(pod for pod in pods.items if _revision(pod) in profiles),
        stable=(status.get("stable") or {}).get("name"),
        settings=settings_of(monitoring),
        takes_labels=monitoring is not None and monitoring.labels is not None,
    )


def interval_of(service: Manifest, usual: float) -> float:
    """Seconds until the next poll: ``usual``, or a part of the windows and cohorts where those are short.

    A spec that cannot be read is polled as usual, and the poll says what is wrong with it.
    """
    written = (service.get("spec") or {}).get("monitoring")
    if written is None:
        return usual
    try:
        spec = Monitoring.model_validate(written)
    except ValidationError:
        return usual
    settings = settings_of(spec)
    spans = [settings.period, settings.quality_period, *([settings.cohort] if spec.labels is not None else [])]
    return min(usual, max(min(spans).total_seconds() / POLLS, LEAST_INTERVAL))


def _profile(version: Manifest | None) -> ProfileRef | None:
    profile = ((version or {}).get("status") or {}).get("profile")
    return None if not profile else ProfileRef(profile["uri"], profile["digest"])


def _revision(pod: Manifest) -> str | None:
    revision: str | None = (pod["metadata"].get("labels") or {}).get(Label.REVISION)
    return revision
