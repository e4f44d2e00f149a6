"""What is observed for the decision to train again, beside the verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from leeboard.api.resource import Manifest
from leeboard.api.retraining import Retraining
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


def data_of(template: Manifest | Unknown | None) -> str | None:
    """The URI that the template's training reads, if it can be asked whether it changed."""
    if template is None or isinstance(template, Unknown):
        return None
    uri = (template["spec"].get("dataset") or {}).get("uri")
    return str(uri) if uri and str(uri).startswith(("http://", "https://")) else None


def to_ask(spec: Retraining, data: str | None) -> dict[str, timedelta]:
    """URIs whose state has to be known, and how old the answer may be."""
    asked = {} if data is None else {data: DATA_MAX_AGE}
    for trigger in spec.triggers:
        if trigger.new_data is not None:
            age = timedelta(seconds=seconds_of(trigger.new_data.interval))
            asked[trigger.new_data.uri] = min(age, asked.get(trigger.new_data.uri, age))
    return asked
