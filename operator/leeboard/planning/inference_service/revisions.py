"""Revisions: one version of the model on one pod template, named by a hash of both.

The image is no part of the name: a version that failed stays failed when an upgrade of the operator brings another one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from pydantic import ValidationError

from leeboard.api.conditions import timestamp
from leeboard.api.inference_service import InferenceService, Revision
from leeboard.api.names import child_name, short_hash
from leeboard.api.resource import Manifest
from leeboard.api.serving import Server
from leeboard.planning.defaults import Defaults
from leeboard.planning.inference_service.target import Target
from leeboard.planning.serving import RECORD, RUNTIMES, hash_of


def template_hash(server: Server) -> str:
    """Hash of what a pod is made from: the server part of the spec without the number of pods.

    Defaults do not count, so that a field that a later version adds changes nothing.
    """
    return hash_of(
        server.model_dump(mode="json", by_alias=True, exclude={"replicas", "autoscaling"}, exclude_defaults=True)
    )


def desired_revision(
    resource: InferenceService, target: Target, *, known: Iterable[Revision], defaults: Defaults, now: datetime
) -> Revision:
    """The revision that should serve: the first known one of the same version, digest and template, so that an upgrade
    of the operator changes only new revisions; else a new one.
    """
    fresh = new_revision(resource, target, defaults=defaults, now=now)
    return next((item for item in known if identity_of(item) == identity_of(fresh)), fresh)


def new_revision(
    resource: InferenceService, target: Target, *, defaults: Defaults, now: datetime, salt: str = ""
) -> Revision:
    """A revision on the present image; another ``salt`` makes another one of the same version."""
    server, version = resource.spec.server, target.model_version
    template = template_hash(server)
    wanted = (version.metadata.name, version.spec.version, target.artifact.digest, template)
    name = short_hash(*wanted, *((salt,) if salt else ()))
    return Revision(
        name=name,
        model_version=version.metadata.name,
        version=version.spec.version,
        digest=target.artifact.digest,
        deployment=child_name(resource.metadata.name, resource.metadata.uid, name),
        image=RUNTIMES[server.runtime].image(server, defaults=defaults),
        template_hash=template,
        since=timestamp(now),
    )


def identity_of(revision: Revision) -> tuple[str, str, str, str]:
    """What a revision is apart from its image."""
    return (revision.model_version, revision.version, revision.digest, revision.template_hash)


def recorded_revision(deployment: Manifest, *, now: datetime) -> Revision | None:
    """The revision that a Deployment of ours says it is; None when somebody has spoilt the record."""
    record = (deployment["metadata"].get("annotations") or {}).get(RECORD, "")
    try:
        revision = Revision.model_validate({**json.loads(record), "since": timestamp(now)})
    except (ValidationError, ValueError, TypeError):
        return None
    return revision if revision.deployment == deployment["metadata"]["name"] else None
