"""The fingerprint record: one line of a pod's log, proved whole by its hash and honest by the fetching container.

The container that writes it has loaded somebody's model, so nothing in it is trusted beyond its form: the digest must
be the one that the fetching container measured, and every text is cut to the bounds of status.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, JsonValue, ValidationError

from leeboard.api.bounds import Digest
from leeboard.api.model_version import (
    MAX_COLUMNS,
    MAX_REQUIREMENTS,
    Artifact,
    ColumnSchema,
    Fingerprint,
    ModelVersion,
    ModelVersionStatus,
    Signature,
)
from leeboard.api.resource import ApiModel

PREFIX = "LEEBOARD-FINGERPRINT "
MAX_DIFFERENCES = 64
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]


class Column(ApiModel):
    """A column, or an unnamed tensor, in MLflow's own words."""

    model_config = ConfigDict(extra="allow", frozen=True)

    name: str = ""
    type: str = ""
    required: bool = True

    def described(self) -> ColumnSchema:
        """As status shows it; a nested type is told in JSON."""
        more = {key: value for key, value in (self.model_extra or {}).items() if value not in (None, False)}
        nested = f" {json.dumps(more, sort_keys=True, separators=(',', ':'))}" if more else ""
        return ColumnSchema(name=self.name, type=f"{self.type}{nested}", required=self.required)


class Columns(ApiModel):
    """A signature in MLflow's own words."""

    inputs: tuple[Column, ...] = ()
    outputs: tuple[Column, ...] = ()


class Environment(ApiModel):
    """The model's requirements against the server's image."""

    verdict: Literal["Match", "Warn", "Refuse"]
    differences: tuple[str, ...] = ()


class RowWiseProof(ApiModel):
    """Whether rows may share a batch."""

    proven: bool
    reason: str = ""
    tolerance: Annotated[str, Field(max_length=64, coerce_numbers_to_str=True)] = ""


class Example(ApiModel):
    """The answer to the input example that was logged with the model."""

    answer_sha256: Annotated[str | None, Field(alias="answerSHA256", max_length=128)] = None


class Record(ApiModel):
    """Schema 1 of the record, as far as status shows it; the whole line is kept in MLflow."""

    schema_: Annotated[Literal[1], Field(alias="schema")]
    digest: Digest
    bytes: Annotated[int, Field(ge=0)]
    flavor: Annotated[str, Field(max_length=64)]
    python_version: Annotated[str, Field(max_length=64)]
    signature: Columns | None = None
    requirements: tuple[str, ...] = ()
    environment: Environment
    row_wise: RowWiseProof
    lean: bool = False
    example: Example = Example()


@dataclass(frozen=True, slots=True)
class Reading:
    """A record that was read whole: its text, its hash, and what it says."""

    text: str
    sha256: str
    record: Record


class TornError(ValueError):
    """The log does not hold the record that the pod wrote: it was cut, or it is gone."""


class ForgedError(ValueError):
    """The record is not of the agreed form."""


def read(lines: tuple[str, ...], *, sha256: JsonValue) -> Reading:
    """The last record of a log whose hash is ``sha256``.

    Raises TornError when no such line is there, ForgedError when the line is not a record of schema 1.
    """
    texts = (line.removeprefix(PREFIX) for line in reversed(lines) if line.startswith(PREFIX))
    for text in texts:
        found = hashlib.sha256(text.encode()).hexdigest()
        if found == sha256:
            try:
                return Reading(text, found, Record.model_validate_json(text))
            except ValidationError as error:
                first = error.errors(include_url=False, include_input=False)[0]
                raise ForgedError(f"{'.'.join(map(str, first['loc']))}: {first['msg']}") from error
    raise TornError("the log holds no line with the hash that the container announced")


def latched(resource: ModelVersion, reading: Reading, *, attempt: int) -> ModelVersionStatus:
    """The status with everything that the record tells."""
    record = reading.record
    columns = record.signature
    return resource.status.model_copy(
        update={
            "attempt": attempt,
            "artifact": Artifact(uri=resource.spec.source.model_uri, digest=record.digest, bytes=record.bytes),
            "signature": _signature(columns) if columns is not None else None,
            "requirements": tuple(line[:512] for line in record.requirements[:MAX_REQUIREMENTS]),
            "fingerprint": _fingerprint(reading),
        }
    )


def _signature(columns: Columns) -> Signature:
    return Signature(
        inputs=tuple(column.described() for column in columns.inputs[:MAX_COLUMNS]),
        outputs=tuple(column.described() for column in columns.outputs[:MAX_COLUMNS]),
    )


def _fingerprint(reading: Reading) -> Fingerprint:
    record = reading.record
    return Fingerprint(
        flavor=record.flavor,
        python_version=record.python_version,
        row_wise=record.row_wise.proven,
        row_wise_reason=record.row_wise.reason,
        tolerance=record.row_wise.tolerance,
        lean=record.lean,
        environment=record.environment.verdict,
        differences=record.environment.differences[:MAX_DIFFERENCES],
        example_answer=record.example.answer_sha256,
        record=reading.sha256,
    )
