"""Walking through structural schemas."""

from collections.abc import Iterator

from leeboard.api.pod_template_schema import Schema, as_object


def nodes(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every node below ``schema``, itself included, with its path."""
    yield path, schema
    properties = schema.get("properties")
    for name, field in (properties if isinstance(properties, dict) else {}).items():
        yield from nodes(as_object(field), f"{path}.{name}")
    for keyword, mark in (("items", "[]"), ("additionalProperties", "{}")):
        if keyword in schema:
            yield from nodes(as_object(schema[keyword]), path + mark)


def fields(schema: Schema, path: str = "") -> Iterator[tuple[str, Schema]]:
    """Every named field below ``schema``: what a person reads about."""
    return ((where, node) for where, node in nodes(schema, path) if where and not where.endswith(("[]", "{}")))
