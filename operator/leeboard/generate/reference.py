"""docs/api.md: every field of the three kinds, from the same schemas as the CRDs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import JsonValue

from leeboard.api.cel import KEYWORD
from leeboard.api.crd import DEFINITIONS, Definition, root_schema
from leeboard.api.names import GROUP, VERSION, Kind
from leeboard.api.pod_template_rules import ITEMS, Use, placed_rules
from leeboard.api.pod_template_schema import Schema, as_object

FILE = Path("docs/api.md")
TEMPLATES = {
    Kind.TRAINING_JOB: (Use.TRAINING, "spec.template"),
    Kind.INFERENCE_SERVICE: (Use.SERVER, "spec.server.template"),
}

INTRODUCTION = f"""\
<!-- Generated from operator/leeboard/api by `make generate`; do not edit. -->
# API reference

Group `{GROUP}`, version `{VERSION}`, all kinds namespaced; `kubectl get leeboard` lists the three of them. KServe has
an `InferenceService` too: on a cluster with both, say `inferenceservices.{GROUP}`.

- **Typos.** `kubectl` refuses an unknown field (`strict decoding error`). Other clients only warn, or say nothing, and
  the API server drops the field: use `kubectl apply --dry-run=server --validate=strict` in a pipeline.
- **Conditions** are what programs read. `Ready`, `Reconciling` and `Stalled` mean what kstatus says, so that Flux, Helm
  (`--wait`) and `kubectl wait --for=condition=Ready` work as they are; `status.observedGeneration` is -1 until the
  operator has seen the object. `phase` is a word for people.
- **Status** belongs to the operator, **spec** to you: the operator never writes it.
- A rule's message is what `kubectl` shows when the rule is broken. Numbers, lengths and lists are bounded; the bounds
  stand in the tables.
"""


def reference_files() -> dict[Path, str]:
    """The API reference by its path in the repository."""
    return {FILE: "\n".join([INTRODUCTION, *(_kind(definition) for definition in DEFINITIONS)])}


@dataclass(frozen=True, slots=True)
class _Row:
    """One field."""

    path: str
    schema: Schema
    required: bool


def _kind(definition: Definition) -> str:
    root = root_schema(definition)
    fields = as_object(root["properties"])
    spec, status = as_object(fields["spec"]), as_object(fields["status"])
    selectable = ", ".join(f"`{path}`" for path in definition.selectable)
    parts = [
        f"## {definition.kind.value}",
        str(root["description"]),
        f"`kubectl get {definition.kind.plural}.{GROUP}`, in short `{definition.short_name}`.",
        f"Field selectors: {selectable}.",
        "Columns: " + ", ".join(_columns(definition)) + ".",
        *_messages("Rules on the name", root),
        f"### {definition.kind.value}.spec",
        str(spec["description"]),
        _table(spec, "spec"),
        *_messages("Rules on the spec", spec),
        *_template_rules(definition),
        f"### {definition.kind.value}.status",
        str(status["description"]),
        _table(status, "status"),
    ]
    return "\n\n".join(parts) + "\n"


def _columns(definition: Definition) -> Iterator[str]:
    for column in definition.columns:
        yield f"{column.name}{' (`-o wide`)' if column.wide else ''}"


def _messages(title: str, schema: Schema) -> list[str]:
    stated = schema.get(KEYWORD)
    if not isinstance(stated, list) or not stated:
        return []
    return [f"{title}: " + "; ".join(str(as_object(rule)["message"]) for rule in stated) + "."]


def _template_rules(definition: Definition) -> list[str]:
    """The rules inside the pod template, which the table does not open."""
    if definition.kind not in TEMPLATES:
        return []
    use, path = TEMPLATES[definition.kind]
    lines = [
        f"Rules on the pod template `{path}` (a `PodTemplateSpec` of Kubernetes without ephemeral containers):",
        "",
    ]
    for node, rules in placed_rules(use).items():
        where = ".".join((path, *node)).replace(f".{ITEMS}", ITEMS)
        lines += [f"- `{where}`: {as_object(rule)['message']}" for rule in rules]
    return ["\n".join(lines)]


def _table(schema: Schema, path: str) -> str:
    rows = ["| field | type | description |", "|---|---|---|"]
    for row in _rows(schema, path):
        mark = " **required**" if row.required else ""
        rows.append(f"| `{row.path}` | {_type(row.schema)}{mark} | {_words(row.schema)} |")
    return "\n".join(rows)


def _rows(schema: Schema, path: str) -> Iterator[_Row]:
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    for name, raw in as_object(schema.get("properties", {})).items():
        field = as_object(raw)
        below = f"{path}.{name}"
        yield _Row(below, field, required=name in names)
        if name == "template":
            continue
        if field["type"] == "array":
            yield from _rows(as_object(field["items"]), below + ITEMS)
        yield from _rows(field, below)


def _type(schema: Schema) -> str:
    match schema["type"]:
        case "array":
            return f"list of {_type(as_object(schema['items']))}, at most {schema['maxItems']}"
        case "object" if "additionalProperties" in schema:
            return f"map of {_type(as_object(schema['additionalProperties']))}, at most {schema['maxProperties']}"
        case kind if "enum" in schema:
            return " or ".join(f"`{value}`" for value in _list(schema["enum"])) if kind == "string" else str(kind)
        case kind:
            return str(schema.get("format") if schema.get("format") == "date-time" else kind) + _bounds(schema)


def _bounds(schema: Schema) -> str:
    if "maxLength" in schema and "pattern" not in schema:
        return f", {schema.get('minLength', 0)} to {schema['maxLength']} characters"
    if "maximum" in schema:
        return f", {schema.get('minimum', 0)} to {schema['maximum']}"
    return ""


def _words(schema: Schema) -> str:
    words = [str(schema["description"]).replace("<", "&lt;")]
    if "pattern" in schema:
        words.append(f"Matches `{str(schema['pattern']).replace('|', chr(92) + '|')}`.")
    if schema.get("default") not in (None, {}):
        words.append(f"Default `{schema['default']}`.")
    rules = schema.get(KEYWORD)
    words += [f"Rule: {as_object(rule)['message']}." for rule in _list(rules)]
    return " ".join(words)


def _list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []
