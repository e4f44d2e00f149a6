"""YAML (and so JSON) as values, with the line of every field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

Path = tuple[str | int, ...]


class _Loader(yaml.SafeLoader):
    """Reads what Kubernetes reads: moments stay texts."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, form) for tag, form in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


class NotYamlError(Exception):
    """The text is no YAML; ``line`` is where."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its value, the line of every path in it, and keys that stand there twice."""

    value: Any
    lines: Mapping[str, int]
    repeated: tuple[str, ...]

    def line_of(self, path: str) -> int:
        """Line of ``path``, else of the nearest thing around it."""
        while path and path not in self.lines:
            path = path[: max(path.rfind("."), path.rfind("["), 0)]
        return self.lines[path]


def shown(path: Path) -> str:
    """``spec.rollout.steps[0].weight``; keys with dots stand in brackets, as in labels."""
    text = ""
    for part in path:
        plain = isinstance(part, str) and "." not in part and "/" not in part
        text += f".{part}" if plain else f"[{part}]"
    return text.removeprefix(".")


def documents(text: str) -> Iterator[Document]:
    """Every document that is not empty; raises NotYamlError."""
    loader = _Loader(text)
    try:
        while loader.check_node():
            node = loader.get_node()
            if node is None:
                continue
            lines: dict[str, int] = {"": node.start_mark.line + 1}
            repeated: list[str] = []
            for path, line, is_repeated in _places(node, ()):
                # A finding may name a key of a map either way.
                for name in {shown(path), f"{shown(path[:-1])}[{path[-1]}]"}:
                    lines.setdefault(name, line)
                repeated += [shown(path)] if is_repeated else []
            value = loader.construct_document(node)
            if value is not None:
                yield Document(value, lines, tuple(repeated))
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise NotYamlError(str(error.problem or error.context), line) from error
    except yaml.YAMLError as error:
        raise NotYamlError(str(error), 1) from error
    finally:
        loader.dispose()


def _places(node: yaml.Node, path: Path) -> Iterator[tuple[Path, int, bool]]:
    """Path and line of everything below a node, and whether the key stood there before."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            here = (*path, str(key.value))
            yield here, key.start_mark.line + 1, key.value in seen
            seen.add(key.value)
            yield from _places(value, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*path, index), item.start_mark.line + 1, False
            yield from _places(item, (*path, index))
