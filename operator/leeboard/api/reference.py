"""Reference: the rows that a version's profile is built from."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from leeboard.api.bounds import Word
from leeboard.api.cel import Because, rule, rules
from leeboard.api.resource import ApiModel

ArtifactPath = Annotated[str, StringConstraints(max_length=512, pattern=r"^[^/].*[^/]$")]
ReferenceUri = Annotated[str, StringConstraints(max_length=2048, pattern=r"^(https?|s3)://.+$")]
ColumnName = Annotated[str, StringConstraints(min_length=1, max_length=256)]


class Reference(ApiModel):
    """Rows that the model was not fitted on, in time order: what normal looks like."""

    model_config = ConfigDict(
        json_schema_extra=rules(
            rule(
                "has(self.artifact) != has(self.uri)",
                "exactly one of artifact (a file that the run logged) and uri (http, https or s3)",
                because=Because.REQUIRED,
            )
        )
    )

    artifact: ArtifactPath | None = Field(
        default=None, description="Path of a file among the artifacts of the run, for example reference.csv."
    )
    uri: ReferenceUri | None = Field(
        default=None, description="http, https or s3 address of a file. Asked without MLflow's credentials by http."
    )
    format: Literal["CSV", "Parquet"] | None = Field(default=None, description="Told by the suffix unless it is set.")
    time_column: ColumnName | None = Field(
        default=None, description="Column with the time of each row, ISO 8601; without it the file's own order counts."
    )
    target: ColumnName | None = Field(
        default=None, description="Column with the labels: how good the model was on these rows is then in the profile."
    )
    redact: tuple[Word, ...] = Field(
        default=(),
        max_length=64,
        description="Inputs of the model whose names and values nobody shall read in the profile: both are hashed.",
    )
