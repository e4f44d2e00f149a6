"""The three CustomResourceDefinitions, made from the models: nothing about them is written twice."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import BaseModel, JsonValue

from leeboard.api.cel import Because, rule, rules
from leeboard.api.inference_service import InferenceService
from leeboard.api.model_version import ModelVersion
from leeboard.api.names import GROUP, MAX_RESOURCE_NAME, VERSION, Kind
from leeboard.api.pod_template_schema import Schema
from leeboard.api.structural import ordered, structural_schema
from leeboard.api.training_job import TrainingJob

CATEGORY = "leeboard"
UNSEEN: Schema = {"observedGeneration": -1}
"""Status of an object that the operator has not seen: kubectl wait and kstatus then refuse a stale Ready."""

_API_VERSION: Schema = {
    "description": "Version of the schema of this object: leeboard.dev/v1alpha1.",
    "type": "string",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of ``kubectl get``; ``wide`` ones need ``-o wide``."""

    name: str
    path: str
    description: str
    type: str = "string"
    wide: bool = False

    def to_json(self) -> Schema:
        """The column as a CRD states it."""
        stated: Schema = {"name": self.name, "type": self.type, "description": self.description, "jsonPath": self.path}
        return stated | ({"priority": 1} if self.wide else {})


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """What a CRD says beside the schema."""

    kind: Kind
    model: type[BaseModel]
    short_name: str
    columns: tuple[Column, ...]
    selectable: tuple[str, ...]
    rules: tuple[Schema, ...] = field(default=())


AGE = Column("Age", ".metadata.creationTimestamp", "Time since creation.", type="date")


def _reason(of: str = "Ready") -> Column:
    return Column("Reason", f'.status.conditions[?(@.type=="{of}")].reason', f"Reason of the condition {of}.")


_SHORT_NAME = rule(
    f"self.metadata.name.size() <= {MAX_RESOURCE_NAME}",
    f"the name may have {MAX_RESOURCE_NAME} characters at most: its Jobs, Deployments and labels are named after it",
)
_SERVICE_NAME = rule(
    "self.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$')",
    "the name is also that of a Service: lower-case letters, digits and -, a letter first",
)
_VERSION_NAME = rule(
    "self.metadata.name == self.spec.model + '-v' + self.spec.version",
    "a ModelVersion is named <model>-v<version>: one resource for each version",
    because=Because.INVALID,
)

TRAINING_JOB = Definition(
    kind=Kind.TRAINING_JOB,
    model=TrainingJob,
    short_name="tj",
    columns=(
        Column("Phase", ".status.phase", "Where the training is."),
        Column("Model", ".spec.model", "Registered model that the result becomes a version of."),
        Column("Version", ".status.modelVersion.version", "MLflow version number of the result."),
        Column("Metric", ".status.metrics[0].name", "The run's first metric by name."),
        Column("Value", ".status.metrics[0].value", "Its latest value."),
        _reason(),
        Column("Attempt", ".status.attempt", "Number of the current attempt.", type="integer", wide=True),
        Column("Run", ".status.run.id", "MLflow run of the current attempt.", wide=True),
        AGE,
    ),
    selectable=(".spec.model",),
    rules=(_SHORT_NAME,),
)
MODEL_VERSION = Definition(
    kind=Kind.MODEL_VERSION,
    model=ModelVersion,
    short_name="mv",
    columns=(
        Column("Model", ".spec.model", "Registered model."),
        Column("Version", ".spec.version", "MLflow version number."),
        Column("Phase", ".status.phase", "Where the version is."),
        Column("Row-wise", ".status.fingerprint.rowWise", "Whether requests may share a batch.", type="boolean"),
        _reason(),
        Column("Digest", ".status.artifact.digest", "Digest of the model's files.", wide=True),
        Column("Training", ".spec.lineage.trainingJob.name", "The TrainingJob that made it.", wide=True),
        AGE,
    ),
    selectable=(".spec.model", ".spec.version"),
    rules=(_VERSION_NAME,),
)
INFERENCE_SERVICE = Definition(
    kind=Kind.INFERENCE_SERVICE,
    model=InferenceService,
    short_name="lbsvc",
    columns=(
        Column("Ready", '.status.conditions[?(@.type=="Ready")].status', "Whether the wanted version serves."),
        Column("Model", ".spec.model.name", "Registered model."),
        Column("Version", ".status.stable.version", "Version that requests are sent to."),
        Column("Next", ".status.canary.version", "Version that is being brought up to take over."),
        Column("Weight", ".status.traffic.applied", "Percent of the requests that Next gets.", type="integer"),
        Column("Phase", ".status.phase", "Where the service is."),
        _reason(),
        Column("Step", ".status.step.phase", "How far the step of the rollout is.", wide=True),
        Column("Drift", ".status.drift.verdict", "What the last windows say of the rows.", wide=True),
        Column("Pods", ".status.stable.readyReplicas", "Pods that answer.", type="integer", wide=True),
        Column("URL", ".status.url", "Address inside the cluster."),
        AGE,
    ),
    selectable=(".spec.model.name",),
    rules=(_SHORT_NAME, _SERVICE_NAME),
)
DEFINITIONS = (TRAINING_JOB, MODEL_VERSION, INFERENCE_SERVICE)


def crd(definition: Definition) -> Schema:
    """The CustomResourceDefinition of one kind."""
    kind = definition.kind
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{kind.plural}.{GROUP}"},
        "spec": {
            "group": GROUP,
            "names": {
                "kind": kind.value,
                "listKind": f"{kind.value}List",
                "plural": kind.plural,
                "singular": kind.value.lower(),
                "shortNames": [definition.short_name],
                "categories": [CATEGORY],
            },
            "scope": "Namespaced",
            "versions": [_version(definition)],
        },
    }


def _version(definition: Definition) -> Schema:
    return {
        "name": VERSION,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "selectableFields": [{"jsonPath": path} for path in definition.selectable],
        "additionalPrinterColumns": [column.to_json() for column in definition.columns],
        "schema": {"openAPIV3Schema": root_schema(definition)},
    }


def root_schema(definition: Definition) -> Schema:
    """The whole object's schema: ours for ``spec`` and ``status``, the API server's for ``metadata``."""
    model = definition.model
    fields: dict[str, JsonValue] = {
        "apiVersion": _API_VERSION,
        "kind": {"description": f"{definition.kind.value}.", "type": "string"},
        "metadata": {"type": "object"},
        "spec": structural_schema(_part(model, "spec"), defaults=True),
        "status": ordered(structural_schema(_part(model, "status"), defaults=False) | {"default": UNSEEN}),
    }
    schema: Schema = {"description": (model.__doc__ or "").strip(), "type": "object", "required": ["spec"]}
    return schema | {"properties": fields} | rules(*definition.rules)


def _part(model: type[BaseModel], name: str) -> type[BaseModel]:
    annotation = model.model_fields[name].annotation
    if not (isinstance(annotation, type) and issubclass(annotation, BaseModel)):
        raise TypeError(f"{model.__name__}.{name} is not a model")
    return annotation
