"""From pydantic to structural schemas, on small models."""

from enum import StrEnum
from typing import Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field

from leeboard.api.cel import rule, rules
from leeboard.api.pod_template_schema import Schema
from leeboard.api.structural import structural_schema


class Colour(StrEnum):
    """Not shown: the field's own words win."""

    RED = "Red"
    BLUE = "Blue"


class Part(BaseModel):
    """A part."""

    model_config = ConfigDict(json_schema_extra=rules(rule("self.size > 0", "of the part")))

    size: int = Field(ge=0, description="Size.")


class Whole(BaseModel):
    """A whole."""

    colour: Colour = Field(description="Colour.")
    kind: Literal["One"] = Field(default="One", description="Kind.")
    part: Part | None = Field(
        default=None, description="Its part.", json_schema_extra=rules(rule("true", "of the field"))
    )
    parts: tuple[Part, ...] = Field(default=(), max_length=3, description="Parts.")
    words: dict[str, str] = Field(default_factory=dict, max_length=2, description="Words.")
    empty: str = Field(default="", max_length=5, description="Empty.")


def of_the(text: str) -> Schema:
    expression = "true" if text == "of the field" else "self.size > 0"
    return {"rule": expression, "message": text, "reason": "FieldValueInvalid"}


PART: Schema = {
    "type": "object",
    "required": ["size"],
    "properties": {"size": {"description": "Size.", "type": "integer", "format": "int64", "minimum": 0}},
}


@pytest.mark.parametrize("defaults", [True, False])
def test_a_model_becomes_one_structural_schema(defaults: bool) -> None:  # noqa: FBT001 - a parameter of the table
    default: Schema = {"default": "One"} if defaults else {}
    part_rules: Schema = {"x-kubernetes-validations": [of_the("of the part")]}

    assert structural_schema(Whole, defaults=defaults) == {
        "description": "A whole.",
        "type": "object",
        "required": ["colour"],
        "properties": {
            "colour": {"description": "Colour.", "type": "string", "enum": ["Red", "Blue"]},
            "kind": {"description": "Kind.", "type": "string", "enum": ["One"]} | default,
            "part": PART
            | {"description": "Its part."}
            | {"x-kubernetes-validations": [of_the("of the part"), of_the("of the field")]},
            "parts": {
                "description": "Parts.",
                "type": "array",
                "maxItems": 3,
                "items": PART | {"description": "A part."} | part_rules,
            },
            "words": {
                "description": "Words.",
                "type": "object",
                "maxProperties": 2,
                "additionalProperties": {"type": "string"},
            },
            "empty": {"description": "Empty.", "type": "string", "maxLength": 5},
        },
    }


def test_people_read_the_description_first_and_the_fields_last() -> None:
    assert list(structural_schema(Whole, defaults=True)) == ["description", "type", "required", "properties"]
