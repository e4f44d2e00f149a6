"""What of a Dockerfile decides whether an image has to be built again: its stages, and the files they copy."""

import hashlib
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.errors import ClusterError


@dataclass(frozen=True, slots=True)
class Stage:
    """One ``FROM ... AS name`` with its instructions; ``needs`` are the stages it is built on or copies from."""

    name: str
    instructions: tuple[str, ...]
    needs: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Dockerfile:
    """A parsed Dockerfile."""

    header: tuple[str, ...]
    stages: dict[str, Stage]

    @classmethod
    def parse(cls, text: str) -> "Dockerfile":
        """Parse the instructions that matter here: FROM, COPY and ADD."""
        header: list[str] = []
        stages: dict[str, Stage] = {}
        for block in _blocks(_instructions(text)):
            if not block[0].upper().startswith("FROM "):
                header = block
                continue
            stage = _stage(block, known=stages, number=len(stages))
            stages[stage.name] = stage
        return cls(tuple(header), stages)

    def targets(self) -> list[str]:
        """Return the stages that no other stage is built on: the images that somebody runs."""
        needed = {need for stage in self.stages.values() for need in stage.needs}
        return [name for name in self.stages if name not in needed]

    def key(self, target: str, context: Path) -> str:
        """Return a key of everything that the target is built from, the base image aside.

        Raises:
            ClusterError: there is no such target, or a file that it copies is missing.
        """
        if target not in self.stages:
            raise ClusterError(f"the Dockerfile has no target {target!r}; it has {', '.join(self.stages)}")
        content = hashlib.sha256("\n".join(self.header).encode())
        for stage in self._chain(target):
            content.update("\n".join(stage.instructions).encode())
            for source in stage.sources:
                for path in _files(context, source):
                    content.update(f"{path.relative_to(context)} {path.stat().st_mode & 0o111}\n".encode())
                    content.update(path.read_bytes())
        return content.hexdigest()[:16]

    def _chain(self, target: str) -> list[Stage]:
        stage = self.stages[target]
        return [*(below for need in stage.needs for below in self._chain(need)), stage]


def _instructions(text: str) -> list[str]:
    """Join continued lines and drop comments."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\s*\n", " ", "\n".join(lines))
    return [line.strip() for line in joined.splitlines() if line.strip()]


def _blocks(instructions: list[str]) -> Iterator[list[str]]:
    """Split at each FROM."""
    block: list[str] = []
    for instruction in instructions:
        if instruction.upper().startswith("FROM ") and block:
            yield block
            block = []
        block.append(instruction)
    if block:
        yield block


def _stage(block: list[str], *, known: dict[str, Stage], number: int) -> Stage:
    words = [word for word in block[0].split() if not word.startswith("--")]
    name = words[3] if len(words) > 3 else str(number)
    needs = [words[1]] if words[1] in known else []
    sources: list[str] = []
    for instruction in block[1:]:
        if instruction.upper().startswith(("COPY ", "ADD ")):
            parts = shlex.split(instruction)[1:]
            origin = next((part.removeprefix("--from=") for part in parts if part.startswith("--from=")), None)
            if origin is None:
                sources += [part for part in parts if not part.startswith("--")][:-1]
            elif origin in known:
                needs.append(origin)
    return Stage(name, tuple(block), tuple(needs), tuple(sources))


def _files(context: Path, source: str) -> list[Path]:
    matches = sorted(context.glob(source.lstrip("/")))
    if not matches:
        raise ClusterError(f"the Dockerfile copies {source}, which is not there")
    found = [path for match in matches for path in (sorted(match.rglob("*")) if match.is_dir() else [match])]
    return [path for path in found if path.is_file() and "__pycache__" not in path.parts]
