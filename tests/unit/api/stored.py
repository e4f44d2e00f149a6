"""Objects as the API server would store them: hypothesis strategies made from a structural schema."""

from typing import Any

from hypothesis import strategies as st

from leeboard.api.pod_template_schema import Schema, as_object

FEW = 3
WORDS = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)


def stored(schema: Schema) -> st.SearchStrategy[Any]:
    """Values that ``schema`` accepts; a pod template is left empty, models do not read it."""
    match schema:
        case {"enum": list(values)}:
            return st.sampled_from(values)
        case {"format": "date-time"}:
            return st.just("2026-11-21T10:00:00Z")
        case {"type": "string", "pattern": str(pattern)}:
            return st.from_regex(pattern, fullmatch=True).filter(lambda text: len(text) <= _number(schema["maxLength"]))
        case {"type": "string"}:
            least = _number(schema.get("minLength", 0))
            return WORDS.map(lambda text: text or "x" * least)
        case {"type": "integer"}:
            return st.integers(_number(schema.get("minimum", 0)), _number(schema.get("maximum", 2**31)))
        case {"type": "boolean"}:
            return st.booleans()
        case {"type": "array"}:
            least = _number(schema.get("minItems", 0))
            return st.lists(stored(as_object(schema["items"])), min_size=least, max_size=max(least, FEW))
        case {"additionalProperties": dict(values)}:
            return st.dictionaries(
                st.from_regex(r"[A-Za-z_][A-Za-z0-9_]*", fullmatch=True), stored(values), max_size=FEW
            )
        case {"type": "object"}:
            return _object(schema)
        case _:
            raise ValueError(f"no stored value for {schema}")


def _object(schema: Schema) -> st.SearchStrategy[dict[str, Any]]:
    required = schema.get("required")
    names = required if isinstance(required, list) else []
    fields = {
        name: st.just({}) if _is_pod_template(name, as_object(field)) else stored(as_object(field))
        for name, field in as_object(schema["properties"]).items()
    }
    return st.fixed_dictionaries(
        {name: field for name, field in fields.items() if name in names},
        optional={name: field for name, field in fields.items() if name not in names},
    )


def _is_pod_template(name: str, field: Schema) -> bool:
    return name == "template" and "spec" in as_object(field.get("properties", {}))


def _number(value: object) -> int:
    assert isinstance(value, int)
    return value
