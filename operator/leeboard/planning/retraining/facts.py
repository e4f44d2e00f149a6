"""What is observed for the decision to train again, beside the verdicts."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from pydantic import ValidationError

from leeboard.api.resource import Manifest
from leeboard.api.retraining import Retraining
from leeboard.api.retraining_status import RetrainingStatus, TemplateMark
from leeboard.api.training_job import TrainingJobSpec
from leeboard.planning.duration import seconds_of
from leeboard.planning.facts import Unknown

DATA_MAX_AGE = timedelta(minutes=5)
"""How old the state of the template's data may be."""


@dataclass(frozen=True, slots=True)
class RetrainingFacts:
    """``template`` is the TrainingJob that the spec names, ``training`` that of the last trigger, None where there is
    none; ``marks`` tell by URI the state of data. ``made`` are the TrainingJobs of all triggers, but for those that
    another service names.
    """

    template: Manifest | Unknown | None
    training: Manifest | Unknown | None
    marks: Mapping[str, str | Unknown] = field(default_factory=dict)
    made: tuple[Manifest, ...] | Unknown = ()


def template_of(spec: Manifest) -> str | None:
    """The TrainingJob that a service trains by, of its spec as it is stored."""
    name: str | None = ((spec.get("retraining") or {}).get("trainingJobRef") or {}).get("name")
    return name


def data_of(spec: Retraining, template: Manifest | Unknown | None) -> str | None:
    """The URI that the template's training reads, if it can be asked whether it changed: on the web always, elsewhere
    where a trigger says how.
    """
    if template is None or isinstance(template, Unknown):
        return None
    uri = (template["spec"].get("dataset") or {}).get("uri")
    is_asked = any(item.new_data is not None and item.new_data.uri == uri for item in spec.triggers)
    return str(uri) if uri and (is_on_web(str(uri)) or is_asked) else None


def is_on_web(uri: str) -> bool:
    """Whether the operator asks it itself; a pod looks at everything else."""
    return uri.startswith(("http://", "https://"))


def has_to_be_read(spec: Retraining, memory: RetrainingStatus, *, uid: str | None) -> bool:
    """Whether the template is needed as a whole, which the watch cache does not keep: a TrainingJob has to be made of
    it, or a trigger looks at it and does not know the one of this ``uid``.
    """
    trigger = memory.trigger
    if trigger is not None and not trigger.seen and trigger.outcome is None:
        return True
    return (
        looks_at_template(spec)
        and uid is not None
        and (memory.trained_template is None or memory.trained_template.uid != uid)
    )


def looks_at_template(spec: Retraining) -> bool:
    """Whether a trigger asks for a training by another template."""
    return any(item.new_template is not None for item in spec.triggers)


def is_template_only(template: Manifest | Unknown | None) -> bool:
    """Whether it trains nothing by itself."""
    return isinstance(template, dict) and bool(template["spec"].get("templateOnly"))


def mark_of(template: Manifest | Unknown | None, *, known: TemplateMark | None) -> TemplateMark | None:
    """What the template trains; None while that cannot be said, also of one that this version cannot read.

    The watch cache keeps no pod templates, and one of the same uid is what it was. Fields at their default do not
    count, so that a new field changes no old template.
    """
    if not isinstance(template, dict):
        return None
    uid, spec = template["metadata"]["uid"], template["spec"]
    if known is not None and known.uid == uid:
        return known
    if "template" not in spec:
        return None
    try:
        read = TrainingJobSpec.model_validate(spec)
    except ValidationError:
        return None
    asked = read.model_dump(
        mode="json", by_alias=True, exclude_none=True, exclude_defaults=True, exclude={"template_only", "model_version"}
    )
    return TemplateMark(uid=uid, digest=sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest())


def to_ask(spec: Retraining, data: str | None) -> dict[str, timedelta]:
    """Addresses on the web whose state has to be known, and how old the answer may be."""
    asked = {data: DATA_MAX_AGE} if data is not None and is_on_web(data) else {}
    for trigger in spec.triggers:
        if trigger.new_data is not None and is_on_web(trigger.new_data.uri):
            age = timedelta(seconds=seconds_of(trigger.new_data.interval))
            asked[trigger.new_data.uri] = min(age, asked.get(trigger.new_data.uri, age))
    return asked
